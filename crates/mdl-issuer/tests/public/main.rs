//! The public listener through its real router: what wallets do right, and what each thing that they do wrong gets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../rig/mod.rs"]
mod rig;

#[path = "../store/postgres_server.rs"]
mod postgres_server;

mod altered_rows;
mod flow;
mod key_attestations;
mod legacy;
mod metadata;
mod methods;
mod offers;
mod races;
mod trust;
mod wrong_credential_requests;
mod wrong_notifications;
mod wrong_proofs;
mod wrong_token_requests;
