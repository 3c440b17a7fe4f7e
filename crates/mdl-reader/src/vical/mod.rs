//! VICAL: a signed list of the IACA certificates that its provider has verified.
//!
//! ISO/IEC 18013-5, Annex C: a `COSE_Sign1` over a CBOR map (not in tag 24), signed by a certificate for that purpose
//! below the provider's authority. What an entry says beside its `certificate` is not trusted: name, serial number and
//! key identifier are read from the certificate itself. An entry that cannot be used is left out and listed, so that
//! one authority's mistake does not take the others' trust away. What deviates and is used all the same is listed too:
//! no published list is without such deviations.

mod deviation;
mod entry;

pub use deviation::{EntryDeviation, VicalDeviation};

use entry::{CertificateInfo, read_infos};
use mdl_iaca::path::{PathConditions, Role, authorities_below};
use mdl_iaca::trust_anchor::{AnchorSource, TrustAnchor, TrustAnchorError, TrustAnchors};
use mdl_mdoc::cbor::{Checker, DecodeError, DecodeErrorKind, Limits, Reader};
use mdl_mdoc::cose::{AlgorithmId, CoseSign1};
use mdl_mdoc::tdate::{TDate, format_tdate};
use time::OffsetDateTime;

use crate::Cause;
use crate::document::{critical, label_twice};

/// A VICAL whose signature was verified.
#[derive(Clone, Debug)]
pub struct Vical {
    /// `version`.
    pub version: String,
    /// `vicalProvider`.
    pub provider: String,
    /// `date` of issue.
    pub date: OffsetDateTime,
    /// `vicalIssueID`: rises with every issue.
    pub issue_id: Option<u64>,
    /// `nextUpdate`: after that a newer list should be fetched.
    pub next_update: Option<OffsetDateTime>,
    /// `notAfter` (second edition): after that the list is not valid.
    pub not_after: Option<OffsetDateTime>,
    /// The usable entries as trust anchors, each trusted for the document types that its entry lists.
    pub trust_anchors: Vec<TrustAnchor>,
    /// Entries left out, by their position, with the reason.
    pub unusable: Vec<(usize, UnusableEntry)>,
    /// In what the list and its usable entries are not as they should be.
    pub deviations: Vec<VicalDeviation>,
}

/// Why an entry of a VICAL is not used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableEntry {
    /// Another structure than `CertificateInfo`.
    #[error("not a CertificateInfo")]
    Structure(#[from] DecodeError),
    /// The certificate cannot be a trust anchor.
    #[error("not usable as a trust anchor")]
    TrustAnchor(#[from] TrustAnchorError),
}

/// A VICAL that is older than one that was accepted before.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OldVical {
    /// A lower `vicalIssueID`.
    #[error("vicalIssueID {issue_id}, but {last} was accepted before")]
    Older {
        /// That of the list.
        issue_id: u64,
        /// That of the last one that was accepted.
        last: u64,
    },
    /// No `vicalIssueID`, where the one accepted before had one.
    #[error("no vicalIssueID, but {last} was accepted before")]
    NoIssueId {
        /// That of the last one that was accepted.
        last: u64,
    },
}

/// Why a VICAL gives no trust.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VicalError {
    /// Not a VICAL.
    #[error("not a VICAL")]
    Decode(#[from] DecodeError),
    /// The protected header names no algorithm of the standard.
    #[error("the protected header names no algorithm of the standard")]
    Algorithm,
    /// A header parameter that must be understood and is not, or a label in both headers.
    #[error("the COSE headers: {0}")]
    Headers(Cause),
    /// The payload is detached.
    #[error("the payload is detached")]
    PayloadDetached,
    /// The signer's certificate is missing or not valid for signing VICALs at this time.
    #[error("the signer's certificate: {}", .0.as_ref().map_or_else(|| "no valid path".to_owned(), ToString::to_string))]
    Signer(Option<Cause>),
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
    /// Another major version than 1.
    #[error("major version is not 1")]
    Version,
    /// `notAfter` has passed.
    #[error("the list was valid until {}", format_tdate(*.0))]
    Expired(OffsetDateTime),
}

impl Vical {
    /// Verifies a VICAL at a time: path of the signer to `root`, signature, `notAfter`, and every entry.
    ///
    /// A passed `nextUpdate` is not an error, since C.1.8 asks to fetch a newer list, not to distrust this one:
    /// [`is_due`](Self::is_due) tells.
    ///
    /// # Errors
    /// One variant of [`VicalError`] per reason.
    pub fn verify(
        bytes: &[u8],
        root: &TrustAnchor,
        at: OffsetDateTime,
        limits: &Limits,
    ) -> Result<Self, VicalError> {
        let mut checker = Checker::new(bytes, limits)?;
        let mut reader = Reader::new(bytes, 0);
        let sign1 = CoseSign1::decode(&mut reader, &mut checker)?;
        reader.finish()?;
        let payload = sign1.payload.ok_or(VicalError::PayloadDetached)?;
        verify_signature(&sign1, payload, root, at)?;
        checker.check_embedded(payload, 2)?;
        let mut vical = Self::read(&mut Reader::new(payload, checker.offset_of(payload)))?;
        vical
            .deviations
            .splice(0..0, list_deviations(&sign1, &vical, root, at));
        if !crate::verifier::is_major_version_1(&vical.version) {
            return Err(VicalError::Version);
        }
        match vical.not_after {
            Some(not_after) if at > not_after => Err(VicalError::Expired(not_after)),
            _ => Ok(vical),
        }
    }

