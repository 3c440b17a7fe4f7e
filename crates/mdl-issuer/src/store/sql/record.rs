//! Rows of the tables as values, and the statements that read and write them by key.

use time::OffsetDateTime;

use super::database::{Column, DatabaseError, Dialect, Given, Kind, Transaction, Value};
use crate::ledger::microseconds;
use crate::store::Hash;

/// A row of one table.
pub(super) trait Record: Sized {
    /// The table.
    const TABLE: &'static str;
    /// Its columns; the first [`KEY`](Self::KEY) of them are the primary key.
    const COLUMNS: &'static [Column];
    /// Columns of the primary key.
    const KEY: usize = 1;

    /// In the order of the columns.
    fn to_values(&self) -> Vec<Value>;

    /// From the values of the columns, in their order.
    fn from_values(values: &mut Values) -> Result<Self, DatabaseError>;
}

/// The names of all columns of the table `t`.
pub(super) fn columns_of<R: Record>() -> String {
    let names: Vec<String> = R::COLUMNS
        .iter()
        .map(|(name, _)| format!("t.{name}"))
        .collect();
    names.join(", ")
}

/// The kinds of all columns.
pub(super) fn kinds_of<R: Record>() -> Vec<Kind> {
    R::COLUMNS.iter().map(|(_, kind)| *kind).collect()
}

/// Reads the rows of `R` (`t`) that go with the `given` ones.
pub(super) async fn select<R: Record>(
    transaction: &mut dyn Transaction,
    dialect: Dialect,
    given: Given,
    condition: &str,
) -> Result<Vec<R>, DatabaseError> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    // CROSS JOIN: SQLite takes the tables in this order, so that it looks up by key what is given.
    let sql = format!(
        "SELECT {} FROM {} CROSS JOIN {} AS t WHERE {condition}",
        columns_of::<R>(),
        dialect.given(&given.columns),
        R::TABLE,
    );
    let rows = transaction.fetch(&sql, &given, &kinds_of::<R>()).await?;
    read_all(rows)
}

/// Reads rows from their values.
pub(super) fn read_all<R: Record>(rows: Vec<Vec<Value>>) -> Result<Vec<R>, DatabaseError> {
    rows.into_iter()
        .map(|values| R::from_values(&mut Values::new(R::TABLE, values)))
        .collect()
}

/// Inserts rows, all of them or it is a conflict.
pub(super) async fn insert<'r, R: Record + 'r>(
    transaction: &mut dyn Transaction,
    dialect: Dialect,
    rows: impl Iterator<Item = &'r R>,
) -> Result<(), DatabaseError> {
    let given = Given::new(R::COLUMNS, rows.map(R::to_values));
    if given.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = R::COLUMNS.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let sql = format!(
        "INSERT INTO {} ({names}) SELECT {names} FROM {} WHERE true ON CONFLICT DO NOTHING",
        R::TABLE,
        dialect.given(&given.columns),
    );
    let inserted = transaction.execute(&sql, &given).await?;
    all_or_conflict::<R>(inserted, &given)
}

/// Writes all columns of rows that are there, all of them or it is a conflict.
pub(super) async fn update<'r, R: Record + 'r>(
    transaction: &mut dyn Transaction,
    dialect: Dialect,
    rows: impl Iterator<Item = &'r R>,
) -> Result<(), DatabaseError> {
    let given = Given::new(R::COLUMNS, rows.map(R::to_values));
    if given.is_empty() {
        return Ok(());
    }
    let (key, rest) = R::COLUMNS.split_at(R::KEY);
    let set: Vec<String> = rest
        .iter()
        .map(|(name, _)| format!("{name} = given.{name}"))
        .collect();
    let same: Vec<String> = key
        .iter()
        .map(|(name, _)| format!("t.{name} = given.{name}"))
        .collect();
    let sql = format!(
        "UPDATE {} AS t SET {} FROM {} WHERE {}",
        R::TABLE,
        set.join(", "),
        dialect.given(&given.columns),
        same.join(" AND "),
    );
    let updated = transaction.execute(&sql, &given).await?;
    all_or_conflict::<R>(updated, &given)
}

fn all_or_conflict<R: Record>(written: u64, given: &Given) -> Result<(), DatabaseError> {
    if written == given.rows.len() as u64 {
        return Ok(());
    }
    Err(DatabaseError::Retry(format!(
        "another writer in {}",
        R::TABLE
    )))
}

