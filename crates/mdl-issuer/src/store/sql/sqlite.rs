//! SQLite: one file, one process that writes.
//!
//! Write-ahead log with `synchronous = FULL`: what was committed survives a loss of power. `secure_delete` overwrites
//! what is erased.

use std::io;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteRow, SqliteSynchronous,
};
use sqlx::{Arguments, AssertSqlSafe, Row, Sqlite};

use super::database::{
    Database, DatabaseError, Dialect, Given, Kind, Transaction, Value, describe,
};
use crate::store::StoreError;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// Connections that read while the one that writes writes.
const READERS: u32 = 4;
/// A reader of the log (`mdl ledger verify`, a backup) may hold a lock for a moment.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct SqliteDatabase {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteDatabase {
    /// Opens or creates the file, readable by its owner only, and brings it up to date.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        create_private(path).map_err(|error| {
            StoreError::Unavailable(format!("{}: {}", path.display(), error.kind()))
        })?;
        let options = options(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON");
        let writer = pool(1, options.clone()).await?;
        MIGRATIONS.run(&writer).await.map_err(super::not_migrated)?;
        let readers = pool(READERS, options.pragma("query_only", "ON")).await?;
        Ok(Self { writer, readers })
    }

    /// Opens a file that is there, and changes nothing in it.
    pub(super) async fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let readers = pool(1, options(path).read_only(true)).await?;
        Ok(Self {
            writer: readers.clone(),
            readers,
        })
    }
}

async fn pool(connections: u32, options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .map_err(|error| StoreError::Unavailable(describe(&error)))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("trusted_schema", "OFF")
        .statement_cache_capacity(200)
}

/// SQLite gives its log the mode of the database, so this is enough for both.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

#[async_trait]
impl Database for SqliteDatabase {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn forget_log(&self) -> Result<(), DatabaseError> {
        let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        emptied.execute(&self.writer).await.map_err(failed)?;
        Ok(())
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, DatabaseError> {
        // IMMEDIATE: a transaction that read first and then writes could not wait for its turn.
        let begun = self.writer.begin_with("BEGIN IMMEDIATE").await;
        Ok(Box::new(SqliteTransaction(begun.map_err(failed)?)))
    }

    async fn fetch(
        &self,
        sql: &str,
        given: &Given,
        kinds: &[Kind],
    ) -> Result<Vec<Vec<Value>>, DatabaseError> {
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments(given)?);
        let rows = query.fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(|row| values(row, kinds)).collect()
    }
}

struct SqliteTransaction(sqlx::Transaction<'static, Sqlite>);

#[async_trait]
impl Transaction for SqliteTransaction {
    async fn execute(&mut self, sql: &str, given: &Given) -> Result<u64, DatabaseError> {
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments(given)?);
        let done = query.execute(&mut *self.0).await.map_err(failed)?;
        Ok(done.rows_affected())
    }

    async fn fetch(
        &mut self,
        sql: &str,
        given: &Given,
        kinds: &[Kind],
    ) -> Result<Vec<Vec<Value>>, DatabaseError> {
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments(given)?);
        let rows = query.fetch_all(&mut *self.0).await.map_err(failed)?;
        rows.iter().map(|row| values(row, kinds)).collect()
    }

    async fn commit(self: Box<Self>) -> Result<(), DatabaseError> {
        self.0.commit().await.map_err(failed)
    }
}

/// The rows as one JSON text: an array of arrays, bytes in hexadecimal.
fn arguments(given: &Given) -> Result<SqliteArguments, DatabaseError> {
    let mut json = String::from("[");
    for (number, row) in given.rows.iter().enumerate() {
        json.push_str(if number == 0 { "[" } else { ",[" });
        for (number, value) in row.iter().enumerate() {
            if number > 0 {
                json.push(',');
            }
            match value {
                Value::Null => json.push_str("null"),
                Value::Integer(number) => json.push_str(&number.to_string()),
                Value::Text(text) => {
                    json.push_str(&serde_json::Value::from(text.as_str()).to_string());
                }
                Value::Bytes(bytes) => {
                    json.push('"');
                    json.push_str(&hex::encode(bytes));
                    json.push('"');
                }
            }
        }
        json.push(']');
    }
    json.push(']');
    let mut arguments = SqliteArguments::default();
    let added = arguments.add(json);
    added.map_err(|_| DatabaseError::Failed("an argument is too large".into()))?;
    Ok(arguments)
}

fn values(row: &SqliteRow, kinds: &[Kind]) -> Result<Vec<Value>, DatabaseError> {
    let value = |(index, kind): (usize, &Kind)| {
        let value = match kind {
            Kind::Integer => row
                .try_get::<Option<i64>, _>(index)
                .map(|v| v.map(Value::Integer)),
            Kind::Text => row
                .try_get::<Option<String>, _>(index)
                .map(|v| v.map(Value::Text)),
            Kind::Bytes => row
                .try_get::<Option<Vec<u8>>, _>(index)
                .map(|v| v.map(Value::Bytes)),
        };
        let value = value.map_err(|_| DatabaseError::Corrupt(format!("type of column {index}")))?;
        Ok(value.unwrap_or(Value::Null))
    };
    kinds.iter().enumerate().map(value).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "for use with map_err")]
fn failed(error: sqlx::Error) -> DatabaseError {
    const BUSY: i64 = 5;
    let why = describe(&error);
    match &error {
        sqlx::Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse::<i64>().ok());
            // The lower eight bits are the primary code, whatever is said beyond it.
            if code.is_some_and(|code| code & 0xff == BUSY) || database.is_unique_violation() {
                DatabaseError::Retry(why)
            } else {
                DatabaseError::Failed(why)
            }
        }
        _ => DatabaseError::Away(why),
    }
}