    /// Whether `nextUpdate` has passed.
    pub fn is_due(&self, at: OffsetDateTime) -> bool {
        self.next_update.is_some_and(|next_update| at > next_update)
    }

    /// Whether the list may follow the one whose `vicalIssueID` was accepted `last` (C.1.7.1: the identifier rises). The
    /// same list may come again.
    ///
    /// # Errors
    /// See [`OldVical`].
    pub fn check_newer(&self, last: Option<u64>) -> Result<(), OldVical> {
        match (self.issue_id, last) {
            (Some(issue_id), Some(last)) if issue_id < last => {
                Err(OldVical::Older { issue_id, last })
            }
            (None, Some(last)) => Err(OldVical::NoIssueId { last }),
            _ => Ok(()),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut version, mut provider, mut date, mut issue_id) = (None, None, None, None);
        let (mut next_update, mut not_after, mut infos) = (None, None, None);
        let mut entries = reader.map("VICAL")?;
        while reader.has_entry(&mut entries) {
            match reader.text("VICAL member")? {
                "version" => version = Some(reader.text("version")?.to_owned()),
                "vicalProvider" => provider = Some(reader.text("vicalProvider")?.to_owned()),
                "date" => date = Some(TDate::decode(reader, "date")?.time),
                "vicalIssueID" => issue_id = Some(reader.unsigned("vicalIssueID")?),
                "nextUpdate" => next_update = Some(TDate::decode(reader, "nextUpdate")?.time),
                "notAfter" => not_after = Some(TDate::decode(reader, "notAfter")?.time),
                "certificateInfos" => infos = Some(read_infos(reader)?),
                _ => reader.skip()?,
            }
        }
        let provider = provider.ok_or(missing("vicalProvider"))?;
        let source = AnchorSource::Vical {
            provider: provider.clone(),
            issue_id,
        };
        let (mut trust_anchors, mut unusable, mut deviations) =
            (Vec::new(), Vec::new(), Vec::new());
        for (position, info) in infos
            .ok_or(missing("certificateInfos"))?
            .into_iter()
            .enumerate()
        {
            match info
                .map_err(UnusableEntry::from)
                .and_then(|info| use_entry(&info, &source))
            {
                Ok((anchor, found)) => {
                    trust_anchors.push(anchor);
                    let found = found.into_iter();
                    deviations.extend(found.map(|deviation| VicalDeviation::Entry {
                        position,
                        deviation,
                    }));
                }
                Err(reason) => unusable.push((position, reason)),
            }
        }
        Ok(Self {
            version: version.ok_or(missing("version"))?,
            provider,
            date: date.ok_or(missing("date"))?,
            issue_id,
            next_update,
            not_after,
            trust_anchors,
            unusable,
            deviations,
        })
    }
}

/// The anchor of an entry, and in what the entry deviates.
fn use_entry(
    info: &CertificateInfo<'_>,
    source: &AnchorSource,
) -> Result<(TrustAnchor, Vec<EntryDeviation>), UnusableEntry> {
    let anchor = info.trust_anchor(source)?;
    let deviations = info.deviations(&anchor);
    Ok((anchor, deviations))
}

/// What is to be said of the list around its entries.
fn list_deviations(
    sign1: &CoseSign1<'_>,
    vical: &Vical,
    root: &TrustAnchor,
    at: OffsetDateTime,
) -> Vec<VicalDeviation> {
    let protected = !sign1.protected.x5chain.is_empty();
    let mut chains = [&sign1.unprotected, &sign1.protected].into_iter();
    let has_root = chains.any(|header| header.x5chain.contains(&root.der()));
    let found = [
        (sign1.is_tagged, VicalDeviation::Tagged),
        (protected, VicalDeviation::X5chainProtected),
        (has_root, VicalDeviation::RootInX5chain),
        (vical.date > at, VicalDeviation::DateAhead(vical.date)),
    ];
    found
        .into_iter()
        .filter_map(|(is_found, deviation)| is_found.then_some(deviation))
        .collect()
}

/// Validates the signer's certificate below `root`, and with its key the signature.
fn verify_signature(
    sign1: &CoseSign1<'_>,
    payload: &[u8],
    root: &TrustAnchor,
    at: OffsetDateTime,
) -> Result<(), VicalError> {
    let (protected, unprotected) = (&sign1.protected, &sign1.unprotected);
    if let Some(cause) =
        label_twice(protected, unprotected).or_else(|| critical(protected, unprotected))
    {
        return Err(VicalError::Headers(cause));
    }
    let algorithm = match sign1.protected.algorithm {
        Some(AlgorithmId::Number(number)) => mdl_crypto::Algorithm::from_cose(number).ok(),
        _ => None,
    };
    let algorithm = algorithm.ok_or(VicalError::Algorithm)?;
    let chain = match sign1.unprotected.x5chain.as_slice() {
        [] => sign1.protected.x5chain.as_slice(),
        chain => chain,
    };
    let (leaf, others) = chain.split_first().ok_or(VicalError::Signer(None))?;
    let authorities = TrustAnchors::new(authorities_below(root, others, at));
    let path = authorities.examine(&[leaf], Role::VicalSigner);
    let report = path.evaluate(&PathConditions::at(at));
    let Some(signer) = report.validated() else {
        let reason = report
            .failures()
            .find_map(|step| step.reason.as_deref().cloned());
        return Err(VicalError::Signer(reason.map(Cause::Path)));
    };
    let signed = sign1.sig_structure(&[], payload);
    signer
        .verify(algorithm, &signed, sign1.signature)
        .map_err(|_| VicalError::Signature)
}
