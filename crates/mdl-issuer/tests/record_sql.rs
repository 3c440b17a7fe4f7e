//! Records out of a view of a real PostgreSQL.

#[path = "store/postgres_server.rs"]
#[expect(
    clippy::unwrap_used,
    reason = "a server that does not start fails the test"
)]
mod postgres_server;

use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use mdl_issuer::record::sql::{SqlLimits, SqlSource, ViewName};
use mdl_issuer::record::{RecordSource, RecordSourceError, SubjectReference};
use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::data_elements::Schema;
use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
use postgres_server::PostgresServer;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};

const VIEW: &str = "
    CREATE TABLE person (subject text, doc_type text, record json, portrait bytea);
    CREATE VIEW mdl_record AS SELECT * FROM person";

/// The server that the tests running at this moment share.
fn shared() -> Option<Arc<PostgresServer>> {
    static SHARED: Mutex<Weak<PostgresServer>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().expect("not poisoned");
    if let Some(running) = shared.upgrade() {
        return Some(running);
    }
    let started = Arc::new(PostgresServer::start()?);
    *shared = Arc::downgrade(&started);
    Some(started)
}

/// The database's own side.
async fn prepared(address: &str, sql: &str) -> PgPool {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect(address)
        .await
        .expect("connected");
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&pool)
        .await
        .expect(sql);
    pool
}

async fn insert(pool: &PgPool, subject: &str, record: &str, portrait: Option<&[u8]>) {
    sqlx::query("INSERT INTO person VALUES ($1, $2, $3::json, $4)")
        .bind(subject)
        .bind(MDL_DOC_TYPE)
        .bind(record)
        .bind(portrait)
        .execute(pool)
        .await
        .expect("inserted");
}

fn source(address: &str, view: &str, limits: SqlLimits) -> SqlSource {
    let view = ViewName::new(view).expect("a name");
    SqlSource::new(
        address.parse().expect("an address"),
        view,
        limits,
        Schema::mdl(),
    )
}

async fn fetch(source: &SqlSource, subject: &str) -> Result<ElementSet, RecordSourceError> {
    let subject = SubjectReference::new(subject).expect("a reference");
    source.fetch(&subject, MDL_DOC_TYPE).await
}

fn record(elements: &str) -> String {
    format!(
        r#"{{"doc_type": "{MDL_DOC_TYPE}", "name_spaces": {{"{MDL_NAME_SPACE}": {{{elements}}}}}}}"#
    )
}

