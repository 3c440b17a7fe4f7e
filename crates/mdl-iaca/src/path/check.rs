use std::fmt;

use super::Reason;

/// One check of path validation.
///
/// The names are stable: they appear in reports, vectors and documentation. `ds-` stands for the leaf, which in
/// other [roles](super::Role) is not a document signer.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum PathCheck {
    /// `x5chain` holds a certificate, and only the leaf (C1).
    X5chain,
    /// Inner and outer signature algorithm of the leaf agree and are allowed.
    DsAlgorithm,
    /// The public key of the leaf is on a supported curve and well-formed.
    DsPublicKey,
    /// An anchor has the name, and the key identifier, that the leaf names as its issuer (C2).
    TrustAnchor,
    /// The signature of the leaf verifies with the anchor's key (C3).
    DsSignature,
    /// Now lies in the validity of the leaf (C4).
    DsValidity,
    /// Now lies in the validity of the anchor (C4).
    IacaValidity,
    /// The leaf is not revoked (C5).
    Revocation,
    /// The key usage is that of the role (C6).
    DsKeyUsage,
    /// The key purposes include that of the role (C6).
    DsExtendedKeyUsage,
    /// No unknown critical extension, and all known ones can be read (C7).
    DsCriticalExtensions,
    /// The country is that of the anchor (C8).
    DsCountry,
    /// The state is that of the anchor (C9).
    DsState,
    /// The anchor issued the leaf directly (C10).
    PathLength,
    /// The leaf is not a certificate authority (C10).
    DsNotCa,
    /// The anchor has the profile of an IACA (C11).
    IacaProfile,
    /// No prohibited extension in the leaf (C12).
    DsProhibitedExtensions,
    /// The anchor is trusted for the document type (C13).
    AnchorDocType,
    /// The anchor is trusted for the country and state of the leaf.
    AnchorRegion,
}

impl PathCheck {
    /// All checks in the order of a report.
    pub const ALL: [Self; 19] = [
        Self::X5chain,
        Self::DsAlgorithm,
        Self::DsPublicKey,
        Self::TrustAnchor,
        Self::DsSignature,
        Self::DsValidity,
        Self::IacaValidity,
        Self::Revocation,
        Self::DsKeyUsage,
        Self::DsExtendedKeyUsage,
        Self::DsCriticalExtensions,
        Self::DsCountry,
        Self::DsState,
        Self::PathLength,
        Self::DsNotCa,
        Self::IacaProfile,
        Self::DsProhibitedExtensions,
        Self::AnchorDocType,
        Self::AnchorRegion,
    ];

    /// The stable identifier.
    pub const fn id(self) -> &'static str {
        match self {
            Self::X5chain => "x5chain",
            Self::DsAlgorithm => "ds-algorithm",
            Self::DsPublicKey => "ds-public-key",
            Self::TrustAnchor => "trust-anchor",
            Self::DsSignature => "ds-signature",
            Self::DsValidity => "ds-validity",
            Self::IacaValidity => "iaca-validity",
            Self::Revocation => "revocation",
            Self::DsKeyUsage => "ds-key-usage",
            Self::DsExtendedKeyUsage => "ds-extended-key-usage",
            Self::DsCriticalExtensions => "ds-critical-extensions",
            Self::DsCountry => "ds-country",
            Self::DsState => "ds-state",
            Self::PathLength => "path-length",
            Self::DsNotCa => "ds-not-ca",
            Self::IacaProfile => "iaca-profile",
            Self::DsProhibitedExtensions => "ds-prohibited-extensions",
            Self::AnchorDocType => "anchor-doc-type",
            Self::AnchorRegion => "anchor-region",
        }
    }

    /// Where the standard demands it.
    pub const fn clause(self) -> &'static str {
        match self {
            Self::X5chain => "ISO/IEC 18013-5, 9.1.2.4 and B.1.1",
            Self::DsAlgorithm => "RFC 5280, 4.1.1.2; Table B.3",
            Self::DsPublicKey | Self::DsProhibitedExtensions => {
                "ISO/IEC 18013-5, B.1.1 and Table B.3"
            }
            Self::TrustAnchor
            | Self::DsSignature
            | Self::DsValidity
            | Self::IacaValidity
            | Self::DsKeyUsage
            | Self::DsExtendedKeyUsage
            | Self::DsCriticalExtensions
            | Self::PathLength
            | Self::DsNotCa => "ISO/IEC 18013-5, B.3.1",
            Self::Revocation => "ISO/IEC 18013-5, B.3.2",
            Self::DsCountry | Self::DsState => "ISO/IEC 18013-5, 12.8",
            Self::IacaProfile => "ISO/IEC 18013-5, Table B.1",
            Self::AnchorDocType | Self::AnchorRegion => "ISO/IEC 18013-5, 12.8.1",
        }
    }
}

impl fmt::Display for PathCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

/// How a check came out.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Outcome {
    /// As the standard demands.
    Pass,
    /// A deviation that leaves no doubt about the trust; a strict reader may refuse it.
    Warning,
    /// Not acceptable.
    Fail,
    /// The check does not concern this certificate or role.
    NotApplicable,
    /// Not done, because something it needs is missing or failed before.
    NotChecked,
    /// Done, without an answer.
    Undetermined,
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Which check.
    pub check: PathCheck,
    /// How it came out.
    pub outcome: Outcome,
    /// Why, unless it simply passed. Boxed, because most steps have none and all are copied.
    pub reason: Option<Box<Reason>>,
}

/// A step for every check, in the order of [`PathCheck::ALL`].
#[derive(Clone, Debug)]
pub(crate) struct Steps([Step; PathCheck::ALL.len()]);

/// How a check came out, before it is entered into the report.
pub(crate) type Finding = (Outcome, Option<Reason>);

pub(crate) const PASS: Finding = (Outcome::Pass, None);
pub(crate) const NOT_APPLICABLE: Finding = (Outcome::NotApplicable, None);

pub(crate) fn fail(reason: Reason) -> Finding {
    (Outcome::Fail, Some(reason))
}

pub(crate) fn warning(reason: Reason) -> Finding {
    (Outcome::Warning, Some(reason))
}

impl Steps {
    /// Nothing checked yet.
    pub(crate) fn new() -> Self {
        Self(PathCheck::ALL.map(|check| Step {
            check,
            outcome: Outcome::NotChecked,
            reason: None,
        }))
    }

    pub(crate) fn set(&mut self, check: PathCheck, (outcome, reason): Finding) {
        let step = self.step_mut(check);
        step.outcome = outcome;
        step.reason = reason.map(Box::new);
    }

    pub(crate) fn step(&self, check: PathCheck) -> &Step {
        // The declaration order of the enum is that of ALL, which a test holds fast.
        &self.0[check as usize]
    }

    fn step_mut(&mut self, check: PathCheck) -> &mut Step {
        &mut self.0[check as usize]
    }

    pub(crate) fn as_slice(&self) -> &[Step] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_found_under_its_own_check() {
        let steps = Steps::new();
        for (index, check) in PathCheck::ALL.into_iter().enumerate() {
            assert_eq!(check as usize, index);
            assert_eq!(steps.step(check).check, check);
        }
    }

    #[test]
    fn identifiers_are_unique() {
        let mut ids: Vec<_> = PathCheck::ALL.map(PathCheck::id).to_vec();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), PathCheck::ALL.len());
    }
}
