//! Responses that a hostile holder, wallet or issuer would send: forged byte by byte, signed with real keys.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answer;
#[path = "../../../mdl-iaca/tests/authority/mod.rs"]
mod authority;
mod encoding;
mod headers;
mod keys;
mod leaks;
mod revocation;
mod scene;
mod size;
mod trust_bundle;
mod verdicts;
mod vical;
