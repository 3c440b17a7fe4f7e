//! Algorithms, public keys and crypto backends for ISO/IEC 18013-5.
//!
//! Everything below knows curves, hashes and fixed encodings, and nothing of CBOR or of certificates.
//!
//! ```
//! use mdl_crypto::{Curve, PrivateKey, PublicKey};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = PrivateKey::from_scalar(Curve::P256, &[7; 32])?;
//! let signature = key.sign(b"Sig_structure");
//!
//! let received = PublicKey::from_spki_der(&key.public_key().to_spki_der())?;
//! received.verify(Curve::P256.algorithm(), b"Sig_structure", signature.as_bytes())?;
//! # Ok(())
//! # }
//! ```
//!
//! | To | use |
//! |---|---|
//! | name a curve, an algorithm, a hash | [`Curve`], [`Algorithm`], [`HashAlgorithm`] |
//! | check a signature | [`PublicKey::verify`], [`PublicKey::verify_ecdsa_der`] |
//! | sign, agree on a secret | [`PrivateKey`] |
//! | encrypt the messages of a session | [`AesGcmKey`] |
//! | open what was encrypted for a key | [`hpke_open`]; `jose::CompactJwe` (cargo feature `jose`) |
//! | derive and authenticate | [`hkdf_sha256`], [`hmac_sha256`], [`constant_time_eq`] |
//! | read and write JWK and JWS (cargo feature `jose`) | `jose` |
//!
//! # Backends
//!
//! The portable backend is RustCrypto and always compiled: it runs on every target, `wasm32-unknown-unknown`
//! included, and needs no operating system. The cargo feature `aws-lc-rs` puts AWS-LC in front of it for the
//! signatures of the NIST curves and for SHA-2. Which one is used changes no result: both accept the same keys
//! and signatures. It does change how [`PrivateKey::sign`] picks its nonces, see there.
//!
//! # Out of scope
//!
//! brainpoolP320r1, brainpoolP512r1 and Ed448 are curves of the standard that no maintained portable crate
//! implements: they are known by name and give [`UnsupportedCurve`]. Randomness comes from the caller.

mod aes_gcm;
mod algorithm;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod checked_signature;
mod curve;
mod hash;
mod hpke;
#[cfg(feature = "jose")]
pub mod jose;
mod key_derivation;
mod pkcs8_key;
mod private_key;
mod public_key;
mod rust_crypto;
mod signature;
mod spki;

pub use aes_gcm::{AesGcmKey, NotAuthentic};
pub use algorithm::{Algorithm, UnsupportedAlgorithm};
pub use checked_signature::CheckedSignature;
pub use curve::{Curve, UnsupportedCurve};
pub use hash::{Digest, HashAlgorithm, UnsupportedHash, sha1};
pub use hpke::{HpkeError, hpke_open};
pub use key_derivation::{constant_time_eq, hkdf_sha256, hmac_sha256};
pub use private_key::{AgreementError, InvalidPrivateKey, PrivateKey, SharedSecret};
pub use public_key::{InvalidKey, PublicKey, VerifyError};
pub use signature::{InvalidSignature, Signature};
