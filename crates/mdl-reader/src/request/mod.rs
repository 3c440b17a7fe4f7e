//! What a reader asks for, and whether the answer is one. ISO/IEC 18013-5, 8.3.2.1.2.1 and 7.2.5.
//!
//! A [`RequestTemplate`] asks for the least that a purpose needs. [`Verifier::verify_answer`](crate::Verifier) verifies a
//! response and holds it against the request: an authentic document may still say less than was asked for, or more.

mod answer;
mod template;

pub use answer::{Answer, DocumentAnswer, ElementName};
pub use template::{AgeLimit, RequestTemplate, UnknownTemplate};
