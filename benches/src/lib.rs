//! What the benches measure: a licence of 30 elements, issued and verified, beside the bare cryptography of the same.
//!
//! | Module | holds |
//! |---|---|
//! | [`licence`] | the record, the authority that issues it, the responses that a device sends |
//! | [`raw`] | the crypto library itself, called directly |
//! | [`operation`] | the operations by name |
//! | [`cpu_time`] | interleaved rounds in thread CPU time |
//! | [`instructions`] | the function inside which callgrind counts |
//! | [`refusal`] | no figure is worth anything if the verifier accepts altered bytes |
//!
//! The commands and the figures are in `docs/performance.md`.

pub mod cpu_time;
pub mod instructions;
pub mod licence;
pub mod operation;
pub mod raw;
pub mod refusal;
