//! Bounded reading of received DER, with the byte offset of whatever is wrong.
//!
//! Deliberately smaller and more forgiving than a full DER decoder: a length in more octets than needed, or an
//! unusual BOOLEAN, leaves no doubt about the structure and becomes a lint finding instead
//! (see [`Deviation`]). What does leave doubt is refused: indefinite lengths, high tag numbers, truncated or
//! trailing bytes. X.690, clauses 8 and 10.

use std::fmt;

/// Constructed `SEQUENCE`.
pub(crate) const SEQUENCE: u8 = 0x30;
/// Constructed `SET`.
pub(crate) const SET: u8 = 0x31;
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;

/// Nesting beyond this is refused when walking a whole structure; real certificates stay below 15.
const MAX_DEPTH: usize = 32;
/// At most this many deviations are listed: enough to see what is wrong, bounded for hostile input.
const MAX_DEVIATIONS: usize = 32;

/// Why received bytes could not be read as the structure that was expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("at byte {offset}: {kind}")]
pub struct DerError {
    /// Distance from the first byte of the document to the octet that is wrong.
    pub offset: usize,
    /// What is wrong there.
    pub kind: DerErrorKind,
}

/// What is wrong at the offset of a [`DerError`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DerErrorKind {
    /// The input ends, or the enclosing value ends, before this value does.
    #[error("value is cut off")]
    Truncated,
    /// Bytes follow where the structure is complete.
    #[error("unexpected bytes after the end of the value")]
    TrailingBytes,
    /// Length octet 0x80: BER only, forbidden in DER (X.690, 10.1).
    #[error("indefinite length is not DER")]
    IndefiniteLength,
    /// A length in more than four octets.
    #[error("length field is too long")]
    LengthTooLong,
    /// A tag number above 30; nothing in a certificate uses one.
    #[error("multi-octet tag")]
    HighTagNumber,
    /// Another tag than the structure has at this place.
    #[error("expected tag 0x{expected:02x}, found 0x{found:02x}")]
    UnexpectedTag {
        /// Tag that belongs here.
        expected: u8,
        /// Tag that was found.
        found: u8,
    },
    /// The document, or its extensions, are larger than the limit.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// Limit in bytes.
        limit: usize,
    },
    /// More repetitions than the limit.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What is repeated.
        what: &'static str,
        /// Limit.
        limit: usize,
    },
    /// The same extension twice: which one counts would be the reader's guess (RFC 5280, 4.2).
    #[error("the same extension appears twice")]
    DuplicateExtension,
    /// The tag is right, the content is not.
    #[error("not a valid {0}")]
    Invalid(&'static str),
}

impl DerError {
    pub(crate) fn new(offset: usize, kind: DerErrorKind) -> Self {
        Self { offset, kind }
    }

    pub(crate) fn invalid(offset: usize, what: &'static str) -> Self {
        Self::new(offset, DerErrorKind::Invalid(what))
    }
}

/// One tag-length-value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// Tag, length and value.
    pub(crate) der: &'a [u8],
    /// The value alone.
    pub(crate) content: &'a [u8],
    /// Offset of the tag in the document.
    pub(crate) offset: usize,
    /// Whether the length used the fewest octets possible (X.690, 10.1).
    minimal_length: bool,
}

impl<'a> Element<'a> {
    pub(crate) fn content_offset(&self) -> usize {
        self.offset + self.der.len() - self.content.len()
    }

    /// A reader over the value.
    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader::new(self.content, self.content_offset())
    }
}

