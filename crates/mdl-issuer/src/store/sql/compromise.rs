//! Withdrawing what a document signer signed, a piece at a time, with statements over many rows: each piece lasts, and
//! says itself how far it went, so that whoever goes on after a crash neither leaves anything out nor does it twice.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::database::Kind::{Bytes, Integer, Text};
use super::database::{Column, Database, DatabaseError, Given, Kind, Value};
use super::load::lock;
use super::record::Values;
use crate::store::{
    CLOCK_DIFFERENCE, Compromise, CompromiseProgress, CompromiseReport, Hash, IssuanceId, Reissue,
    ReissuesDue, SIGNER_COMPROMISED,
};

const OF_SIGNER: &[Column] = &[("id", Bytes)];
/// Issued, and not done with.
const LEFT: &str = "t.to_be_signed IS NOT NULL AND t.withdrawn = 0";

pub(super) async fn report(
    database: &dyn Database,
    report: &CompromiseReport,
) -> Result<(), DatabaseError> {
    let columns = [
        ("id", Bytes),
        ("at", Integer),
        ("actor", Text),
        ("reason", Text),
    ];
    let row = vec![
        report.document_signer.into(),
        report.at.into(),
        report.actor.as_str().into(),
        report.reason.as_str().into(),
    ];
    let sql = format!(
        "INSERT INTO compromises SELECT given.id, given.at, given.actor, given.reason, 0, 0, NULL FROM {} \
         WHERE true ON CONFLICT DO NOTHING",
        database.dialect().given(&columns),
    );
    let mut transaction = database.begin().await?;
    transaction
        .execute(&sql, &Given::one(&columns, row))
        .await?;
    transaction.commit().await
}

pub(super) async fn all(database: &dyn Database) -> Result<Vec<Compromise>, DatabaseError> {
    let columns = [("one", Integer)];
    let sql = format!(
        "SELECT t.document_signer, t.reported_at, t.actor, t.reason, t.batches, t.documents, t.finished_at \
         FROM {} CROSS JOIN compromises AS t ORDER BY t.reported_at, t.document_signer",
        database.dialect().given(&columns),
    );
    let kinds = [Bytes, Integer, Text, Text, Integer, Integer, Integer];
    let given = Given::one(&columns, vec![1_i64.into()]);
    let rows = database.fetch(&sql, &given, &kinds).await?;
    let compromise = |row| {
        let mut values = Values::new("compromises", row);
        Ok(Compromise {
            report: CompromiseReport {
                document_signer: values.hash()?,
                at: values.time()?,
                actor: values.text()?,
                reason: values.text()?,
            },
            batches: values.number()?,
            documents: values.number()?,
            finished_at: values.optional_time()?,
        })
    };
    rows.into_iter().map(compromise).collect()
}

pub(super) async fn progress(
    database: &dyn Database,
    document_signer: Hash,
) -> Result<CompromiseProgress, DatabaseError> {
    let queued = |state: u8, also: &str| {
        format!(
            "(SELECT count(*) FROM reissues AS t WHERE t.document_signer = given.id AND t.state = {state}{also})"
        )
    };
    let sql = format!(
        "SELECT (SELECT count(*) FROM issuances AS t WHERE t.document_signer = given.id AND {LEFT}), {}, {}, {}, {} \
         FROM {}",
        queued(0, ""),
        queued(0, " AND t.sealed_subject IS NULL"),
        queued(1, ""),
        queued(2, ""),
        database.dialect().given(OF_SIGNER),
    );
    let given = Given::one(OF_SIGNER, vec![document_signer.into()]);
    let row = database.fetch(&sql, &given, &[Integer; 5]).await?.pop();
    let mut values = Values::new("reissues", row.unwrap_or_default());
    Ok(CompromiseProgress {
        remaining_batches: values.number()?,
        waiting: values.number()?,
        unreachable: values.number()?,
        offered: values.number()?,
        replaced: values.number()?,
    })
}

