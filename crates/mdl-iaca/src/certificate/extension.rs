//! Certificate and CRL extensions as received, with a typed reading of those the profiles name.
//!
//! RFC 5280, 4.2; ISO/IEC 18013-5, Annex B. A typed accessor fails only when the value cannot be read at all; values
//! that are readable but not DER (a KeyUsage in nine bits, cA TRUE written 0x01) are returned together with what the
//! linter needs to say so.

use super::der::{
    BIT_STRING, BOOLEAN, BitString, DerError, DerErrorKind, Deviation, DeviationKind, INTEGER,
    NULL, OCTET_STRING, Reader, SEQUENCE, deviations,
};
use super::general_name::GeneralNames;
use super::name::read_oid;
use super::oid::{self, Oid};

/// More extensions than this in one document are refused.
pub const MAX_EXTENSIONS: usize = 64;
/// All extensions together are at most as long as a certificate may be, in a CRL as well: reading them may allocate.
const MAX_EXTENSION_BYTES: usize = super::MAX_CERTIFICATE_BYTES;

/// One extension.
#[derive(Clone, Copy, Debug)]
pub struct Extension<'a> {
    /// Type, such as [`oid::KEY_USAGE`].
    pub oid: Oid<'a>,
    /// Whether a reader that does not know it must refuse the certificate.
    pub critical: bool,
    /// Content of the `extnValue` OCTET STRING.
    pub value: &'a [u8],
    /// Offset of [`value`](Self::value) in the document.
    pub offset: usize,
    /// `critical` FALSE was written out although it is the default (X.690, 11.5).
    pub(crate) explicit_default: bool,
}

impl<'a> Extension<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let mut fields = reader.expect(SEQUENCE)?.reader();
        let oid = read_oid(&mut fields)?;
        let critical = read_boolean(&mut fields)?;
        let value = fields.expect(OCTET_STRING)?;
        fields.finish()?;
        Ok(Self {
            oid,
            critical: critical.is_some_and(|octet| octet != 0),
            value: value.content,
            offset: value.content_offset(),
            explicit_default: critical == Some(0),
        })
    }

    fn reader(&self) -> Reader<'a> {
        Reader::new(self.value, self.offset)
    }
}

/// All extensions of a certificate, CRL, CRL entry or CSR, each type at most once.
#[derive(Clone, Debug, Default)]
pub struct Extensions<'a>(Vec<Extension<'a>>);

