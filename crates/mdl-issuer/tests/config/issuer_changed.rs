//! Documents that are out name their status lists below the identifier that the tenant had.

use std::sync::Arc;

use mdl_issuer::clock::SetClock;
use mdl_issuer::config::OpenError;
use mdl_issuer::service::Service;
use mdl_issuer::store::STATUS_LIST_MARGIN;
use mdl_mdoc::status_list::{SignedStatusToken, StatusTokenLimits};
use sqlx::{Connection, SqliteConnection};
use time::{Duration, OffsetDateTime};

use crate::{Example, NOW};

const OLD: &str = "https://issuer.dmv.example";
const NEW: &str = "https://licences.dmv.example";

/// The example on a database in its folder, which `open` opens again and again.
fn example() -> Example {
    Example::new()
        .with("sqlite:/var/lib/mdl/issuer.db", "sqlite:issuer.db")
        .with("# status_list_size = 1048576", "status_list_size = 1024")
}

fn renamed(example: Example) -> Example {
    example.with(
        &format!("issuer = \"{OLD}\""),
        &format!("issuer = \"{NEW}\""),
    )
}

async fn open(example: &Example, now: OffsetDateTime) -> Result<Service, OpenError> {
    let clock = Arc::new(SetClock::new(now));
    example.read().unwrap().open(clock).await
}

/// As if documents had been issued that end at `until`.
async fn issued_until(example: &Example, until: OffsetDateTime) {
    let url = format!("sqlite:{}", example.path("issuer.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let microseconds = i64::try_from(until.unix_timestamp_nanos() / 1000).unwrap();
    let changed = sqlx::query("UPDATE status_lists SET needed_until = ?")
        .bind(microseconds)
        .execute(&mut database)
        .await
        .unwrap();
    assert!(changed.rows_affected() > 0);
    database.close().await.unwrap();
}

#[tokio::test]
async fn another_issuer_is_refused_while_documents_name_lists_of_the_old_one() {
    let example = example();
    let service = open(&example, NOW).await.unwrap();
    assert_eq!(service.publish_due("test").await.failed, 0);
    drop(service);
    let until = NOW + Duration::days(14);
    issued_until(&example, until).await;

    let renamed = renamed(example);
    let last = until + STATUS_LIST_MARGIN - Duration::SECOND;
    match open(&renamed, last).await.unwrap_err() {
        OpenError::IssuerChanged {
            tenant,
            old,
            new,
            until: said,
        } => assert_eq!((&*tenant, &*old, &*new, said), ("dmv", OLD, NEW, until)),
        other => panic!("{other}"),
    }

    // Afterwards the lists move: what is issued from now on names them by the new identifier.
    let service = open(&renamed, until + STATUS_LIST_MARGIN).await.unwrap();
    let done = service.publish_due("test").await;
    let lists = service.store.status_lists("dmv").await.unwrap();
    assert_eq!((done.published as usize, done.failed), (lists.len(), 0));
    for list in lists {
        let tokens = service.store.published_status_list("dmv", list.id);
        let token = tokens.await.unwrap().unwrap().cwt;
        let token = SignedStatusToken::decode(&token, &StatusTokenLimits::DEFAULT).unwrap();
        let subject = token.claimed_subject();
        assert_eq!(subject, format!("{NEW}/status-lists/{}", list.id));
    }
}

#[tokio::test]
async fn another_issuer_is_taken_where_nothing_was_issued() {
    let example = example();
    let service = open(&example, NOW).await.unwrap();
    assert_eq!(service.publish_due("test").await.failed, 0);
    drop(service);
    open(&renamed(example), NOW).await.unwrap();
}
