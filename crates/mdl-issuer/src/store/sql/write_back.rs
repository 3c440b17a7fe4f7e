//! Writes the rows that some steps changed, one statement for each kind.

use super::database::{DatabaseError, Dialect, Given, Transaction};
use super::record::{Record, insert, update};
use crate::store::LedgerHead;
use crate::store::tables::{StatusChangeRow, Table, Tables, Written};

/// Writes what is new or changed in the tables.
pub(super) async fn write_back(
    transaction: &mut dyn Transaction,
    dialect: Dialect,
    tables: &Tables,
) -> Result<(), DatabaseError> {
    let mut writer = Writer {
        transaction,
        dialect,
    };
    writer.table(&tables.offers).await?;
    writer.table(&tables.grants).await?;
    writer.table(&tables.used).await?;
    // Documents refer to issuances and lists, tokens to lists.
    writer.table(&tables.lists).await?;
    writer.table(&tables.issuances).await?;
    writer.table(&tables.documents).await?;
    writer.table(&tables.tokens).await?;
    writer.status_changes(&tables.status_changes).await?;
    writer.table(&tables.approvals).await?;
    writer.table(&tables.leases).await?;
    writer.table(&tables.checkpoints).await?;
    insert(writer.transaction, dialect, tables.ledger.iter()).await?;
    if !tables.ledger.is_empty() || tables.touch_head {
        let head: &LedgerHead = &tables.head;
        update(writer.transaction, dialect, std::iter::once(head)).await?;
    }
    Ok(())
}

struct Writer<'t> {
    transaction: &'t mut dyn Transaction,
    dialect: Dialect,
}

impl Writer<'_> {
    async fn table<K: Clone + Eq + std::hash::Hash + Ord, R: Record>(
        &mut self,
        table: &Table<K, R>,
    ) -> Result<(), DatabaseError> {
        let inserted = table.written(Written::Inserted);
        insert(self.transaction, self.dialect, inserted).await?;
        let updated = table.written(Written::Updated);
        update(self.transaction, self.dialect, updated).await
    }

    async fn status_changes(&mut self, changes: &[StatusChangeRow]) -> Result<(), DatabaseError> {
        let rows = changes.iter().map(StatusChangeRow::to_values);
        let given = Given::new(StatusChangeRow::COLUMNS, rows);
        if given.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = given.columns.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        let sql = format!(
            "INSERT INTO {} ({names}) SELECT {names} FROM {}",
            StatusChangeRow::TABLE,
            self.dialect.given(&given.columns),
        );
        self.transaction.execute(&sql, &given).await?;
        Ok(())
    }
}