impl<'a> Extensions<'a> {
    /// Reads `Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension` as the next value.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let element = reader.expect(SEQUENCE)?;
        if element.content.len() > MAX_EXTENSION_BYTES {
            let kind = DerErrorKind::TooLarge {
                limit: MAX_EXTENSION_BYTES,
            };
            return Err(DerError::new(element.offset, kind));
        }
        let mut list = element.reader();
        let start = list.offset();
        // Annex B profiles have six or seven.
        let mut extensions: Vec<Extension<'a>> = Vec::with_capacity(8);
        while !list.is_empty() {
            let offset = list.offset();
            if extensions.len() == MAX_EXTENSIONS {
                let kind = DerErrorKind::TooMany {
                    what: "extensions",
                    limit: MAX_EXTENSIONS,
                };
                return Err(DerError::new(start, kind));
            }
            let extension = Extension::read(&mut list)?;
            if extensions.iter().any(|other| other.oid == extension.oid) {
                return Err(DerError::new(offset, DerErrorKind::DuplicateExtension));
            }
            extensions.push(extension);
        }
        Ok(Self(extensions))
    }

    /// In the order of the encoding.
    pub fn iter(&self) -> std::slice::Iter<'_, Extension<'a>> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The extension of this type.
    pub fn get(&self, oid: Oid<'_>) -> Option<&Extension<'a>> {
        self.0.iter().find(|extension| extension.oid == oid)
    }

    /// Encodings in the extensions that say the same as DER in other octets. Values of types that this crate does not
    /// know are not looked into.
    pub(crate) fn deviations(&self) -> Vec<Deviation> {
        let mut found = Vec::new();
        for extension in self.iter() {
            if extension.explicit_default {
                found.push(Deviation {
                    offset: extension.offset,
                    kind: DeviationKind::ExplicitDefault,
                });
            }
            if extension.oid.name().is_some() {
                found.extend(deviations(extension.value, extension.offset));
            }
            if extension.oid == oid::BASIC_CONSTRAINTS
                && let Ok(Some(BasicConstraints {
                    explicit_default: true,
                    ..
                })) = self.basic_constraints()
            {
                found.push(Deviation {
                    offset: extension.offset,
                    kind: DeviationKind::ExplicitDefault,
                });
            }
        }
        found
    }

    fn typed<T>(
        &self,
        oid: Oid<'_>,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, DerError>,
    ) -> Result<Option<T>, DerError> {
        let Some(extension) = self.get(oid) else {
            return Ok(None);
        };
        let mut reader = extension.reader();
        let value = read(&mut reader)?;
        reader.finish()?;
        Ok(Some(value))
    }

    /// `keyUsage` (2.5.29.15).
    ///
    /// # Errors
    /// The value is not a `BIT STRING`, or has bits beyond the sixteenth.
    pub fn key_usage(&self) -> Result<Option<KeyUsage>, DerError> {
        self.typed(oid::KEY_USAGE, KeyUsage::read)
    }

    /// `basicConstraints` (2.5.29.19).
    ///
    /// # Errors
    /// The value is not `BasicConstraints`, or the path length is negative or beyond 32 bits.
    pub fn basic_constraints(&self) -> Result<Option<BasicConstraints>, DerError> {
        self.typed(oid::BASIC_CONSTRAINTS, BasicConstraints::read)
    }

    /// `extKeyUsage` (2.5.29.37).
    ///
    /// # Errors
    /// The value is not a sequence of object identifiers.
    pub fn extended_key_usage(&self) -> Result<Option<ExtendedKeyUsage<'a>>, DerError> {
        self.typed(oid::EXTENDED_KEY_USAGE, ExtendedKeyUsage::read)
    }

    /// `subjectKeyIdentifier` (2.5.29.14): the identifier alone.
    ///
    /// # Errors
    /// The value is not an `OCTET STRING`.
    pub fn subject_key_identifier(&self) -> Result<Option<&'a [u8]>, DerError> {
        self.typed(oid::SUBJECT_KEY_IDENTIFIER, |reader| {
            Ok(reader.expect(OCTET_STRING)?.content)
        })
    }

    /// `authorityKeyIdentifier` (2.5.29.35).
    ///
    /// # Errors
    /// The value is not `AuthorityKeyIdentifier`.
    pub fn authority_key_identifier(&self) -> Result<Option<AuthorityKeyIdentifier<'a>>, DerError> {
        self.typed(oid::AUTHORITY_KEY_IDENTIFIER, AuthorityKeyIdentifier::read)
    }

    /// `issuerAltName` (2.5.29.18).
    ///
    /// # Errors
    /// The value is not `GeneralNames`.
    pub fn issuer_alt_name(&self) -> Result<Option<GeneralNames<'a>>, DerError> {
        self.typed(oid::ISSUER_ALT_NAME, |reader| {
            GeneralNames::read(reader, SEQUENCE)
        })
    }

    /// `subjectAltName` (2.5.29.17).
    ///
    /// # Errors
    /// The value is not `GeneralNames`.
    pub fn subject_alt_name(&self) -> Result<Option<GeneralNames<'a>>, DerError> {
        self.typed(oid::SUBJECT_ALT_NAME, |reader| {
            GeneralNames::read(reader, SEQUENCE)
        })
    }

    /// `cRLDistributionPoints` (2.5.29.31).
    ///
    /// # Errors
    /// The value is not `CRLDistributionPoints`.
    pub fn crl_distribution_points(&self) -> Result<Option<Vec<DistributionPoint<'a>>>, DerError> {
        self.typed(oid::CRL_DISTRIBUTION_POINTS, |reader| {
            let mut list = reader.expect(SEQUENCE)?.reader();
            let mut points = Vec::new();
            while !list.is_empty() {
                points.push(DistributionPoint::read(&mut list)?);
            }
            Ok(points)
        })
    }

    /// `authorityInfoAccess` (1.3.6.1.5.5.7.1.1).
    ///
    /// # Errors
    /// The value is not `AuthorityInfoAccessSyntax`.
    pub fn authority_info_access(&self) -> Result<Option<Vec<AccessDescription<'a>>>, DerError> {
        self.typed(oid::AUTHORITY_INFO_ACCESS, |reader| {
            let mut list = reader.expect(SEQUENCE)?.reader();
            let mut descriptions = Vec::new();
            while !list.is_empty() {
                let mut fields = list.expect(SEQUENCE)?.reader();
                let method = read_oid(&mut fields)?;
                let location = GeneralNames::read_one(&mut fields)?;
                fields.finish()?;
                descriptions.push(AccessDescription { method, location });
            }
            Ok(descriptions)
        })
    }

    /// Whether `id-pkix-ocsp-nocheck` is there (RFC 6960, 4.2.2.2.1).
    ///
    /// # Errors
    /// Its value is not `NULL`.
    pub fn has_ocsp_nocheck(&self) -> Result<bool, DerError> {
        self.typed(oid::OCSP_NOCHECK, |reader| {
            let null = reader.expect(NULL)?;
            if null.content.is_empty() {
                Ok(())
            } else {
                Err(DerError::invalid(null.offset, "NULL"))
            }
        })
        .map(|present| present.is_some())
    }

    /// `cRLNumber` (2.5.29.20): content octets of the `INTEGER`, big-endian two's complement.
    ///
    /// # Errors
    /// The value is not an `INTEGER`.
    pub fn crl_number(&self) -> Result<Option<&'a [u8]>, DerError> {
        self.typed(oid::CRL_NUMBER, |reader| {
            let number = reader.expect(INTEGER)?;
            if number.content.is_empty() {
                return Err(DerError::invalid(number.offset, "INTEGER"));
            }
            Ok(number.content)
        })
    }
}