#[tokio::test]
async fn a_row_becomes_a_record_and_references_are_parameters() {
    let Some(server) = shared() else { return };
    let address = server.new_database();
    let pool = prepared(&address, VIEW).await;
    insert(
        &pool,
        "anna",
        &record(r#""family_name": "Doe""#),
        Some(b"\xff\xd8\xff\xd9"),
    )
    .await;
    insert(&pool, "o'hara\"; --", &record(r#""sex": 1"#), None).await;
    let source = source(&address, "mdl_record", SqlLimits::default());
    source.check().await.expect("the view is there");
    let elements = fetch(&source, "anna").await.expect("a record");
    let portrait = elements.get(MDL_NAME_SPACE, "portrait").expect("added");
    assert_eq!(portrait.as_byte_string(), Some(&b"\xff\xd8\xff\xd9"[..]));
    assert_eq!(elements.iter().count(), 2);
    assert_eq!(
        fetch(&source, "o'hara\"; --")
            .await
            .expect("a record")
            .iter()
            .count(),
        1
    );
    for nobody in ["Anna", "ann_", "%", "' OR 1=1 --"] {
        assert_eq!(
            fetch(&source, nobody).await.expect_err(nobody),
            RecordSourceError::NotFound
        );
    }
    let anna = SubjectReference::new("anna").expect("a reference");
    let other = source
        .fetch(&anna, "org.example.pid")
        .await
        .expect_err("another type");
    assert_eq!(other, RecordSourceError::NotFound);
}

#[tokio::test]
async fn rows_that_are_no_record_are_refused_with_a_code_and_no_value() {
    let Some(server) = shared() else { return };
    let address = server.new_database();
    let pool = prepared(&address, VIEW).await;
    insert(&pool, "twice", &record(r#""sex": 1"#), None).await;
    insert(&pool, "twice", &record(r#""sex": 1"#), None).await;
    let other = record(r#""sex": 1"#).replace(MDL_DOC_TYPE, "org.example.pid");
    insert(&pool, "other", &other, None).await;
    insert(&pool, "value", &record(r#""sex": "canary""#), None).await;
    insert(
        &pool,
        "file",
        &record(r#""portrait": {"file": "canary.jpg"}"#),
        None,
    )
    .await;
    insert(
        &pool,
        "both",
        &record(r#""portrait": {"hex": "ffd8ff"}"#),
        Some(b"\xff\xd8\xff"),
    )
    .await;
    insert(
        &pool,
        "large",
        &record(r#""sex": 1"#),
        Some(&vec![0; (4 << 20) + 1]),
    )
    .await;
    let padded = record(&format!(r#""sex": 1 {}"#, " ".repeat(8 << 20)));
    insert(&pool, "padded", &padded, None).await;
    sqlx::query("INSERT INTO person (subject, doc_type) VALUES ('null', $1)")
        .bind(MDL_DOC_TYPE)
        .execute(&pool)
        .await
        .expect("inserted");
    let source = source(&address, "public.mdl_record", SqlLimits::default());
    for (subject, code) in [
        ("twice", "record-ambiguous"),
        ("other", "record-other-doc-type"),
        ("value", "record-malformed"),
        ("file", "record-malformed"),
        ("both", "record-malformed"),
        ("large", "record-too-large"),
        ("padded", "record-too-large"),
        ("null", "record-malformed"),
    ] {
        let refusal = fetch(&source, subject).await.expect_err(subject);
        assert_eq!(refusal.code(), code, "{subject}: {refusal:?}");
        assert!(!format!("{refusal:?}").contains("canary"), "{refusal:?}");
    }
}

#[tokio::test]
async fn a_slow_view_runs_out_of_time_in_the_database() {
    let Some(server) = shared() else { return };
    let address = server.new_database();
    let slow = "
        CREATE VIEW mdl_record AS SELECT 'anna'::text AS subject, 'org.iso.18013.5.1.mDL'::text AS doc_type,
            pg_sleep(30)::text AS record, NULL::bytea AS portrait";
    let pool = prepared(&address, slow).await;
    let limits = SqlLimits {
        statement_timeout: Duration::from_millis(200),
        ..SqlLimits::default()
    };
    let source = source(&address, "mdl_record", limits);
    let started = Instant::now();
    assert_eq!(
        fetch(&source, "anna").await.expect_err("slow").code(),
        "source-timeout"
    );
    assert!(started.elapsed() < limits.deadline);
    // The statement is over in the database too, not only given up here.
    let running: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%octet_length%' \
         AND pid <> pg_backend_pid() AND datname = current_database()",
    )
    .fetch_one(&pool)
    .await
    .expect("a count");
    assert_eq!(running, 0);
}

#[tokio::test]
async fn the_wait_for_a_connection_is_bounded_too() {
    let Some(server) = shared() else { return };
    let address = server.new_database();
    let slow = "
        CREATE VIEW mdl_record AS SELECT 'anna'::text AS subject, 'org.iso.18013.5.1.mDL'::text AS doc_type,
            pg_sleep(2)::text AS record, NULL::bytea AS portrait";
    prepared(&address, slow).await;
    let limits = SqlLimits {
        connections: 1,
        deadline: Duration::from_millis(500),
        ..SqlLimits::default()
    };
    let source = source(&address, "mdl_record", limits);
    let (first, second) = tokio::join!(fetch(&source, "anna"), fetch(&source, "anna"));
    for refusal in [first, second] {
        assert_eq!(refusal.expect_err("slow").code(), "source-timeout");
    }
}

#[tokio::test]
async fn a_view_that_writes_is_refused() {
    let Some(server) = shared() else { return };
    let address = server.new_database();
    let writing = "
        CREATE TABLE seen (subject text);
        CREATE FUNCTION note() RETURNS text LANGUAGE sql VOLATILE AS
            $$ INSERT INTO seen VALUES ('somebody') RETURNING subject $$;
        CREATE VIEW mdl_record AS SELECT 'anna'::text AS subject, 'org.iso.18013.5.1.mDL'::text AS doc_type,
            note() AS record, NULL::bytea AS portrait";
    prepared(&address, writing).await;
    let source = source(&address, "mdl_record", SqlLimits::default());
    let refusal = fetch(&source, "anna").await.expect_err("it writes");
    assert_eq!(refusal.code(), "source-query");
    assert!(
        format!("{refusal:?}").contains("25006"),
        "read_only_sql_transaction: {refusal:?}"
    );
}

#[tokio::test]
async fn a_database_without_the_view_or_that_is_away_is_told_apart() {
    // Of its own: the others need theirs to stay.
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let address = server.new_database();
    let source = source(&address, "mdl_record", SqlLimits::default());
    let refusal = source.check().await.expect_err("no view");
    assert_eq!(refusal.code(), "source-query");
    prepared(&address, VIEW).await.close().await;
    source.check().await.expect("the view is there");
    server.stop();
    let refusal = fetch(&source, "anna").await.expect_err("away");
    assert!(
        ["source-unreachable", "source-query", "source-timeout"].contains(&refusal.code()),
        "{refusal:?}"
    );
    assert!(refusal.retry_after().is_some());
    server.launch();
    assert_eq!(
        fetch(&source, "anna").await.expect_err("nobody"),
        RecordSourceError::NotFound
    );
}

#[tokio::test]
async fn the_password_is_not_shown() {
    let source = source(
        "postgres://app:canary@127.0.0.1:1/t",
        "mdl_record",
        SqlLimits::default(),
    );
    assert!(!format!("{source:?}").contains("canary"));
}
