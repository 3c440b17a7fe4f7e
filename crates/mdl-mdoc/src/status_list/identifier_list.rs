//! Identifier list: names what is revoked, and only that. ISO/IEC 18013-5 second edition, 12.3.6 and Annex B.

use std::collections::BTreeSet;

use crate::cbor::{DecodeError, DecodeErrorKind, Reader, Writer};

/// The identifiers of all revoked documents of a list. An identifier that is absent is not revoked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IdentifierList {
    /// `identifiers`.
    pub identifiers: BTreeSet<Vec<u8>>,
    /// `aggregation_uri`: where all lists of the issuer are named. Not followed by anything here.
    pub aggregation_uri: Option<String>,
}

impl IdentifierList {
    /// Whether the document with this identifier is revoked.
    pub fn contains(&self, identifier: &[u8]) -> bool {
        self.identifiers.contains(identifier)
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.map(if self.aggregation_uri.is_some() { 2 } else { 1 });
        writer.text("identifiers").map(self.identifiers.len());
        for identifier in &self.identifiers {
            // The value is a map without members, room for extensions.
            writer.bytes(identifier).map(0);
        }
        if let Some(uri) = &self.aggregation_uri {
            writer.text("aggregation_uri").text(uri);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let (mut identifiers, mut aggregation_uri) = (None, None);
        let mut entries = reader.map("identifier_list")?;
        while reader.has_entry(&mut entries) {
            match reader.text("member of identifier_list")? {
                "identifiers" => identifiers = Some(read_identifiers(reader)?),
                "aggregation_uri" => {
                    aggregation_uri = Some(reader.text("aggregation_uri")?.to_owned());
                }
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            identifiers: identifiers.ok_or_else(|| {
                start.error(DecodeErrorKind::Missing {
                    member: "identifiers",
                })
            })?,
            aggregation_uri,
        })
    }
}

fn read_identifiers(reader: &mut Reader<'_>) -> Result<BTreeSet<Vec<u8>>, DecodeError> {
    let mut identifiers = BTreeSet::new();
    let mut entries = reader.map("identifiers")?;
    while reader.has_entry(&mut entries) {
        identifiers.insert(reader.bytes("identifier")?.to_vec());
        let mut members = reader.map("value of identifiers")?;
        while reader.has_entry(&mut members) {
            reader.skip()?;
            reader.skip()?;
        }
    }
    Ok(identifiers)
}
