//! The ledger: one entry per signature, each chained to the one before by its hash.
//!
//! An entry is written before its signature leaves, so a signature that is not in the ledger was not made by this
//! service. It names keys, requests and hashes, and no person.

mod entry;

pub use entry::entry_hash;
pub(crate) use entry::{chain, microseconds, purpose_number, purpose_of_number};
