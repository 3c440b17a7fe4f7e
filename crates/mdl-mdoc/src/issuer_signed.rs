//! `IssuerSigned`: the data elements an issuing authority vouches for, and its signature over their digests.
//!
//! ISO/IEC 18013-5, 8.3.2.1.2.2 and 9.1.2. Easy to get wrong: a digest covers `IssuerSignedItemBytes` with its tag 24
//! exactly as received, so an item keeps those bytes and its members are slices of them.

use mdl_crypto::{Digest, HashAlgorithm};

use crate::cbor::{Checker, DecodeError, DecodeErrorKind, Limits, OnePass, RawItem, Reader, Value};
use crate::cose::CoseSign1;

/// Nesting at which embedded items start: a `DeviceResponse` has seven levels around an `IssuerSignedItem`.
pub(crate) const EMBEDDED_LEVEL: u8 = 8;

/// `IssuerSigned` as received.
#[derive(Clone, Debug)]
pub struct IssuerSigned<'a> {
    /// `nameSpaces`: items by name space, in the order received.
    pub name_spaces: Vec<(&'a str, Vec<IssuerSignedItem<'a>>)>,
    /// `issuerAuth`: a `COSE_Sign1` whose payload is `MobileSecurityObjectBytes`.
    pub issuer_auth: CoseSign1<'a>,
    /// `issuerAuth` as received, so that a holder can pass it on unchanged.
    pub issuer_auth_bytes: RawItem<'a>,
}

/// `IssuerSignedItem`: one data element with the salt that hides its digest. `Debug` prints neither value nor salt.
#[derive(Clone, Copy)]
pub struct IssuerSignedItem<'a> {
    /// `IssuerSignedItemBytes`, `#6.24(bstr)`, as received: the input of the digest.
    pub encoded: RawItem<'a>,
    /// `digestID` as received; issuers keep it below 2³¹.
    pub digest_id: u64,
    /// `random`: the salt; issuers make it at least 16 bytes.
    pub random: &'a [u8],
    /// `elementIdentifier`.
    pub element_identifier: &'a str,
    /// `elementValue`.
    pub element_value: ElementValue<'a>,
}

/// The encoded value of a data element. `Debug` does not print it, because it is personal data.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct ElementValue<'a>(RawItem<'a>);

impl<'a> IssuerSigned<'a> {
    /// Reads an `IssuerSigned` that is the whole input of `checker`.
    ///
    /// # Errors
    /// Another structure, or beyond the limits. `nameSpaces` may be absent, but not with an unknown member beside
    /// `issuerAuth`, which may be that very member with its name damaged.
    pub fn decode(input: &'a [u8], checker: &mut Checker<'a>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, checker.offset_of(input));
        let issuer_signed = Self::read(&mut reader, checker)?;
        reader.finish()?;
        Ok(issuer_signed)
    }

    pub(crate) fn read(
        reader: &mut Reader<'a>,
        checker: &mut Checker<'a>,
    ) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let mut name_spaces = None;
        let mut issuer_auth = None;
        let mut has_unknown_member = false;
        let mut entries = reader.map("issuerSigned")?;
        while reader.has_entry(&mut entries) {
            match member_name(reader)? {
                Some(b"nameSpaces") => name_spaces = Some(read_name_spaces(reader, checker)?),
                Some(b"issuerAuth") => {
                    let encoded = reader.clone().raw()?;
                    issuer_auth = Some((CoseSign1::decode(reader, checker)?, encoded));
                }
                _ => {
                    has_unknown_member = true;
                    reader.skip()?;
                }
            }
        }
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (issuer_auth, issuer_auth_bytes) = issuer_auth.ok_or(missing("issuerAuth"))?;
        // Nothing authenticates which elements are returned, so one altered letter of this name would make all of
        // them vanish from a document that still verifies. Without any other member it is meant: nothing is disclosed.
        if name_spaces.is_none() && has_unknown_member {
            return Err(missing("nameSpaces"));
        }
        Ok(Self {
            name_spaces: name_spaces.unwrap_or_default(),
            issuer_auth,
            issuer_auth_bytes,
        })
    }
}

/// `IssuerNameSpaces`: at least one item per name space is the issuer's affair; an empty list discloses nothing.
fn read_name_spaces<'a>(
    reader: &mut Reader<'a>,
    checker: &mut Checker<'a>,
) -> Result<Vec<(&'a str, Vec<IssuerSignedItem<'a>>)>, DecodeError> {
    let mut name_spaces = Vec::new();
    let mut entries = reader.map("nameSpaces")?;
    while reader.has_entry(&mut entries) {
        let name_space = reader.text("name space")?;
        let mut elements = reader.array("IssuerSignedItemBytes list")?;
        let mut items = Vec::with_capacity(elements.capacity());
        while reader.has_entry(&mut elements) {
            items.push(IssuerSignedItem::read(reader, checker)?);
        }
        name_spaces.push((name_space, items));
    }
    Ok(name_spaces)
}