/// A batch that is to be withdrawn.
struct Batch {
    id: IssuanceId,
    tenant: String,
    subject: Hash,
    configuration_id: String,
    sealed_subject: Option<Vec<u8>>,
    valid_until: OffsetDateTime,
    /// Whether there is anything that somebody loses.
    is_live: bool,
}

const BATCH: &[Kind] = &[Bytes, Text, Bytes, Text, Bytes, Integer, Integer, Integer];

fn batch(row: Vec<Value>) -> Result<Batch, DatabaseError> {
    let mut values = Values::new("issuances", row);
    let id = IssuanceId(values.array()?);
    let tenant = values.text()?;
    let subject = values.hash()?;
    let configuration_id = values.text()?;
    let sealed_subject = values.optional_bytes()?;
    let valid_until = values.time()?;
    // 3: the wallet has deleted it.
    let is_deleted = values.optional_integer()? == Some(3);
    let live: u64 = values.number()?;
    Ok(Batch {
        id,
        tenant,
        subject,
        configuration_id,
        sealed_subject,
        valid_until,
        is_live: !is_deleted && live > 0,
    })
}

/// Withdraws at most so many batches. How many it were.
pub(super) async fn withdraw(
    database: &dyn Database,
    document_signer: Hash,
    most: u32,
    now: OffsetDateTime,
) -> Result<u64, DatabaseError> {
    let dialect = database.dialect();
    let signer = Given::one(OF_SIGNER, vec![document_signer.into()]);
    let of_signer = dialect.given(OF_SIGNER);
    let mut transaction = database.begin().await?;
    // Those who write set whole rows: nobody may be between reading and writing these.
    lock(&mut *transaction, dialect).await?;
    let sql = format!(
        "SELECT t.actor, t.reported_at FROM {of_signer} CROSS JOIN compromises AS t \
         WHERE t.document_signer = given.id"
    );
    let reported = transaction.fetch(&sql, &signer, &[Text, Integer]).await?;
    let Some(reported) = reported.into_iter().next() else {
        return Ok(0);
    };
    let mut reported = Values::new("compromises", reported);
    let (actor, reported_at) = (reported.text()?, reported.time()?);
    let sql = format!(
        "SELECT t.id, t.tenant, t.subject, t.configuration_id, t.sealed_subject, t.valid_until, t.notified, \
         (SELECT count(*) FROM documents AS d WHERE d.issuance = t.id AND d.status = 0) \
         FROM {of_signer} CROSS JOIN issuances AS t \
         WHERE t.document_signer = given.id AND {LEFT} LIMIT {most}"
    );
    let rows = transaction.fetch(&sql, &signer, BATCH).await?;
    let batches: Vec<Batch> = rows.into_iter().map(batch).collect::<Result<_, _>>()?;
    if batches.is_empty() {
        // A replica that had not heard of it may have been in the middle of a batch.
        if now >= reported_at + CLOCK_DIFFERENCE {
            let columns = [("id", Bytes), ("now", Integer)];
            let sql = format!(
                "UPDATE compromises SET finished_at = (SELECT given.now FROM {0}) \
                 WHERE finished_at IS NULL AND document_signer = (SELECT given.id FROM {0})",
                dialect.given(&columns)
            );
            let row = vec![document_signer.into(), now.into()];
            transaction
                .execute(&sql, &Given::one(&columns, row))
                .await?;
            transaction.commit().await?;
        }
        return Ok(0);
    }

    let columns = [
        ("id", Bytes),
        ("at", Integer),
        ("reason", Text),
        ("actor", Text),
    ];
    let rows = batches.iter().map(|batch| {
        let reason = SIGNER_COMPROMISED.into();
        vec![batch.id.0.into(), now.into(), reason, actor.as_str().into()]
    });
    let given = Given::new(&columns, rows);
    let given_batches = dialect.given(&columns);
    let changing = format!(
        "{given_batches} CROSS JOIN documents AS d \
         WHERE d.issuance = given.id AND d.status_list IS NOT NULL AND d.status <> 1"
    );
    let sql = format!(
        "INSERT INTO status_changes (at, tenant, issuance, number, status, reason, actor) \
         SELECT given.at, (SELECT i.tenant FROM issuances AS i WHERE i.id = given.id), d.issuance, d.number, 1, \
         given.reason, given.actor FROM {changing}"
    );
    let documents = transaction.execute(&sql, &given).await?;
    let sql = format!(
        "UPDATE status_lists SET version = version + 1 WHERE id IN (SELECT d.status_list FROM {changing})"
    );
    transaction.execute(&sql, &given).await?;
    let sql = format!(
        "UPDATE documents SET status = 1, suspensions = 0 \
         WHERE status <> 1 AND status_list IS NOT NULL AND issuance IN (SELECT given.id FROM {given_batches})"
    );
    transaction.execute(&sql, &given).await?;
    let sql = format!(
        "UPDATE issuances SET withdrawn = 1 WHERE id IN (SELECT given.id FROM {given_batches})"
    );
    transaction.execute(&sql, &given).await?;

    let (sql, given) = queue(database, &batches, document_signer, now);
    if !given.is_empty() {
        transaction.execute(&sql, &given).await?;
    }
    let columns = [("id", Bytes), ("batches", Integer), ("documents", Integer)];
    let done = batches.len() as u64;
    let row = vec![document_signer.into(), done.into(), documents.into()];
    let sql = format!(
        "UPDATE compromises SET batches = batches + (SELECT given.batches FROM {0}), \
         documents = documents + (SELECT given.documents FROM {0}), finished_at = NULL \
         WHERE document_signer = (SELECT given.id FROM {0})",
        dialect.given(&columns)
    );
    transaction
        .execute(&sql, &Given::one(&columns, row))
        .await?;
    transaction.commit().await?;
    Ok(done)
}

