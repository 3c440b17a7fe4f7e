//! Ceremonies: what a root key signs, decided in a file that people have reviewed, before witnesses who sign for it.
//!
//! ```text
//! ceremony.toml ── plan ──> plan.json ── sign (each witness) ──> approvals
//!                                 │
//!                                run (reproduces every planned hash, or signs nothing) ──> transcript.jsonl, files
//!                                 │
//!                         sign (each witness) ──> signatures ── verify (anybody)
//! ```
//!
//! The file fixes everything that goes into a structure but the public keys, which may be made in the ceremony. A plan
//! gives the SHA-256 of every to-be-signed structure; keys that the file does not know are zeros in what is hashed (see
//! `outline`), so that a plan on throw-away keys and the run on the real ones have the same hashes.
//!
//! What is easy to get wrong: a plan that only somebody else's machine can make proves nothing. A plan is a function of
//! the file and nothing else, so that every witness makes it again before they sign for it.
//!
//! | Module | for |
//! |---|---|
//! | `script`, `step` | the file, and what is done in it |
//! | `structure` | the structures of a step, built from the file and public keys |
//! | `outline` | the hash of a structure whose keys are not known yet |
//! | `plan` | the dry run |
//! | `statement` | what witnesses sign, and whether there are enough of them |
//! | `transcript` | the one file that says what happened, written while it happens |
//! | `run`, `outputs` | the ceremony itself, and the files that it leaves |
//! | `verify` | what somebody checks who was not there |

mod outline;
mod outputs;
mod plan;
mod run;
mod script;
mod statement;
mod step;
mod structure;
mod transcript;
mod verify;

pub(crate) use plan::{Plan, plan};
pub(crate) use run::{Conduct, run};
pub(crate) use script::Ceremony;
pub(crate) use statement::{Document, Statement};
pub(crate) use transcript::{read_finished, read_transcript};
pub(crate) use verify::verify;
