//! Checking received CRLs (B.3.2): is a certificate revoked, good, or is that not to be found out?
//!
//! *Undetermined* is an answer of its own and never turns into *good* here; what to do about it is the reader's
//! policy. Deltas, indirect and partial lists are forbidden by Table B.10 and are not interpreted: such a list
//! leaves the status undetermined. A listed certificate is revoked even if the list is out of date, because nothing
//! takes a revocation back.

use mdl_crypto::PublicKey;
use time::OffsetDateTime;

use crate::certificate::{
    CrlView, DerError, Extensions, Oid, Rfc3339, SerialNumber, SignatureError, oid,
};
use crate::trust_anchor::TrustAnchor;

const ISSUING_DISTRIBUTION_POINT: Oid<'static> = Oid::from_content(&[0x55, 0x1d, 0x1c]);
const DELTA_CRL_INDICATOR: Oid<'static> = Oid::from_content(&[0x55, 0x1d, 0x1b]);
const REASON_CODE: Oid<'static> = Oid::from_content(&[0x55, 0x1d, 0x15]);
/// `ENUMERATED` 8 in DER: an entry that takes another one back, meaningful in delta CRLs only.
const REMOVE_FROM_CRL: &[u8] = &[0x0a, 0x01, 0x08];

/// What CRLs say about a certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct RevocationStatus {
    /// The answer.
    pub answer: RevocationAnswer,
    /// A departure from Table B.10 in the list that gave the answer.
    pub deviation: Option<CrlDeviation>,
}

/// Revoked, good, or neither.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RevocationAnswer {
    /// A current list of the issuer does not contain the certificate.
    Good {
        /// thisUpdate of the list.
        this_update: OffsetDateTime,
    },
    /// A list of the issuer contains the certificate.
    Revoked {
        /// Revocation date of the entry.
        since: OffsetDateTime,
    },
    /// No list gave an answer.
    Undetermined(CrlProblem),
    /// No list was given.
    NotChecked,
}

/// Why a CRL gives no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlProblem {
    /// Not a CRL.
    #[error("not a readable CRL")]
    Malformed(#[from] DerError),
    /// By another issuer than the certificate's.
    #[error("CRL of another issuer")]
    OtherIssuer,
    /// The issuer's key usage does not include cRLSign.
    #[error("the issuer may not sign CRLs")]
    NoCrlSign,
    /// Inner and outer signature algorithm differ.
    #[error("inner and outer signature algorithm differ")]
    AlgorithmsDiffer,
    /// The signature does not verify with the issuer's key.
    #[error("the signature does not verify")]
    Signature(#[from] SignatureError),
    /// thisUpdate lies in the future.
    #[error("CRL is not valid before {}", Rfc3339(*.0))]
    NotYetValid(OffsetDateTime),
    /// nextUpdate has passed.
    #[error("CRL expired at {}", Rfc3339(*.0))]
    Expired(OffsetDateTime),
    /// There is no nextUpdate, so nobody can tell whether the list is current.
    #[error("CRL has no nextUpdate")]
    NoNextUpdate,
    /// A delta CRL: only part of the revocations.
    #[error("delta CRL")]
    Delta,
    /// An issuing distribution point: the scope of the list may be narrower than the issuer.
    #[error("CRL with an issuing distribution point")]
    IssuingDistributionPoint,
    /// A critical extension of the list that is not known here.
    #[error("unknown critical CRL extension {0}")]
    UnknownCriticalExtension(String),
    /// A critical extension of an entry, such as certificateIssuer in an indirect CRL.
    #[error("critical extension {0} in a CRL entry")]
    CriticalEntryExtension(String),
    /// The certificate is listed by an entry with reason removeFromCRL, which no complete list has.
    #[error("entry with reason removeFromCRL")]
    RemoveFromCrl,
}

/// A departure from Table B.10 that leaves the answer of a list intact.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlDeviation {
    /// Entries have extensions, such as reason codes.
    #[error("CRL entries have extensions")]
    EntryExtensions,
    /// Version 1 instead of 2.
    #[error("CRL is not version 2")]
    Version,
    /// The authority key identifier is absent.
    #[error("authorityKeyIdentifier is absent")]
    NoAuthorityKeyIdentifier,
    /// The authority key identifier is not the issuer's subject key identifier.
    #[error("authorityKeyIdentifier is not that of the issuer")]
    AuthorityKeyIdentifier,
    /// cRLNumber is absent.
    #[error("cRLNumber is absent")]
    NoNumber,
    /// Extensions beyond the two of the profile.
    #[error("CRL has further extensions")]
    FurtherExtensions,
    /// revokedCertificates is present and empty.
    #[error("revokedCertificates is empty")]
    EmptyList,
}

