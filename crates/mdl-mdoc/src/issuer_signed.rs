//! `IssuerSigned`: the data elements an issuing authority vouches for, and its signature over their digests.
//!
//! ISO/IEC 18013-5, 8.3.2.1.2.2 and 9.1.2. Easy to get wrong: a digest covers `IssuerSignedItemBytes` with its tag 24
//! exactly as received, so an item keeps those bytes and its members are slices of them.

use mdl_crypto::{Digest, HashAlgorithm};

use crate::cbor::{Checker, DecodeError, DecodeErrorKind, Limits, RawItem, Reader, Value};
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
