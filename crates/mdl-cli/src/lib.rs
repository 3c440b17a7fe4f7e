//! What the `mdl` command is made of, as a library, so that tests can use it without the command line.
//!
//! [`run`] is the whole command. Its contract: exit codes as in [`Exit`], results on standard output as text or as
//! one JSON object (`--json`), remarks and errors on standard error, no secret on the command line, no panic and no
//! back trace for any input.
//!
//! | Modules | hold |
//! |---|---|
//! | `command_line`, `commands` | what each command takes and prints, one file each |
//! | `authority` | an issuing authority in a folder: root, document signers, CRL |
//! | `ceremony` | what a root key signs, planned, witnessed and verified |
//! | `issuance` | from a record to a signed document that a strict reader accepts |
//! | `presentation`, `demonstration` | the holder's side, and the whole way in one go |
//! | `verification_report` | a reader's report as text |
//! | `lint`, `inspect`, `certificate_text`, `document_kind` | looking at what others made |
//! | `inventory`, `compliance` | every certificate of an authority, and whether all is as it should be |
//! | `watch` | telling people what ends, once at each level |
//! | `reconciliation` | the ledger beside what key stores record |
//! | `trust` | whom the command believes |
//! | `vectors` | test vectors, generated and run |
//! | `input`, `output`, `files`, `failure`, `passphrase`, `randomness` | the edges: files, terminals, errors |

mod authority;
mod ceremony;
mod certificate_text;
mod command_line;
mod commands;
mod compliance;
mod consent;
mod curve_option;
mod demonstration;
mod development;
mod document_kind;
mod exit;
mod failure;
mod files;
mod input;
mod inspect;
mod inventory;
mod issuance;
mod lint;
mod output;
mod passphrase;
mod pem;
mod presentation;
mod proximity;
mod randomness;
mod reader_request;
mod reconciliation;
mod runtime;
mod trust;
mod vectors;
mod verification_report;
mod watch;

pub use command_line::run;
pub use exit::Exit;
