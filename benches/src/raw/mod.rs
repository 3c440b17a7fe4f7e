//! The crypto library that mdl-crypto stands on, called directly: what every figure of ours is compared with.
//!
//! P-256 with SHA-256 only. Both backends have the same functions; a failure panics, because then nothing is measured.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(not(feature = "aws-lc-rs"))]
mod portable;

#[cfg(feature = "aws-lc-rs")]
pub use aws_lc::{SigningKey, VerifyingKey, sha256};
#[cfg(not(feature = "aws-lc-rs"))]
pub use portable::{SigningKey, VerifyingKey, sha256};

/// Name of the crypto library.
pub const BACKEND: &str = if cfg!(feature = "aws-lc-rs") {
    "aws-lc-rs"
} else {
    "portable"
};
