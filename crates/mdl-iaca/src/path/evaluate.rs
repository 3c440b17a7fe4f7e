use mdl_crypto::{Algorithm, PublicKey, VerifyError};
use time::{Duration, OffsetDateTime};

use super::check::{Finding, NOT_APPLICABLE, PASS, Steps, fail, warning};
use super::examine::{Leaf, LeafFacts};
use super::{ExaminedPath, Outcome, PathCheck, Reason, Role, Step, names};
use crate::certificate::SerialNumber;
use crate::ocsp::{self, OcspEvidence};
use crate::revocation::{RevocationAnswer, RevocationEvidence};
use crate::trust_anchor::{DocTypeScope, TrustAnchor};

/// What a verdict depends on besides the certificates.
#[derive(Clone, Copy, Debug)]
pub struct PathConditions<'a> {
    /// The moment to judge at.
    pub at: OffsetDateTime,
    /// The type of the document whose signer is judged; without it the scope of the anchor is not checked.
    pub doc_type: Option<&'a str>,
    /// CRLs.
    pub revocation: RevocationEvidence<'a>,
    /// OCSP responses.
    pub ocsp: &'a [OcspEvidence<'a>],
}

impl PathConditions<'_> {
    /// At a moment; any document type, no revocation evidence.
    pub fn at(at: OffsetDateTime) -> Self {
        Self {
            at,
            doc_type: None,
            revocation: RevocationEvidence::None,
            ocsp: &[],
        }
    }
}