impl<'a> IssuerSignedItem<'a> {
    fn read(reader: &mut Reader<'a>, checker: &mut Checker<'a>) -> Result<Self, DecodeError> {
        let (content, encoded) = reader.encoded_cbor("IssuerSignedItemBytes")?;
        match checker.attempt(|checker| Self::read_plain(content, encoded, checker)) {
            Some(item) => Ok(item),
            None => Self::read_any(content, encoded, checker),
        }
    }

    /// The item in any form, or what is wrong with it.
    fn read_any(
        content: &'a [u8],
        encoded: RawItem<'a>,
        checker: &mut Checker<'a>,
    ) -> Result<Self, DecodeError> {
        checker.check_embedded(content, EMBEDDED_LEVEL)?;
        let mut reader = Reader::new(content, checker.offset_of(content));
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut digest_id, mut random, mut element_identifier, mut element_value) =
            (None, None, None, None);
        let mut entries = reader.map("IssuerSignedItem")?;
        while reader.has_entry(&mut entries) {
            match member_name(&mut reader)? {
                Some(b"digestID") => digest_id = Some(reader.unsigned("digestID")?),
                Some(b"random") => random = Some(reader.bytes("random")?),
                Some(b"elementIdentifier") => {
                    element_identifier = Some(reader.text("elementIdentifier")?)
                }
                Some(b"elementValue") => element_value = Some(ElementValue(reader.raw()?)),
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            encoded,
            digest_id: digest_id.ok_or_else(|| missing("digestID"))?,
            random: random.ok_or_else(|| missing("random"))?,
            element_identifier: element_identifier.ok_or_else(|| missing("elementIdentifier"))?,
            element_value: element_value.ok_or_else(|| missing("elementValue"))?,
        })
    }

    /// The item as nearly every issuer writes it: its four members, in whatever order, and no others.
    #[inline]
    fn read_plain(
        content: &'a [u8],
        encoded: RawItem<'a>,
        checker: &mut Checker<'a>,
    ) -> Option<Self> {
        let (mut digest_id, mut random, mut element_identifier, mut element_value) =
            (None, None, None, None);
        let mut map = OnePass::map(checker, content, EMBEDDED_LEVEL, 4)?;
        for _ in 0..4 {
            if map.key(b"\x68digestID") {
                digest_id = Some(map.unsigned()?);
            } else if map.key(b"\x66random") {
                random = Some(map.bytes()?);
            } else if map.key(b"\x71elementIdentifier") {
                element_identifier = Some(map.text()?);
            } else if map.key(b"\x6celementValue") {
                element_value = Some(ElementValue(map.value()?));
            } else {
                return None;
            }
        }
        map.finish()?;
        // Four entries and all four members there: none came twice.
        Some(Self {
            encoded,
            digest_id: digest_id?,
            random: random?,
            element_identifier: element_identifier?,
            element_value: element_value?,
        })
    }

    /// Digest of `IssuerSignedItemBytes`, tag 24 included: 32, 48 or 64 bytes (9.1.2.5).
    pub fn digest(&self, algorithm: HashAlgorithm) -> Digest {
        algorithm.digest(self.encoded.bytes)
    }
}

impl<'a> ElementValue<'a> {
    pub(crate) fn new(item: RawItem<'a>) -> Self {
        Self(item)
    }

    /// The encoded data item as received.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0.bytes
    }

    /// Where it starts in the outermost input, in bytes.
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// The value as a tree that borrows strings from the input.
    ///
    /// # Errors
    /// Never for a value out of a decoded structure, whose bytes were checked.
    pub fn decode(&self) -> Result<Value<'a>, DecodeError> {
        Reader::new(self.0.bytes, self.0.offset).value()
    }

    /// The text of a text string, also inside tag 0 (`tdate`) or 1004 (`full-date`).
    pub fn as_text(&self) -> Option<&'a str> {
        let mut reader = Reader::new(self.0.bytes, self.0.offset);
        let _ = reader.skip_tag(0) || reader.skip_tag(1004);
        reader.text("").ok()
    }

    /// The content of a byte string.
    pub fn as_byte_string(&self) -> Option<&'a [u8]> {
        Reader::new(self.0.bytes, self.0.offset).bytes("").ok()
    }

    /// A Boolean.
    pub fn as_bool(&self) -> Option<bool> {
        Reader::new(self.0.bytes, self.0.offset).boolean("").ok()
    }
}