/// Reads one value after the other from a slice; knows where in the document the slice starts.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset }
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Tag of the next value, if there is one.
    pub(crate) fn peek_tag(&self) -> Option<u8> {
        self.bytes.first().copied()
    }

    /// The next value, whatever its tag.
    pub(crate) fn element(&mut self) -> Result<Element<'a>, DerError> {
        let start = self.offset;
        let truncated = DerError::new(start, DerErrorKind::Truncated);
        let (&tag, rest) = self.bytes.split_first().ok_or(truncated)?;
        if tag & 0x1f == 0x1f {
            return Err(DerError::new(start, DerErrorKind::HighTagNumber));
        }
        let (&first, rest) = rest.split_first().ok_or(truncated)?;
        let (length, rest, minimal_length) = match first {
            0..=0x7f => (usize::from(first), rest, true),
            0x80 => return Err(DerError::new(start + 1, DerErrorKind::IndefiniteLength)),
            _ => {
                let count = usize::from(first & 0x7f);
                if count > 4 {
                    return Err(DerError::new(start + 1, DerErrorKind::LengthTooLong));
                }
                let (octets, rest) = rest.split_at_checked(count).ok_or(truncated)?;
                let length = octets
                    .iter()
                    .fold(0u32, |sum, &octet| sum << 8 | u32::from(octet));
                let minimal = octets.first() != Some(&0) && length > 0x7f;
                let length = usize::try_from(length).map_err(|_| truncated)?;
                (length, rest, minimal)
            }
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(truncated)?;
        let (der, _) = self.bytes.split_at(self.bytes.len() - rest.len());
        self.offset += der.len();
        self.bytes = rest;
        Ok(Element {
            tag,
            der,
            content,
            offset: start,
            minimal_length,
        })
    }

    /// The next value, which must carry `tag`.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, DerError> {
        match self.peek_tag() {
            Some(found) if found != tag => Err(DerError::new(
                self.offset,
                DerErrorKind::UnexpectedTag {
                    expected: tag,
                    found,
                },
            )),
            _ => self.element(),
        }
    }

    /// The next value if it carries `tag`.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, DerError> {
        if self.peek_tag() == Some(tag) {
            self.element().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<(), DerError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(DerError::new(self.offset, DerErrorKind::TrailingBytes))
        }
    }
}

/// The only value of a document: `tag`, nothing after it, not more than `limit` bytes.
pub(crate) fn document(bytes: &[u8], tag: u8, limit: usize) -> Result<Element<'_>, DerError> {
    if bytes.len() > limit {
        return Err(DerError::new(limit, DerErrorKind::TooLarge { limit }));
    }
    let mut reader = Reader::new(bytes, 0);
    let element = reader.expect(tag)?;
    reader.finish()?;
    Ok(element)
}

/// A `BIT STRING`: content octets, and how many bits of the last one do not count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct BitString<'a> {
    pub(crate) unused_bits: u8,
    pub(crate) octets: &'a [u8],
}

impl<'a> BitString<'a> {
    pub(crate) fn from_element(element: &Element<'a>) -> Result<Self, DerError> {
        let invalid = DerError::invalid(element.content_offset(), "BIT STRING");
        let (&unused_bits, octets) = element.content.split_first().ok_or(invalid)?;
        if unused_bits > 7 || (unused_bits > 0 && octets.is_empty()) {
            return Err(invalid);
        }
        Ok(Self {
            unused_bits,
            octets,
        })
    }
}

/// Whether the content of an `INTEGER` has no superfluous leading octet (X.690, 8.3.2).
pub(crate) fn is_minimal_integer(content: &[u8]) -> bool {
    match content {
        [] => false,
        [0x00, second, ..] => *second >= 0x80,
        [0xff, second, ..] => *second < 0x80,
        _ => true,
    }
}

/// An encoding that says the same as DER in other octets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deviation {
    /// Where, from the first byte of the document.
    pub offset: usize,
    /// In what way.
    pub kind: DeviationKind,
}

/// In what way an encoding is not DER.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DeviationKind {
    /// A length in more octets than needed (X.690, 10.1).
    NonMinimalLength,
    /// A `BOOLEAN` TRUE other than 0xFF (X.690, 11.1).
    BooleanValue(u8),
    /// An `INTEGER` with a superfluous leading octet (X.690, 8.3.2).
    NonMinimalInteger,
    /// Unused bits of a `BIT STRING` that are not zero (X.690, 11.2.1).
    UnusedBits,
    /// Elements of a `SET OF` in another order than ascending (X.690, 11.6).
    SetOrder,
    /// A string in constructed form (X.690, 10.2).
    ConstructedString,
    /// A value written out although it is the default (X.690, 11.5).
    ExplicitDefault,
}

impl fmt::Display for DeviationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NonMinimalLength => f.write_str("length is not in the shortest form"),
            Self::BooleanValue(value) => write!(f, "BOOLEAN TRUE is 0x{value:02x} instead of 0xff"),
            Self::NonMinimalInteger => f.write_str("INTEGER has a superfluous leading octet"),
            Self::UnusedBits => f.write_str("unused bits of a BIT STRING are not zero"),
            Self::SetOrder => f.write_str("elements of a SET OF are not in ascending order"),
            Self::ConstructedString => f.write_str("string in constructed form"),
            Self::ExplicitDefault => f.write_str("default value is written out"),
        }
    }
}

/// Every place where `bytes` (one or more whole values, starting at `offset` of the document) are readable but not
/// DER, at most 32 of them. Does not look into `OCTET STRING`s: what is inside is the caller's knowledge.
pub(crate) fn deviations(bytes: &[u8], offset: usize) -> Vec<Deviation> {
    let mut found = Vec::new();
    // A structure that cannot be read has been refused before anyone asks how it deviates.
    let _ = walk(Reader::new(bytes, offset), 0, &mut found);
    found.truncate(MAX_DEVIATIONS);
    found
}

