//! The report: every check with its outcome, and the verdicts that follow.
//!
//! A verdict is computed from the checks, never stored beside them, and there is one for callers to act on:
//! [`Report::verdict`]. Element values are reachable only through [`DocumentReport::verified`].

use std::sync::Arc;

use mdl_iaca::path::ExaminedPath;
use mdl_mdoc::cbor::Deviation;
use time::OffsetDateTime;

use crate::evidence::{self, Evidence, PartRanges};
use crate::verified::{VerifiedContent, VerifiedDocument};
use crate::{Cause, CheckGroup, CheckId, Policy};

/// How a check came out.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// A deviation that the policy in force tolerates.
    Warning,
    /// A deviation that the policy in force rejects.
    Fail,
    /// The check does not concern this document.
    NotApplicable,
    /// Not done: the caller did not ask for it, or something it needs is missing.
    NotChecked,
    /// Done, without an answer.
    Undetermined,
}

impl Outcome {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Fail => "fail",
            Self::NotApplicable => "not-applicable",
            Self::NotChecked => "not-checked",
            Self::Undetermined => "undetermined",
        }
    }

    /// Whether a person who decides should hear of it, with [`CheckId::explanation`].
    pub fn is_notable(self) -> bool {
        matches!(self, Self::Warning | Self::Fail | Self::Undetermined)
    }
}

/// One check and how it came out.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckResult {
    /// Which check.
    pub id: CheckId,
    /// How it came out.
    pub outcome: Outcome,
    /// Why, unless it simply passed or does not apply. Boxed, because most checks have none and all are touched.
    pub cause: Option<Box<Cause>>,
}

/// What all checks together mean.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Verdict {
    /// Everything that was asked for holds.
    Valid,
    /// Sound in itself as far as could be seen, but no trust anchor vouches for the issuer.
    Untrusted,
    /// Something does not hold.
    Invalid,
}

impl Verdict {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Untrusted => "untrusted",
            Self::Invalid => "invalid",
        }
    }
}

/// What is known of revocation.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RevocationVerdict {
    /// Evidence says: not revoked.
    NotRevoked,
    /// Evidence says: revoked.
    Revoked,
    /// Evidence was given and gives no answer.
    Unknown,
    /// No evidence was given.
    NotChecked,
}

impl RevocationVerdict {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotRevoked => "not-revoked",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
            Self::NotChecked => "not-checked",
        }
    }
}

/// The outcome of verifying a `DeviceResponse` or an `IssuerSigned`.
#[derive(Debug)]
pub struct Report<'a> {
    pub(crate) at: OffsetDateTime,
    pub(crate) policy: Policy,
    pub(crate) checks: Vec<CheckResult>,
    pub(crate) documents: Vec<DocumentReport<'a>>,
    pub(crate) deviations: Vec<Deviation>,
    /// Length of the input in bytes.
    pub(crate) input_len: usize,
}

/// The outcome for one document.
#[derive(Debug)]
pub struct DocumentReport<'a> {
    pub(crate) doc_type: &'a str,
    pub(crate) checks: Vec<CheckResult>,
    pub(crate) revocation: RevocationVerdict,
    pub(crate) needed_status_list: Option<&'a str>,
    /// The document signer's path, to tell what is needed when that is asked.
    pub(crate) signer_path: Arc<ExaminedPath>,
    /// Whether device authentication was asked for.
    pub(crate) in_session: bool,
    pub(crate) issuer: Option<Issuer>,
    pub(crate) parts: PartRanges,
    pub(crate) content: Option<VerifiedContent<'a>>,
}

/// Who signed a document, as its certificate says. Believe it only if the document's verdict is valid.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Issuer {
    /// SHA-256 of the IACA certificate at the end of the path, if one was found.
    pub iaca_sha256: Option<[u8; 32]>,
    /// SHA-256 of the document signer's certificate.
    pub ds_sha256: [u8; 32],
    /// countryName of the document signer's subject.
    pub country: Option<String>,
    /// stateOrProvinceName of the document signer's subject.
    pub state: Option<String>,
    /// commonName of the document signer's subject.
    pub common_name: Option<String>,
}

impl<'a> Report<'a> {
    /// The verdict on everything in the response, all documents together.
    pub fn verdict(&self) -> Verdict {
        self.documents
            .iter()
            .map(DocumentReport::verdict)
            .fold(self.response_verdict(), worse)
    }

