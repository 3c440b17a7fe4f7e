//! Whom the command believes: trust anchors with their scope, from certificates, folders, lists, VICALs and bundles.

pub(crate) mod bundle;
mod fetched;
mod list_file;
mod remembered;
mod sources;
pub(crate) mod vical;

pub(crate) use fetched::{Fetched, fetch};
pub(crate) use remembered::Remembered;
pub(crate) use sources::{Gathered, TrustSources, read_trust_anchors};

use serde_json::{Value as Json, json};

use crate::verification_report::shown;

/// A remark on a source of trust that was used all the same.
#[derive(Clone, Debug)]
pub(crate) struct TrustFinding {
    id: &'static str,
    severity: &'static str,
    why: String,
}

impl TrustFinding {
    /// Something to act on: trust that was not given, or will end.
    pub(crate) fn warning(id: &'static str, why: impl Into<String>) -> Self {
        let (severity, why) = ("warning", why.into());
        Self { id, severity, why }
    }

    /// Something that is not as it should be and takes nothing away.
    pub(crate) fn info(id: &'static str, why: impl Into<String>) -> Self {
        let (severity, why) = ("info", why.into());
        Self { id, severity, why }
    }

    pub(crate) fn to_json(&self) -> Json {
        json!({ "id": self.id, "severity": self.severity, "why": self.why })
    }

    /// One line for people.
    pub(crate) fn to_text(&self) -> String {
        format!("  {}: {}: {}\n", self.severity, self.id, shown(&self.why))
    }
}

/// An error and everything that caused it, in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