fn walk(mut reader: Reader<'_>, depth: usize, found: &mut Vec<Deviation>) -> Result<(), DerError> {
    while !reader.is_empty() && found.len() < MAX_DEVIATIONS {
        let element = reader.element()?;
        let mut note = |kind| {
            found.push(Deviation {
                offset: element.offset,
                kind,
            })
        };
        if !element.minimal_length {
            note(DeviationKind::NonMinimalLength);
        }
        match (element.tag, element.content) {
            (BOOLEAN, [value]) if !matches!(value, 0 | 0xff) => {
                note(DeviationKind::BooleanValue(*value))
            }
            (INTEGER, content) if !is_minimal_integer(content) => {
                note(DeviationKind::NonMinimalInteger)
            }
            (BIT_STRING, [unused @ 1..=7, .., last]) if last & ((1 << unused) - 1) != 0 => {
                note(DeviationKind::UnusedBits);
            }
            (SET, _) if !is_ascending(element.reader()) => note(DeviationKind::SetOrder),
            // Universal string types 3, 4, 12, 18 to 22 and 26 to 30 with the constructed bit.
            (0x23 | 0x24 | 0x2c | 0x32..=0x36 | 0x3a..=0x3e, _) => {
                note(DeviationKind::ConstructedString)
            }
            _ => {}
        }
        if element.tag & 0x20 != 0 && depth < MAX_DEPTH {
            walk(element.reader(), depth + 1, found)?;
        }
    }
    Ok(())
}

fn is_ascending(mut reader: Reader<'_>) -> bool {
    let mut previous: &[u8] = &[];
    while let Ok(element) = reader.element() {
        if element.der < previous {
            return false;
        }
        previous = element.der;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(bytes: &[u8]) -> DerError {
        document(bytes, SEQUENCE, 1024).expect_err("must be refused")
    }

    #[test]
    fn long_form_lengths_are_read_and_reported() {
        let bytes = [0x30, 0x82, 0x00, 0x03, 0x01, 0x01, 0x01];
        assert_eq!(
            document(&bytes, SEQUENCE, 1024).map(|e| e.content),
            Ok(&bytes[4..])
        );
        let kinds: Vec<_> = deviations(&bytes, 0)
            .iter()
            .map(|d| (d.offset, d.kind))
            .collect();
        assert_eq!(
            kinds,
            [
                (0, DeviationKind::NonMinimalLength),
                (4, DeviationKind::BooleanValue(1))
            ]
        );
    }

    #[test]
    fn what_is_ambiguous_is_refused_with_its_offset() {
        assert_eq!(
            error(&[0x30, 0x80, 0x00, 0x00]),
            DerError::new(1, DerErrorKind::IndefiniteLength)
        );
        assert_eq!(
            error(&[0x30, 0x85, 0, 0, 0, 0, 0]),
            DerError::new(1, DerErrorKind::LengthTooLong)
        );
        assert_eq!(
            error(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
            DerError::new(0, DerErrorKind::Truncated)
        );
        assert_eq!(
            error(&[0x30, 0x00, 0x00]),
            DerError::new(2, DerErrorKind::TrailingBytes)
        );
        assert_eq!(error(&[]), DerError::new(0, DerErrorKind::Truncated));
        assert_eq!(
            error(&[0x31, 0x00]),
            DerError::new(
                0,
                DerErrorKind::UnexpectedTag {
                    expected: 0x30,
                    found: 0x31
                }
            )
        );
        let high = Reader::new(&[0x3f, 0x81, 0x00], 7).element().map(|e| e.tag);
        assert_eq!(high, Err(DerError::new(7, DerErrorKind::HighTagNumber)));
        assert_eq!(
            document(&[0; 9], SEQUENCE, 8).map(|e| e.tag),
            Err(DerError::new(8, DerErrorKind::TooLarge { limit: 8 }))
        );
    }

    #[test]
    fn deep_nesting_does_not_exhaust_the_stack() {
        // Each level wraps the one before it in a SEQUENCE of minimal length.
        let mut bytes = vec![0x05, 0x00];
        for _ in 0..5_000 {
            let mut outer = vec![SEQUENCE, 0x83];
            outer.extend(&u32::try_from(bytes.len()).unwrap().to_be_bytes()[1..]);
            outer.extend(bytes);
            bytes = outer;
        }
        assert!(deviations(&bytes, 0).len() <= MAX_DEVIATIONS);
    }
}
