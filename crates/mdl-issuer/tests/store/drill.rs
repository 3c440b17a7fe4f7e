//! The drill: a document signer that signed 100,000 documents is compromised. The process ends in the middle, another one
//! goes on, and in the end everything is withdrawn once and everybody is in the queue.

use std::time::{Duration, Instant};

use mdl_issuer::store::{CompromiseReport, Hash, SqlStore, Store};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::postgres_server::PostgresServer;
use crate::rows::{TENANT, at, hash};

const BATCHES: u64 = 10_000;
const DOCUMENTS: u64 = 10;
/// Batches that somebody else signed.
const OTHERS: u64 = 500;
/// As the service withdraws.
const PIECE: u32 = 200;

/// Rows as the service writes them, one person a batch: number `n` has the identifier that ends with it.
fn rows(numbers: &str, bytes: fn(&str, usize) -> String, signer: &str, other: &str) -> String {
    let microseconds = at(0).unix_timestamp() * 1_000_000;
    let (id, hash) = (|of| bytes(of, 16), |of| bytes(of, 32));
    let total = BATCHES * DOCUMENTS;
    format!(
        "INSERT INTO status_lists (id, tenant, size, capacity, allocated, version, created_at) \
         VALUES ({list}, '{TENANT}', {size}, {size}, {total}, 0, {microseconds}); \
         INSERT INTO issuances (id, tenant, grant_id, request_key, subject, configuration_id, batch_size, \
         document_signer, reserved_at, issued_at, repeatable_until, to_be_signed, valid_until, repetitions, sealed_subject) \
         SELECT {issuance}, '{TENANT}', {issuance}, {key}, {key}, 'mdl', {DOCUMENTS}, \
         CASE WHEN n < {BATCHES} THEN {signer} ELSE {other} END, \
         {microseconds}, {microseconds}, {microseconds}, {key}, {until} + n, 0, {key} \
         FROM ({batches}) AS numbers; \
         INSERT INTO documents (issuance, number, device_key, status_list, list_size, position, status) \
         SELECT {of_batch}, n % {DOCUMENTS}, {key}, {list}, {size}, n, 0 FROM ({documents}) AS numbers;",
        list = id("0"),
        issuance = id("n"),
        key = hash("n"),
        of_batch = id(&format!("(n / {DOCUMENTS})")),
        size = 1 << 20,
        until = microseconds + 1_000_000_000_000,
        batches = numbers.replace('#', &(BATCHES + OTHERS).to_string()),
        documents = numbers.replace('#', &((BATCHES + OTHERS) * DOCUMENTS).to_string()),
    )
}

fn literal(hash: Hash) -> String {
    hash.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn report() -> CompromiseReport {
    CompromiseReport {
        document_signer: hash("document signer", 1),
        at: at(0),
        actor: "custodian".into(),
        reason: "drill".into(),
    }
}

/// Withdraws until so many batches are left. How many pieces it took.
async fn withdraw(store: &SqlStore, until_left: u64) -> u32 {
    let signer = report().document_signer;
    let mut pieces = 0;
    while store
        .compromise_progress(signer)
        .await
        .unwrap()
        .remaining_batches
        > until_left
    {
        assert!(store.withdraw(signer, PIECE, at(10)).await.unwrap() > 0);
        pieces += 1;
    }
    pieces
}

async fn drill(name: &str, open: impl AsyncFn() -> SqlStore) {
    let store = open().await;
    let signer = report().document_signer;
    store.report_compromise(&report()).await.unwrap();
    let started = Instant::now();
    let before = withdraw(&store, BATCHES / 2).await;
    // Nothing is closed: another process would find the same.
    let store = open().await;
    let after = withdraw(&store, 0).await;
    let took = started.elapsed();

    let known = store.compromises().await.unwrap().remove(0);
    assert_eq!(
        (known.batches, known.documents),
        (BATCHES, BATCHES * DOCUMENTS)
    );
    let progress = store.compromise_progress(signer).await.unwrap();
    assert_eq!((progress.remaining_batches, progress.waiting), (0, BATCHES));
    let list = store.status_lists(TENANT).await.unwrap().remove(0);
    assert_eq!(
        list.version,
        u64::from(before + after),
        "once for each piece"
    );
    let entries = store.status_entries(list.id).await.unwrap();
    assert_eq!(entries.len() as u64, BATCHES * DOCUMENTS);

    // Who would have had documents for longest comes first.
    let started = Instant::now();
    let queue = store
        .reissues_due(TENANT, 100, at(20), at(0))
        .await
        .unwrap();
    let first = started.elapsed();
    assert_eq!(queue.due.len(), 100);
    let last = (BATCHES - 1).to_be_bytes();
    assert!(queue.due[0].issuance.0.ends_with(&last));
    println!(
        "{name}: {} documents of {BATCHES} batches withdrawn in {took:.1?} ({:.0} a second), {} pieces of at most \
         {PIECE} batches, ended and resumed after {before}; the first 100 of {} people to be offered others in {first:.1?}",
        known.documents,
        known.documents as f64
            / took
                .as_secs_f64()
                .max(Duration::from_millis(1).as_secs_f64()),
        before + after,
        progress.waiting,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_documents_are_withdrawn_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drill.db");
    let open = async || SqlStore::sqlite(&path).await.unwrap();
    drop(open().await);
    let numbers = "WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < #) \
                   SELECT n FROM counted";
    let bytes =
        |number: &str, length: usize| format!("unhex(printf('%0{}x', {number}))", 2 * length);
    let [signer, other] = [1, 2].map(|number| literal(hash("document signer", number)));
    let rows = rows(
        numbers,
        bytes,
        &format!("x'{signer}'"),
        &format!("x'{other}'"),
    );
    let url = format!("sqlite:{}", path.display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(rows))
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    drill("SQLite", open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_documents_are_withdrawn_on_postgres() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let url = server.new_database();
    let open = async || SqlStore::postgres(&url, None, 4).await.unwrap();
    drop(open().await);
    let numbers = "SELECT generate_series(0, # - 1) AS n";
    let bytes = |number: &str, length: usize| {
        format!("decode(lpad(to_hex({number}), {}, '0'), 'hex')", 2 * length)
    };
    let [signer, other] = [1, 2].map(|number| literal(hash("document signer", number)));
    let rows = rows(
        numbers,
        bytes,
        &format!("decode('{signer}', 'hex')"),
        &format!("decode('{other}', 'hex')"),
    );
    let mut database = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(rows))
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    drill("PostgreSQL", open).await;
}
