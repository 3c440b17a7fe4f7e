//! Signing for issuing authorities: the [`Signer`] trait, software keys, and the guard in front of a document
//! signer's key.
//!
//! ```
//! use mdl_crypto::{Curve, PrivateKey};
//! use mdl_signer::{Signer, SoftwareSigner};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = PrivateKey::from_scalar(Curve::P256, &[7; 32])?; // in earnest: PrivateKey::generate
//! let signer = SoftwareSigner::new(key);
//! let signature = pollster::block_on(signer.sign(b"TBSCertificate"))?;
//! signer.public_key().verify(signer.algorithm(), b"TBSCertificate", signature.as_bytes())?;
//! # Ok(())
//! # }
//! ```
//!
//! | To | use |
//! |---|---|
//! | let any key sign, wherever it is kept | [`Signer`] |
//! | sign with a key in memory, kept in an encrypted file | [`SoftwareSigner`], [`key_file`] |
//! | name a key in any key store | [`key_uri`] |
//! | sign mobile security objects | [`SigningGuard`], never a bare signer |
//! | know when the next document signer is due | [`rotation`] |
//! | keep to what a key store allows (feature `quota`) | `quota` |
//! | prove that a new backend keeps the contract | [`behaviour`] |
//!
//! This crate signs bytes. It knows neither CBOR nor X.509: what the bytes say is told to the guard by
//! [`Rules`], which read the very bytes that will be signed.

pub mod behaviour;
mod guard;
pub mod key_file;
pub mod key_uri;
#[cfg(feature = "quota")]
pub mod quota;
pub mod rotation;
mod signer;
mod software;

pub use guard::{
    DocumentSignerWindow, Examined, GuardError, InvalidWindow, KeyMismatch, Proposal,
    RuleViolation, Rules, SignedFacts, SigningGuard,
};
pub use signer::{SignError, Signer};
pub use software::SoftwareSigner;
