//! A view in the authority's PostgreSQL database.
//!
//! The database's own people define what the service may see, as a view with four columns:
//!
//! | Column | holds |
//! |---|---|
//! | `subject text` | the subject reference |
//! | `doc_type text` | the document type |
//! | `record json` or `jsonb` or `text` | the record as in [`file`](super::file), without files; `json` keeps its order |
//! | `portrait bytea` | the portrait, or null where the record has it in base64 |
//!
//! One row per subject and document type: two are an error of the view. The service asks with parameters, in a
//! transaction that can only read and has a time limit, through connections of its own, so that a slow register holds
//! up nothing but records. The role in the connection string needs `SELECT` on the view and nothing else.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::data_elements::Schema;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool, Row};

use super::error::malformed;
use super::file::{MAX_ATTACHMENT_BYTES, MAX_RECORD_BYTES, Record, RecordError};
use super::{RecordSource, RecordSourceError, SourceUnavailable, SubjectReference, UnusableRecord};

/// The name of a view: letters, digits and underscores, with a schema before a full stop if need be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ViewName(String);

impl ViewName {
    /// The longest name of PostgreSQL, in bytes.
    const MAX_BYTES: usize = 63;

    /// `None` for anything that is not such a name. Case counts, as it does in SQL between quotation marks.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let is_identifier = |part: &str| {
            part.len() <= Self::MAX_BYTES
                && part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let parts: Vec<_> = name.split('.').collect();
        (parts.len() <= 2 && parts.iter().all(|part| is_identifier(part)))
            .then(|| Self(format!("\"{}\"", parts.join("\".\""))))
    }
}

/// Bounds of a [`SqlSource`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SqlLimits {
    /// Most connections to the database.
    pub connections: u32,
    /// Longest run of a statement, by the database's clock.
    pub statement_timeout: Duration,
    /// Longest wait for a record, the wait for a connection included.
    pub deadline: Duration,
}

impl Default for SqlLimits {
    fn default() -> Self {
        Self {
            connections: 8,
            statement_timeout: Duration::from_secs(3),
            deadline: Duration::from_secs(5),
        }
    }
}

/// Records out of a PostgreSQL view.
pub struct SqlSource {
    pool: PgPool,
    view: ViewName,
    limits: SqlLimits,
    schema: Schema,
}

impl SqlSource {
    /// Reads `view` in the database that `connection` describes; nothing is connected before the first record is
    /// asked for.
    #[must_use]
    pub fn new(
        connection: PgConnectOptions,
        view: ViewName,
        limits: SqlLimits,
        schema: Schema,
    ) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(limits.connections)
            .acquire_timeout(limits.deadline)
            .connect_lazy_with(connection);
        Self {
            pool,
            view,
            limits,
            schema,
        }
    }

    /// Both statements in one message: what follows is read-only and bounded from its start.
    fn begin(&self) -> AssertSqlSafe<String> {
        let milliseconds = self.limits.statement_timeout.as_millis().max(1);
        AssertSqlSafe(format!(
            "BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = {milliseconds}"
        ))
    }

    /// Contents only up to the limits, sizes always: what is too large does not come over.
    fn select(&self) -> AssertSqlSafe<String> {
        let view = &self.view.0;
        AssertSqlSafe(format!(
            "SELECT octet_length(record) > $3 OR octet_length(portrait) > $4, \
             CASE WHEN octet_length(record) <= $3 THEN record END, \
             CASE WHEN octet_length(portrait) <= $4 THEN portrait END \
             FROM (SELECT record::text AS record, portrait FROM {view} \
             WHERE subject = $1 AND doc_type = $2 LIMIT 2) AS found"
        ))
    }

    async fn read(&self, subject: &str, doc_type: &str) -> Result<ElementSet, RecordSourceError> {
        let mut transaction = self.pool.begin_with(self.begin()).await.map_err(failure)?;
        let rows = sqlx::query(self.select())
            .bind(subject)
            .bind(doc_type)
            .bind(MAX_RECORD_BYTES as i32)
            .bind(MAX_ATTACHMENT_BYTES as i32)
            .fetch_all(&mut *transaction)
            .await
            .map_err(failure)?;
        transaction.rollback().await.map_err(failure)?;
        let row = match rows.as_slice() {
            [] => return Err(RecordSourceError::NotFound),
            [row] => row,
            _ => return Err(UnusableRecord::Ambiguous.into()),
        };
        if row
            .try_get(0)
            .map_err(failure)
            .map(Option::unwrap_or_default)?
        {
            let limit = MAX_RECORD_BYTES;
            return Err(UnusableRecord::TooLarge { limit }.into());
        }
        let record: Option<String> = row.try_get(1).map_err(failure)?;
        let portrait: Option<Vec<u8>> = row.try_get(2).map_err(failure)?;
        let record = record.ok_or_else(|| malformed("the column record is null"))?;
        let mut elements = elements_of(record.as_bytes(), doc_type, &self.schema)?;
        if let Some(portrait) = portrait {
            elements
                .add(MDL_NAME_SPACE, "portrait", portrait)
                .map_err(|error| malformed(error.to_string()))?;
        }
        Ok(elements)
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, RecordSourceError>>,
    ) -> Result<T, RecordSourceError> {
        tokio::time::timeout(self.limits.deadline, work)
            .await
            .unwrap_or_else(|_| Err(SourceUnavailable::TimedOut.into()))
    }
}

