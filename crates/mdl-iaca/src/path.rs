//! Path validation: from a received end-entity certificate to a trust anchor (B.3.1, C1 to C13 of the checks here).
//!
//! [`TrustAnchors::examine`] does everything that does not depend on the moment: structure, the search for the
//! anchor, the one signature verification. The [`ExaminedPath`] it returns owns what it needs and may be kept per
//! certificate and trust list ([`PathCache`]). [`ExaminedPath::evaluate`] adds what does depend on the moment,
//! validity and revocation, and is asked again for every use, so that no verdict outlives its reasons.
//!
//! The report names every check with its outcome, not only the first failure. Only when none failed is there a
//! [`ValidatedCertificate`], and only that gives out the key that verifies the signed object: a reader cannot
//! validate one certificate and use the key of another.
//!
//! A path here has exactly two certificates, anchor and leaf. Further certificates in an `x5chain` are ignored.

mod authorities;
mod cache;
mod check;
mod evaluate;
mod examine;
mod leaf;
mod names;
mod reason;
mod revocation_sources;
mod role;

pub use authorities::authorities_below;
pub use cache::PathCache;
pub use check::{Outcome, PathCheck, Step};
pub use evaluate::{PathConditions, PathReport, ValidatedCertificate};
pub use examine::{ExaminedPath, LeafFacts};
pub use reason::Reason;
pub use revocation_sources::RevocationSources;
pub use role::Role;

pub use leaf::ProhibitedExtension;
pub(crate) use leaf::first_unknown_critical;
pub(crate) use names::NameText;

#[cfg(doc)]
use crate::trust_anchor::TrustAnchors;