/// A CRL whose issuer and signature were checked, to be asked about many certificates.
#[derive(Clone, Debug)]
pub struct VerifiedCrl<'a> {
    view: CrlView<'a>,
    issuer_key: PublicKey,
    // Of the whole list, found in one pass over the entries.
    critical_entry_extension: Option<String>,
    deviation: Option<CrlDeviation>,
}

impl<'a> VerifiedCrl<'a> {
    /// Reads a DER CRL and verifies that `issuer` made it. Whether it is current is asked with each use.
    ///
    /// # Errors
    /// [`CrlProblem`].
    pub fn from_der(der: &'a [u8], issuer: &TrustAnchor) -> Result<Self, CrlProblem> {
        Self::verify(CrlView::from_der(der)?, issuer)
    }

    fn verify(view: CrlView<'a>, issuer: &TrustAnchor) -> Result<Self, CrlProblem> {
        if view.issuer().der() != issuer.subject() {
            return Err(CrlProblem::OtherIssuer);
        }
        if !issuer.may_sign_crls() {
            return Err(CrlProblem::NoCrlSign);
        }
        if !view.algorithms_agree() {
            return Err(CrlProblem::AlgorithmsDiffer);
        }
        view.verify_signature(issuer.key())?;
        let extensions = view.extensions();
        if extensions.get(DELTA_CRL_INDICATOR).is_some() {
            return Err(CrlProblem::Delta);
        }
        if extensions.get(ISSUING_DISTRIBUTION_POINT).is_some() {
            return Err(CrlProblem::IssuingDistributionPoint);
        }
        if let Some(unknown) = extensions
            .iter()
            .find(|extension| extension.critical && !is_listed(extension.oid))
        {
            return Err(CrlProblem::UnknownCriticalExtension(
                unknown.oid.to_string(),
            ));
        }
        let (has_entry_extensions, critical_entry_extension) = entry_extensions(&view);
        let deviation = deviation(&view, issuer, has_entry_extensions)?;
        Ok(Self {
            issuer_key: issuer.key().clone(),
            critical_entry_extension,
            deviation,
            view,
        })
    }

    /// The list itself.
    pub fn view(&self) -> &CrlView<'a> {
        &self.view
    }

    /// Whether the list is of the issuer with this name and key.
    pub(crate) fn is_of(&self, issuer: &TrustAnchor) -> bool {
        self.view.issuer().der() == issuer.subject() && self.issuer_key == *issuer.key()
    }

    /// What the list says at a time about the certificate of its issuer with this serial number.
    pub fn status(&self, serial: SerialNumber<'_>, at: OffsetDateTime) -> RevocationStatus {
        let answer = self
            .answer(serial, at)
            .unwrap_or_else(RevocationAnswer::Undetermined);
        RevocationStatus {
            answer,
            deviation: self.deviation,
        }
    }

    fn answer(
        &self,
        serial: SerialNumber<'_>,
        at: OffsetDateTime,
    ) -> Result<RevocationAnswer, CrlProblem> {
        if let Some(oid) = &self.critical_entry_extension {
            return Err(CrlProblem::CriticalEntryExtension(oid.clone()));
        }
        let mut removed = false;
        for entry in self.view.revoked().filter(|entry| entry.serial == serial) {
            if is_removal(&entry.extensions) {
                removed = true;
            } else {
                return Ok(RevocationAnswer::Revoked {
                    since: entry.revocation_date.at,
                });
            }
        }
        if removed {
            return Err(CrlProblem::RemoveFromCrl);
        }
        let this_update = self.view.this_update().at;
        let next_update = self.view.next_update().ok_or(CrlProblem::NoNextUpdate)?.at;
        if at < this_update {
            return Err(CrlProblem::NotYetValid(this_update));
        }
        if at > next_update {
            return Err(CrlProblem::Expired(next_update));
        }
        Ok(RevocationAnswer::Good { this_update })
    }
}

/// The CRLs a caller has, in the form it has them.
#[derive(Clone, Copy, Debug, Default)]
pub enum RevocationEvidence<'a> {
    /// None: revocation is not checked.
    #[default]
    None,
    /// As received; the ones of the issuer are verified, the newest first.
    Der(&'a [&'a [u8]]),
    /// Verified before, for repeated use.
    Verified(&'a [VerifiedCrl<'a>]),
}

