//! Test vectors, generated from seeds and run against this build or another implementation.
//!
//! The vectors are data: an input, the conditions to verify it under, the outcome, and the checks that must fail. What
//! they are and how to run them elsewhere stands in `testvectors/README.md`.

mod cases;
mod forge;
mod generate;
mod other;
mod run;
#[cfg(test)]
mod tests;
mod vector_file;

pub(crate) use generate::generate;
pub(crate) use other::{CommandError, OtherImplementation};
pub(crate) use run::{RunReport, run};
pub(crate) use vector_file::VectorFileError;

/// The folder that holds the vectors of this repository.
pub(crate) const DEFAULT_FOLDER: &str = "testvectors";

/// Why vectors cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum VectorsError {
    /// The files.
    #[error(transparent)]
    Files(#[from] VectorFileError),
    /// The other implementation.
    #[error(transparent)]
    Command(#[from] CommandError),
}