impl std::fmt::Debug for IssuerSignedItem<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuerSignedItem")
            .field("digest_id", &self.digest_id)
            .field("element_identifier", &self.element_identifier)
            .field("element_value", &self.element_value)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ElementValue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ElementValue({} bytes)", self.0.bytes.len())
    }
}

/// Decodes an `IssuerSigned` on its own, as an issuer hands it to a wallet.
///
/// # Errors
/// Another structure, or beyond `limits`.
pub fn decode_issuer_signed<'a>(
    input: &'a [u8],
    limits: &Limits,
) -> Result<(IssuerSigned<'a>, Checker<'a>), DecodeError> {
    let mut checker = Checker::new(input, limits)?;
    let issuer_signed = IssuerSigned::decode(input, &mut checker)?;
    Ok((issuer_signed, checker))
}

/// The key of the next map entry if it is text. Keys of other types are RFU and ignored, like unknown names.
#[inline]
pub(crate) fn member_name<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, DecodeError> {
    let name = reader.text_bytes()?;
    if name.is_none() {
        reader.skip()?;
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"digestID": 300, "random": h'00..0f', "elementIdentifier": "sex", "elementValue": 1}` with other values.
    fn item(element_value: &[u8]) -> Vec<u8> {
        let mut item = b"\xa4\x68digestID\x19\x01\x2c\x66random\x50".to_vec();
        item.extend(0..16);
        item.extend(b"\x71elementIdentifier\x63sex\x6celementValue");
        item.extend(element_value);
        item
    }

    /// What an item reads as in one pass, and the long way, with what the checker counted and recorded.
    fn read_both(content: &[u8], limits: &Limits) -> [Option<String>; 2] {
        let encoded = RawItem {
            bytes: content,
            offset: 0,
        };
        let read = |plainly: bool| {
            let mut checker = Checker::new(&[0], limits).unwrap();
            let item = if plainly {
                checker.attempt(|checker| IssuerSignedItem::read_plain(content, encoded, checker))
            } else {
                IssuerSignedItem::read_any(content, encoded, &mut checker).ok()
            };
            item.map(|item| {
                let (random, value) = (item.random, item.element_value.as_bytes());
                format!("{item:?} {random:?} {value:?} {checker:?}")
            })
        };
        [read(true), read(false)]
    }

    #[test]
    fn an_item_in_one_pass_reads_as_the_long_way() {
        let canonical =
            b"\xa4\x66random\x41\x00\x68digestID\x05\x6celementValue\xf5\x71elementIdentifier\x61a";
        let nested = item(b"\x82\xa2\x61b\x01\x61a\x19\x00\x01\xc0\x742020-01-01T00:00:00Z");
        for content in [canonical.as_slice(), &item(&[1]), &nested] {
            let [plain, any] = read_both(content, &Limits::DEFAULT);
            assert!(plain.is_some());
            assert_eq!(plain, any);
        }
    }

    #[test]
    fn nothing_passes_in_one_pass_that_is_refused_the_long_way() {
        let sound = item(b"\x82\x18\x20\xa1\x61a\x62ok");
        let (mut plain_ones, mut refused) = (0, 0);
        for at in 0..sound.len() {
            for byte in 0..=255 {
                let mut content = sound.clone();
                content[at] = byte;
                let [plain, any] = read_both(&content, &Limits::DEFAULT);
                plain_ones += usize::from(plain.is_some());
                refused += usize::from(any.is_none());
                assert!(plain.is_none() || plain == any, "{byte} at {at}");
            }
            let [plain, any] = read_both(&sound[..at], &Limits::DEFAULT);
            assert_eq!((plain, any), (None, None), "cut at {at}");
        }
        assert!(plain_ones > 0 && refused > 0);
    }

    #[test]
    fn limits_hold_in_one_pass() {
        let content = item(b"\x82\x01\x02");
        // The map, four keys, three leaves, and three items of the value; one of the checker's own input.
        let items = |max_items| Limits {
            max_items,
            ..Limits::DEFAULT
        };
        let levels = |max_depth| Limits {
            max_depth,
            ..Limits::DEFAULT
        };
        for (limits, passes) in [
            (items(12), true),
            (items(11), false),
            (levels(EMBEDDED_LEVEL + 2), true),
            (levels(EMBEDDED_LEVEL + 1), false),
            (levels(EMBEDDED_LEVEL), false),
        ] {
            let [plain, any] = read_both(&content, &limits);
            assert_eq!(plain.is_some(), passes, "{limits:?}");
            assert_eq!(plain, any, "{limits:?}");
        }
    }
}
