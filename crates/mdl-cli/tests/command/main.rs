//! The built `mdl` binary, as its users run it: results, exit codes, files.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authority;
mod certificates;
mod demo;
mod hostile_input;
mod inspect;
mod issue;
mod ledger;
mod lint;
mod mdl;
mod readme;
mod reconcile;
mod usage;
mod verify;
mod vical;
mod wallet;
mod whole_way;
