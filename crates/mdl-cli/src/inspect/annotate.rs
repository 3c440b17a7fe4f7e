//! CBOR as a tree with byte offsets, names and hashes, over the received bytes.
//!
//! Embedded CBOR is followed where the structure says that there is some: in tag 24, in protected headers and in the
//! payload of `issuerAuth`. The limits of the decoder bound the tree.

use mdl_crypto::HashAlgorithm;
use mdl_iaca::certificate::CertificateView;
use mdl_mdoc::cbor::{Checker, DecodeError, Limits, MajorType, Reader, Value};
use mdl_mdoc::tdate::format_tdate;
use time::OffsetDateTime;

use super::names::Structure;

/// One data item.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it starts in the outermost input, in bytes.
    pub(crate) offset: usize,
    /// What the standard calls it, and what can be said about it.
    pub(crate) notes: Vec<String>,
    pub(crate) content: Content,
}

/// What a data item holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// In diagnostic notation.
    Scalar(String),
    /// A byte string that is nothing but bytes.
    Bytes(Vec<u8>),
    Array(Vec<Node>),
    /// Keys in diagnostic notation.
    Map(Vec<(String, Node)>),
    Tag(u64, Box<Node>),
    /// A byte string that holds CBOR.
    Embedded(Box<Node>),
}

/// Reads `content` as one data item.
///
/// # Errors
/// Not acceptable CBOR, with the offset.
pub(crate) fn annotate(content: &[u8]) -> Result<Node, DecodeError> {
    let checker = Checker::new(content, &Limits::DEFAULT)?;
    let mut walk = Walk { checker };
    let reader = Reader::new(content, 0);
    let structure = if is_sign1(reader.clone()).unwrap_or_default() {
        Structure::CoseSign1
    } else {
        Structure::Other
    };
    walk.item(&mut reader.clone(), structure, 0)
}

struct Walk<'a> {
    checker: Checker<'a>,
}

impl<'a> Walk<'a> {
    fn item(
        &mut self,
        reader: &mut Reader<'a>,
        structure: Structure,
        levels: u8,
    ) -> Result<Node, DecodeError> {
        let offset = reader.offset();
        let mut notes: Vec<String> = structure
            .name()
            .map(ToOwned::to_owned)
            .into_iter()
            .collect();
        let content = match reader.peek()? {
            MajorType::Array => self.array(reader, structure, levels)?,
            MajorType::Map => self.map(reader, structure, levels, &mut notes)?,
            MajorType::Tag => self.tag(reader, structure, levels, &mut notes)?,
            MajorType::Bytes => {
                let bytes = reader.bytes("")?;
                self.bytes(bytes, structure, levels, &mut notes)
            }
            _ => Content::Scalar(scalar(&reader.value()?)),
        };
        Ok(Node {
            offset,
            notes,
            content,
        })
    }

    fn array(
        &mut self,
        reader: &mut Reader<'a>,
        structure: Structure,
        levels: u8,
    ) -> Result<Content, DecodeError> {
        let mut items = Vec::new();
        let mut entries = reader.array("")?;
        while reader.has_entry(&mut entries) {
            let index = items.len();
            let mut item = self.item(reader, structure.of_item(index), levels + 1)?;
            item.notes
                .extend(structure.item_name(index).map(ToOwned::to_owned));
            item.notes.dedup();
            items.push(item);
        }
        Ok(Content::Array(items))
    }

    fn map(
        &mut self,
        reader: &mut Reader<'a>,
        structure: Structure,
        levels: u8,
        notes: &mut Vec<String>,
    ) -> Result<Content, DecodeError> {
        let structure = match structure {
            Structure::Other | Structure::Payload => outermost(reader.clone()).unwrap_or_default(),
            known => known,
        };
        if matches!(structure, Structure::Vical | Structure::StatusClaims) {
            // Its own name says more than that it is a payload.
            notes.clear();
        }
        if notes.is_empty() {
            notes.extend(structure.name().map(ToOwned::to_owned));
        }
        let mut members = Vec::new();
        let mut entries = reader.map("")?;
        while reader.has_entry(&mut entries) {
            let key = reader.value()?;
            let (shown, value_structure, label) = match &key {
                Value::Text(name) => (scalar(&key), structure.of_member(name), None),
                Value::Unsigned(_) | Value::Negative(_) => {
                    let label = integer(&key);
                    let name = label.and_then(|label| structure.label_name(label));
                    let shown = match name {
                        Some(name) => format!("{} /{name}/", scalar(&key)),
                        None => scalar(&key),
                    };
                    let value_structure =
                        label.map_or(Structure::Other, |label| structure.of_label(label));
                    (shown, value_structure, label)
                }
                _ => (scalar(&key), Structure::Other, None),
            };
            let number = reader.clone().integer("").ok();
            let mut value = self.item(reader, value_structure, levels + 1)?;
            if let (Some(label), Some(number)) = (label, number) {
                value
                    .notes
                    .extend(structure.value_name(label, number).map(ToOwned::to_owned));
                value.notes.extend(
                    structure
                        .is_time(label)
                        .then(|| time_note(number))
                        .flatten(),
                );
            }
            members.push((shown, value));
        }
        Ok(Content::Map(members))
    }

