//! The ledger as lines of JSON, for auditors: entries in order, checkpoints, and the newest entry at the end.
//!
//! Hashes and requests are hexadecimal, times RFC 3339. Each line is an object with one member: `entry`, `checkpoint`
//! or `head`.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::store::{Hash, LedgerCheckpoint, LedgerDraft, LedgerHead, LedgerRow, SignaturePurpose};

/// One line.
#[derive(Clone, Debug)]
pub enum ExportLine {
    /// An entry.
    Entry(LedgerRow),
    /// A checkpoint.
    Checkpoint(LedgerCheckpoint),
    /// The newest entry as the store remembered it when the export was made.
    Head(LedgerHead),
}

impl ExportLine {
    /// Writes the line, without its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let line = match self {
            Self::Entry(row) => Line::Entry(Entry {
                sequence: row.sequence,
                previous: Hex(row.previous.0),
                hash: Hex(row.hash.0),
                at: row.entry.at,
                tenant: row.entry.tenant.clone(),
                purpose: row.entry.purpose.into(),
                key: Hex(row.entry.key.0),
                to_be_signed: Hex(row.entry.to_be_signed.0),
                request: Hex(row.entry.request),
            }),
            Self::Checkpoint(checkpoint) => Line::Checkpoint(Checkpoint {
                sequence: checkpoint.head.sequence,
                hash: Hex(checkpoint.head.hash.0),
                at: checkpoint.at,
                token: checkpoint.token.clone(),
            }),
            Self::Head(head) => Line::Head(Head {
                sequence: head.sequence,
                hash: Hex(head.hash.0),
            }),
        };
        serde_json::to_string(&line).unwrap_or_default()
    }

    /// Reads a line.
    ///
    /// # Errors
    /// [`InvalidExportLine`] for anything that [`to_json`](Self::to_json) does not write, other members included.
    pub fn parse(line: &str) -> Result<Self, InvalidExportLine> {
        Ok(match serde_json::from_str(line)? {
            Line::Entry(entry) => Self::Entry(LedgerRow {
                sequence: entry.sequence,
                previous: Hash(entry.previous.0),
                hash: Hash(entry.hash.0),
                entry: LedgerDraft {
                    at: entry.at,
                    tenant: entry.tenant,
                    purpose: entry.purpose.into(),
                    key: Hash(entry.key.0),
                    to_be_signed: Hash(entry.to_be_signed.0),
                    request: entry.request.0,
                },
            }),
            Line::Checkpoint(checkpoint) => Self::Checkpoint(LedgerCheckpoint {
                head: LedgerHead {
                    sequence: checkpoint.sequence,
                    hash: Hash(checkpoint.hash.0),
                },
                at: checkpoint.at,
                token: checkpoint.token,
            }),
            Line::Head(head) => Self::Head(LedgerHead {
                sequence: head.sequence,
                hash: Hash(head.hash.0),
            }),
        })
    }
}

/// Why a line is not one of an export.
#[derive(Debug, thiserror::Error)]
#[error("not a line of a ledger export")]
pub struct InvalidExportLine(#[from] serde_json::Error);

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Entry(Entry),
    Checkpoint(Checkpoint),
    Head(Head),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    sequence: u64,
    previous: Hex<32>,
    hash: Hex<32>,
    #[serde(with = "rfc3339")]
    at: OffsetDateTime,
    tenant: String,
    purpose: Purpose,
    key: Hex<32>,
    to_be_signed: Hex<32>,
    request: Hex<16>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Checkpoint {
    sequence: u64,
    hash: Hex<32>,
    #[serde(with = "rfc3339")]
    at: OffsetDateTime,
    token: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Head {
    sequence: u64,
    hash: Hex<32>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Purpose {
    Mso,
    StatusList,
    Crl,
    Checkpoint,
}

impl From<SignaturePurpose> for Purpose {
    fn from(purpose: SignaturePurpose) -> Self {
        match purpose {
            SignaturePurpose::Mso => Self::Mso,
            SignaturePurpose::StatusList => Self::StatusList,
            SignaturePurpose::Crl => Self::Crl,
            SignaturePurpose::Checkpoint => Self::Checkpoint,
        }
    }
}

impl From<Purpose> for SignaturePurpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Mso => Self::Mso,
            Purpose::StatusList => Self::StatusList,
            Purpose::Crl => Self::Crl,
            Purpose::Checkpoint => Self::Checkpoint,
        }
    }
}

/// Bytes as hexadecimal, of this length and no other.
#[derive(Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct Hex<const N: usize>([u8; N]);

// What `into` asks for.
impl<const N: usize> Clone for Hex<N> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<const N: usize> From<Hex<N>> for String {
    fn from(bytes: Hex<N>) -> Self {
        hex::encode(bytes.0)
    }
}

impl<const N: usize> TryFrom<String> for Hex<N> {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; N];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer, de, ser};
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    pub(super) fn serialize<S: Serializer>(
        at: &OffsetDateTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = at.format(&Rfc3339).map_err(ser::Error::custom)?;
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<OffsetDateTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        OffsetDateTime::parse(&text, &Rfc3339).map_err(de::Error::custom)
    }
}
