//! A trust bundle from a file: verified, and what a reader should know of it.

use std::path::Path;

use mdl_crypto::PublicKey;
use mdl_mdoc::trust_bundle::{InvalidTrustBundle, TrustBundleLimits};
use mdl_reader::Policy;
use mdl_reader::trust_bundle::{BundleConditions, TrustBundle, TrustBundleError};
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::{Remembered, TrustFinding, with_causes};
use crate::failure::{Failure, Result};
use crate::input;
use crate::verification_report::{rfc3339, shown};

/// The content of a file that is said to be a trust bundle.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    input::read_at_most(path, TrustBundleLimits::DEFAULT.max_bytes as u64)
}

/// Reads a bundle of the publisher with this key and verifies it, also against what is remembered.
///
/// # Errors
/// Exit code 2 for a file that is no bundle, 1 for a bundle that gives no trust.
pub(crate) fn verify(
    path: &Path,
    publisher: &PublicKey,
    at: OffsetDateTime,
    policy: Policy,
    remembered: &mut Remembered,
) -> Result<TrustBundle> {
    let conditions = BundleConditions {
        at,
        last_accepted: remembered.bundle(publisher),
        policy,
    };
    let bundle = TrustBundle::verify(&read(path)?, publisher, &conditions)
        .map_err(|error| refused(path, &error))?;
    remembered.accept_bundle(publisher, bundle.identity);
    Ok(bundle)
}

fn refused(path: &Path, error: &TrustBundleError) -> Failure {
    let name = path.display();
    let no_trust = Failure::no(format!("{name}: this trust bundle gives no trust")).because(error);
    match error {
        TrustBundleError::Decode(error) => not_a_bundle(path, error),
        TrustBundleError::OtherKey(_) => {
            no_trust.hint("give the key of the publisher that you mean; `mdl trust show` prints whose it says it is")
        }
        TrustBundleError::Rollback { .. }
        | TrustBundleError::OtherOfSameSequence(_)
        | TrustBundleError::Stale(_)
        | TrustBundleError::Expired(_) => no_trust.hint("get the publisher's newest bundle"),
        TrustBundleError::IssuedLater(_) => no_trust.hint("check the clock"),
        _ => no_trust,
    }
}

/// Exit code 2: it is something else.
pub(crate) fn not_a_bundle(path: &Path, error: &InvalidTrustBundle) -> Failure {
    Failure::usage(format!("{}: expected a trust bundle", path.display()))
        .because(error)
        .hint("`mdl trust build` makes one")
}

/// What does not take the trust away.
pub(crate) fn findings(bundle: &TrustBundle, at: OffsetDateTime) -> Vec<TrustFinding> {
    let due = bundle.is_due(at).then(|| {
        let due = rfc3339(bundle.next_update);
        TrustFinding::warning(
            "trust-bundle-next-update",
            format!("a newer bundle was due on {due}"),
        )
    });
    let unusable = bundle.unusable.iter().map(|(position, reason)| {
        TrustFinding::warning(
            "trust-bundle-anchor",
            format!("anchor {position} is left out: {}", with_causes(reason)),
        )
    });
    due.into_iter().chain(unusable).collect()
}

/// The bundle in the JSON of a verification.
pub(crate) fn to_json(bundle: &TrustBundle) -> Json {
    json!({
        "publisher": bundle.publisher,
        "sequence": bundle.identity.sequence,
        "sha256": hex::encode(bundle.identity.sha256),
        "issued": rfc3339(bundle.issued),
        "next_update": rfc3339(bundle.next_update),
        "not_after": rfc3339(bundle.not_after),
        "trust_anchors": bundle.trust_anchors.len(),
        "crls": bundle.crls.len(),
        "status_tokens": bundle.status_tokens.len(),
    })
}

/// The bundle and the remarks on it for people, a line each.
pub(crate) fn to_text(bundle: &TrustBundle, findings: &[TrustFinding]) -> String {
    let mut text = format!(
        "\ntrust bundle of {}, sequence {}, {}, next {}: {} trust anchors, {} CRLs, {} status tokens\n",
        shown(&bundle.publisher),
        bundle.identity.sequence,
        rfc3339(bundle.issued),
        rfc3339(bundle.next_update),
        bundle.trust_anchors.len(),
        bundle.crls.len(),
        bundle.status_tokens.len(),
    );
    text.extend(findings.iter().map(TrustFinding::to_text));
    text
}
