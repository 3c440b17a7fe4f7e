//! `SubjectPublicKeyInfo` as received (RFC 5280, 4.1.2.7; RFC 5480).

use mdl_crypto::{InvalidKey, PublicKey, sha1};

use super::der::{BIT_STRING, BitString, DerError, Reader, SEQUENCE};
use super::signed_data::AlgorithmIdentifier;

/// The public key of a subject: bytes and algorithm, not yet a point on a curve.
#[derive(Clone, Copy, Debug)]
pub struct SubjectPublicKeyInfo<'a> {
    der: &'a [u8],
    algorithm: AlgorithmIdentifier<'a>,
    key: BitString<'a>,
}

impl<'a> SubjectPublicKeyInfo<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let element = reader.expect(SEQUENCE)?;
        let mut fields = element.reader();
        let algorithm = AlgorithmIdentifier::read(&mut fields)?;
        let key = BitString::from_element(&fields.expect(BIT_STRING)?)?;
        fields.finish()?;
        Ok(Self {
            der: element.der,
            algorithm,
            key,
        })
    }

    /// The received encoding, tag and length included.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// Key algorithm; for EC keys the parameters name the curve.
    pub fn algorithm(&self) -> AlgorithmIdentifier<'a> {
        self.algorithm
    }

    /// Octets of the `subjectPublicKey` BIT STRING: an encoded point, or the key of an Edwards curve.
    pub fn key_bits(&self) -> &'a [u8] {
        self.key.octets
    }

    /// The key, checked to be a point of its curve.
    ///
    /// # Errors
    /// [`InvalidKey`]: a curve or form that is not supported, or not a point.
    pub fn public_key(&self) -> Result<PublicKey, InvalidKey> {
        PublicKey::from_spki_der(self.der)
    }

    /// What a subject key identifier for this key must be: SHA-1 over the BIT STRING value without tag, length and
    /// unused-bits octet (Annex B; RFC 5280, 4.2.1.2, method 1).
    pub fn key_identifier(&self) -> [u8; 20] {
        sha1(self.key.octets)
    }
}
