use std::fmt;

use rand_core::CryptoRng;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::{self, Encode};

/// The serial number of a certificate: positive and at most 20 octets of DER content (RFC 5280, 4.1.2.2).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SerialNumber {
    // Big-endian magnitude without leading zeros.
    magnitude: Vec<u8>,
}

/// The given bytes are not a serial number: zero, or more than 20 octets as a DER INTEGER.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a serial number is positive and has at most 20 octets")]
pub struct InvalidSerialNumber;

impl SerialNumber {
    /// 158 random bits in exactly 20 octets.
    ///
    /// The top bit is cleared, so that the number is positive without a padding octet that would make 21, and
    /// the next one is set, so that its length never varies. Annex B asks for at least 63 bits.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut magnitude = vec![0; 20];
        rng.fill_bytes(&mut magnitude);
        if let Some(first) = magnitude.first_mut() {
            *first = *first & 0x7f | 0x40;
        }
        Self { magnitude }
    }

    /// From a big-endian unsigned number, with or without leading zeros.
    ///
    /// # Errors
    /// [`InvalidSerialNumber`] for zero and for more than 20 octets, the padding octet of DER included.
    pub fn from_be_bytes(bytes: &[u8]) -> Result<Self, InvalidSerialNumber> {
        let start = bytes
            .iter()
            .position(|byte| *byte != 0)
            .ok_or(InvalidSerialNumber)?;
        let magnitude = bytes.get(start..).ok_or(InvalidSerialNumber)?.to_vec();
        let padded = magnitude.first().is_some_and(|first| *first >= 0x80);
        if magnitude.len() + usize::from(padded) > 20 {
            return Err(InvalidSerialNumber);
        }
        Ok(Self { magnitude })
    }

    /// From the content octets of a received INTEGER.
    ///
    /// # Errors
    /// [`InvalidSerialNumber`] for a negative number as well.
    pub fn from_content(content: &[u8]) -> Result<Self, InvalidSerialNumber> {
        match content.first() {
            Some(0x80..) => Err(InvalidSerialNumber),
            _ => Self::from_be_bytes(content),
        }
    }

    /// The number, big-endian, without leading zeros.
    pub fn as_be_bytes(&self) -> &[u8] {
        &self.magnitude
    }

    pub(crate) fn to_der(&self) -> Result<Vec<u8>, der::Error> {
        UintRef::new(&self.magnitude)?.to_der()
    }
}

/// Lower-case hexadecimal, two digits per octet.
impl fmt::Display for SerialNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.magnitude
            .iter()
            .try_for_each(|octet| write!(formatter, "{octet:02x}"))
    }
}
