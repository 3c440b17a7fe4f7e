//! The files of `testvectors/`, whose JSON schema stands beside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64ct::{Base64 as Encoding, Encoding as _};
use mdl_mdoc::tdate::{TDate, format_tdate};
use mdl_reader::Policy;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

/// One file: the tests of one layer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VectorFile {
    /// Where the tests come from.
    pub(crate) source: String,
    /// Clauses that the tests are about.
    pub(crate) clause: String,
    /// What each flag means, and what accepting such a document would lead to.
    pub(crate) notes: BTreeMap<String, String>,
    pub(crate) tests: Vec<Test>,
}

/// One test: an input, the conditions to verify it under, and what must come out.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Test {
    /// Unique in the folder, and stable.
    pub(crate) id: String,
    pub(crate) comment: String,
    /// Keys into the notes of the file.
    pub(crate) flags: Vec<String>,
    /// The time to verify at.
    #[serde(with = "rfc3339")]
    pub(crate) at: OffsetDateTime,
    pub(crate) policy: PolicyName,
    pub(crate) kind: InputKind,
    pub(crate) input: Base64,
    /// The trust anchors.
    pub(crate) iaca: Vec<Anchor>,
    /// CRLs in DER.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) crls: Vec<Base64>,
    /// Status tokens, CWT or JWT.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) status_tokens: Vec<Base64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) require_revocation: bool,
    /// `SessionTranscript` as an array; without it only issuer data authentication is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session_transcript: Option<Base64>,
    /// EReaderKey.Priv as PKCS#8 in DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reader_key: Option<Base64>,
    /// The document type that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) doc_type: Option<String>,
    pub(crate) result: Expected,
    /// Ids of the checks that must fail: these and no others.
    pub(crate) checks: Vec<String>,
    /// Ids of the checks that must give a warning: these and no others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

/// A trust anchor.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Anchor {
    /// The IACA certificate in DER.
    pub(crate) certificate: Base64,
    /// The document types it is trusted for; without it every type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) doc_types: Option<Vec<String>>,
    /// The country of document signers it is trusted for; without it any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<String>,
    /// The state or province of document signers it is trusted for; without it any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
}

/// What the input is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum InputKind {
    DeviceResponse,
    IssuerSigned,
}

/// What must come out.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Expected {
    Valid,
    Invalid,
}

impl Expected {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
        }
    }
}

/// A [`Policy`] by its name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PolicyName {
    Strict,
    Iso,
    Interop,
}

impl From<PolicyName> for Policy {
    fn from(name: PolicyName) -> Self {
        match name {
            PolicyName::Strict => Self::Strict,
            PolicyName::Iso => Self::Iso,
            PolicyName::Interop => Self::Interop,
        }
    }
}

/// Bytes that are base64 in the file (RFC 4648, 4).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Base64(pub(crate) Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Encoding::encode_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Encoding::decode_vec(&text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

mod rfc3339 {
    use super::*;

    pub(super) fn serialize<S: Serializer>(
        at: &OffsetDateTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_tdate(*at))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<OffsetDateTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = TDate::parse(&text).map(|tdate| tdate.time);
        parsed.ok_or_else(|| serde::de::Error::custom("not an RFC 3339 date-time"))
    }
}

/// Why vector files cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum VectorFileError {
    #[error("{}: cannot be read or written", path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}: not a vector file", path.display())]
    Json {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("{}: no vector files in this folder; expected *.json beside schema.json", path.display())]
    NoFiles { path: PathBuf },
}

impl VectorFile {
    /// Reads every vector file of a folder, in the order of their names.
    ///
    /// # Errors
    /// [`VectorFileError`].
    pub(crate) fn read_all(folder: &Path) -> Result<Vec<(String, Self)>, VectorFileError> {
        let io = |source| VectorFileError::Io {
            path: folder.to_owned(),
            source,
        };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let is_json = path
                .extension()
                .is_some_and(|extension| extension == "json");
            if is_json && path.file_stem().is_some_and(|stem| stem != "schema") {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            return Err(VectorFileError::NoFiles {
                path: folder.to_owned(),
            });
        }
        paths.sort();
        paths
            .into_iter()
            .map(|path| Ok((name_of(&path), Self::read(&path)?)))
            .collect()
    }

    fn read(path: &Path) -> Result<Self, VectorFileError> {
        let io = |source| VectorFileError::Io {
            path: path.to_owned(),
            source,
        };
        let text = std::fs::read_to_string(path).map_err(io)?;
        let json = |source| VectorFileError::Json {
            path: path.to_owned(),
            source,
        };
        serde_json::from_str(&text).map_err(json)
    }

    /// The text of the file.
    pub(crate) fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        let mut text = text.expect("strings, lists and maps with string keys are JSON");
        text.push('\n');
        text
    }
}

fn name_of(path: &Path) -> String {
    path.file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}
