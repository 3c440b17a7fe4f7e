use serde::Deserialize;
use time::OffsetDateTime;
use toml::value::Datetime;

use crate::failure::{Failure, Result};
use crate::input::parse_time;

/// What is done, one thing after the other.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(super) enum Step {
    Key(KeyStep),
    Root(RootStep),
    Link(LinkStep),
    DocumentSigner(DocumentSignerStep),
    Crl(CrlStep),
}

/// A key is made in its key store.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyStep {
    pub(super) name: String,
    pub(super) key: String,
}

/// A root signs itself (Table B.1).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RootStep {
    pub(super) name: String,
    pub(super) key: String,
    /// The authority's folder, where the certificate goes.
    pub(super) folder: String,
    /// Which of the authority's roots it is, counted from 1.
    #[serde(default = "first")]
    pub(super) number: u32,
    pub(super) country: String,
    pub(super) state: Option<String>,
    pub(super) organization: Option<String>,
    pub(super) common_name: String,
    pub(super) contact: String,
    pub(super) crl_url: String,
    pub(super) not_before: Datetime,
    pub(super) validity_days: u32,
    pub(super) serial: Option<String>,
}

/// An old root vouches for a new one (Table B.2).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkStep {
    pub(super) name: String,
    pub(super) old: String,
    pub(super) new: String,
    pub(super) crl_url: String,
    pub(super) not_before: Datetime,
    pub(super) validity_days: u32,
    pub(super) serial: Option<String>,
}

/// A root certifies a document signer (Table B.3). The name of the step is the name of the signer's folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentSignerStep {
    pub(super) name: String,
    pub(super) issuer: String,
    /// A key of the ceremony,
    pub(super) key: Option<String>,
    pub(super) common_name: Option<String>,
    /// or the request (PEM) of a key that is elsewhere.
    pub(super) request: Option<String>,
    pub(super) contact: Option<String>,
    pub(super) crl_url: String,
    pub(super) not_before: Datetime,
    pub(super) validity_days: u32,
    pub(super) longest_mso_life_days: u32,
    pub(super) serial: Option<String>,
}

/// A root signs its list of revoked certificates (Table B.10).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CrlStep {
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) number: u64,
    pub(super) this_update: Datetime,
    pub(super) next_update_days: u32,
    /// The list before this one, whose entries are carried over.
    pub(super) previous: Option<PreviousCrl>,
    #[serde(default)]
    pub(super) revoke: Vec<RevokedEntry>,
    /// Serial numbers that leave the list because their certificates have expired.
    #[serde(default)]
    pub(super) expired: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviousCrl {
    pub(super) file: String,
    pub(super) sha256: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokedEntry {
    pub(super) serial: String,
    pub(super) at: Datetime,
}

impl Step {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Key(step) => &step.name,
            Self::Root(step) => &step.name,
            Self::Link(step) => &step.name,
            Self::DocumentSigner(step) => &step.name,
            Self::Crl(step) => &step.name,
        }
    }

    /// The key of the ceremony that the step is about, apart from those of issuers.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::Key(step) => Some(&step.key),
            Self::Root(step) => Some(&step.key),
            Self::DocumentSigner(step) => step.key.as_deref(),
            Self::Link(_) | Self::Crl(_) => None,
        }
    }

    /// The issuers that the step speaks of.
    pub(super) fn issuers(&self) -> Vec<&str> {
        match self {
            Self::Key(_) | Self::Root(_) => Vec::new(),
            Self::Link(step) => vec![&step.old, &step.new],
            Self::DocumentSigner(step) => vec![&step.issuer],
            Self::Crl(step) => vec![&step.issuer],
        }
    }

    /// The serial number that the file states.
    pub(super) fn stated_serial(&self) -> Option<&str> {
        match self {
            Self::Root(step) => step.serial.as_deref(),
            Self::Link(step) => step.serial.as_deref(),
            Self::DocumentSigner(step) => step.serial.as_deref(),
            Self::Key(_) | Self::Crl(_) => None,
        }
    }
}

/// The number of an authority's first root.
pub(super) const fn first() -> u32 {
    1
}

/// A time of the file, in UTC and whole seconds.
pub(super) fn time(at: &Datetime) -> Result<OffsetDateTime> {
    parse_time(&at.to_string()).map_err(|why| Failure::usage(format!("the time {at}: {why}")))
}