/// The values of a row, taken one after the other.
pub(super) struct Values {
    table: &'static str,
    number: usize,
    values: std::vec::IntoIter<Value>,
}

impl Values {
    pub(super) fn new(table: &'static str, values: Vec<Value>) -> Self {
        Self {
            table,
            number: 0,
            values: values.into_iter(),
        }
    }

    fn next(&mut self) -> Value {
        self.number += 1;
        self.values.next().unwrap_or(Value::Null)
    }

    /// The error for the value that was taken last.
    pub(super) fn unexpected(&self) -> DatabaseError {
        DatabaseError::Corrupt(format!("{}, column {}", self.table, self.number))
    }

    pub(super) fn integer(&mut self) -> Result<i64, DatabaseError> {
        self.optional_integer()?.ok_or_else(|| self.unexpected())
    }

    pub(super) fn optional_integer(&mut self) -> Result<Option<i64>, DatabaseError> {
        match self.next() {
            Value::Integer(number) => Ok(Some(number)),
            Value::Null => Ok(None),
            Value::Text(_) | Value::Bytes(_) => Err(self.unexpected()),
        }
    }

    /// A number of a smaller type.
    pub(super) fn number<N: TryFrom<i64>>(&mut self) -> Result<N, DatabaseError> {
        let number = self.integer()?;
        N::try_from(number).map_err(|_| self.unexpected())
    }

    /// A number of a smaller type, or none.
    pub(super) fn optional_number<N: TryFrom<i64>>(&mut self) -> Result<Option<N>, DatabaseError> {
        let number = self.optional_integer()?.map(N::try_from).transpose();
        number.map_err(|_| self.unexpected())
    }

    pub(super) fn text(&mut self) -> Result<String, DatabaseError> {
        self.optional_text()?.ok_or_else(|| self.unexpected())
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<String>, DatabaseError> {
        match self.next() {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            Value::Integer(_) | Value::Bytes(_) => Err(self.unexpected()),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, DatabaseError> {
        self.optional_bytes()?.ok_or_else(|| self.unexpected())
    }

    pub(super) fn optional_bytes(&mut self) -> Result<Option<Vec<u8>>, DatabaseError> {
        match self.next() {
            Value::Bytes(bytes) => Ok(Some(bytes)),
            Value::Null => Ok(None),
            Value::Text(_) | Value::Integer(_) => Err(self.unexpected()),
        }
    }

    /// Bytes of a fixed number.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DatabaseError> {
        self.optional_array()?.ok_or_else(|| self.unexpected())
    }

    /// Bytes of a fixed number, or none.
    pub(super) fn optional_array<const N: usize>(
        &mut self,
    ) -> Result<Option<[u8; N]>, DatabaseError> {
        let array = self.optional_bytes()?.map(<[u8; N]>::try_from).transpose();
        array.map_err(|_| self.unexpected())
    }

    pub(super) fn hash(&mut self) -> Result<Hash, DatabaseError> {
        self.array().map(Hash)
    }

    pub(super) fn optional_hash(&mut self) -> Result<Option<Hash>, DatabaseError> {
        Ok(self.optional_array()?.map(Hash))
    }

    pub(super) fn time(&mut self) -> Result<OffsetDateTime, DatabaseError> {
        self.optional_time()?.ok_or_else(|| self.unexpected())
    }

    pub(super) fn optional_time(&mut self) -> Result<Option<OffsetDateTime>, DatabaseError> {
        let time = self.optional_integer()?.map(|microseconds| {
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(microseconds) * 1000)
        });
        time.transpose().map_err(|_| self.unexpected())
    }

    pub(super) fn texts(&mut self) -> Result<Vec<String>, DatabaseError> {
        let json = self.text()?;
        serde_json::from_str(&json).map_err(|_| self.unexpected())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        // Counters that begin at zero and grow by one do not come near the limit.
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<Hash> for Value {
    fn from(hash: Hash) -> Self {
        hash.0.into()
    }
}

impl From<OffsetDateTime> for Value {
    fn from(time: OffsetDateTime) -> Self {
        Self::Integer(microseconds(time))
    }
}

impl From<&[String]> for Value {
    fn from(texts: &[String]) -> Self {
        Self::Text(serde_json::Value::from(texts).to_string())
    }
}

impl<V: Into<Self>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
