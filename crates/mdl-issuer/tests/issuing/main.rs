//! The batch engine and the status lists, on a store in memory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authority;
mod document_signers;
mod house;
mod observation;
mod publication;
mod records;
mod refusals;
mod repetition;
mod sealer;
mod status_indices;
mod three_years;
mod unlinkability;