impl ExaminedPath {
    /// Judges the path under these conditions.
    pub fn evaluate(&self, conditions: &PathConditions<'_>) -> PathReport<'_> {
        let mut steps = self.steps.clone();
        let Some(leaf) = &self.leaf else {
            return PathReport {
                steps,
                leaf: None,
                anchor: None,
            };
        };

        steps.set(
            PathCheck::DsValidity,
            leaf_validity(leaf, self.role, conditions.at),
        );
        let anchor = self.best_anchor(leaf, conditions);
        if let Some(anchor) = anchor {
            steps.set(PathCheck::TrustAnchor, key_identifier(leaf, anchor));
            steps.set(
                PathCheck::IacaValidity,
                within(anchor.not_before(), anchor.not_after(), conditions.at),
            );
            steps.set(PathCheck::Revocation, revocation(leaf, anchor, conditions));
            steps.set(PathCheck::IacaProfile, profile(anchor, self.role));
            steps.set(
                PathCheck::AnchorDocType,
                doc_type(anchor, conditions.doc_type),
            );
            steps.set(PathCheck::AnchorRegion, region(leaf, anchor, self.role));
            if self.role.is_below_iaca() {
                steps.set(
                    PathCheck::DsCountry,
                    names::country(&leaf.country, anchor.country_text()),
                );
                steps.set(
                    PathCheck::DsState,
                    names::state(&leaf.state, anchor.state_text()),
                );
            } else {
                steps.set(PathCheck::DsCountry, NOT_APPLICABLE);
                steps.set(PathCheck::DsState, NOT_APPLICABLE);
            }
        }
        PathReport {
            steps,
            leaf: Some(leaf),
            anchor,
        }
    }

    /// Of several anchors with the key that signed the leaf, the one that suits best.
    fn best_anchor(&self, leaf: &Leaf, conditions: &PathConditions<'_>) -> Option<&TrustAnchor> {
        let suits = |anchor: &TrustAnchor| {
            let in_scope = conditions
                .doc_type
                .is_none_or(|doc_type| anchor.scope().contains(doc_type));
            let in_region = region_contains(leaf, anchor);
            (in_scope, in_region, anchor.is_valid_at(conditions.at))
        };
        // The last of equals wins in max_by_key; reversed, so that it is the first of the list.
        self.anchors
            .iter()
            .rev()
            .map(AsRef::as_ref)
            .max_by_key(|anchor| suits(anchor))
    }
}

fn within(not_before: OffsetDateTime, not_after: OffsetDateTime, at: OffsetDateTime) -> Finding {
    if at < not_before {
        fail(Reason::NotYetValid(not_before))
    } else if at > not_after {
        fail(Reason::Expired(not_after))
    } else {
        PASS
    }
}

fn leaf_validity(leaf: &Leaf, role: Role, at: OffsetDateTime) -> Finding {
    let limit_days = role.limit_days();
    let finding = within(leaf.facts.not_before, leaf.facts.not_after, at);
    if finding.0 == Outcome::Pass
        && leaf.facts.not_after - leaf.facts.not_before > Duration::days(limit_days.into())
    {
        return warning(Reason::ValidityTooLong { limit_days });
    }
    finding
}

/// C2: the name was found and the signature decided; the key identifiers should agree with that.
fn key_identifier(leaf: &Leaf, anchor: &TrustAnchor) -> Finding {
    match (&leaf.authority_key_identifier, anchor.key_identifier()) {
        (None, _) => warning(Reason::NoAuthorityKeyIdentifier),
        (Some(named), Some(own)) if named == own => PASS,
        (Some(_), _) => warning(Reason::AuthorityKeyIdentifier),
    }
}

/// Whoever says *revoked* is believed; otherwise whoever says *good*.
fn revocation(leaf: &Leaf, anchor: &TrustAnchor, conditions: &PathConditions<'_>) -> Finding {
    let serial = SerialNumber::from_content(&leaf.serial);
    let (at, crls) = (conditions.at, &conditions.revocation);
    let by_crl = crls.status(anchor, serial, at);
    let mut by_ocsp = None;
    for evidence in conditions.ocsp {
        match ocsp::status(evidence, anchor, serial, at, crls) {
            Ok(RevocationAnswer::Revoked { since }) => return fail(Reason::Revoked(since)),
            Ok(_) => by_ocsp = Some(Ok(())),
            Err(problem) if by_ocsp.is_none() => by_ocsp = Some(Err(problem)),
            Err(_) => {}
        }
    }
    match (by_crl.answer, by_ocsp, by_crl.deviation) {
        (RevocationAnswer::Revoked { since }, _, _) => fail(Reason::Revoked(since)),
        (RevocationAnswer::Good { .. }, _, Some(deviation)) => {
            warning(Reason::CrlDeviation(deviation))
        }
        (RevocationAnswer::Good { .. }, _, None) | (_, Some(Ok(())), _) => PASS,
        (RevocationAnswer::Undetermined(problem), _, _) => {
            (Outcome::Undetermined, Some(Reason::Crl(problem)))
        }
        (RevocationAnswer::NotChecked, Some(Err(problem)), _) => {
            let reason = Reason::Ocsp(Box::new(problem));
            (Outcome::Undetermined, Some(reason))
        }
        (RevocationAnswer::NotChecked, None, _) => (Outcome::NotChecked, None),
    }
}

/// C11. Above the roles that any authority may certify, only what makes an authority is asked for.
fn profile(anchor: &TrustAnchor, role: Role) -> Finding {
    if let Some(fatal) = anchor
        .deviations()
        .iter()
        .find(|deviation| deviation.is_fatal())
    {
        return fail(Reason::Anchor(fatal.clone()));
    }
    if !role.is_below_iaca() {
        return NOT_APPLICABLE;
    }
    match anchor.deviations().first() {
        Some(deviation) => warning(Reason::Anchor(deviation.clone())),
        None => PASS,
    }
}

fn doc_type(anchor: &TrustAnchor, doc_type: Option<&str>) -> Finding {
    match (anchor.scope(), doc_type) {
        (DocTypeScope::Any, _) => NOT_APPLICABLE,
        (DocTypeScope::Only(_), None) => (Outcome::NotChecked, None),
        (scope, Some(doc_type)) if scope.contains(doc_type) => PASS,
        (_, Some(doc_type)) => fail(Reason::DocType(doc_type.to_owned())),
    }
}

/// Only below an IACA do both names have to be there at all.
fn region(leaf: &Leaf, anchor: &TrustAnchor, role: Role) -> Finding {
    if !anchor.region().is_limited() || !role.is_below_iaca() {
        NOT_APPLICABLE
    } else if region_contains(leaf, anchor) {
        PASS
    } else {
        fail(Reason::Region)
    }
}

fn region_contains(leaf: &Leaf, anchor: &TrustAnchor) -> bool {
    anchor
        .region()
        .contains(leaf.country.text(), leaf.state.text())
}

/// The outcome of every check.
#[derive(Clone, Debug)]
pub struct PathReport<'p> {
    steps: Steps,
    leaf: Option<&'p Leaf>,
    anchor: Option<&'p TrustAnchor>,
}

