//! From an old IACA to its successor: link certificates (Table B.2, B.1.3).
//!
//! When an authority changes its root key, the old key signs a certificate for the new one. A reader that trusts the
//! old root can thus decide to trust the new root, with the scope it had given to the old one. The link is no part of
//! a document signer's path: that always goes from the new root straight to the document signer.
//!
//! What the builder and the linter ask of a link is asked here again, as far as trust depends on it, and without
//! mercy: nothing that exists in the field would break, and everything here widens what a reader believes.

use time::OffsetDateTime;

use super::{AnchorDeviation, AnchorSource, TrustAnchor, TrustAnchorError};
use crate::certificate::{CertificateView, DerError, KeyUsage, SignatureError};
use crate::path::{NameText, ProhibitedExtension, first_unknown_critical};
use crate::revocation::{RevocationAnswer, RevocationEvidence};

/// Steps from one root to the next that are followed, at most.
const MAX_STEPS: usize = 8;

/// Why a link certificate does not make a new root trusted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The link is not a certificate, or a known extension of it cannot be read.
    #[error("the link is not a readable certificate")]
    Malformed(#[from] DerError),
    /// The new root cannot be a trust anchor.
    #[error("the new root cannot be a trust anchor")]
    NewRoot(#[from] TrustAnchorError),
    /// The new root deviates from its profile in what makes an authority, or is not self-issued.
    #[error("the new root")]
    NewRootProfile(#[source] AnchorDeviation),
    /// The old root deviates from its profile in what makes an authority.
    #[error("the old root")]
    OldRootProfile(#[source] AnchorDeviation),
    /// Outside of its validity.
    #[error("{0} is not valid at this time")]
    NotValid(&'static str),
    /// Issued by another name than that of the old root.
    #[error("the issuer of the link is not the old root")]
    Issuer,
    /// The authority key identifier is absent or not that of the old root.
    #[error("authorityKeyIdentifier of the link is not that of the old root")]
    AuthorityKeyIdentifier,
    /// Inner and outer signature algorithm differ.
    #[error("inner and outer signature algorithm of the link differ")]
    AlgorithmsDiffer,
    /// The old root's key did not sign the link.
    #[error("the old root did not sign the link")]
    Signature(#[from] SignatureError),
    /// The subject is not that of the new root.
    #[error("the link is for another name than that of the new root")]
    Subject,
    /// The key is not that of the new root.
    #[error("the link is for another key than that of the new root")]
    Key,
    /// The subject key identifier is absent or not that of the key.
    #[error("subjectKeyIdentifier of the link is not that of its key")]
    SubjectKeyIdentifier,
    /// The link is valid for longer than the old root.
    #[error("the link outlives the old root")]
    OutlivesOldRoot,
    /// basicConstraints is absent, or not that of an authority with path length 0.
    #[error("the link is not for a certificate authority with path length 0")]
    NotAuthority,
    /// keyUsage is not keyCertSign and cRLSign.
    #[error("keyUsage of the link is not keyCertSign and cRLSign")]
    KeyUsage,
    /// A critical extension that is not known here, by its object identifier.
    #[error("unknown critical extension {0} in the link")]
    UnknownCriticalExtension(String),
    /// One of the extensions that Annex B prohibits.
    #[error("prohibited extension {} in the link", .0.name())]
    Prohibited(ProhibitedExtension),
    /// The new root is of another country.
    #[error("the new root is of another country than the old one")]
    Country,
    /// The new root is of another state or province.
    #[error("the new root is of another state or province than the old one")]
    State,
    /// The old root has revoked the link.
    #[error("the old root has revoked the link")]
    Revoked,
}

impl TrustAnchor {
    /// The successor of this root, `new_root`, for which this root's key signed `link`; trusted for what this one is
    /// trusted for. Both are DER. A CRL of this root that lists the link stops it.
    ///
    /// # Errors
    /// The first [`LinkError`].
    pub fn follow_link(
        &self,
        link: &[u8],
        new_root: &[u8],
        at: OffsetDateTime,
        revocation: &RevocationEvidence<'_>,
    ) -> Result<Self, LinkError> {
        let link = CertificateView::from_der(link)?;
        self.check_issued(&link, at)?;
        check_profile(&link)?;
        let status = revocation.status(self, link.serial(), at);
        if matches!(status.answer, RevocationAnswer::Revoked { .. }) {
            return Err(LinkError::Revoked);
        }
        let anchor = Self::from_der(new_root)?;
        let view = CertificateView::from_der(new_root)?;
        self.check_successor(&anchor, &view, &link, at)?;
        Ok(Self {
            scope: self.scope.clone(),
            region: self.region.clone(),
            source: AnchorSource::Link {
                from: self.fingerprint,
            },
            ..anchor
        })
    }

    /// Whether this root issued the link, and may have.
    fn check_issued(
        &self,
        link: &CertificateView<'_>,
        at: OffsetDateTime,
    ) -> Result<(), LinkError> {
        if let Some(fatal) = self.deviations.iter().find(|found| found.is_fatal()) {
            return Err(LinkError::OldRootProfile(fatal.clone()));
        }
        if !self.is_valid_at(at) {
            return Err(LinkError::NotValid("the old root"));
        }
        if !link.validity().contains(at) {
            return Err(LinkError::NotValid("the link"));
        }
        if link.issuer().der() != self.subject {
            return Err(LinkError::Issuer);
        }
        let authority = link.extensions().authority_key_identifier()?;
        let named = authority.and_then(|authority| authority.key_identifier);
        // A root without a key identifier is one of the deviations that are tolerated.
        if named.is_none() || self.key_identifier().is_some_and(|own| named != Some(own)) {
            return Err(LinkError::AuthorityKeyIdentifier);
        }
        if !link.algorithms_agree() {
            return Err(LinkError::AlgorithmsDiffer);
        }
        link.verify_signature(&self.key)?;
        if link.validity().not_after.at > self.not_after {
            return Err(LinkError::OutlivesOldRoot);
        }
        Ok(())
    }

    /// Whether `anchor`, read from `view`, is the root that the link is for.
    fn check_successor(
        &self,
        anchor: &Self,
        view: &CertificateView<'_>,
        link: &CertificateView<'_>,
        at: OffsetDateTime,
    ) -> Result<(), LinkError> {
        let is_unfit = |found: &&AnchorDeviation| {
            found.is_fatal() || **found == AnchorDeviation::NotSelfIssued
        };
        if let Some(unfit) = anchor.deviations.iter().find(is_unfit) {
            return Err(LinkError::NewRootProfile(unfit.clone()));
        }
        if !anchor.is_valid_at(at) {
            return Err(LinkError::NotValid("the new root"));
        }
        if link.subject() != view.subject() {
            return Err(LinkError::Subject);
        }
        if link.public_key_info().der() != view.public_key_info().der() {
            return Err(LinkError::Key);
        }
        if !same_text(&anchor.country, &self.country) {
            return Err(LinkError::Country);
        }
        if !same_text(&anchor.state, &self.state) {
            return Err(LinkError::State);
        }
        Ok(())
    }
}

/// The same text, in whatever string type, or absent from both.
fn same_text(new: &NameText, old: &NameText) -> bool {
    match (new, old) {
        (NameText::Text { text: new, .. }, NameText::Text { text: old, .. }) => new == old,
        (NameText::Absent, NameText::Absent) => true,
        _ => false,
    }
}

/// Whether the link is what Table B.2 asks for, as far as it limits what may be trusted.
fn check_profile(link: &CertificateView<'_>) -> Result<(), LinkError> {
    let extensions = link.extensions();
    let own = extensions.subject_key_identifier()?;
    if own != Some(&link.public_key_info().key_identifier()[..]) {
        return Err(LinkError::SubjectKeyIdentifier);
    }
    let constraints = extensions.basic_constraints()?;
    if constraints.is_none_or(|found| !found.ca || found.path_length != Some(0)) {
        return Err(LinkError::NotAuthority);
    }
    let usage = extensions.key_usage()?.map(|usage| usage.bits());
    if usage != Some(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN) {
        return Err(LinkError::KeyUsage);
    }
    if let Some(unknown) = first_unknown_critical(extensions) {
        return Err(LinkError::UnknownCriticalExtension(unknown.to_string()));
    }
    match ProhibitedExtension::first_of(extensions) {
        Some(prohibited) => Err(LinkError::Prohibited(prohibited)),
        None => Ok(()),
    }
}

/// What became of a certificate that was offered as a link.
pub type LinkOutcome<'a> = (&'a [u8], LinkError);

/// The roots that `anchors` vouch for by way of `certificates`: link certificates and new roots (self-issued) in any
/// order, in DER. Several renewals in a row are followed, eight at most.
///
/// Beside them comes every link that made no root trusted, with the reason of the attempt that got furthest.
pub fn renewed_roots<'a>(
    anchors: &[TrustAnchor],
    certificates: &'a [Vec<u8>],
    at: OffsetDateTime,
    revocation: &RevocationEvidence<'_>,
) -> (Vec<TrustAnchor>, Vec<LinkOutcome<'a>>) {
    let is_link = |der: &&'a Vec<u8>| match CertificateView::from_der(der) {
        Ok(view) => !view.is_self_issued() || !is_self_signed(&view),
        Err(_) => true,
    };
    let (links, roots): (Vec<&Vec<u8>>, Vec<&Vec<u8>>) = certificates.iter().partition(is_link);
    let mut found: Vec<TrustAnchor> = Vec::new();
    let mut used = vec![false; links.len()];
    let mut reasons: Vec<Option<LinkError>> = vec![None; links.len()];
    let mut from: Vec<TrustAnchor> = anchors.to_vec();
    for _ in 0..MAX_STEPS {
        let mut next: Vec<TrustAnchor> = Vec::new();
        for old in &from {
            for (index, link) in links.iter().enumerate() {
                for root in &roots {
                    match old.follow_link(link, root, at, revocation) {
                        Ok(anchor) => {
                            used[index] = true;
                            let is_known = anchors.iter().chain(&found).chain(&next);
                            if !is_known.into_iter().any(|known| known.same_trust(&anchor)) {
                                next.push(anchor);
                            }
                        }
                        Err(error) => keep_furthest(&mut reasons[index], error),
                    }
                }
            }
        }
        if next.is_empty() {
            break;
        }
        found.extend(next.iter().cloned());
        from = next;
    }
    let unused = links.iter().zip(used).zip(reasons);
    let unused = unused
        .filter(|((_, used), _)| !used)
        .map(|((link, _), reason)| {
            // Without any root nothing was tried, so there is no reason yet.
            (link.as_slice(), reason.unwrap_or(LinkError::Subject))
        });
    (found, unused.collect())
}

/// A link of an authority that keeps its name is self-issued as well; only a root is signed by the key it holds.
fn is_self_signed(view: &CertificateView<'_>) -> bool {
    view.public_key_info()
        .public_key()
        .is_ok_and(|key| view.verify_signature(&key).is_ok())
}

/// A link is tried with every root: that it does not belong to one of them is the least interesting reason.
fn keep_furthest(kept: &mut Option<LinkError>, error: LinkError) {
    let belongs_elsewhere = |error: &LinkError| {
        matches!(
            error,
            LinkError::Issuer | LinkError::Subject | LinkError::Key
        )
    };
    if kept.as_ref().is_none_or(belongs_elsewhere) && !(kept.is_some() && belongs_elsewhere(&error))
    {
        *kept = Some(error);
    }
}
