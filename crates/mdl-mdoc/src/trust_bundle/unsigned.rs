use mdl_crypto::{Algorithm, HashAlgorithm, PublicKey, Signature, VerifyError};

use super::{TRUST_BUNDLE_TYPE, TrustBundleContent, TrustBundleLimits, UnusableContent};
use crate::cbor::Writer;
use crate::cose::sig_structure;

/// A trust bundle that lacks only its signature.
#[derive(Debug)]
pub struct UnsignedTrustBundle {
    signer: PublicKey,
    algorithm: Algorithm,
    protected: Vec<u8>,
    payload: Vec<u8>,
    to_be_signed: Vec<u8>,
}

/// Why a signature is not attached: another key, other bytes, or a fault while signing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("signature does not verify with the publisher's key")]
pub struct TrustBundleAttachError(#[from] pub VerifyError);

impl UnsignedTrustBundle {
    /// A bundle for a signature by `signer`, any key that COSE has an algorithm for.
    ///
    /// # Errors
    /// See [`UnusableContent`].
    pub fn new(content: &TrustBundleContent, signer: &PublicKey) -> Result<Self, UnusableContent> {
        content.check(&TrustBundleLimits::DEFAULT)?;
        let algorithm = signer.curve().algorithm();
        let mut protected = Writer::with_capacity(96);
        protected
            .map(3)
            .unsigned(1)
            .integer(algorithm.cose())
            .unsigned(4)
            .bytes(&key_identifier(signer))
            .unsigned(16)
            .text(TRUST_BUNDLE_TYPE);
        let (protected, payload) = (protected.into_bytes(), content.to_cbor());
        Ok(Self {
            signer: signer.clone(),
            algorithm,
            to_be_signed: sig_structure(&protected, &[], &payload),
            protected,
            payload,
        })
    }

    /// The `Sig_structure` that the publisher's key signs (RFC 9052, 4.4), not yet hashed.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// The bundle, once its key has confirmed the signature.
    ///
    /// # Errors
    /// A signature that does not verify.
    pub fn attach(self, signature: &Signature) -> Result<Vec<u8>, TrustBundleAttachError> {
        self.signer
            .verify(self.algorithm, &self.to_be_signed, signature.as_bytes())?;
        let mut bundle = Writer::with_capacity(self.to_be_signed.len() + 160);
        bundle
            .tag(18)
            .array(4)
            .bytes(&self.protected)
            .map(0)
            .bytes(&self.payload)
            .bytes(signature.as_bytes());
        Ok(bundle.into_bytes())
    }
}

/// `kid`: SHA-256 of the SubjectPublicKeyInfo in DER.
pub(super) fn key_identifier(key: &PublicKey) -> [u8; 32] {
    let mut identifier = [0; 32];
    let digest = HashAlgorithm::Sha256.digest(&key.to_spki_der());
    identifier.copy_from_slice(digest.as_ref());
    identifier
}
