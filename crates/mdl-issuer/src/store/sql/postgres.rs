//! PostgreSQL: any number of replicas of the service on one database.

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::{Arguments, AssertSqlSafe, Connection, Postgres, Row};

use super::database::{
    Database, DatabaseError, Dialect, Given, Kind, Transaction, Value, describe,
};
use crate::store::StoreError;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// How long a request waits for a connection before it is told to come again.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection was idle before it is asked whether it still lives.
const TESTED_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct PostgresDatabase {
    writer: PgPool,
    readers: PgPool,
}

impl PostgresDatabase {
    /// Connects and brings the schema up to date; replicas that start together wait for one another there.
    pub(super) async fn connect(
        url: &str,
        password: Option<&str>,
        connections: u32,
    ) -> Result<Self, StoreError> {
        let options = options(url, password)?;
        // Waiting for the lock of the migrations may take as long as the migrations do.
        let patient = options.clone().options([
            ("statement_timeout", "0"),
            ("lock_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
        ]);
        let migrator = pool(1, patient).await?;
        MIGRATIONS
            .run(&migrator)
            .await
            .map_err(super::not_migrated)?;
        migrator.close().await;
        let readers = pool(connections, options.clone()).await?;
        // The writer looks up single rows by key. Its plans are made while tables are small and kept while they grow:
        // a scan that was right for ten rows would still be taken for ten million.
        let writer = options.options([
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
        ]);
        // Opened by the thread that writes, whose runtime then waits for it.
        let writer = pool_options(2).connect_lazy_with(writer);
        Ok(Self { writer, readers })
    }

    /// Connects to a database that has its tables, and changes nothing in it.
    pub(super) async fn connect_to_read(
        url: &str,
        password: Option<&str>,
    ) -> Result<Self, StoreError> {
        let options = options(url, password)?.options([("default_transaction_read_only", "on")]);
        let readers = pool(1, options).await?;
        Ok(Self {
            writer: readers.clone(),
            readers,
        })
    }
}

fn options(url: &str, password: Option<&str>) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url)
        // The error would repeat the address, and with it a password.
        .map_err(|_| StoreError::Unavailable("the database's address is not one".into()))?
        .application_name("mdl-issuer")
        .statement_cache_capacity(200)
        // A replica that hangs in the middle of a transaction must not hold up the others for longer.
        .options([
            ("statement_timeout", "10s"),
            ("lock_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "10s"),
            ("jit", "off"),
        ]);
    Ok(match password {
        Some(password) => options.password(password),
        None => options,
    })
}

async fn pool(connections: u32, options: PgConnectOptions) -> Result<PgPool, StoreError> {
    pool_options(connections)
        .connect_with(options)
        .await
        .map_err(|error| StoreError::Unavailable(describe(&error)))
}

fn pool_options(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // Under load a connection is not asked whether it lives before everything that it is asked.
        .test_before_acquire(false)
        .before_acquire(|connection, of| {
            Box::pin(async move {
                if of.idle_for >= TESTED_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

#[async_trait]
impl Database for PostgresDatabase {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn forget_log(&self) -> Result<(), DatabaseError> {
        // Row versions go with the next vacuum, the log with its rotation: both are the operator's to set.
        Ok(())
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, DatabaseError> {
        let begun = self.writer.begin().await;
        Ok(Box::new(PostgresTransaction(begun.map_err(failed)?)))
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

struct PostgresTransaction(sqlx::Transaction<'static, Postgres>);

#[async_trait]
impl Transaction for PostgresTransaction {
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
        self.0.commit().await.map_err(|error| match &error {
            sqlx::Error::Database(_) => failed(error),
            _ => DatabaseError::Away(describe(&error)),
        })
    }
}

/// One array for each column.
fn arguments(given: &Given) -> Result<PgArguments, DatabaseError> {
    let mut arguments = PgArguments::default();
    for (index, (_, kind)) in given.columns.iter().enumerate() {
        let column = given.rows.iter().map(|row| &row[index]);
        let added = match kind {
            Kind::Integer => arguments.add(
                column
                    .map(|value| match value {
                        Value::Integer(number) => Some(*number),
                        _ => None,
                    })
                    .collect::<Vec<_>>(),
            ),
            Kind::Text => arguments.add(
                column
                    .map(|value| match value {
                        Value::Text(text) => Some(text.clone()),
                        _ => None,
                    })
                    .collect::<Vec<_>>(),
            ),
            Kind::Bytes => arguments.add(
                column
                    .map(|value| match value {
                        Value::Bytes(bytes) => Some(bytes.clone()),
                        _ => None,
                    })
                    .collect::<Vec<_>>(),
            ),
        };
        added.map_err(|_| DatabaseError::Failed("an argument is too large".into()))?;
    }
    Ok(arguments)
}

fn values(row: &PgRow, kinds: &[Kind]) -> Result<Vec<Value>, DatabaseError> {
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
    let why = describe(&error);
    match &error {
        sqlx::Error::Database(database) => match database.code().as_deref() {
            // Serialization failure, deadlock, unique violation, lock not available.
            Some("40001" | "40P01" | "23505" | "55P03") => DatabaseError::Retry(why),
            // The server stops, was stopped, starts, or has no connection left.
            Some("57P01" | "57P02" | "57P03" | "53300") => DatabaseError::Retry(why),
            _ => DatabaseError::Failed(why),
        },
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            DatabaseError::Retry(why)
        }
        _ => DatabaseError::Away(why),
    }
}
