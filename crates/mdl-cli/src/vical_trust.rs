//! A VICAL as the source of trust anchors: read, verified, and what a reader should know of it.
//!
//! ISO/IEC 18013-5, Annex C.

use std::path::Path;

use mdl_iaca::certificate::DocumentKind;
use mdl_iaca::trust_anchor::TrustAnchor;
use mdl_mdoc::cbor::Limits;
use mdl_reader::vical::{Vical, VicalError};
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use crate::failure::{Failure, Result};
use crate::input;
use crate::verification_report::{rfc3339, shown};

/// A remark on a list that was verified all the same.
#[derive(Clone, Debug)]
pub(crate) struct VicalFinding {
    id: &'static str,
    severity: &'static str,
    why: String,
}

/// Reads a VICAL and verifies it below `root` at a time.
///
/// # Errors
/// Exit code 2 for files that are no VICAL or no root certificate, 1 for a VICAL that gives no trust.
pub(crate) fn read_vical(path: &Path, root: &Path, at: OffsetDateTime) -> Result<Vical> {
    let root_der = input::read_one_pem_or_der(root, DocumentKind::Certificate)?;
    let anchor = TrustAnchor::from_der(&root_der).map_err(|error| {
        Failure::usage(format!("{}: cannot be a trust anchor", root.display())).because(&error)
    })?;
    let limits = Limits::DEFAULT;
    let content = input::read_at_most(path, limits.max_bytes as u64)?;
    Vical::verify(&content, &anchor, at, &limits).map_err(|error| {
        let name = path.display();
        match &error {
            VicalError::Decode(_) => {
                Failure::usage(format!("{name}: expected a VICAL, a COSE_Sign1 in CBOR"))
                    .because(&error)
            }
            _ => Failure::no(format!("{name}: this VICAL gives no trust"))
                .because(&error)
                .hint("fetch the provider's current list, and its root from a source you trust"),
        }
    })
}

/// What does not take the trust away: a newer list that is due, entries that cannot be used.
pub(crate) fn findings(vical: &Vical, at: OffsetDateTime) -> Vec<VicalFinding> {
    let due = vical.next_update.filter(|_| vical.is_due(at));
    let due = due.map(|next_update| VicalFinding {
        id: "vical-next-update",
        severity: "warning",
        why: format!("a newer list was due on {}", rfc3339(next_update)),
    });
    let unusable = vical
        .unusable
        .iter()
        .map(|(position, reason)| VicalFinding {
            id: "vical-entry",
            severity: "warning",
            why: format!("entry {position} is left out: {}", with_causes(reason)),
        });
    due.into_iter().chain(unusable).collect()
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

impl VicalFinding {
    pub(crate) fn to_json(&self) -> Json {
        json!({ "id": self.id, "severity": self.severity, "why": self.why })
    }
}

/// The list in the JSON of a verification.
pub(crate) fn to_json(vical: &Vical) -> Json {
    json!({
        "provider": vical.provider,
        "issue_id": vical.issue_id,
        "date": rfc3339(vical.date),
        "next_update": vical.next_update.map(rfc3339),
        "trust_anchors": vical.trust_anchors.len(),
    })
}

/// The list and the remarks on it for people, a line each.
pub(crate) fn to_text(vical: &Vical, findings: &[VicalFinding]) -> String {
    let issue = vical.issue_id.map(|issue_id| format!(", issue {issue_id}"));
    let mut text = format!(
        "\nVICAL of {}{}, {}: {} trust anchors\n",
        shown(&vical.provider),
        issue.unwrap_or_default(),
        rfc3339(vical.date),
        vical.trust_anchors.len()
    );
    for VicalFinding { id, severity, why } in findings {
        text.push_str(&format!("  {severity}: {id}: {}\n", shown(why)));
    }
    text
}