/// Everybody who lost documents that were still good comes into the queue once, whatever the number of batches.
fn queue(
    database: &dyn Database,
    batches: &[Batch],
    document_signer: Hash,
    now: OffsetDateTime,
) -> (String, Given) {
    let is_good = |batch: &&Batch| batch.is_live && batch.valid_until > now;
    let mut people: BTreeMap<(&str, Hash, &str), &Batch> = BTreeMap::new();
    for batch in batches.iter().filter(is_good) {
        let person = (&*batch.tenant, batch.subject, &*batch.configuration_id);
        let known = people.entry(person).or_insert(batch);
        if known.valid_until < batch.valid_until {
            *known = batch;
        }
    }
    let columns = [
        ("tenant", Text),
        ("subject", Bytes),
        ("configuration_id", Text),
        ("signer", Bytes),
        ("issuance", Bytes),
        ("sealed", Bytes),
        ("valid_until", Integer),
        ("now", Integer),
    ];
    let rows = people.values().map(|batch| {
        vec![
            batch.tenant.as_str().into(),
            batch.subject.into(),
            batch.configuration_id.as_str().into(),
            document_signer.into(),
            batch.id.0.into(),
            batch.sealed_subject.as_deref().into(),
            batch.valid_until.into(),
            now.into(),
        ]
    });
    let given = Given::new(&columns, rows);
    // Another batch of the same person counts while nothing was offered; another compromise begins anew.
    let sql = format!(
        "INSERT INTO reissues (tenant, subject, configuration_id, document_signer, issuance, sealed_subject, \
         valid_until, queued_at, state, attempts) \
         SELECT given.tenant, given.subject, given.configuration_id, given.signer, given.issuance, given.sealed, \
         given.valid_until, given.now, 0, 0 FROM {} WHERE true \
         ON CONFLICT (tenant, subject, configuration_id) DO UPDATE SET document_signer = excluded.document_signer, \
         issuance = excluded.issuance, sealed_subject = excluded.sealed_subject, \
         valid_until = excluded.valid_until, queued_at = excluded.queued_at, state = 0, offered_until = NULL \
         WHERE reissues.document_signer <> excluded.document_signer \
         OR (reissues.state = 0 AND reissues.valid_until < excluded.valid_until)",
        database.dialect().given(&columns),
    );
    (sql, given)
}

