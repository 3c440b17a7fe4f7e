//! ISO/IEC 18013-5 Annex B certificates: profiles, builders, linter, path validation, CRL.

pub mod certificate;
pub mod crl;
pub mod csr;
pub mod lint;
pub mod path;
pub mod profile;
pub mod revocation;
pub mod trust_anchor;
