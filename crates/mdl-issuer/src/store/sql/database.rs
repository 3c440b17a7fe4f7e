//! What SQLite and PostgreSQL have in common: statements, values, transactions.
//!
//! Every statement takes a whole set of rows as its only argument, so that its text does not depend on how many there
//! are and it is prepared once. In the statement the rows are the relation `given`. PostgreSQL is sent one array for
//! each column, SQLite one JSON text.

use std::fmt;

use async_trait::async_trait;

use crate::operations::metrics;
use crate::store::StoreError;

/// The type of a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Integer,
    Text,
    Bytes,
}

/// A value in a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Name and type of a column.
pub(super) type Column = (&'static str, Kind);

/// The rows that a statement works on.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Value>>,
}

impl Given {
    pub(super) fn new(columns: &[Column], rows: impl IntoIterator<Item = Vec<Value>>) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: rows.into_iter().collect(),
        }
    }

    /// A single row.
    pub(super) fn one(columns: &[Column], row: Vec<Value>) -> Self {
        Self::new(columns, [row])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The relation `given` of a FROM clause.
    pub(super) fn given(self, columns: &[Column]) -> String {
        match self {
            Self::Sqlite => {
                let columns: Vec<String> = columns
                    .iter()
                    .enumerate()
                    .map(|(position, (name, kind))| match kind {
                        Kind::Bytes => format!("unhex(value ->> {position}) AS {name}"),
                        Kind::Integer | Kind::Text => format!("value ->> {position} AS {name}"),
                    })
                    .collect();
                format!(
                    "(SELECT {} FROM json_each($1)) AS given",
                    columns.join(", ")
                )
            }
            Self::Postgres => {
                let arrays: Vec<String> = columns
                    .iter()
                    .enumerate()
                    .map(|(position, (_, kind))| {
                        let array = match kind {
                            Kind::Integer => "bigint[]",
                            Kind::Text => "text[]",
                            Kind::Bytes => "bytea[]",
                        };
                        format!("${}::{array}", position + 1)
                    })
                    .collect();
                let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
                format!(
                    "unnest({}) AS given({})",
                    arrays.join(", "),
                    names.join(", ")
                )
            }
        }
    }
}

/// Why a statement or transaction failed.
#[derive(Clone, Debug)]
pub(super) enum DatabaseError {
    /// Another transaction came in between, or the connection was lost before the end: the same again may work at once.
    Retry(String),
    /// The database is away, or was lost while committing, so that nobody knows whether it is done.
    Away(String),
    /// The database refused a statement: nothing will change by trying the same again.
    Failed(String),
    /// A row that this version did not write.
    Corrupt(String),
}

/// The way of every failure out of the database: here it is counted.
impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Retry(why) | DatabaseError::Away(why) | DatabaseError::Failed(why) => {
                metrics::store_failed("unavailable");
                Self::Unavailable(why)
            }
            DatabaseError::Corrupt(what) => {
                metrics::store_failed("corrupt");
                Self::Corrupt(what)
            }
        }
    }
}

/// A database that keeps the tables of the migrations.
#[async_trait]
pub(super) trait Database: fmt::Debug + Send + Sync + 'static {
    fn dialect(&self) -> Dialect;

    /// Has what was erased no longer in a log either, as far as the database keeps one that can be emptied.
    async fn forget_log(&self) -> Result<(), DatabaseError>;

    /// Begins a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn Transaction>, DatabaseError>;

    /// Reads rows of these kinds, outside of any transaction.
    async fn fetch(
        &self,
        sql: &str,
        given: &Given,
        kinds: &[Kind],
    ) -> Result<Vec<Vec<Value>>, DatabaseError>;
}

/// A transaction. It is rolled back when it is dropped.
#[async_trait]
pub(super) trait Transaction: Send {
    /// Runs a statement. How many rows it changed.
    async fn execute(&mut self, sql: &str, given: &Given) -> Result<u64, DatabaseError>;

    /// Reads rows of these kinds.
    async fn fetch(
        &mut self,
        sql: &str,
        given: &Given,
        kinds: &[Kind],
    ) -> Result<Vec<Vec<Value>>, DatabaseError>;

    /// Makes it last.
    async fn commit(self: Box<Self>) -> Result<(), DatabaseError>;
}

/// What went wrong, in words that hold no value of any row.
pub(super) fn describe(error: &sqlx::Error) -> String {
    match error {
        // The message may quote values, the code cannot.
        sqlx::Error::Database(database) => match database.code() {
            Some(code) => format!("database error {code}"),
            None => "database error".into(),
        },
        sqlx::Error::Io(io) => format!("connection to the database: {}", io.kind()),
        sqlx::Error::PoolTimedOut => "no connection to the database in time".into(),
        sqlx::Error::PoolClosed => "the store is closed".into(),
        sqlx::Error::Tls(_) => "TLS to the database failed".into(),
        _ => "the database was not understood".into(),
    }
}
