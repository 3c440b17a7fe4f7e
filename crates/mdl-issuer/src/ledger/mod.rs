//! The ledger: one entry per signature, each chained to the one before by its hash.
//!
//! An entry is written before its signature leaves, so a signature that is not in the ledger was not made by this
//! service. It names keys, requests and hashes, and no person.
//!
//! The chain shows what was changed in the middle; it cannot show that its end was cut off, nor that somebody computed
//! all of it anew. [`checkpoint`] signs the newest entry from time to time: what is older than a checkpoint that an
//! auditor has seen can no longer be changed unseen. [`LedgerVerifier`] reads entries in order, however many, and names
//! the records that are not as they were written.

mod checkpoint;
mod entry;
mod export;
mod verify;

pub use checkpoint::{
    CHECKPOINT_TYPE, CheckpointError, CheckpointRule, UnverifiedCheckpoint, checkpoint,
};
pub use entry::entry_hash;
pub(crate) use entry::{chain, microseconds, purpose_number, purpose_of_number};
pub use export::{ExportLine, InvalidExportLine};
pub use verify::{Finding, LedgerReport, LedgerVerifier};
