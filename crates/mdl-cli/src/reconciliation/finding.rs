//! What does not fit together.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::verification_report::rfc3339;

/// More findings of one kind than this are counted only, so that none hides those of another kind.
const MAX_OF_A_KIND: usize = 200;

/// Something that does not fit.
#[derive(Clone, Debug)]
pub(crate) enum Finding {
    /// The key signed, and the ledger has no entry for it anywhere near.
    SignatureWithoutEntry(Signature),
    /// The key signed more often around that time than the ledger says.
    SurplusSignature(Signature),
    /// The ledger has an entry, and no record of the key store is left for it.
    EntryWithoutSignature {
        key: String,
        sequence: u64,
        at: OffsetDateTime,
        /// No signature is in its window at all; otherwise it is one of several entries.
        exact: bool,
    },
    /// Entry and signature are further apart than the tolerance.
    OutsideWindow {
        signature: Signature,
        sequence: u64,
        entry_at: OffsetDateTime,
    },
    /// Somebody signed who is not on the list.
    UnknownPrincipal {
        signature: Signature,
        principal: String,
    },
    /// The ledger has entries of a key that no records were given for.
    KeyWithoutRecords { key: String, entries: u64 },
    /// An event or a line that cannot be read.
    UnreadableRecord {
        file: String,
        number: u64,
        why: String,
    },
    /// A file that cannot be read, or not to its end.
    UnreadableFile { file: String, why: String },
    /// A digest file lists a log file that is not there.
    LogFileMissing { name: String, digest: String },
    /// A log file, or a digest file, is not the one that the digest file lists.
    FileAltered { name: String, digest: String },
    /// No digest file covers this time.
    Gap {
        from: OffsetDateTime,
        until: OffsetDateTime,
    },
    /// Private CA issued a certificate that the authority does not have.
    CertificateUnknown { serial: Vec<u8>, at: OffsetDateTime },
    /// Private CA revoked a certificate that is on no CRL of the authority.
    RevocationUnknown { serial: Vec<u8>, at: OffsetDateTime },
}

/// Which signature, and where it is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    /// What the ledger calls the key.
    pub(crate) key: String,
    pub(crate) at: OffsetDateTime,
    /// The event's identifier.
    pub(crate) event: String,
    pub(crate) file: String,
    /// Its place in the file, from 1.
    pub(crate) number: u32,
}

impl Finding {
    /// A stable name, for programs.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::SignatureWithoutEntry(_) => "signature-without-entry",
            Self::SurplusSignature(_) => "surplus-signature",
            Self::EntryWithoutSignature { .. } => "entry-without-signature",
            Self::OutsideWindow { .. } => "outside-window",
            Self::UnknownPrincipal { .. } => "unknown-principal",
            Self::KeyWithoutRecords { .. } => "key-without-records",
            Self::UnreadableRecord { .. } => "unreadable-record",
            Self::UnreadableFile { .. } => "unreadable-file",
            Self::LogFileMissing { .. } => "log-file-missing",
            Self::FileAltered { .. } => "file-altered",
            Self::Gap { .. } => "gap",
            Self::CertificateUnknown { .. } => "certificate-unknown",
            Self::RevocationUnknown { .. } => "revocation-unknown",
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut json = match self {
            Self::SignatureWithoutEntry(signature) | Self::SurplusSignature(signature) => {
                signature.to_json()
            }
            Self::EntryWithoutSignature {
                key,
                sequence,
                at,
                exact,
            } => json!({ "key": key, "sequence": sequence, "at": rfc3339(*at), "exact": exact }),
            Self::OutsideWindow {
                signature,
                sequence,
                entry_at,
            } => {
                let mut json = signature.to_json();
                json["sequence"] = json!(sequence);
                json["entry_at"] = json!(rfc3339(*entry_at));
                json
            }
            Self::UnknownPrincipal {
                signature,
                principal,
            } => {
                let mut json = signature.to_json();
                json["principal"] = json!(principal);
                json
            }
            Self::KeyWithoutRecords { key, entries } => json!({ "key": key, "entries": entries }),
            Self::UnreadableRecord { file, number, why } => {
                json!({ "file": file, "number": number, "why": why })
            }
            Self::UnreadableFile { file, why } => json!({ "file": file, "why": why }),
            Self::LogFileMissing { name, digest } | Self::FileAltered { name, digest } => {
                json!({ "file": name, "digest": digest })
            }
            Self::Gap { from, until } => {
                json!({ "from": rfc3339(*from), "until": rfc3339(*until) })
            }
            Self::CertificateUnknown { serial, at } | Self::RevocationUnknown { serial, at } => {
                json!({ "serial": hex::encode(serial), "at": rfc3339(*at) })
            }
        };
        json["finding"] = json!(self.code());
        json["text"] = json!(self.to_string());
        json
    }
}

