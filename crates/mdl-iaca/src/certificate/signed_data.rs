//! The signed envelope that certificates, CRLs and requests share (RFC 5280, 4.1.1).

use std::fmt;

use mdl_crypto::{HashAlgorithm, PublicKey, VerifyError};

use super::der::{
    BIT_STRING, BitString, DerError, INTEGER, Reader, SEQUENCE, deviations, document,
    is_minimal_integer,
};
use super::name::read_oid;
use super::oid::{self, Oid};

/// Signed bytes, algorithm and signature, as received.
#[derive(Clone, Copy, Debug)]
pub struct SignedData<'a> {
    der: &'a [u8],
    tbs: &'a [u8],
    algorithm: AlgorithmIdentifier<'a>,
    signature: BitString<'a>,
}

impl<'a> SignedData<'a> {
    /// Reads the envelope; the reader that comes with it stands before the first field of the signed part.
    pub(crate) fn read(der: &'a [u8], limit: usize) -> Result<(Self, Reader<'a>), DerError> {
        let mut fields = document(der, SEQUENCE, limit)?.reader();
        let read = Self::read_fields(der, &mut fields)?;
        fields.finish()?;
        Ok(read)
    }

    /// Reads the three fields of the envelope `der` and stands after them: an OCSP response goes on.
    pub(crate) fn read_fields(
        der: &'a [u8],
        fields: &mut Reader<'a>,
    ) -> Result<(Self, Reader<'a>), DerError> {
        let tbs = fields.expect(SEQUENCE)?;
        let algorithm = AlgorithmIdentifier::read(fields)?;
        let signature = BitString::from_element(&fields.expect(BIT_STRING)?)?;
        Ok((
            Self {
                der,
                tbs: tbs.der,
                algorithm,
                signature,
            },
            tbs.reader(),
        ))
    }

    /// The whole document.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// The signed part, tag and length included.
    pub fn tbs(&self) -> &'a [u8] {
        self.tbs
    }

    /// `signatureAlgorithm`.
    pub fn algorithm(&self) -> AlgorithmIdentifier<'a> {
        self.algorithm
    }

    /// Octets of the signature BIT STRING: for ECDSA a DER `ECDSA-Sig-Value`.
    pub fn signature(&self) -> &'a [u8] {
        self.signature.octets
    }

    /// Whether the signature consists of whole octets that are a DER `ECDSA-Sig-Value`: two positive integers, nothing
    /// else.
    pub fn has_ecdsa_form(&self) -> bool {
        let read = || -> Result<bool, DerError> {
            let mut fields = document(self.signature.octets, SEQUENCE, usize::MAX)?.reader();
            let (r, s) = (fields.expect(INTEGER)?, fields.expect(INTEGER)?);
            fields.finish()?;
            let positive = |content: &[u8]| {
                is_minimal_integer(content)
                    && content[0] < 0x80
                    && content.iter().any(|&octet| octet != 0)
            };
            Ok(positive(r.content) && positive(s.content))
        };
        self.signature.unused_bits == 0
            && read().unwrap_or(false)
            && deviations(self.signature.octets, 0).is_empty()
    }

    /// Checks the signature over the received [`tbs`](Self::tbs) with the hash that the algorithm names.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        let hash = self
            .algorithm
            .ecdsa_hash()
            .ok_or(SignatureError::UnsupportedAlgorithm)?;
        if self.signature.unused_bits != 0 {
            return Err(SignatureError::UnusedBits);
        }
        Ok(key.verify_ecdsa_der(hash, self.tbs, self.signature.octets)?)
    }
}

/// Why the signature of a certificate, CRL or request was not accepted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Annex B allows ECDSA with SHA-256, SHA-384 and SHA-512 only.
    #[error("signature algorithm is not ECDSA with SHA-256, SHA-384 or SHA-512")]
    UnsupportedAlgorithm,
    /// The signature BIT STRING does not consist of whole octets.
    #[error("signature does not consist of whole octets")]
    UnusedBits,
    /// The signature does not verify with the key.
    #[error("signature does not verify")]
    Verify(#[from] VerifyError),
}

/// `AlgorithmIdentifier`: equal when the octets are the same.
#[derive(Clone, Copy)]
pub struct AlgorithmIdentifier<'a> {
    der: &'a [u8],
    oid: Oid<'a>,
    parameters: Option<&'a [u8]>,
}

impl<'a> AlgorithmIdentifier<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let element = reader.expect(SEQUENCE)?;
        let mut fields = element.reader();
        let oid = read_oid(&mut fields)?;
        let parameters = if fields.is_empty() {
            None
        } else {
            Some(fields.element()?.der)
        };
        fields.finish()?;
        Ok(Self {
            der: element.der,
            oid,
            parameters,
        })
    }

    /// The received encoding, tag and length included.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// `algorithm`.
    pub fn oid(&self) -> Oid<'a> {
        self.oid
    }

    /// `parameters`, tag and length included.
    pub fn parameters(&self) -> Option<&'a [u8]> {
        self.parameters
    }

    /// `parameters` as the object identifier of a named curve.
    pub fn named_curve(&self) -> Option<Oid<'a>> {
        read_oid(&mut Reader::new(self.parameters?, 0)).ok()
    }

    /// Hash function, if this is one of the three signature algorithms that Annex B allows.
    pub fn ecdsa_hash(&self) -> Option<HashAlgorithm> {
        match self.oid {
            oid::ECDSA_WITH_SHA256 => Some(HashAlgorithm::Sha256),
            oid::ECDSA_WITH_SHA384 => Some(HashAlgorithm::Sha384),
            oid::ECDSA_WITH_SHA512 => Some(HashAlgorithm::Sha512),
            _ => None,
        }
    }
}

impl PartialEq for AlgorithmIdentifier<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for AlgorithmIdentifier<'_> {}

impl fmt::Display for AlgorithmIdentifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.oid.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.oid),
        }
    }
}

impl fmt::Debug for AlgorithmIdentifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlgorithmIdentifier({self}")?;
        if self.parameters.is_some() {
            f.write_str(", with parameters")?;
        }
        f.write_str(")")
    }
}
