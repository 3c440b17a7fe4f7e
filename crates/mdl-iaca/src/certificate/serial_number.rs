//! `CertificateSerialNumber`: at most 20 octets, positive (RFC 5280, 4.1.2.2).

use std::fmt;
use std::hash::{Hash, Hasher};

use super::der::{DerError, INTEGER, Reader};

/// A serial number as received. Two are equal when they are the same number, however padded.
#[derive(Clone, Copy)]
pub struct SerialNumber<'a>(&'a [u8]);

impl<'a> SerialNumber<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let element = reader.expect(INTEGER)?;
        if element.content.is_empty() {
            return Err(DerError::invalid(element.offset, "serial number"));
        }
        Ok(Self(element.content))
    }

    /// Wraps the content octets of an `INTEGER`: big-endian, two's complement.
    pub const fn from_content(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// Content octets, a leading zero pad included.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Whether the encoded integer is below zero.
    pub fn is_negative(&self) -> bool {
        self.0.first().is_some_and(|first| first & 0x80 != 0)
    }

    /// Whether the encoded integer is zero.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|&octet| octet == 0)
    }

    /// Content octets without superfluous ones.
    fn minimal(&self) -> &'a [u8] {
        let mut octets = self.0;
        while let [first, rest @ ..] = octets
            && !rest.is_empty()
            && !super::der::is_minimal_integer(octets)
        {
            let _ = first;
            octets = rest;
        }
        octets
    }
}

impl PartialEq for SerialNumber<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.minimal() == other.minimal()
    }
}

impl Eq for SerialNumber<'_> {}

impl Hash for SerialNumber<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.minimal().hash(state);
    }
}

/// Lower-case hexadecimal of the content octets.
impl fmt::Display for SerialNumber<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for SerialNumber<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_does_not_make_another_number() {
        let serial = SerialNumber::from_content;
        assert_eq!(serial(&[0, 0, 0x7f]), serial(&[0x7f]));
        assert_eq!(serial(&[0xff, 0xff, 0x80]), serial(&[0x80]));
        assert_ne!(serial(&[0x00, 0x80]), serial(&[0x80]));
        assert_eq!(serial(&[0, 0]), serial(&[0]));
        assert!(serial(&[0, 0]).is_zero() && serial(&[0x80]).is_negative());
    }
}