/// Content octet of an optional BOOLEAN.
fn read_boolean(reader: &mut Reader<'_>) -> Result<Option<u8>, DerError> {
    let Some(element) = reader.optional(BOOLEAN)? else {
        return Ok(None);
    };
    match element.content {
        [octet] => Ok(Some(*octet)),
        _ => Err(DerError::invalid(element.offset, "BOOLEAN")),
    }
}

/// The bits of a `keyUsage` extension; named bit *n* of RFC 5280, 4.2.1.3 is `1 << n` here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyUsage {
    bits: u16,
    minimal: bool,
}

impl KeyUsage {
    /// Bit 0.
    pub const DIGITAL_SIGNATURE: u16 = 1 << 0;
    /// Bit 1, also called contentCommitment.
    pub const NON_REPUDIATION: u16 = 1 << 1;
    /// Bit 5.
    pub const KEY_CERT_SIGN: u16 = 1 << 5;
    /// Bit 6.
    pub const CRL_SIGN: u16 = 1 << 6;

    fn read(reader: &mut Reader<'_>) -> Result<Self, DerError> {
        let element = reader.expect(BIT_STRING)?;
        let string = BitString::from_element(&element)?;
        let mut bits = 0u16;
        for (index, octet) in string.octets.iter().enumerate() {
            let counted = if index + 1 == string.octets.len() {
                octet >> string.unused_bits << string.unused_bits
            } else {
                *octet
            };
            match index {
                0 => bits |= u16::from(counted.reverse_bits()),
                1 => bits |= u16::from(counted.reverse_bits()) << 8,
                _ if counted == 0 => {}
                _ => return Err(DerError::invalid(element.offset, "KeyUsage")),
            }
        }
        // DER (X.690, 11.2.2): a named bit list ends with its last one bit.
        let minimal = match string.octets.last() {
            None => true,
            Some(last) => last.trailing_zeros() == u32::from(string.unused_bits),
        };
        Ok(Self { bits, minimal })
    }

    /// All bits.
    pub fn bits(&self) -> u16 {
        self.bits
    }

    /// Whether every bit of `bits` is set.
    pub fn contains(&self, bits: u16) -> bool {
        self.bits & bits == bits
    }

    /// Whether the encoding has no trailing zero bits (X.690, 11.2.2).
    pub fn is_minimal(&self) -> bool {
        self.minimal
    }
}