impl Signature {
    fn to_json(&self) -> Value {
        json!({
            "key": self.key,
            "at": rfc3339(self.at),
            "event": self.event,
            "file": self.file,
            "number": self.number,
        })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            event,
            file,
            number,
            ..
        } = self;
        write!(
            f,
            "of {} at {} (event {event}: {file}, {number})",
            short(&self.key),
            rfc3339(self.at)
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignatureWithoutEntry(signature) => {
                write!(f, "no entry for the signature {signature}")
            }
            Self::SurplusSignature(signature) => write!(
                f,
                "one more signature than entries around the one {signature}: it or one beside it"
            ),
            Self::EntryWithoutSignature {
                key,
                sequence,
                at,
                exact,
            } => {
                write!(
                    f,
                    "no signature for entry {sequence} of {} at {}",
                    short(key),
                    rfc3339(*at)
                )?;
                match exact {
                    true => Ok(()),
                    false => f.write_str(", or for one beside it"),
                }
            }
            Self::OutsideWindow {
                signature,
                sequence,
                entry_at,
            } => write!(
                f,
                "entry {sequence} at {} may belong to the signature {signature}, out of time",
                rfc3339(*entry_at)
            ),
            Self::UnknownPrincipal {
                signature,
                principal,
            } => write!(
                f,
                "{principal} is not on the list and made the signature {signature}"
            ),
            Self::KeyWithoutRecords { key, entries } => write!(
                f,
                "{entries} entries of {}, which no --key and no --key-without-records names",
                short(key)
            ),
            Self::UnreadableRecord { file, number, why } => {
                write!(f, "{file}, record {number} cannot be read: {why}")
            }
            Self::UnreadableFile { file, why } => write!(f, "{file} cannot be read: {why}"),
            Self::LogFileMissing { name, digest } => {
                write!(f, "{name} is not there, and {digest} lists it")
            }
            Self::FileAltered { name, digest } => {
                write!(f, "{name} is not what {digest} lists")
            }
            Self::Gap { from, until } => write!(
                f,
                "no digest file covers {} to {}",
                rfc3339(*from),
                rfc3339(*until)
            ),
            Self::CertificateUnknown { serial, at } => write!(
                f,
                "Private CA issued the certificate {} at {}, which is not among those given",
                hex::encode(serial),
                rfc3339(*at)
            ),
            Self::RevocationUnknown { serial, at } => write!(
                f,
                "Private CA revoked the certificate {} at {}, which is on none of the CRLs given",
                hex::encode(serial),
                rfc3339(*at)
            ),
        }
    }
}

/// Enough of a key's hash to find it.
fn short(key: &str) -> &str {
    key.get(..16).unwrap_or(key)
}

/// Findings, the first of each kind and how many there are of it.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    listed: Vec<Finding>,
    counts: BTreeMap<&'static str, u64>,
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.code()).or_default();
        *count += 1;
        if *count <= MAX_OF_A_KIND as u64 {
            self.listed.push(finding);
        }
    }

    pub(crate) fn listed(&self) -> &[Finding] {
        &self.listed
    }

    /// How many there are, by code.
    pub(crate) fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    pub(super) fn count(&self, code: &str) -> u64 {
        self.counts.get(code).copied().unwrap_or_default()
    }
}