    /// The verdict on the frame around the documents.
    fn response_verdict(&self) -> Verdict {
        if self.documents.is_empty() {
            return Verdict::Invalid;
        }
        worse(
            verdict_of(&self.checks),
            require(&self.checks, &REQUIRED_OF_RESPONSE),
        )
    }

    /// The time of verification.
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }

    /// The policy that was applied.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Checks of the response as a whole.
    pub fn checks(&self) -> &[CheckResult] {
        &self.checks
    }

    /// The documents, in the order of the response.
    pub fn documents(&self) -> &[DocumentReport<'a>] {
        &self.documents
    }

    /// Encoding deviations of the whole input.
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    /// Every check that failed, of the response and of all documents.
    pub fn failures(&self) -> impl Iterator<Item = &CheckResult> {
        let documents = self.documents.iter().flat_map(|document| &document.checks);
        self.checks
            .iter()
            .chain(documents)
            .filter(|check| check.outcome == Outcome::Fail)
    }

    /// What one of [`checks`](Self::checks) looked at; `None` if it was not made.
    pub fn evidence(&self, check: &CheckResult) -> Option<Evidence> {
        evidence::of_response(check, self.input_len)
    }

    /// URIs of the status lists that were not given, or too old or otherwise without an answer: what to fetch before
    /// verifying again. Each once, and such as [may name a list](mdl_mdoc::status_list::StatusClaims::is_list_uri);
    /// whether to contact their hosts is for the caller to decide. Documents that are invalid already need none.
    pub fn needed_status_lists(&self) -> Vec<&'a str> {
        let mut needed = Vec::new();
        for document in &self.documents {
            let uri = document.needed_status_list;
            needed.extend(uri.filter(|uri| !needed.contains(uri)));
        }
        needed
    }

    /// Document number `index`, if it and the response around it are valid: the only way to its values.
    pub fn verified(&self, index: usize) -> Option<VerifiedDocument<'_>> {
        if self.response_verdict() != Verdict::Valid {
            return None;
        }
        self.documents.get(index)?.verified()
    }
}

impl<'a> DocumentReport<'a> {
    /// The verdict on this document.
    pub fn verdict(&self) -> Verdict {
        let verdict = worse(
            verdict_of(&self.checks),
            require(&self.checks, &REQUIRED_OF_ISSUER),
        );
        if self.in_session {
            worse(verdict, require(&self.checks, &REQUIRED_OF_DEVICE))
        } else {
            verdict
        }
    }

    /// Whether the issuer is trusted and the content is what it issued.
    pub fn issuer_trust(&self) -> Verdict {
        let required = require(&self.checks, &REQUIRED_OF_ISSUER);
        worse(self.group_verdict(CheckGroup::IssuerTrust), required)
    }

    /// Whether the device is the one the document was issued to; `None` if that was not asked.
    ///
    /// A device key that no issuer signed, or for another document, binds nothing, so this is never valid then.
    /// Whether that issuer is trusted is for [`issuer_trust`](Self::issuer_trust) to say.
    pub fn device_binding(&self) -> Option<Verdict> {
        let issued = self
            .checks
            .iter()
            .filter(|check| ISSUED_DEVICE_KEY.contains(&check.id));
        let verdict = [
            self.group_verdict(CheckGroup::DeviceBinding),
            require(&self.checks, &REQUIRED_OF_DEVICE),
            verdict_of(issued),
            require(&self.checks, &ISSUED_DEVICE_KEY),
        ]
        .into_iter()
        .fold(Verdict::Valid, worse);
        self.in_session.then_some(verdict)
    }

    /// What is known of revocation, of the document signer and, if it names a list, of the document: the worse of both.
    pub fn revocation(&self) -> RevocationVerdict {
        self.revocation
    }

    /// `docType` of the document. Part of what is verified; before that it is only a claim.
    pub fn doc_type(&self) -> &'a str {
        self.doc_type
    }

    /// Every check, in the order of [`CheckId::ALL`].
    pub fn checks(&self) -> &[CheckResult] {
        &self.checks
    }

    /// One check.
    pub fn check(&self, id: CheckId) -> Option<&CheckResult> {
        find(&self.checks, id)
    }

    /// What one of [`checks`](Self::checks) looked at; `None` if it was not made, or what it is about is not there.
    pub fn evidence(&self, check: &CheckResult) -> Option<Evidence> {
        evidence::of_document(check, self)
    }

    /// Who signed the document, if its certificate could be read.
    pub fn issuer(&self) -> Option<&Issuer> {
        self.issuer.as_ref()
    }

    /// The content, if nothing failed. Ask [`Report::verified`] instead to take the response around it into account.
    pub(crate) fn verified(&self) -> Option<VerifiedDocument<'_>> {
        if self.verdict() != Verdict::Valid {
            return None;
        }
        Some(VerifiedDocument::new(
            self.doc_type,
            self.issuer.as_ref()?,
            self.content.as_ref()?,
        ))
    }

    fn group_verdict(&self, group: CheckGroup) -> Verdict {
        verdict_of(self.checks.iter().filter(|check| check.id.group() == group))
    }
}