/// Names of the set bits, such as `keyCertSign, cRLSign`.
impl std::fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const NAMES: [&str; 9] = [
            "digitalSignature",
            "nonRepudiation",
            "keyEncipherment",
            "dataEncipherment",
            "keyAgreement",
            "keyCertSign",
            "cRLSign",
            "encipherOnly",
            "decipherOnly",
        ];
        let mut separator = "";
        for bit in (0..16).filter(|bit| self.bits & (1 << bit) != 0) {
            f.write_str(separator)?;
            match NAMES.get(bit) {
                Some(name) => f.write_str(name)?,
                None => write!(f, "bit {bit}")?,
            }
            separator = ", ";
        }
        if separator.is_empty() {
            f.write_str("no bit")
        } else {
            Ok(())
        }
    }
}

/// A `basicConstraints` extension.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BasicConstraints {
    /// Whether the subject is a certificate authority.
    pub ca: bool,
    /// How many further authorities may follow below it.
    pub path_length: Option<u32>,
    /// `cA` FALSE was written out although it is the default (X.690, 11.5).
    pub(crate) explicit_default: bool,
}

impl BasicConstraints {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DerError> {
        let mut fields = reader.expect(SEQUENCE)?.reader();
        let ca = read_boolean(&mut fields)?;
        let path_length = match fields.optional(INTEGER)? {
            Some(element) => Some(
                small_unsigned(element.content)
                    .ok_or(DerError::invalid(element.offset, "path length"))?,
            ),
            None => None,
        };
        fields.finish()?;
        Ok(Self {
            ca: ca.is_some_and(|octet| octet != 0),
            path_length,
            explicit_default: ca == Some(0),
        })
    }
}

fn small_unsigned(content: &[u8]) -> Option<u32> {
    match content {
        [] => None,
        [first, ..] if first & 0x80 != 0 => None,
        _ => content.iter().try_fold(0u32, |sum, octet| {
            sum.checked_mul(256)?.checked_add(u32::from(*octet))
        }),
    }
}

/// An `extKeyUsage` extension.
#[derive(Clone, Copy, Debug)]
pub struct ExtendedKeyUsage<'a>(&'a [u8]);

impl<'a> ExtendedKeyUsage<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let list = reader.expect(SEQUENCE)?;
        let mut purposes = list.reader();
        while !purposes.is_empty() {
            read_oid(&mut purposes)?;
        }
        Ok(Self(list.content))
    }

    /// Key purposes in the order of the encoding.
    pub fn purposes(&self) -> impl Iterator<Item = Oid<'a>> + use<'a> {
        let mut reader = Reader::new(self.0, 0);
        std::iter::from_fn(move || read_oid(&mut reader).ok())
    }

    /// Whether `purpose` is listed.
    pub fn contains(&self, purpose: Oid<'_>) -> bool {
        self.purposes().any(|listed| listed == purpose)
    }
}

/// An `authorityKeyIdentifier` extension.
#[derive(Clone, Copy, Debug)]
pub struct AuthorityKeyIdentifier<'a> {
    /// `[0]`: subject key identifier of the issuer.
    pub key_identifier: Option<&'a [u8]>,
    /// `[1]`: names of the issuer's issuer, as received.
    pub issuer: Option<GeneralNames<'a>>,
    /// `[2]`: serial number of the issuer's certificate.
    pub serial: Option<&'a [u8]>,
}

impl<'a> AuthorityKeyIdentifier<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let mut fields = reader.expect(SEQUENCE)?.reader();
        let key_identifier = fields.optional(0x80)?.map(|element| element.content);
        let issuer = match fields.peek_tag() {
            Some(0xa1) => Some(GeneralNames::read(&mut fields, 0xa1)?),
            _ => None,
        };
        let serial = fields.optional(0x82)?.map(|element| element.content);
        fields.finish()?;
        Ok(Self {
            key_identifier,
            issuer,
            serial,
        })
    }
}

