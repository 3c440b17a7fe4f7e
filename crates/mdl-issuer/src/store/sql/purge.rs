//! Erases what is over, a piece at a time so that those who write need not wait long.

use time::OffsetDateTime;

use super::database::Kind::Integer;
use super::database::{Database, DatabaseError, Given};
use super::load::lock;
use crate::store::{CLOCK_DIFFERENCE, OFFER_RETENTION, STATUS_LIST_MARGIN};

/// Most rows of one transaction and statement.
const PIECE: u64 = 1000;

/// Erases what is over. How many rows went or lost a sealed value.
pub(super) async fn purge(
    database: &dyn Database,
    now: OffsetDateTime,
) -> Result<u64, DatabaseError> {
    let forgotten = now - OFFER_RETENTION;
    let statements = [
        (
            now - CLOCK_DIFFERENCE,
            delete("used_values", &["purpose", "value"]),
        ),
        (now, delete("grants", &["id"])),
        (now, empty("offers", "sealed_subject", "expires_at")),
        (now, empty("issuances", "sealed_seed", "repeatable_until")),
        (now, empty("issuances", "sealed_subject", "valid_until")),
        (forgotten, delete_reissues()),
        (forgotten, delete("offers", &["id"])),
        (now - STATUS_LIST_MARGIN, delete_tokens()),
    ];
    let mut gone = 0;
    for (until, (statement, selection)) in statements {
        loop {
            let columns = [("until", Integer)];
            let given = Given::one(&columns, vec![until.into()]);
            let mut transaction = database.begin().await?;
            // Those who write set whole rows: what is emptied here between their reading and writing would come back.
            lock(&mut *transaction, database.dialect()).await?;
            let given_rows = database.dialect().given(&columns);
            let sql =
                format!("{statement} ({selection} LIMIT {PIECE})").replace("{given}", &given_rows);
            let piece = transaction.execute(&sql, &given).await?;
            transaction.commit().await?;
            gone += piece;
            if piece < PIECE {
                break;
            }
        }
    }
    // Also when nothing went now: what was taken back or redeemed since lost its sealed value then, and the log has it.
    database.forget_log().await?;
    Ok(gone)
}

fn delete(table: &str, key: &[&str]) -> (String, String) {
    let columns = key.join(", ");
    let selected: Vec<String> = key.iter().map(|name| format!("t.{name}")).collect();
    let selected = selected.join(", ");
    (
        format!("DELETE FROM {table} WHERE ({columns}) IN"),
        format!(
            "SELECT {selected} FROM {{given}} CROSS JOIN {table} AS t \
             WHERE t.expires_at <= given.until"
        ),
    )
}

/// Tokens that have expired, of lists that no valid document names: nobody can use them.
fn delete_tokens() -> (String, String) {
    (
        "DELETE FROM status_tokens WHERE status_list IN".to_owned(),
        "SELECT t.status_list FROM {given} CROSS JOIN status_tokens AS t \
         JOIN status_lists AS l ON l.id = t.status_list \
         WHERE t.expires_at <= given.until AND l.needed_until <= given.until"
            .to_owned(),
    )
}

/// People who did not come for other documents, as long after they lost theirs as offers are kept.
fn delete_reissues() -> (String, String) {
    (
        "DELETE FROM reissues WHERE (tenant, subject, configuration_id) IN".to_owned(),
        "SELECT t.tenant, t.subject, t.configuration_id FROM {given} CROSS JOIN reissues AS t \
         WHERE t.queued_at <= given.until"
            .to_owned(),
    )
}

fn empty(table: &str, column: &str, end: &str) -> (String, String) {
    (
        format!("UPDATE {table} SET {column} = NULL WHERE id IN"),
        format!(
            "SELECT t.id FROM {{given}} CROSS JOIN {table} AS t \
             WHERE t.{end} <= given.until AND t.{column} IS NOT NULL"
        ),
    )
}
