//! Distinguished names as received: compared as bytes, read attribute by attribute.
//!
//! ISO/IEC 18013-5, Annex B demands that issuer and subject are the *same octets*, so equality here is equality of the
//! encoding, not the case-folding comparison of RFC 5280, 7.1.

use std::borrow::Cow;
use std::fmt;

use super::der::{DerError, DerErrorKind, OBJECT_IDENTIFIER, Reader, SEQUENCE, SET};
use super::oid::{self, Oid};

/// More attributes than this in one name are refused.
pub const MAX_NAME_ATTRIBUTES: usize = 64;

/// A distinguished name: the received `RDNSequence`.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    der: &'a [u8],
    content: &'a [u8],
}

impl<'a> Name<'a> {
    /// Reads the next value as a name and checks the shape of all of it, so that
    /// [`attributes`](Self::attributes) cannot fail later.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let element = reader.expect(SEQUENCE)?;
        let mut count = 0;
        let mut rdns = element.reader();
        while !rdns.is_empty() {
            let mut rdn = rdns.expect(SET)?.reader();
            if rdn.is_empty() {
                return Err(DerError::invalid(
                    rdn.offset(),
                    "relative distinguished name",
                ));
            }
            while !rdn.is_empty() {
                NameAttribute::read(&mut rdn)?;
                count += 1;
                if count > MAX_NAME_ATTRIBUTES {
                    let kind = DerErrorKind::TooMany {
                        what: "name attributes",
                        limit: MAX_NAME_ATTRIBUTES,
                    };
                    return Err(DerError::new(element.offset, kind));
                }
            }
        }
        Ok(Self {
            der: element.der,
            content: element.content,
        })
    }

    /// A name from its DER encoding alone, such as the `subject` member of a VICAL entry.
    ///
    /// # Errors
    /// [`DerError`] with the offset within `der`.
    pub fn from_der(der: &'a [u8]) -> Result<Self, DerError> {
        let mut reader = Reader::new(der, 0);
        let name = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(name)
    }

    /// The received encoding, tag and length included.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// Whether there is no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    /// Every attribute in the order of the encoding; those of a multi-valued RDN one after the other.
    pub fn attributes(&self) -> impl Iterator<Item = NameAttribute<'a>> + use<'a> {
        let mut rdns = Reader::new(self.content, 0);
        let mut rdn = Reader::new(&[], 0);
        std::iter::from_fn(move || {
            while rdn.is_empty() {
                rdn = rdns.expect(SET).ok()?.reader();
            }
            NameAttribute::read(&mut rdn).ok()
        })
    }

    /// First attribute of the given type.
    pub fn attribute(&self, oid: Oid<'_>) -> Option<NameAttribute<'a>> {
        self.attributes().find(|attribute| attribute.oid == oid)
    }

    /// `countryName` as text.
    pub fn country(&self) -> Option<Cow<'a, str>> {
        self.attribute(oid::COUNTRY_NAME)?.text()
    }

    /// `stateOrProvinceName` as text.
    pub fn state_or_province(&self) -> Option<Cow<'a, str>> {
        self.attribute(oid::STATE_OR_PROVINCE_NAME)?.text()
    }

    /// `commonName` as text.
    pub fn common_name(&self) -> Option<Cow<'a, str>> {
        self.attribute(oid::COMMON_NAME)?.text()
    }

    /// `organizationName` as text.
    pub fn organization(&self) -> Option<Cow<'a, str>> {
        self.attribute(oid::ORGANIZATION_NAME)?.text()
    }
}

/// Same octets (ISO/IEC 18013-5, Tables B.1 to B.3).
impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Name<'_> {}

/// `C=UT, CN=…` in the order of the encoding. Control characters are escaped: a name comes from outside.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attribute) in self.attributes().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{attribute}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// One `AttributeTypeAndValue`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NameAttribute<'a> {
    /// Type, such as [`oid::COMMON_NAME`].
    pub oid: Oid<'a>,
    /// String type of the value.
    pub string_type: StringType,
    /// Content octets of the value.
    pub value: &'a [u8],
}

impl<'a> NameAttribute<'a> {
    fn read(rdn: &mut Reader<'a>) -> Result<Self, DerError> {
        let mut attribute = rdn.expect(SEQUENCE)?.reader();
        let oid = read_oid(&mut attribute)?;
        let value = attribute.element()?;
        attribute.finish()?;
        Ok(Self {
            oid,
            string_type: StringType::from_tag(value.tag),
            value: value.content,
        })
    }

    /// The value as text, if its type is a string and its octets are of that type.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        match self.string_type {
            StringType::Utf8 | StringType::Printable | StringType::Ia5 => {
                std::str::from_utf8(self.value).ok().map(Cow::Borrowed)
            }
            // Issuers that still write TeletexString mean Latin-1.
            StringType::Teletex => {
                Some(self.value.iter().map(|&octet| char::from(octet)).collect())
            }
            StringType::Bmp => {
                let (pairs, rest) = self.value.as_chunks::<2>();
                let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
                let text: Result<String, _> = char::decode_utf16(units).collect();
                text.ok().filter(|_| rest.is_empty()).map(Cow::Owned)
            }
            StringType::Other(_) => None,
        }
    }

    /// `C`, `CN` …, or the dotted identifier.
    pub fn short_name(&self) -> Cow<'static, str> {
        match self.oid {
            oid::COUNTRY_NAME => "C".into(),
            oid::COMMON_NAME => "CN".into(),
            oid::STATE_OR_PROVINCE_NAME => "ST".into(),
            oid::LOCALITY_NAME => "L".into(),
            oid::ORGANIZATION_NAME => "O".into(),
            oid::ORGANIZATIONAL_UNIT_NAME => "OU".into(),
            oid::SERIAL_NUMBER => "serialNumber".into(),
            other => other.to_string().into(),
        }
    }
}

impl fmt::Display for NameAttribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.short_name())?;
        match self.text() {
            Some(text) => write!(f, "{}", text.escape_debug()),
            None => write!(f, "({} octets)", self.value.len()),
        }
    }
}

/// String type of a name attribute.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StringType {
    /// `UTF8String`.
    Utf8,
    /// `PrintableString`.
    Printable,
    /// `IA5String`.
    Ia5,
    /// `TeletexString`.
    Teletex,
    /// `BMPString`.
    Bmp,
    /// Anything else, by its tag octet.
    Other(u8),
}

impl StringType {
    fn from_tag(tag: u8) -> Self {
        match tag {
            0x0c => Self::Utf8,
            0x13 => Self::Printable,
            0x14 => Self::Teletex,
            0x16 => Self::Ia5,
            0x1e => Self::Bmp,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for StringType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf8 => f.write_str("UTF8String"),
            Self::Printable => f.write_str("PrintableString"),
            Self::Ia5 => f.write_str("IA5String"),
            Self::Teletex => f.write_str("TeletexString"),
            Self::Bmp => f.write_str("BMPString"),
            Self::Other(tag) => write!(f, "tag 0x{tag:02x}"),
        }
    }
}

/// The next value as an object identifier.
pub(crate) fn read_oid<'a>(reader: &mut Reader<'a>) -> Result<Oid<'a>, DerError> {
    let element = reader.expect(OBJECT_IDENTIFIER)?;
    let oid = Oid::from_content(element.content);
    if oid.is_well_formed() {
        Ok(oid)
    } else {
        Err(DerError::invalid(element.offset, "OBJECT IDENTIFIER"))
    }
}
