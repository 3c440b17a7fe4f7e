//! The service as it runs: one `mdl serve` process, looked at from outside.
//!
//! What it leaves behind in its database, its logs, its metrics, its traces and on the wire, and how it takes signals.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod canaries;
mod canary;
mod compromise;
mod deployment;
mod dual_control;
mod keys;
#[path = "../../../mdl-signer-aws/tests/moto/mod.rs"]
mod moto;
mod person;
#[path = "../../../mdl-issuer/tests/store/postgres_server.rs"]
mod postgres_server;
mod recorder;
mod rotation;
mod signals;
mod store;
#[path = "../../../mdl-signer-pkcs11/tests/softhsm/token_folder.rs"]
mod token_folder;
mod trace_receiver;
mod traces;