/// A record that came without files, of the document type that was asked for.
pub(super) fn elements_of(
    json: &[u8],
    doc_type: &str,
    schema: &Schema,
) -> Result<ElementSet, RecordSourceError> {
    if json.len() > MAX_RECORD_BYTES {
        let limit = MAX_RECORD_BYTES;
        return Err(UnusableRecord::TooLarge { limit }.into());
    }
    let record = Record::parse_without_files(json, schema).map_err(|error| match error {
        RecordError::Content { problem, .. } => malformed(problem),
        RecordError::Unreadable { source, .. } => malformed(source.to_string()),
    })?;
    if record.doc_type() != doc_type {
        return Err(UnusableRecord::OtherDocType.into());
    }
    Ok(record.into_elements())
}

/// The texts of the database may repeat parts of a row; only what is known to hold none gets through.
fn failure(error: sqlx::Error) -> RecordSourceError {
    /// `query_canceled`: the statement ran out of time.
    const CANCELED: &str = "57014";
    match error {
        sqlx::Error::PoolTimedOut => SourceUnavailable::TimedOut,
        sqlx::Error::Io(error) => SourceUnavailable::Unreachable {
            cause: error.to_string(),
        },
        sqlx::Error::Tls(error) => SourceUnavailable::Tls {
            cause: error.to_string(),
        },
        sqlx::Error::Database(error) => match error.code() {
            Some(state) if state == CANCELED => SourceUnavailable::TimedOut,
            state => SourceUnavailable::Query {
                state: state.unwrap_or_default().into_owned(),
            },
        },
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => SourceUnavailable::Answer {
            problem: "a column has another type than the view should give it".to_owned(),
        },
        _ => SourceUnavailable::Unreachable {
            cause: "the connection to the database broke".to_owned(),
        },
    }
    .into()
}

impl fmt::Debug for SqlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The pool knows the password.
        f.debug_struct("SqlSource")
            .field("view", &self.view)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl RecordSource for SqlSource {
    async fn fetch(
        &self,
        subject: &SubjectReference,
        doc_type: &str,
    ) -> Result<ElementSet, RecordSourceError> {
        self.in_time(self.read(subject.expose(), doc_type)).await
    }

    /// Whether the database answers and the view has its columns.
    async fn check(&self) -> Result<(), RecordSourceError> {
        let view = &self.view.0;
        let probe = format!("SELECT subject, doc_type, record, portrait FROM {view} LIMIT 0");
        self.in_time(async {
            let mut transaction = self.pool.begin_with(self.begin()).await.map_err(failure)?;
            sqlx::query(AssertSqlSafe(probe))
                .execute(&mut *transaction)
                .await
                .map_err(failure)?;
            transaction.rollback().await.map_err(failure)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_views_cannot_carry_sql() {
        let quoted = |name| ViewName::new(name).map(|name| name.0);
        assert_eq!(quoted("mdl_record").as_deref(), Some("\"mdl_record\""));
        assert_eq!(
            quoted("Register.v1").as_deref(),
            Some("\"Register\".\"v1\"")
        );
        for name in [
            "",
            ".",
            "a.",
            ".a",
            "a.b.c",
            "1a",
            "a b",
            "a\"",
            "a;b",
            "a--",
            "ä",
            "a\0",
            "\"a\"",
            &"a".repeat(64),
        ] {
            assert_eq!(quoted(name), None, "{name:?}");
        }
    }
}