    fn tag(
        &mut self,
        reader: &mut Reader<'a>,
        structure: Structure,
        levels: u8,
        notes: &mut Vec<String>,
    ) -> Result<Content, DecodeError> {
        let encoded = reader.clone().raw()?;
        if let Ok((content, _)) = reader.clone().encoded_cbor("")
            && let Some(embedded) = self.embedded(content, structure.embedded(), levels + 1)
        {
            reader.skip()?;
            if structure == Structure::IssuerSignedItem {
                notes.clear();
                notes.push("IssuerSignedItemBytes".to_owned());
                let digest = HashAlgorithm::Sha256.digest(encoded.bytes);
                notes.push(format!("SHA-256 {}", hex::encode(digest.as_bytes())));
            } else {
                notes.clear();
            }
            let inner = Node {
                offset: self.checker.offset_of(content),
                notes: Vec::new(),
                content: Content::Embedded(Box::new(embedded)),
            };
            return Ok(Content::Tag(24, Box::new(inner)));
        }
        let mut content = reader.clone();
        let Value::Tag(number, _) = reader.value()? else {
            return Ok(Content::Scalar(String::new()));
        };
        content.skip_tag(number);
        let inner = self.item(&mut content, structure, levels + 1)?;
        notes.clear();
        Ok(Content::Tag(number, Box::new(inner)))
    }

    fn bytes(
        &mut self,
        bytes: &'a [u8],
        structure: Structure,
        levels: u8,
        notes: &mut Vec<String>,
    ) -> Content {
        if structure.is_bare_cbor()
            && let Some(embedded) = self.embedded(bytes, structure, levels + 1)
        {
            return Content::Embedded(Box::new(embedded));
        }
        if structure == Structure::X5chain {
            notes.extend(certificate_notes(bytes));
        } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            notes.push("JPEG".to_owned());
        }
        Content::Bytes(bytes.to_vec())
    }

    /// The content of a byte string, if it is CBOR within the limits.
    fn embedded(&mut self, content: &'a [u8], structure: Structure, levels: u8) -> Option<Node> {
        self.checker.check_embedded(content, levels).ok()?;
        let mut reader = Reader::new(content, self.checker.offset_of(content));
        self.item(&mut reader, structure, levels).ok()
    }
}

/// Whether an outermost item has the shape of a `COSE_Sign1`, tagged or not: a VICAL, a status token, or an
/// `issuerAuth` by itself.
fn is_sign1(mut reader: Reader<'_>) -> Result<bool, DecodeError> {
    reader.skip_tag(18);
    let mut kinds = Vec::new();
    let mut entries = reader.array("")?;
    while kinds.len() < 5 && reader.has_entry(&mut entries) {
        kinds.push(reader.peek()?);
        reader.skip()?;
    }
    use MajorType::{Bytes, Map};
    Ok(kinds == [Bytes, Map, Bytes, Bytes])
}

/// The structure of a map that nothing led to, by its members.
fn outermost(mut reader: Reader<'_>) -> Option<Structure> {
    let mut entries = reader.map("").ok()?;
    while reader.has_entry(&mut entries) {
        let found = match reader.peek().ok()? {
            MajorType::Text => Structure::with_member(reader.text("").ok()?),
            MajorType::Unsigned => Structure::with_label(reader.integer("").ok()?),
            _ => {
                reader.skip().ok()?;
                None
            }
        };
        if found.is_some() {
            return found;
        }
        reader.skip().ok()?;
    }
    None
}

/// A `NumericDate` for people.
fn time_note(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .map(format_tdate)
}

fn certificate_notes(der: &[u8]) -> Vec<String> {
    match CertificateView::from_der(der) {
        Ok(certificate) => vec![
            format!("certificate {}", certificate.subject()),
            format!("SHA-256 {}", hex::encode(certificate.fingerprint())),
        ],
        Err(error) => vec![format!("not a certificate: {error}")],
    }
}

fn integer(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Unsigned(number) => i64::try_from(*number).ok(),
        Value::Negative(number) => i64::try_from(*number).ok().map(|number| -1 - number),
        _ => None,
    }
}

/// Diagnostic notation (RFC 8949, 8) of what has no items of its own; of anything else, as a map key, its kind.
fn scalar(value: &Value<'_>) -> String {
    match value {
        Value::Unsigned(number) => number.to_string(),
        Value::Negative(number) => (-1 - i128::from(*number)).to_string(),
        Value::Bytes(bytes) => format!("h'{}'", hex::encode(bytes)),
        Value::Text(text) => serde_json::Value::from(*text).to_string(),
        Value::Bool(boolean) => boolean.to_string(),
        Value::Null => "null".to_owned(),
        Value::Undefined => "undefined".to_owned(),
        Value::Simple(number) => format!("simple({number})"),
        Value::Float(float) if float.is_nan() => "NaN".to_owned(),
        Value::Float(float) if float.is_infinite() => {
            if *float > 0.0 {
                "Infinity".to_owned()
            } else {
                "-Infinity".to_owned()
            }
        }
        Value::Float(float) => format!("{float:?}"),
        other => format!("/{}/", other.kind()),
    }
}
