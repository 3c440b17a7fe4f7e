//! The verifier of mobile driving licences for Python, Kotlin and Swift.
//!
//! `mdl_verifier` offers the reader in owned terms, and UniFFI writes from this crate the code that other languages call
//! it with. Nothing is decided here: a type that needs no other form there is described as it is (`remote`), and the others
//! differ only in that times are times, errors are exceptions, and what holds values of elements does not print them.
//!
//! The generated code passes every argument and result as bytes of its own making, which is `unsafe`; there is no other.

mod conditions;
mod described;
mod document;
mod error;
mod verification;
mod verifier;

pub use conditions::{Conditions, ReaderKey, Session};
pub use document::{Element, ElementValue, VerifiedDocument};
pub use error::{InputError, NotVerified};
pub use verification::Verification;
pub use verifier::{Verifier, input_kind_of};

uniffi::setup_scaffolding!("mdl_verifier");
