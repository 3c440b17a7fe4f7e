//! The document signer: path validation, and what the report says of it (V5, V6).

use std::sync::Arc;

use mdl_crypto::PublicKey;
use mdl_iaca::path::{
    self, ExaminedPath, LeafFacts, PathCache, PathCheck, PathConditions, PathReport, Role,
};
use mdl_iaca::revocation::RevocationEvidence;
use mdl_mdoc::device_response::Document;
use time::OffsetDateTime;

use crate::checks::Checks;
use crate::report::{Issuer, Outcome, RevocationVerdict};
use crate::{Cause, CheckId, Conditions, Policy, Verifier};

/// What later checks need of the document signer.
#[derive(Debug)]
pub(super) struct Signer {
    /// Validated if the path is valid; otherwise good for explaining only, since the document is rejected already.
    pub(super) key: Option<PublicKey>,
    /// notBefore and notAfter.
    pub(super) validity: Option<(OffsetDateTime, OffsetDateTime)>,
    pub(super) issuer: Option<Issuer>,
    pub(super) revocation: RevocationVerdict,
    pub(super) path: Arc<ExaminedPath>,
}

/// Validates the path of the first certificate of `x5chain`, the only one that is looked at.
pub(super) fn check_signer(
    verifier: &Verifier,
    conditions: &Conditions<'_>,
    document: &Document<'_>,
    checks: &mut Checks,
    cache: &mut PathCache,
) -> Signer {
    let issuer_auth = &document.issuer_signed.issuer_auth;
    let chain = match issuer_auth.unprotected.x5chain.as_slice() {
        [] => issuer_auth.protected.x5chain.as_slice(),
        chain => chain,
    };
    let path = cache.examine(&verifier.trust_anchors, chain, Role::DocumentSigner);
    let revocation = if conditions.crls.is_empty() {
        RevocationEvidence::None
    } else {
        RevocationEvidence::Der(conditions.crls)
    };
    let report = path.evaluate(&PathConditions {
        at: conditions.at,
        doc_type: Some(document.doc_type),
        revocation,
        ocsp: conditions.ocsp_responses,
    });
    for step in report.steps() {
        record_step(step, conditions, checks);
    }
    check_profile(&path, &report, checks);
    let key = match report.validated() {
        Some(validated) => Some(validated.key().clone()),
        None => path.dangerous_unvalidated_key().cloned(),
    };
    let (validity, issuer) = match report.leaf() {
        Some(leaf) => (
            Some((leaf.not_before, leaf.not_after)),
            Some(issuer(leaf, &report)),
        ),
        None => (None, None),
    };
    let revocation = revocation_verdict(&report);
    Signer {
        key,
        validity,
        issuer,
        revocation,
        path,
    }
}

fn record_step(step: &path::Step, conditions: &Conditions<'_>, checks: &mut Checks) {
    let id = check_id(step.check);
    let cause = step.reason.as_deref().cloned().map(Cause::Path);
    let outcome = match step.outcome {
        path::Outcome::Pass => Outcome::Pass,
        path::Outcome::Fail => Outcome::Fail,
        path::Outcome::NotApplicable => Outcome::NotApplicable,
        path::Outcome::Undetermined => Outcome::Undetermined,
        path::Outcome::NotChecked => Outcome::NotChecked,
        path::Outcome::Warning => {
            let cause = cause.unwrap_or(Cause::Needs("no reason was given"));
            return checks.slight_deviation(id, cause);
        }
    };
    let unanswered = matches!(outcome, Outcome::Undetermined | Outcome::NotChecked);
    if id == CheckId::DsRevocation && unanswered {
        let cause = cause.unwrap_or(Cause::NotAsked("no CRL or OCSP response given"));
        let outcome = if conditions.require_revocation {
            Outcome::Fail
        } else {
            outcome
        };
        return checks.record(id, outcome, Some(cause));
    }
    checks.record(id, outcome, cause);
}

/// The linter's verdict on the certificate, which only the strict policy asks for.
fn check_profile(path: &ExaminedPath, report: &PathReport<'_>, checks: &mut Checks) {
    if checks.policy() != Policy::Strict {
        return checks.not_checked(
            CheckId::DsProfile,
            Cause::NotAsked("examined under the strict policy only"),
        );
    }
    let Some(result) = path.document_signer_profile(report.anchor()) else {
        return checks.not_checked(CheckId::DsProfile, Cause::Needs("a readable certificate"));
    };
    let cause = result.err().map(|finding| Cause::Profile {
        rule: finding.id(),
        found: finding.found,
    });
    checks.pass_unless(CheckId::DsProfile, cause);
}

fn issuer(leaf: &LeafFacts, report: &PathReport<'_>) -> Issuer {
    Issuer {
        iaca_sha256: report.anchor().map(|anchor| anchor.fingerprint()),
        ds_sha256: leaf.fingerprint,
        country: leaf.country.clone(),
        state: leaf.state.clone(),
        common_name: leaf.common_name.clone(),
    }
}

fn revocation_verdict(report: &PathReport<'_>) -> RevocationVerdict {
    match report.step(PathCheck::Revocation).outcome {
        path::Outcome::Pass | path::Outcome::Warning => RevocationVerdict::NotRevoked,
        path::Outcome::Fail => RevocationVerdict::Revoked,
        path::Outcome::Undetermined => RevocationVerdict::Unknown,
        path::Outcome::NotChecked | path::Outcome::NotApplicable => RevocationVerdict::NotChecked,
    }
}

/// Path checks keep their ids in the report.
fn check_id(check: PathCheck) -> CheckId {
    match check {
        PathCheck::X5chain => CheckId::X5chain,
        PathCheck::DsAlgorithm => CheckId::DsAlgorithm,
        PathCheck::DsPublicKey => CheckId::DsPublicKey,
        PathCheck::TrustAnchor => CheckId::TrustAnchor,
        PathCheck::DsSignature => CheckId::DsSignature,
        PathCheck::DsValidity => CheckId::DsValidity,
        PathCheck::IacaValidity => CheckId::IacaValidity,
        PathCheck::Revocation => CheckId::DsRevocation,
        PathCheck::DsKeyUsage => CheckId::DsKeyUsage,
        PathCheck::DsExtendedKeyUsage => CheckId::DsExtendedKeyUsage,
        PathCheck::DsCriticalExtensions => CheckId::DsCriticalExtensions,
        PathCheck::DsCountry => CheckId::DsCountry,
        PathCheck::DsState => CheckId::DsState,
        PathCheck::PathLength => CheckId::PathLength,
        PathCheck::DsNotCa => CheckId::DsNotCa,
        PathCheck::IacaProfile => CheckId::IacaProfile,
        PathCheck::DsProhibitedExtensions => CheckId::DsProhibitedExtensions,
        PathCheck::AnchorDocType => CheckId::AnchorDocType,
        PathCheck::AnchorRegion => CheckId::AnchorRegion,
        // PathCheck may grow; a check without an id of its own here must still be able to reject.
        _ => CheckId::Structure,
    }
}
