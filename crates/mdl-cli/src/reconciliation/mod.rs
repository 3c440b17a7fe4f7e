//! The ledger beside what key stores say about the use of their keys.
//!
//! A ledger entry says that a signature was made; a record of AWS CloudTrail, or of an HSM's log, says that a key was
//! used. Neither holds what the other identifies a signature by: the ledger knows the hash of the signed bytes, records
//! know neither message nor digest nor signature. So the two are matched by key and time alone, as a bipartite matching
//! problem for each key: an entry and a signature may belong together when their times differ by no more than a
//! tolerance. [`matching`] finds a largest matching, so what is left over is a lower bound that no other assignment of
//! signatures to entries can undercut.
//!
//! What that can tell: how many signatures of a key the ledger does not know, and around when; and the same for entries
//! that the key store does not know. What it cannot: which of several signatures within the same minute is the one too
//! many, or that a signature without an entry took the place of one that was never made. A finding therefore says
//! whether it is about this very record or about one of several.
//!
//! Both sides are sorted outside of memory ([`sorted`]), so that their number does not matter: a year of records needs
//! as much memory as a day.

#[cfg(test)]
mod any_schedule;
mod authority_events;
mod cloudtrail;
mod finding;
mod hsm_log;
mod key_names;
mod key_use;
mod matching;
mod record_files;
mod report;
mod sorted;
mod tally;

pub(crate) use authority_events::KnownCertificates;
pub(crate) use key_names::KeyNames;
pub(crate) use record_files::{RecordSources, Records};
pub(crate) use report::{Comparison, Report, Span};
pub(crate) use tally::Principals;