/// One entry of `cRLDistributionPoints`.
#[derive(Clone, Copy, Debug)]
pub struct DistributionPoint<'a> {
    /// Where the CRL is.
    pub name: Option<DistributionPointName<'a>>,
    /// Whether `reasons` is present; it must not be (Annex B).
    pub has_reasons: bool,
    /// Whether `cRLIssuer` is present; it must not be (Annex B).
    pub has_crl_issuer: bool,
}

/// The `distributionPoint` field of a [`DistributionPoint`].
#[derive(Clone, Copy, Debug)]
pub enum DistributionPointName<'a> {
    /// `fullName`.
    FullName(GeneralNames<'a>),
    /// `nameRelativeToCRLIssuer`, as received.
    RelativeToCrlIssuer(&'a [u8]),
}

impl<'a> DistributionPoint<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let mut fields = reader.expect(SEQUENCE)?.reader();
        let name = match fields.optional(0xa0)? {
            None => None,
            Some(choice) => {
                let mut choice = choice.reader();
                let name = if choice.peek_tag() == Some(0xa1) {
                    DistributionPointName::RelativeToCrlIssuer(choice.expect(0xa1)?.der)
                } else {
                    DistributionPointName::FullName(GeneralNames::read(&mut choice, 0xa0)?)
                };
                choice.finish()?;
                Some(name)
            }
        };
        let has_reasons = fields.optional(0x81)?.is_some();
        let has_crl_issuer = fields.optional(0xa2)?.is_some();
        fields.finish()?;
        Ok(Self {
            name,
            has_reasons,
            has_crl_issuer,
        })
    }
}

/// One entry of `authorityInfoAccess`.
#[derive(Clone, Copy, Debug)]
pub struct AccessDescription<'a> {
    /// What is there, such as [`oid::ACCESS_OCSP`].
    pub method: Oid<'a>,
    /// Where it is.
    pub location: super::general_name::GeneralName<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_usage(bytes: &[u8]) -> Result<KeyUsage, DerError> {
        KeyUsage::read(&mut Reader::new(bytes, 0))
    }

    #[test]
    fn key_usage_is_read_in_minimal_and_nine_bit_form() {
        let minimal = key_usage(&[0x03, 0x02, 0x07, 0x80]).unwrap();
        assert_eq!(
            (minimal.bits(), minimal.is_minimal()),
            (KeyUsage::DIGITAL_SIGNATURE, true)
        );
        let padded = key_usage(&[0x03, 0x03, 0x07, 0x80, 0x00]).unwrap();
        assert_eq!(
            (padded.bits(), padded.is_minimal()),
            (KeyUsage::DIGITAL_SIGNATURE, false)
        );
        let signs = key_usage(&[0x03, 0x02, 0x01, 0x06]).unwrap();
        assert_eq!(
            (signs.bits(), signs.to_string().as_str()),
            (0x60, "keyCertSign, cRLSign")
        );
        let decipher_only = key_usage(&[0x03, 0x03, 0x07, 0x00, 0x80]).unwrap();
        assert_eq!(
            (decipher_only.bits(), decipher_only.is_minimal()),
            (1 << 8, true)
        );
        let empty = key_usage(&[0x03, 0x01, 0x00]).unwrap();
        assert_eq!((empty.bits(), empty.is_minimal()), (0, true));
    }

    #[test]
    fn key_usage_with_impossible_content_is_refused() {
        for bytes in [
            &[0x03, 0x00][..],
            &[0x03, 0x01, 0x03],
            &[0x03, 0x02, 0x08, 0x80],
            &[0x03, 0x04, 0, 0x80, 0, 1],
        ] {
            key_usage(bytes).expect_err("not a KeyUsage");
        }
    }

    #[test]
    fn authority_flag_other_than_0xff_still_means_true() {
        let read = |bytes: &[u8]| BasicConstraints::read(&mut Reader::new(bytes, 0));
        let odd = read(&[0x30, 0x06, 0x01, 0x01, 0x01, 0x02, 0x01, 0x00]).unwrap();
        assert_eq!((odd.ca, odd.path_length), (true, Some(0)));
        read(&[0x30, 0x03, 0x02, 0x01, 0xff]).expect_err("negative path length");
        read(&[0x30, 0x07, 0x02, 0x05, 1, 0, 0, 0, 0]).expect_err("path length beyond 32 bits");
    }
}
