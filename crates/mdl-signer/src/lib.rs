//! Signing for issuing authorities: the [`Signer`] trait, and software keys.
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
//! | prove that a new backend keeps the contract | [`behaviour`] |
//!
//! This crate signs bytes. It knows neither CBOR nor X.509.

pub mod behaviour;
pub mod key_file;
mod signer;
mod software;

pub use signer::{SignError, Signer};
pub use software::SoftwareSigner;
