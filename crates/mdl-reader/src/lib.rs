//! Verifies ISO/IEC 18013-5 mobile documents on the reader's side. Sync, no I/O, no clock.
//!
//! ```
//! use mdl_iaca::trust_anchor::TrustAnchors;
//! use mdl_reader::{Conditions, Session, Verdict, Verifier};
//! # let at = time::macros::datetime!(2026-06-15 12:00 UTC);
//! # let response = [0xa0];
//! let verifier = Verifier::new(TrustAnchors::new([])); // no anchors: nothing will be valid
//! let conditions = Conditions::new(at, Session::Static);
//! let report = verifier.verify(&response, &conditions);
//! assert_eq!(report.verdict(), Verdict::Invalid);
//! assert!(report.verified(0).is_none());
//! ```
//!
//! | Type | is |
//! |---|---|
//! | [`Verifier`] | trust anchors, policy and limits: made once |
//! | [`Conditions`] | what belongs to one verification: time, session, revocation evidence |
//! | [`Report`] | every check with its outcome; [`Report::verdict`] is the one to act on |
//! | [`proximity::ReaderSession`] | the encrypted session in which a response comes |
//! | [`request::Answer`] | a verified response held against what was asked for |
//! | [`trust_bundle::TrustBundle`] | trust anchors and revocation evidence for a reader without a network |
//! | [`VerifiedDocument`] | the only way to element values |
//!
//! The module `json` writes a report as JSON (cargo feature `json`).
//!
//! Revocation is looked up in what the caller hands over: CRLs and OCSP responses for document signers, status tokens for
//! documents. [`Report::needed`] names what would have answered more, and where it is.
//!
//! Out of scope here: fetching anything, transport.

mod cause;
mod check;
mod checks;
mod decoded_issuer_signed;
mod document;
mod evidence;
mod explanation;
#[cfg(feature = "json")]
pub mod json;
mod needed;
mod policy;
pub mod proximity;
mod report;
pub mod request;
mod status_problem;
pub mod trust_bundle;
mod verified;
mod verifier;
pub mod vical;

pub use cause::Cause;
pub use check::{CheckGroup, CheckId, Weight};
pub use decoded_issuer_signed::DecodedIssuerSigned;
pub use evidence::{Evidence, EvidencePart};
pub use needed::NeededEvidence;
pub use policy::Policy;
pub use report::{
    CheckResult, DocumentReport, Issuer, Outcome, Report, RevocationVerdict, Verdict,
};
pub use status_problem::StatusProblem;
pub use verified::VerifiedDocument;
pub use verifier::{Conditions, Session, Verifier};
