//! Ledger entries that belong to no issuance, and checkpoints.

use time::{Duration, OffsetDateTime};

use super::{Needs, Step};
use crate::ledger::entry_hash;
use crate::store::tables::Tables;
use crate::store::{
    Hash, LedgerCheckpoint, LedgerDraft, LedgerHead, StoreError, UsedPurpose, UsedValue,
};

/// How long a repetition of the same entries is recognised.
const REPEATABLE: Duration = Duration::days(1);

/// See [`Store::append_ledger`](crate::store::Store::append_ledger).
#[derive(Debug)]
pub(in crate::store) struct AppendLedger(pub(in crate::store) Vec<LedgerDraft>);

impl AppendLedger {
    /// The entries as a value that counts once.
    fn once(&self) -> UsedValue {
        once(&self.0)
    }
}

fn once(entries: &[LedgerDraft]) -> UsedValue {
    let hashes: Vec<u8> = entries
        .iter()
        .flat_map(|entry| entry_hash(0, Hash::default(), entry).0)
        .collect();
    let newest = entries.iter().map(|entry| entry.at).max();
    UsedValue {
        purpose: UsedPurpose::LedgerEntries,
        value: Hash::of(&hashes),
        expires_at: newest.unwrap_or(OffsetDateTime::UNIX_EPOCH) + REPEATABLE,
    }
}

/// Appends the entries unless this has been done.
fn append_once(tables: &mut Tables, entries: &[LedgerDraft]) {
    let once = once(entries);
    if entries.is_empty() || tables.used.get(&(once.purpose, once.value)).is_some() {
        return;
    }
    tables.use_up(&once, Hash::default());
    tables.append_to_ledger(entries);
}

impl Step for AppendLedger {
    type Outcome = LedgerHead;

    fn needs(&self, needs: &mut Needs) {
        needs.used(&[self.once()]);
    }

    fn apply(&self, tables: &mut Tables) -> Result<LedgerHead, StoreError> {
        append_once(tables, &self.0);
        Ok(tables.head)
    }
}

/// See [`Store::append_checkpoint`](crate::store::Store::append_checkpoint).
#[derive(Debug)]
pub(in crate::store) struct AppendCheckpoint {
    pub(in crate::store) checkpoint: LedgerCheckpoint,
    pub(in crate::store) entry: LedgerDraft,
}

impl Step for AppendCheckpoint {
    type Outcome = ();

    fn needs(&self, needs: &mut Needs) {
        needs.used(&[once(std::slice::from_ref(&self.entry))]);
        needs.checkpoints.insert(self.checkpoint.head.sequence);
    }

    fn apply(&self, tables: &mut Tables) -> Result<(), StoreError> {
        append_once(tables, std::slice::from_ref(&self.entry));
        let sequence = self.checkpoint.head.sequence;
        if tables.checkpoints.get(&sequence).is_none() {
            tables.checkpoints.insert(sequence, self.checkpoint.clone());
        }
        Ok(())
    }
}
