//! `GeneralName` of RFC 5280, 4.2.1.6, as it occurs in alternative names and distribution points.

use std::fmt;

use super::der::{DerError, Reader};
use super::name::Name;

/// One general name.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum GeneralName<'a> {
    /// `[1]` e-mail address.
    Rfc822Name(&'a str),
    /// `[2]` host name.
    DnsName(&'a str),
    /// `[4]` distinguished name.
    DirectoryName(Name<'a>),
    /// `[6]` URI.
    Uri(&'a str),
    /// `[7]` address octets.
    IpAddress(&'a [u8]),
    /// Any other kind, by its tag octet.
    Other(u8, &'a [u8]),
}

impl<'a> GeneralName<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let element = reader.element()?;
        let text = || {
            std::str::from_utf8(element.content)
                .map_err(|_| DerError::invalid(element.content_offset(), "IA5String"))
        };
        match element.tag {
            0x81 => Ok(Self::Rfc822Name(text()?)),
            0x82 => Ok(Self::DnsName(text()?)),
            0x86 => Ok(Self::Uri(text()?)),
            0x87 => Ok(Self::IpAddress(element.content)),
            0xa4 => {
                // A CHOICE cannot be tagged implicitly, so the Name keeps its own SEQUENCE.
                let mut inner = element.reader();
                let name = Name::read(&mut inner)?;
                inner.finish()?;
                Ok(Self::DirectoryName(name))
            }
            tag @ (0xa0 | 0xa3 | 0xa5 | 0x88) => Ok(Self::Other(tag, element.content)),
            _ => Err(DerError::invalid(element.offset, "GeneralName")),
        }
    }
}

/// Kind and value; control characters are escaped.
impl fmt::Display for GeneralName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rfc822Name(text) => write!(f, "rfc822Name {}", text.escape_debug()),
            Self::DnsName(text) => write!(f, "dNSName {}", text.escape_debug()),
            Self::Uri(text) => write!(f, "URI {}", text.escape_debug()),
            Self::DirectoryName(name) => write!(f, "directoryName {name}"),
            Self::IpAddress(octets) => write!(f, "iPAddress of {} octets", octets.len()),
            Self::Other(tag, _) => write!(f, "general name [{}]", tag & 0x1f),
        }
    }
}

/// `GeneralNames`: a list, checked when read.
#[derive(Clone, Copy, Debug)]
pub struct GeneralNames<'a> {
    content: &'a [u8],
}

impl<'a> GeneralNames<'a> {
    /// Reads the next value, a SEQUENCE under its own or an implicit tag.
    pub(crate) fn read(reader: &mut Reader<'a>, tag: u8) -> Result<Self, DerError> {
        let list = reader.expect(tag)?;
        let mut names = list.reader();
        while !names.is_empty() {
            GeneralName::read(&mut names)?;
        }
        Ok(Self {
            content: list.content,
        })
    }

    /// Reads the next value as a single name.
    pub(crate) fn read_one(reader: &mut Reader<'a>) -> Result<GeneralName<'a>, DerError> {
        GeneralName::read(reader)
    }

    /// In the order of the encoding.
    pub fn iter(&self) -> impl Iterator<Item = GeneralName<'a>> + use<'a> {
        let mut reader = Reader::new(self.content, 0);
        std::iter::from_fn(move || GeneralName::read(&mut reader).ok())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.content.is_empty()
    }
}