/// Checks without which nothing is valid. A check that was never made must not look like one that passed, whatever
/// path through the code left it out.
const REQUIRED_OF_RESPONSE: [CheckId; 2] = [CheckId::Cbor, CheckId::Structure];
const REQUIRED_OF_ISSUER: [CheckId; 16] = [
    CheckId::IssuerAuthAlgorithm,
    CheckId::X5chain,
    CheckId::TrustAnchor,
    CheckId::DsSignature,
    CheckId::DsValidity,
    CheckId::IacaValidity,
    CheckId::DsKeyUsage,
    CheckId::DsExtendedKeyUsage,
    CheckId::IssuerSignature,
    CheckId::Mso,
    CheckId::DocType,
    CheckId::ValueDigestPresent,
    CheckId::ValueDigest,
    CheckId::SignedInDsValidity,
    CheckId::ValidFrom,
    CheckId::ValidUntil,
];
/// What makes the device key that of a document (V29).
const ISSUED_DEVICE_KEY: [CheckId; 4] = [
    CheckId::IssuerSignature,
    CheckId::Mso,
    CheckId::DeviceKey,
    CheckId::DocType,
];
const REQUIRED_OF_DEVICE: [CheckId; 4] = [
    CheckId::DeviceKey,
    CheckId::DeviceAuthPresent,
    CheckId::DeviceAuthAlgorithm,
    CheckId::DeviceAuthentication,
];

fn require(checks: &[CheckResult], required: &[CheckId]) -> Verdict {
    required
        .iter()
        .filter(|&&id| {
            // A failure is weighed by `verdict_of`, which tells an untrusted issuer from an invalid document.
            find(checks, id).is_none_or(|check| {
                matches!(check.outcome, Outcome::NotChecked | Outcome::NotApplicable)
            })
        })
        .map(|id| match id {
            // What only an anchor can answer.
            CheckId::DsSignature | CheckId::IacaValidity => Verdict::Untrusted,
            _ => Verdict::Invalid,
        })
        .fold(Verdict::Valid, worse)
}

/// `checks` are in the order of [`CheckId::ALL`], which is that of the ids. Mostly they are without a gap, which tells
/// the place of each.
fn find(checks: &[CheckResult], id: CheckId) -> Option<&CheckResult> {
    let first = checks.first()?.id as usize;
    let at = (id as usize).checked_sub(first)?;
    match checks.get(at) {
        Some(check) if check.id == id => Some(check),
        _ => {
            let at = checks.binary_search_by_key(&id, |check| check.id).ok()?;
            checks.get(at)
        }
    }
}

fn verdict_of<'c>(checks: impl IntoIterator<Item = &'c CheckResult>) -> Verdict {
    let failed = checks
        .into_iter()
        .filter(|check| check.outcome == Outcome::Fail);
    failed.fold(Verdict::Valid, |verdict, check| {
        let contribution = match check.id {
            CheckId::TrustAnchor => Verdict::Untrusted,
            _ => Verdict::Invalid,
        };
        worse(verdict, contribution)
    })
}

fn worse(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Verdict::Invalid, _) | (_, Verdict::Invalid) => Verdict::Invalid,
        (Verdict::Untrusted, _) | (_, Verdict::Untrusted) => Verdict::Untrusted,
        (Verdict::Valid, Verdict::Valid) => Verdict::Valid,
    }
}

#[cfg(test)]
mod tests {
    use mdl_iaca::path::Role;
    use mdl_iaca::trust_anchor::TrustAnchors;

    use super::*;

