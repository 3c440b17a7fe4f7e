//! The encoding that the builder writes, read by a reader that knows no other.
//!
//! Two documents are compared while both are read: lengths definite, heads as short as can be, the members of an
//! `IssuerSignedItem` in the builder's order. Whatever is written otherwise gives `None`, and is left to the reader
//! that knows all forms. RFC 8949, 4.2.1; ISO/IEC 18013-5, 8.3.2.1.2.2.

/// Major types that occur (RFC 8949, 3.1).
#[derive(Clone, Copy)]
pub(super) enum Major {
    Unsigned = 0,
    Bytes = 2,
    Text = 3,
    Array = 4,
    Map = 5,
}

/// What is left to read.
pub(super) struct Plain<'a>(&'a [u8]);

/// One `IssuerSignedItemBytes`.
pub(super) struct PlainItem<'a> {
    pub(super) digest_id: u64,
    pub(super) random: &'a [u8],
    /// What follows the salt: names, identifier and value.
    pub(super) element: &'a [u8],
}

impl<'a> Plain<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// The argument of the next head.
    pub(super) fn head(&mut self, major: Major) -> Option<u64> {
        let (&initial, rest) = self.0.split_first()?;
        let info = initial.checked_sub((major as u8) << 5)?;
        let (argument, rest) = match info {
            0..=23 => (u64::from(info), rest),
            24 => {
                let (argument, rest) = rest.split_first()?;
                (u64::from(*argument), rest)
            }
            25 => {
                let (argument, rest) = rest.split_first_chunk()?;
                (u64::from(u16::from_be_bytes(*argument)), rest)
            }
            26 => {
                let (argument, rest) = rest.split_first_chunk()?;
                (u64::from(u32::from_be_bytes(*argument)), rest)
            }
            _ => return None,
        };
        let shortest = match argument {
            0..=23 => info < 24,
            24..=0xff => info == 24,
            0x100..=0xffff => info == 25,
            _ => info == 26,
        };
        self.0 = rest;
        shortest.then_some(argument)
    }

    /// The content of a string.
    pub(super) fn string(&mut self, major: Major) -> Option<&'a [u8]> {
        let len = usize::try_from(self.head(major)?).ok()?;
        let (content, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(content)
    }

    /// `IssuerSignedItemBytes`.
    pub(super) fn item(&mut self) -> Option<PlainItem<'a>> {
        self.exactly(b"\xd8\x18")?;
        let mut item = Self(self.string(Major::Bytes)?);
        item.exactly(b"\xa4\x68digestID")?;
        let digest_id = item.head(Major::Unsigned)?;
        item.exactly(b"\x66random")?;
        let random = item.string(Major::Bytes)?;
        Some(PlainItem {
            digest_id,
            random,
            element: item.0,
        })
    }

    fn exactly(&mut self, bytes: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(bytes)?;
        Some(())
    }
}
