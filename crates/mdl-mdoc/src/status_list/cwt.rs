//! The CWT form of a status token: prepared here, signed elsewhere.
//!
//! draft-ietf-oauth-status-list, 5.2: `COSE_Sign1` under tag 18, without the CWT tag. ISO/IEC 18013-5 second edition,
//! 12.3.6 puts the signer's certificate into the *protected* header, unlike that of `issuerAuth`.

use mdl_crypto::{Algorithm, PublicKey, Signature, VerifyError};

use super::{IDENTIFIER_LIST_CWT, RevocationList, STATUS_LIST_CWT, StatusClaims, UnusableClaims};
use crate::cbor::Writer;
use crate::cose::sig_structure;

/// Labels of the protected header.
const ALG: u64 = 1;
const TYP: u64 = 16;
const X5CHAIN: u64 = 33;

/// A status token in CWT form that lacks only its signature.
#[derive(Debug)]
pub struct UnsignedStatusCwt {
    algorithm: Algorithm,
    protected: Vec<u8>,
    payload: Vec<u8>,
    to_be_signed: Vec<u8>,
}

/// Why a signature is not attached: another key, other bytes, or a fault while signing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("signature does not verify with the status signer's key")]
pub struct StatusAttachError(#[from] pub VerifyError);

impl UnsignedStatusCwt {
    /// A token for a signature by `algorithm`. `x5chain` holds the DER certificate of the signer first, and not that of
    /// the IACA.
    ///
    /// # Errors
    /// See [`UnusableClaims`].
    pub fn new(
        claims: &StatusClaims,
        algorithm: Algorithm,
        x5chain: &[&[u8]],
    ) -> Result<Self, UnusableClaims> {
        claims.check()?;
        let (first, others) = x5chain.split_first().ok_or(UnusableClaims::NoCertificate)?;
        let typ = match claims.list {
            RevocationList::Status(_) => STATUS_LIST_CWT,
            RevocationList::Identifiers(_) => IDENTIFIER_LIST_CWT,
        };
        let mut protected = Writer::with_capacity(1024);
        protected
            .map(3)
            .unsigned(ALG)
            .integer(algorithm.cose())
            .unsigned(TYP)
            .text(typ)
            .unsigned(X5CHAIN);
        if others.is_empty() {
            protected.bytes(first);
        } else {
            protected.array(x5chain.len());
            for certificate in x5chain {
                protected.bytes(certificate);
            }
        }
        let (protected, payload) = (protected.into_bytes(), claims.to_cbor());
        Ok(Self {
            algorithm,
            to_be_signed: sig_structure(&protected, &[], &payload),
            protected,
            payload,
        })
    }

    /// The algorithm that the protected header announces.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `Sig_structure` that the status signer's key signs (RFC 9052, 4.4), not yet hashed.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// The token, once `signer` has confirmed the signature.
    ///
    /// # Errors
    /// A signature that does not verify.
    pub fn attach(
        self,
        signature: &Signature,
        signer: &PublicKey,
    ) -> Result<Vec<u8>, StatusAttachError> {
        signer.verify(self.algorithm, &self.to_be_signed, signature.as_bytes())?;
        let mut token = Writer::with_capacity(self.to_be_signed.len() + 160);
        token
            .tag(18)
            .array(4)
            .bytes(&self.protected)
            .map(0)
            .bytes(&self.payload)
            .bytes(signature.as_bytes());
        Ok(token.into_bytes())
    }
}
