use std::sync::OnceLock;

use mdl_crypto::{
    Algorithm, CheckedSignature, Digest, HashAlgorithm, PublicKey, Signature, VerifyError,
};

use crate::cbor::Writer;
use crate::cose::{encode_protected_header, sig_structure, write_x5chain};

/// An mdoc that lacks only the issuer's signature.
///
/// Only [`MdocBuilder`](super::MdocBuilder) makes one, and nothing alters it: the digests in
/// [`to_be_signed`](Self::to_be_signed) are those of the items in [`name_spaces`](Self::name_spaces), each under its own
/// identifier, and the device key in there is a point of its curve. Others may rely on that.
#[derive(Debug)]
pub struct UnsignedMdoc {
    algorithm: Algorithm,
    /// `IssuerSigned` as far as it goes: the map's head and `nameSpaces`.
    issuer_signed: Writer,
    /// Content of the protected header.
    protected: Vec<u8>,
    /// `Sig_structure`, whose last bytes are the payload.
    to_be_signed: Vec<u8>,
    payload_len: usize,
    /// SHA-256 of `to_be_signed`, once somebody has asked for it.
    sha256: OnceLock<Digest>,
}

/// Why a signature is not attached.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// The signature does not verify: another key, other bytes, or a fault while signing.
    #[error("signature does not verify with the document signer's key")]
    Signature(#[from] VerifyError),
    /// No certificate was given.
    #[error("x5chain needs the document signer's certificate")]
    NoCertificate,
}

impl UnsignedMdoc {
    pub(super) fn new(algorithm: Algorithm, issuer_signed: Writer, mso: &[u8]) -> Self {
        let mut payload = Writer::with_capacity(mso.len() + 11);
        payload.encoded_cbor(mso);
        let protected = encode_protected_header(algorithm);
        let to_be_signed = sig_structure(&protected, &[], payload.as_slice());
        Self {
            algorithm,
            issuer_signed,
            protected,
            to_be_signed,
            payload_len: payload.len(),
            sha256: OnceLock::new(),
        }
    }

    /// The `Sig_structure` that the document signer's key signs (RFC 9052, 4.4), not yet hashed.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// SHA-256 of [`to_be_signed`](Self::to_be_signed), whatever the hash of the signature: what names these bytes to
    /// others. It is taken once.
    pub fn to_be_signed_sha256(&self) -> &Digest {
        self.sha256
            .get_or_init(|| HashAlgorithm::Sha256.digest(&self.to_be_signed))
    }

    /// The algorithm that the protected header announces.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `MobileSecurityObjectBytes`: the payload that will be signed.
    pub fn payload(&self) -> &[u8] {
        &self.to_be_signed[self.to_be_signed.len() - self.payload_len..]
    }

    /// The encoded `IssuerNameSpaces` whose digests will be signed; empty if there is no element.
    pub fn name_spaces(&self) -> &[u8] {
        // The map's head and the key `nameSpaces`; without elements the map has nothing but `issuerAuth`.
        const BEFORE: usize = 1 + 1 + "nameSpaces".len();
        self.issuer_signed
            .as_slice()
            .get(BEFORE..)
            .unwrap_or_default()
    }

    /// The `IssuerSigned`: `document_signer` checks the signature, `x5chain` goes out with it, its certificate first.
    /// The IACA certificate does not belong in there (B.1.1).
    ///
    /// # Errors
    /// A signature that does not verify, or no certificate.
    pub fn attach(
        self,
        signature: &Signature,
        document_signer: &PublicKey,
        x5chain: &[&[u8]],
    ) -> Result<Vec<u8>, AttachError> {
        document_signer.verify(self.algorithm, &self.to_be_signed, signature.as_bytes())?;
        self.assemble(signature.as_bytes(), x5chain)
    }

    /// As [`attach`](Self::attach), with a signature that was checked where it was made: it is not verified again, but it
    /// must be `document_signer`'s, over these very bytes.
    ///
    /// # Errors
    /// A signature of something else or by another key, or no certificate.
    pub fn attach_checked(
        self,
        signature: &CheckedSignature,
        document_signer: &PublicKey,
        x5chain: &[&[u8]],
    ) -> Result<Vec<u8>, AttachError> {
        let sha256 = self.to_be_signed_sha256();
        if !signature.is_over_digest(document_signer, self.algorithm, sha256) {
            return Err(AttachError::Signature(VerifyError::BadSignature));
        }
        self.assemble(signature.as_bytes(), x5chain)
    }

    fn assemble(self, signature: &[u8], x5chain: &[&[u8]]) -> Result<Vec<u8>, AttachError> {
        if x5chain.is_empty() {
            return Err(AttachError::NoCertificate);
        }
        let payload_start = self.to_be_signed.len() - self.payload_len;
        let mut writer = self.issuer_signed;
        writer
            .text("issuerAuth")
            .array(4)
            .bytes(&self.protected)
            .map(1);
        write_x5chain(&mut writer, x5chain);
        writer
            .bytes(&self.to_be_signed[payload_start..])
            .bytes(signature);
        Ok(writer.into_bytes())
    }
}