impl<'p> PathReport<'p> {
    /// Every check, in the order of [`PathCheck::ALL`].
    pub fn steps(&self) -> &[Step] {
        self.steps.as_slice()
    }

    /// One check.
    pub fn step(&self, check: PathCheck) -> &Step {
        self.steps.step(check)
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Step> {
        self.steps()
            .iter()
            .filter(|step| step.outcome == Outcome::Fail)
    }

    /// What the leaf says of itself, if it could be read, whether or not the path is valid.
    pub fn leaf(&self) -> Option<&'p LeafFacts> {
        self.leaf.map(|leaf| &leaf.facts)
    }

    /// The anchor whose key signed the leaf, whether or not the path is valid.
    pub fn anchor(&self) -> Option<&'p TrustAnchor> {
        self.anchor
    }

    /// The validated certificate, if no check failed.
    ///
    /// Warnings, and a revocation status that is not checked or undetermined, are left to the caller's policy.
    pub fn validated(&self) -> Option<ValidatedCertificate<'p>> {
        // Fail closed: what carries the trust must have been done, not merely not have failed.
        let done = |check| matches!(self.step(check).outcome, Outcome::Pass | Outcome::Warning);
        let is_trusted = [
            PathCheck::TrustAnchor,
            PathCheck::DsSignature,
            PathCheck::PathLength,
        ]
        .into_iter()
        .all(done);
        if !is_trusted || self.failures().next().is_some() {
            return None;
        }
        let leaf = self.leaf?;
        Some(ValidatedCertificate {
            leaf,
            key: leaf.key.as_ref()?,
            anchor: self.anchor?,
        })
    }
}

/// A certificate with a valid path, and the only source of the key for what it signed.
#[derive(Clone, Copy, Debug)]
pub struct ValidatedCertificate<'p> {
    leaf: &'p Leaf,
    key: &'p PublicKey,
    anchor: &'p TrustAnchor,
}

impl<'p> ValidatedCertificate<'p> {
    /// The working public key.
    pub fn key(&self) -> &'p PublicKey {
        self.key
    }

    /// The algorithm that goes with the key's curve.
    pub fn algorithm(&self) -> Algorithm {
        self.key.curve().algorithm()
    }

    /// Verifies the fixed-width `signature` of `message` with the working key.
    ///
    /// # Errors
    /// [`VerifyError`], also when `algorithm`, as a COSE header names it, does not fit the key.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        self.key.verify(algorithm, message, signature)
    }

    /// The anchor at the other end of the path.
    pub fn anchor(&self) -> &'p TrustAnchor {
        self.anchor
    }

    /// SHA-256 over the certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.leaf.facts.fingerprint
    }

    /// Content octets of its serial number.
    pub fn serial(&self) -> SerialNumber<'p> {
        SerialNumber::from_content(&self.leaf.serial)
    }

    /// First moment of its validity.
    pub fn not_before(&self) -> OffsetDateTime {
        self.leaf.facts.not_before
    }

    /// Last moment of its validity.
    pub fn not_after(&self) -> OffsetDateTime {
        self.leaf.facts.not_after
    }

    /// countryName of its subject, to compare with `issuing_country`.
    pub fn country(&self) -> Option<&'p str> {
        self.leaf.country.text()
    }

    /// stateOrProvinceName of its subject, to compare with `issuing_jurisdiction`.
    pub fn state(&self) -> Option<&'p str> {
        self.leaf.state.text()
    }
}