    /// A document in a session in which every check passed, but for those that `change` says otherwise of.
    fn document(change: impl Fn(CheckId) -> Option<Outcome>) -> DocumentReport<'static> {
        let checks = CheckId::ALL.iter().map(|&id| CheckResult {
            id,
            outcome: change(id).unwrap_or(Outcome::Pass),
            cause: None,
        });
        DocumentReport {
            doc_type: "",
            checks: checks.collect(),
            revocation: RevocationVerdict::NotChecked,
            needed_status_list: None,
            signer_path: Arc::new(TrustAnchors::new([]).examine(&[], Role::DocumentSigner)),
            in_session: true,
            issuer: None,
            parts: PartRanges::default(),
            content: None,
        }
    }

    fn report(
        documents: Vec<DocumentReport<'static>>,
        checks: Vec<CheckResult>,
    ) -> Report<'static> {
        Report {
            at: OffsetDateTime::UNIX_EPOCH,
            policy: Policy::Iso,
            checks,
            documents,
            deviations: Vec::new(),
            input_len: 0,
        }
    }

    fn response_checks(change: impl Fn(CheckId) -> Option<Outcome>) -> Vec<CheckResult> {
        let mut checks = document(change).checks;
        checks.retain(|check| check.id.group() == CheckGroup::Response);
        checks
    }

    #[test]
    fn a_required_check_that_was_not_made_is_not_one_that_passed() {
        assert_eq!(document(|_| None).verdict(), Verdict::Valid);
        for required in REQUIRED_OF_ISSUER.into_iter().chain(REQUIRED_OF_DEVICE) {
            for outcome in [Outcome::NotChecked, Outcome::NotApplicable] {
                let document = document(|id| (id == required).then_some(outcome));
                assert_ne!(document.verdict(), Verdict::Valid, "{required}");
            }
            let mut absent = document(|_| None);
            absent.checks.retain(|check| check.id != required);
            assert_ne!(absent.verdict(), Verdict::Valid, "{required}");
        }
        for required in REQUIRED_OF_RESPONSE {
            let mut checks = response_checks(|_| None);
            checks.retain(|check| check.id != required);
            let report = report(vec![document(|_| None)], checks);
            assert_eq!(report.verdict(), Verdict::Invalid, "{required}");
            assert!(report.verified(0).is_none(), "{required}");
        }
    }

    #[test]
    fn any_failure_spoils_the_verdict_and_only_a_missing_anchor_leaves_it_untrusted() {
        for &failed in CheckId::ALL {
            let document = document(|id| (id == failed).then_some(Outcome::Fail));
            let expected = if failed == CheckId::TrustAnchor {
                Verdict::Untrusted
            } else {
                Verdict::Invalid
            };
            assert_eq!(document.verdict(), expected, "{failed}");
        }
        let no_anchor = document(|id| match id {
            CheckId::TrustAnchor => Some(Outcome::Fail),
            CheckId::DsSignature | CheckId::IacaValidity => Some(Outcome::NotChecked),
            _ => None,
        });
        assert_eq!(no_anchor.verdict(), Verdict::Untrusted);
        let altered = document(|id| match id {
            CheckId::TrustAnchor | CheckId::ValueDigest => Some(Outcome::Fail),
            _ => None,
        });
        assert_eq!(altered.verdict(), Verdict::Invalid);
    }

    #[test]
    fn the_verdicts_in_part_are_about_their_part() {
        let stolen = document(|id| (id == CheckId::DeviceAuthentication).then_some(Outcome::Fail));
        assert_eq!(stolen.issuer_trust(), Verdict::Valid);
        assert_eq!(stolen.device_binding(), Some(Verdict::Invalid));
        for of_key in ISSUED_DEVICE_KEY {
            for outcome in [Outcome::Fail, Outcome::NotChecked] {
                let document = document(|id| (id == of_key).then_some(outcome));
                assert_eq!(
                    document.device_binding(),
                    Some(Verdict::Invalid),
                    "{of_key}"
                );
            }
        }
        let mut out_of_session = document(|id| {
            (id.group() == CheckGroup::DeviceBinding).then_some(Outcome::NotApplicable)
        });
        assert_eq!(out_of_session.verdict(), Verdict::Invalid);
        out_of_session.in_session = false;
        assert_eq!(out_of_session.verdict(), Verdict::Valid);
        assert_eq!(out_of_session.device_binding(), None);
    }

    #[test]
    fn a_response_without_documents_or_with_a_bad_one_is_invalid() {
        let good = || document(|_| None);
        let bad = || document(|id| (id == CheckId::DocType).then_some(Outcome::Fail));
        let verdict = |documents| report(documents, response_checks(|_| None)).verdict();
        assert_eq!(verdict(vec![good(), good()]), Verdict::Valid);
        assert_eq!(verdict(vec![]), Verdict::Invalid);
        assert_eq!(verdict(vec![good(), bad()]), Verdict::Invalid);
        assert_eq!(verdict(vec![bad(), good()]), Verdict::Invalid);
    }
}
