//! Keys in a hardware security module, through the PKCS#11 library of its maker.
//!
//! | To | use |
//! |---|---|
//! | reach a token | [`Token`], [`Pin`] |
//! | sign with a key in it | [`Pkcs11Signer`] |
//! | make such a key | [`Token::create_key`] |
//!
//! Any library of PKCS#11 2.40 or later will do that has `CKM_ECDSA`. Keys are on the NIST curves and brainpool, as far
//! as the module has them; Ed25519 is not supported here.

mod error;
mod key;
mod library;
mod signer;
mod token;

pub use error::Pkcs11Error;
pub use key::{Custody, KeySelector};
pub use signer::{Pkcs11Signer, SignerLimits};
pub use token::{Pin, Token, TokenSelector};
