//! What an earlier version wrote is brought up to date, not only its tables.

use std::path::Path;

use mdl_issuer::store::{SqlStore, Store};
use sqlx::migrate::Migrator;
use sqlx::{Connection, SqliteConnection};

use crate::rows::{TENANT, at, list};

const FIRST: &str = include_str!("../../migrations/sqlite/0001_service.sql");

/// Two batches that were issued and one that was not, in list 1; list 2 is empty.
const ROWS: &str = "
INSERT INTO status_lists VALUES
    (x'01', 'utopia', 64, 48, 3, 0, NULL, NULL, NULL, 1), (x'02', 'utopia', 64, 48, 0, 0, NULL, NULL, NULL, 2);
INSERT INTO issuances VALUES
    (x'11', 'utopia', x'21', x'31', x'41', 'mdl', 1, NULL, x'51', 1, 1, 5000000, x'61', 9000000, NULL, NULL, NULL),
    (x'12', 'utopia', x'22', x'32', x'41', 'mdl', 1, NULL, x'51', 1, 1, 5000000, x'62', 8000000, NULL, NULL, NULL),
    (x'13', 'utopia', x'23', x'33', x'41', 'mdl', 1, NULL, x'51', 1, 1, 7000000, NULL, NULL, NULL, NULL, NULL);
INSERT INTO documents VALUES
    (x'11', 0, x'71', x'01', 64, 0, 0), (x'12', 0, x'72', x'01', 64, 1, 0), (x'13', 0, x'73', x'01', 64, 2, 0);
";

/// The same, with identifiers and hashes of their full length and times counted from noon.
fn rows() -> String {
    let noon = at(0).unix_timestamp() * 1_000_000;
    let mut rows = ROWS.to_owned();
    for number in 1..=2 {
        let id = hex::encode(list(number).id.0);
        rows = rows.replace(&format!("x'0{number}'"), &format!("x'{id}'"));
    }
    for (short, length) in [
        ("11", 16),
        ("12", 16),
        ("13", 16),
        ("21", 16),
        ("22", 16),
        ("23", 16),
    ] {
        rows = rows.replace(
            &format!("x'{short}'"),
            &format!("x'{}'", short.repeat(length)),
        );
    }
    for seconds in 5..=9 {
        let microseconds = noon + seconds * 1_000_000;
        rows = rows.replace(&format!("{seconds}000000"), &microseconds.to_string());
    }
    rows
}

async fn as_of_the_first_version(path: &Path) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("0001_service.sql"), FIRST).unwrap();
    let url = format!("sqlite:{}?mode=rwc", path.display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let migrations = Migrator::new(folder.path()).await.unwrap();
    migrations
        .run_direct(None, &mut database, false)
        .await
        .unwrap();
    let rows = sqlx::AssertSqlSafe(rows());
    sqlx::raw_sql(rows).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test]
async fn lists_of_the_first_version_are_needed_until_their_documents_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("issuer.db");
    as_of_the_first_version(&path).await;
    let store = SqlStore::sqlite(&path).await.unwrap();
    let lists = store.status_lists(TENANT).await.unwrap();
    let ends: Vec<_> = lists.iter().map(|list| list.needed_until).collect();
    assert_eq!(ends, [Some(at(9)), None]);
    assert!(lists.iter().all(|list| list.published_for.is_none()));
}
