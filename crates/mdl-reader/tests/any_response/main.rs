//! Properties of the verifier that hold for any response: good ones, damaged ones, and noise.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../mdl-iaca/tests/authority/mod.rs"]
mod authority;
mod damage;
mod disclosure;
mod licence;
