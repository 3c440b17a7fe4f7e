//! The reader side of ISO/IEC 18013-5 in owned terms: bytes, texts and numbers in, a [`Verification`] out.
//!
//! What a binding to another language is made of: nothing borrows, nothing is generic, and there is one function to
//! call. It adds no check of its own; `mdl_reader` makes them all.
//!
//! ```
//! use mdl_verifier::{Conditions, Policy, Session, Verdict, Verifier};
//!
//! # fn main() -> Result<(), mdl_verifier::InputError> {
//! let verifier = Verifier::new(&[], Policy::Iso)?; // no trust anchors: nothing will be valid
//! let conditions = Conditions::new(1_781_524_800, Session::Static); // 15 June 2026, 12:00 UTC
//! let verification = verifier.verify(&[0xa0], &conditions)?;
//! assert_eq!(verification.verdict(), Verdict::Invalid);
//! assert!(verification.verified().is_err());
//! # Ok(())
//! # }
//! ```
//!
//! | Type | is |
//! |---|---|
//! | [`Verifier`] | trust anchors and policy: made once, used from any thread |
//! | [`Conditions`], [`Session`] | what belongs to one verification |
//! | [`Verification`] | the verdict, every check, and the report as JSON |
//! | [`VerifiedDocument`] | the only way to element values: [`Verification::verified`] refuses unless all is valid |
//!
//! An [`InputError`] is about the caller's own arguments. Whatever a holder sends, however malformed, is answered with a
//! verification that says what is wrong.

mod conditions;
mod element;
mod input_error;
mod verification;
mod verifier;

pub use conditions::{Conditions, ReaderKey, Session};
pub use element::{Element, ElementValue};
pub use input_error::InputError;
pub use mdl_reader::{Outcome, Policy, RevocationVerdict, Verdict};
pub use verification::{
    CheckOutcome, DocumentOutcome, Issuer, NotVerified, Verification, VerifiedDocument,
};
pub use verifier::{InputKind, TrustedCertificate, Verifier};