impl RevocationEvidence<'_> {
    /// What the newest usable list of `issuer` says about its certificate with this serial number at a time.
    pub fn status(
        &self,
        issuer: &TrustAnchor,
        serial: SerialNumber<'_>,
        at: OffsetDateTime,
    ) -> RevocationStatus {
        match *self {
            Self::None => RevocationStatus {
                answer: RevocationAnswer::NotChecked,
                deviation: None,
            },
            Self::Der(crls) => newest_of_received(crls, issuer, serial, at),
            Self::Verified(crls) => {
                let of_issuer = crls.iter().filter(|crl| crl.is_of(issuer));
                match of_issuer.max_by_key(|crl| age(&crl.view, at)) {
                    Some(newest) => newest.status(serial, at),
                    None => undetermined(CrlProblem::OtherIssuer),
                }
            }
        }
    }
}

fn newest_of_received(
    crls: &[&[u8]],
    issuer: &TrustAnchor,
    serial: SerialNumber<'_>,
    at: OffsetDateTime,
) -> RevocationStatus {
    if crls.is_empty() {
        return RevocationStatus {
            answer: RevocationAnswer::NotChecked,
            deviation: None,
        };
    }
    let mut problem = None;
    let mut candidates = Vec::with_capacity(crls.len());
    for der in crls {
        match CrlView::from_der(der) {
            Ok(view) if view.issuer().der() == issuer.subject() => candidates.push(view),
            Ok(_) => problem = problem.or(Some(CrlProblem::OtherIssuer)),
            Err(error) => problem = Some(CrlProblem::Malformed(error)),
        }
    }
    candidates.sort_by_key(|view| std::cmp::Reverse(age(view, at)));
    for (index, view) in candidates.into_iter().enumerate() {
        match VerifiedCrl::verify(view, issuer) {
            Ok(crl) => return crl.status(serial, at),
            // Anybody can hand in a list that is not the issuer's: it must not hide an older one that is.
            Err(error) if index == 0 => problem = Some(error),
            Err(_) => {}
        }
    }
    undetermined(problem.unwrap_or(CrlProblem::OtherIssuer))
}

fn undetermined(problem: CrlProblem) -> RevocationStatus {
    RevocationStatus {
        answer: RevocationAnswer::Undetermined(problem),
        deviation: None,
    }
}

/// Orders lists from old to new; one from the future counts as oldest, so that it is asked only if alone. Of two lists
/// of the same second the one with the higher cRLNumber is newer (RFC 5280, 5.2.3).
fn age<'a>(view: &CrlView<'a>, at: OffsetDateTime) -> (bool, OffsetDateTime, (usize, &'a [u8])) {
    let this_update = view.this_update().at;
    let number = view.extensions().crl_number().ok().flatten();
    let number = number.unwrap_or_default();
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    let magnitude = number.get(zeros..).unwrap_or_default();
    (this_update <= at, this_update, (magnitude.len(), magnitude))
}

fn is_listed(oid: Oid<'_>) -> bool {
    oid == oid::AUTHORITY_KEY_IDENTIFIER || oid == oid::CRL_NUMBER
}

fn is_removal(extensions: &Extensions<'_>) -> bool {
    extensions
        .get(REASON_CODE)
        .is_some_and(|reason| reason.value == REMOVE_FROM_CRL)
}

fn entry_extensions(view: &CrlView<'_>) -> (bool, Option<String>) {
    let mut any = false;
    for entry in view.revoked() {
        any |= !entry.extensions.is_empty();
        if let Some(critical) = entry.extensions.iter().find(|extension| extension.critical) {
            return (true, Some(critical.oid.to_string()));
        }
    }
    (any, None)
}

fn deviation(
    view: &CrlView<'_>,
    issuer: &TrustAnchor,
    has_entry_extensions: bool,
) -> Result<Option<CrlDeviation>, DerError> {
    let extensions = view.extensions();
    let authority = extensions
        .authority_key_identifier()?
        .and_then(|authority| authority.key_identifier);
    let found = [
        (has_entry_extensions, CrlDeviation::EntryExtensions),
        (view.version() != 2, CrlDeviation::Version),
        (authority.is_none(), CrlDeviation::NoAuthorityKeyIdentifier),
        (
            authority.is_some()
                && issuer.key_identifier().is_some()
                && authority != issuer.key_identifier(),
            CrlDeviation::AuthorityKeyIdentifier,
        ),
        (extensions.crl_number()?.is_none(), CrlDeviation::NoNumber),
        (
            extensions.iter().any(|extension| !is_listed(extension.oid)),
            CrlDeviation::FurtherExtensions,
        ),
        (
            view.has_revoked_list() && view.revoked().next().is_none(),
            CrlDeviation::EmptyList,
        ),
    ];
    Ok(found
        .into_iter()
        .find(|(present, _)| *present)
        .map(|(_, deviation)| deviation))
}
