//! A VICAL as the source of trust anchors: read, verified, and what a reader should know of it.
//!
//! ISO/IEC 18013-5, Annex C.

use std::path::Path;

use mdl_iaca::certificate::DocumentKind;
use mdl_mdoc::cbor::Limits;
use mdl_reader::vical::{Vical, VicalError};
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::{Remembered, TrustFinding, with_causes};
use crate::failure::{Failure, Result};
use crate::input;
use crate::verification_report::{rfc3339, shown};

/// Reads a VICAL and verifies it below `root` at a time.
///
/// # Errors
/// Exit code 2 for files that are no VICAL or no root certificate, 1 for a VICAL that gives no trust.
pub(super) fn read(
    path: &Path,
    root: &Path,
    at: OffsetDateTime,
    remembered: &mut Remembered,
) -> Result<Vical> {
    let root_der = input::read_one_pem_or_der(root, DocumentKind::Certificate)?;
    let anchor = input::trust_anchor(root, &root_der)?;
    let limits = Limits::DEFAULT;
    let content = input::read_at_most(path, limits.max_bytes as u64)?;
    let vical = Vical::verify(&content, &anchor, at, &limits).map_err(|error| {
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
    })?;
    let root = anchor.fingerprint();
    vical
        .check_newer(remembered.vical(&root))
        .map_err(|error| {
            Failure::no(format!("{}: an old VICAL", path.display()))
                .because(&error)
                .hint("fetch the provider's current list")
        })?;
    if let Some(issue_id) = vical.issue_id {
        remembered.accept_vical(&root, issue_id);
    }
    Ok(vical)
}

/// What does not take the trust away: a newer list that is due, entries that cannot be used, and in what the list is
/// not as it should be.
pub(super) fn findings(vical: &Vical, at: OffsetDateTime) -> Vec<TrustFinding> {
    let due = vical.next_update.filter(|_| vical.is_due(at));
    let due = due.map(|next_update| {
        let due = rfc3339(next_update);
        TrustFinding::warning(
            "vical-next-update",
            format!("a newer list was due on {due}"),
        )
    });
    let unusable = vical.unusable.iter().map(|(position, reason)| {
        let why = with_causes(reason);
        TrustFinding::warning(
            "vical-entry",
            format!("entry {position} is left out: {why}"),
        )
    });
    let deviations = vical
        .deviations
        .iter()
        .map(|deviation| TrustFinding::info(deviation.id(), deviation.to_string()));
    due.into_iter().chain(unusable).chain(deviations).collect()
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

/// The list for people.
pub(crate) fn to_text(vical: &Vical) -> String {
    let issue = vical.issue_id.map(|issue_id| format!(", issue {issue_id}"));
    format!(
        "\nVICAL of {}{}, {}: {} trust anchors\n",
        shown(&vical.provider),
        issue.unwrap_or_default(),
        rfc3339(vical.date),
        vical.trust_anchors.len()
    )
}
