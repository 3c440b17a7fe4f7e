//! Makes documents, certificates and CRLs that deviate in one place, with real signatures over the deviation.
//!
//! A verifier that rejects such a document can only do so for the one reason. Everything is assembled from bytes here and
//! shares nothing with the encoders and decoders of the libraries except keys, hashes and signatures, so that a
//! mistake in those cannot hide itself.

mod authority;
mod cbor;
mod certificate;
mod cose;
mod crl;
mod der;
mod licence;
mod session;
mod status_token;

pub(super) use authority::{Authority, key, sha256};
pub(super) use cbor::{Cbor, Map, write_head};
pub(super) use certificate::*;
pub(super) use cose::{ALG, CRIT, Cose, HMAC_256_256, X5CHAIN, cose_key, header, protected};
pub(super) use crl::*;
pub(super) use der::*;
pub(super) use licence::{Authentication, Item, Licence, MDL, NAME_SPACE, response};
pub(super) use session::Session;
pub(super) use status_token::*;
