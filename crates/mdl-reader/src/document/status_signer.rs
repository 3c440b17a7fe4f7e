//! Who may sign a status token: second edition, 12.3.6 and Table B.9.
//!
//! Where the MSO carries a `certificate`, that anchors the signature. Otherwise the token's signer stands below the
//! very IACA that issued the document signer's certificate; that another IACA is trusted as well does not help.

use mdl_crypto::PublicKey;
use mdl_iaca::certificate::{CertificateView, KeyUsage};
use mdl_iaca::path::{PathCache, PathConditions, Role, authorities_below};
use mdl_iaca::revocation::RevocationEvidence;
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::status_list::{SignedStatusToken, StatusClaims};
use time::OffsetDateTime;

use super::signer::Signer;
use super::status::Reference;
use crate::{Conditions, StatusProblem, Verifier};

/// The claims of a token, if its signer may sign for the reference and did.
pub(super) fn verify<'t>(
    token: &'t SignedStatusToken,
    reference: &Reference<'_>,
    signer: &Signer,
    verifier: &Verifier,
    conditions: &Conditions<'_>,
    cache: &mut PathCache,
) -> Result<&'t StatusClaims, StatusProblem> {
    let chain: Vec<&[u8]> = token.x5chain().iter().map(Vec::as_slice).collect();
    let (leaf, others) = chain.split_first().ok_or(StatusProblem::NoCertificate)?;
    if reference.certificate == Some(*leaf) {
        let key = pinned_key(leaf, conditions.at).ok_or(StatusProblem::Signer(None))?;
        return Ok(token.verify(&key)?);
    }
    let anchor = match reference.certificate {
        Some(certificate) => TrustAnchor::from_der(certificate)?,
        None => iaca(signer, verifier).ok_or(StatusProblem::Signer(None))?,
    };
    let authorities = TrustAnchors::new(authorities_below(&anchor, others, conditions.at));
    let path = cache.examine(&authorities, &[leaf], Role::MsoRevocationListSigner);
    let revocation = if conditions.crls.is_empty() {
        RevocationEvidence::None
    } else {
        RevocationEvidence::Der(conditions.crls)
    };
    let report = path.evaluate(&PathConditions {
        revocation,
        ..PathConditions::at(conditions.at)
    });
    let Some(validated) = report.validated() else {
        let reason = report
            .failures()
            .find_map(|step| step.reason.as_deref().cloned());
        return Err(StatusProblem::Signer(reason));
    };
    Ok(token.verify(validated.key())?)
}

/// The key of the certificate that the MSO itself carries, which needs no further path.
fn pinned_key(certificate: &[u8], at: OffsetDateTime) -> Option<PublicKey> {
    let certificate = CertificateView::from_der(certificate).ok()?;
    let usage = certificate.extensions().key_usage().ok()?;
    // Without a keyUsage extension RFC 5280 places no limit on the key.
    let may_sign = usage.is_none_or(|usage| usage.contains(KeyUsage::DIGITAL_SIGNATURE));
    if !may_sign || !certificate.validity().contains(at) {
        return None;
    }
    certificate.public_key_info().public_key().ok()
}

/// The IACA at the end of the document signer's path.
fn iaca(signer: &Signer, verifier: &Verifier) -> Option<TrustAnchor> {
    let fingerprint = signer.issuer.as_ref()?.iaca_sha256?;
    let mut anchors = verifier.trust_anchors.iter();
    anchors
        .find(|anchor| anchor.fingerprint() == fingerprint)
        .cloned()
}
