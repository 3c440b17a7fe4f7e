//! The list as a token carries it. draft-ietf-oauth-status-list, 4.2 (JSON) and 4.3 (CBOR).

use super::packed::place;
use super::{InvalidZlib, StatusBits, StatusList, zlib};
use crate::cbor::{DecodeError, DecodeErrorKind, Reader, Writer};

/// A compressed list, with what a token says beside it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CompressedStatusList {
    /// `bits` of an entry.
    pub bits: StatusBits,
    /// `lst`: the packed entries in ZLIB framing, as received.
    pub lst: Vec<u8>,
    /// `aggregation_uri`: where all lists of the issuer are named. Not followed by anything here.
    pub aggregation_uri: Option<String>,
}

impl CompressedStatusList {
    /// The list, if it inflates to at most `max_bytes`.
    ///
    /// # Errors
    /// See [`InvalidZlib`].
    pub fn decompress(&self, max_bytes: usize) -> Result<StatusList, InvalidZlib> {
        let mut packed = Vec::new();
        zlib::inflate(&self.lst, max_bytes, |_, piece| {
            packed.extend_from_slice(piece);
        })?;
        Ok(StatusList::from_packed(self.bits, packed))
    }

    /// One entry, `None` beyond the end; the whole list is inflated and its checksum verified, but never kept.
    ///
    /// # Errors
    /// See [`InvalidZlib`].
    pub fn look_up(&self, idx: u64, max_bytes: usize) -> Result<Option<u8>, InvalidZlib> {
        let (place, shift) = place(self.bits, idx);
        let mut found = None;
        zlib::inflate(&self.lst, max_bytes, |start, piece| {
            let within = place.checked_sub(start as u64);
            let byte = within.and_then(|within| piece.get(usize::try_from(within).ok()?));
            found = byte.copied().or(found);
        })?;
        Ok(found.map(|byte| (byte >> shift) & self.bits.max_value()))
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.map(if self.aggregation_uri.is_some() { 3 } else { 2 });
        writer
            .text("bits")
            .unsigned(self.bits.get().into())
            .text("lst")
            .bytes(&self.lst);
        if let Some(uri) = &self.aggregation_uri {
            writer.text("aggregation_uri").text(uri);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut bits, mut lst, mut aggregation_uri) = (None, None, None);
        let mut entries = reader.map("status_list")?;
        while reader.has_entry(&mut entries) {
            match reader.text("member of status_list")? {
                "bits" => {
                    let at = reader.clone();
                    let out_of_range = at.error(DecodeErrorKind::OutOfRange {
                        member: "bits",
                        rule: "not 1, 2, 4 or 8",
                    });
                    let value = reader.unsigned("bits")?;
                    bits = Some(StatusBits::try_from(value).map_err(|_| out_of_range)?);
                }
                "lst" => lst = Some(reader.bytes("lst")?.to_vec()),
                "aggregation_uri" => {
                    aggregation_uri = Some(reader.text("aggregation_uri")?.to_owned());
                }
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            bits: bits.ok_or_else(|| missing("bits"))?,
            lst: lst.ok_or_else(|| missing("lst"))?,
            aggregation_uri,
        })
    }
}
