//! The service as it runs: one `mdl serve` process, looked at from outside.
//!
//! What it leaves behind in its database, its logs, its metrics, its traces and on the wire, and how it takes signals.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod canaries;
mod canary;
mod deployment;
mod person;
#[path = "../../../mdl-issuer/tests/store/postgres_server.rs"]
mod postgres_server;
mod recorder;
mod signals;
mod store;
mod trace_receiver;
mod traces;