pub(super) async fn due(
    database: &dyn Database,
    tenant: &str,
    most: u32,
    now: OffsetDateTime,
    since: OffsetDateTime,
) -> Result<ReissuesDue, DatabaseError> {
    let columns = [("tenant", Text), ("now", Integer), ("since", Integer)];
    let given = Given::one(&columns, vec![tenant.into(), now.into(), since.into()]);
    let of_tenant = database.dialect().given(&columns);
    let mut transaction = database.begin().await?;
    // Who has other documents is not offered any more, and who let the offer pass is offered another one.
    let sql = format!(
        "UPDATE reissues SET state = 2, sealed_subject = NULL \
         WHERE state = 1 AND tenant = (SELECT given.tenant FROM {of_tenant}) AND EXISTS ( \
         SELECT 1 FROM issuances AS t WHERE t.tenant = reissues.tenant AND t.subject = reissues.subject \
         AND t.configuration_id = reissues.configuration_id AND t.issued_at >= reissues.queued_at AND {LEFT})"
    );
    transaction.execute(&sql, &given).await?;
    let sql = format!(
        "UPDATE reissues SET state = 0 \
         WHERE state = 1 AND tenant = (SELECT given.tenant FROM {of_tenant}) \
         AND offered_until <= (SELECT given.now FROM {of_tenant})"
    );
    transaction.execute(&sql, &given).await?;
    let sql = format!(
        "SELECT count(*) FROM {of_tenant} CROSS JOIN reissues AS t \
         WHERE t.tenant = given.tenant AND t.offered_at > given.since"
    );
    let counted = transaction.fetch(&sql, &given, &[Integer]).await?.pop();
    let offered_since = Values::new("reissues", counted.unwrap_or_default()).number()?;
    let sql = format!(
        "SELECT t.tenant, t.subject, t.configuration_id, t.issuance, t.sealed_subject, t.queued_at, t.attempts \
         FROM {of_tenant} CROSS JOIN reissues AS t \
         WHERE t.tenant = given.tenant AND t.state = 0 AND t.sealed_subject IS NOT NULL \
         ORDER BY t.valid_until DESC, t.subject, t.configuration_id LIMIT {most}"
    );
    let kinds = [Text, Bytes, Text, Bytes, Bytes, Integer, Integer];
    let rows = transaction.fetch(&sql, &given, &kinds).await?;
    transaction.commit().await?;
    let reissue = |row| {
        let mut values = Values::new("reissues", row);
        Ok(Reissue {
            tenant: values.text()?,
            subject: values.hash()?,
            configuration_id: values.text()?,
            issuance: IssuanceId(values.array()?),
            sealed_subject: values.bytes()?,
            queued_at: values.time()?,
            attempts: values.number()?,
        })
    };
    let due = rows.into_iter().map(reissue);
    Ok(ReissuesDue {
        due: due.collect::<Result<_, DatabaseError>>()?,
        offered_since,
    })
}

pub(super) async fn offered(
    database: &dyn Database,
    reissue: &Reissue,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<(), DatabaseError> {
    let columns = [
        ("tenant", Text),
        ("subject", Bytes),
        ("configuration_id", Text),
        ("now", Integer),
        ("until", Integer),
        ("attempts", Integer),
    ];
    let row = vec![
        reissue.tenant.as_str().into(),
        reissue.subject.into(),
        reissue.configuration_id.as_str().into(),
        now.into(),
        until.into(),
        (reissue.attempts + 1).into(),
    ];
    let given = database.dialect().given(&columns);
    let sql = format!(
        "UPDATE reissues SET state = 1, offered_at = (SELECT given.now FROM {given}), \
         offered_until = (SELECT given.until FROM {given}), attempts = (SELECT given.attempts FROM {given}) \
         WHERE state = 0 AND (tenant, subject, configuration_id) IN \
         (SELECT given.tenant, given.subject, given.configuration_id FROM {given})"
    );
    let mut transaction = database.begin().await?;
    transaction
        .execute(&sql, &Given::one(&columns, row))
        .await?;
    transaction.commit().await
}
