//! The built `mdl` binary, as its users run it: results, exit codes, files.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authority;
mod aws_walkthrough;
mod ceremony;
mod certificates;
#[path = "../../../mdl-issuer/tests/record_http/certificates.rs"]
mod certificates_of_servers;
mod demo;
mod fetch;
mod hostile_input;
mod inspect;
mod issue;
mod keys;
mod ledger;
mod lint;
mod mdl;
#[path = "../../../mdl-signer-aws/tests/moto/mod.rs"]
mod moto;
mod private_ca;
mod publish;
mod reader;
mod readme;
mod reconcile;
mod renewal;
mod rotation;
#[path = "../../../mdl-signer-pkcs11/tests/softhsm/token_folder.rs"]
mod token_folder;
mod trust;
mod usage;
mod verify;
mod vical;
mod wallet;
mod watch;
mod whole_way;
