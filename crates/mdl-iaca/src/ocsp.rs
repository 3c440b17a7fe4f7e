//! OCSP (RFC 6960): asking a responder about one certificate, and judging what it answers.
//!
//! Table B.3 does not list authorityInfoAccess for document signers, and a CRL answers for all of them at once; but
//! where a certificate names a responder, its answer is evidence like a CRL's. An answer counts when the responder is
//! the IACA itself or one that the IACA certified for this (Table B.8), and when it is about this certificate of this
//! IACA. Easy to get wrong: a valid signature by *some* certificate of the IACA proves nothing, document signers have
//! those too; and a responder's own certificate has to be checked for revocation, unless it says that it need not be.

use mdl_crypto::{HashAlgorithm, sha1};
use time::OffsetDateTime;

use crate::certificate::{
    BasicOcspResponse, CertId, CertStatus, CertificateView, DerError, NONCE, OcspAnswer,
    OcspResponseView, Oid, ResponderId, Rfc3339, SHA1, SerialNumber, SignatureError, ocsp_request,
    oid,
};
use crate::path::{Outcome, PathCheck, PathConditions, Reason, Role};
use crate::revocation::{RevocationAnswer, RevocationEvidence};
use crate::trust_anchor::{TrustAnchor, TrustAnchors};

/// Nonces of a request (RFC 9654, 2.1).
const NONCE_BYTES: std::ops::RangeInclusive<usize> = 1..=128;

/// id-sha256, id-sha384 and id-sha512 of NIST's arc.
const SHA2: [(Oid<'static>, HashAlgorithm); 3] = [
    (
        Oid::from_content(&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]),
        HashAlgorithm::Sha256,
    ),
    (
        Oid::from_content(&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02]),
        HashAlgorithm::Sha384,
    ),
    (
        Oid::from_content(&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03]),
        HashAlgorithm::Sha512,
    ),
];

/// What a responder answered.
#[derive(Clone, Copy, Debug)]
pub struct OcspEvidence<'a> {
    /// The response in DER.
    pub response: &'a [u8],
    /// The nonce of the request, if it had one: an answer to another nonce does not count. One without any does, as
    /// responders may sign ahead of time (RFC 6960, 4.4.1), and is then judged by its times.
    pub nonce: Option<&'a [u8]>,
}

/// Why a response gives no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OcspProblem {
    /// Not an OCSP response.
    #[error("not a readable OCSP response")]
    Malformed(#[from] DerError),
    /// The responder did not answer.
    #[error("the responder answered with error {0}")]
    Refused(u8),
    /// A critical extension that is not known here, by its object identifier.
    #[error("unknown critical extension {0} in the OCSP response")]
    UnknownCriticalExtension(String),
    /// The response answers a request with another nonce.
    #[error("OCSP response to another request")]
    Nonce,
    /// There is no answer about this certificate of this issuer.
    #[error("OCSP response about another certificate")]
    OtherCertificate,
    /// No certificate of the responder comes along, and it is not the IACA.
    #[error("the certificate of the OCSP responder is missing")]
    NoResponder,
    /// The IACA did not certify the responder for this, or not for now.
    #[error("the OCSP responder is not authorised")]
    NotAuthorised(#[source] Option<Reason>),
    /// The responder's certificate may be revoked: it does not say that this need not be checked, and no CRL of the
    /// IACA answers.
    #[error("whether the OCSP responder itself is revoked is not known")]
    ResponderRevocation,
    /// The signature is not the responder's.
    #[error("the signature of the OCSP response")]
    Signature(#[from] SignatureError),
    /// thisUpdate lies ahead.
    #[error("OCSP answer is not valid before {}", Rfc3339(*.0))]
    NotYetValid(OffsetDateTime),
    /// nextUpdate has passed.
    #[error("OCSP answer expired at {}", Rfc3339(*.0))]
    Expired(OffsetDateTime),
    /// There is neither nextUpdate nor the nonce of the request, so nobody can tell whether the answer is current.
    #[error("OCSP answer has neither nextUpdate nor nonce")]
    NoNextUpdate,
    /// The responder does not know the certificate.
    #[error("the OCSP responder does not know the certificate")]
    UnknownCertificate,
}

/// A request about the certificate of `issuer` with this serial number, in DER: for the responder's URI by POST, as
/// `application/ocsp-request`.
///
/// `nonce` makes the responder answer afresh, so that the answer cannot be an old one; it must be 1 to 128 octets of
/// randomness (32 are advised) or is left out.
pub fn request(issuer: &TrustAnchor, serial: SerialNumber<'_>, nonce: Option<&[u8]>) -> Vec<u8> {
    let nonce = nonce.filter(|nonce| NONCE_BYTES.contains(&nonce.len()));
    let (name, key) = (sha1(issuer.subject()), sha1(&key_octets(issuer)));
    ocsp_request(&name, &key, serial, nonce)
}

/// What a response says about the certificate of `issuer` with this serial number at a time. `crls` answer for the
/// responder's own certificate.
pub(crate) fn status(
    evidence: &OcspEvidence<'_>,
    issuer: &TrustAnchor,
    serial: SerialNumber<'_>,
    at: OffsetDateTime,
    crls: &RevocationEvidence<'_>,
) -> Result<RevocationAnswer, OcspProblem> {
    let response = match OcspResponseView::from_der(evidence.response)? {
        OcspResponseView::Refused(status) => return Err(OcspProblem::Refused(status)),
        OcspResponseView::Basic(response) => response,
    };
    let answer = response
        .answers()
        .iter()
        .find(|answer| is_about(&answer.certificate, issuer, serial))
        .ok_or(OcspProblem::OtherCertificate)?;
    let extensions = response.extensions().iter().chain(answer.extensions.iter());
    if let Some(unknown) = { extensions }.find(|found| found.critical && found.oid != NONCE) {
        return Err(OcspProblem::UnknownCriticalExtension(
            unknown.oid.to_string(),
        ));
    }
    verify_signature(&response, issuer, at, crls)?;
    let nonce_fits = match (evidence.nonce, response.nonce()) {
        (Some(asked), Some(answered)) if asked != answered => return Err(OcspProblem::Nonce),
        (Some(_), Some(_)) => true,
        _ => false,
    };
    judge(answer, nonce_fits, at)
}

/// The answer of the right responder, if it is current. Bad news stays bad news when it is old.
fn judge(
    answer: &OcspAnswer<'_>,
    nonce_fits: bool,
    at: OffsetDateTime,
) -> Result<RevocationAnswer, OcspProblem> {
    if let CertStatus::Revoked(since) = answer.status {
        return Ok(RevocationAnswer::Revoked { since: since.at });
    }
    let this_update = answer.this_update.at;
    if at < this_update {
        return Err(OcspProblem::NotYetValid(this_update));
    }
    match answer.next_update {
        Some(next_update) if at > next_update.at => {
            return Err(OcspProblem::Expired(next_update.at));
        }
        None if !nonce_fits => return Err(OcspProblem::NoNextUpdate),
        _ => {}
    }
    match answer.status {
        CertStatus::Good => Ok(RevocationAnswer::Good { this_update }),
        CertStatus::Unknown | CertStatus::Revoked(_) => Err(OcspProblem::UnknownCertificate),
    }
}

fn is_about(id: &CertId<'_>, issuer: &TrustAnchor, serial: SerialNumber<'_>) -> bool {
    if id.serial != serial {
        return false;
    }
    let (name, key) = (issuer.subject(), key_octets(issuer));
    if id.hash_algorithm.oid() == SHA1 {
        return id.issuer_name_hash == sha1(name) && id.issuer_key_hash == sha1(&key);
    }
    let known = SHA2
        .into_iter()
        .find(|(oid, _)| *oid == id.hash_algorithm.oid());
    known.is_some_and(|(_, hash)| {
        id.issuer_name_hash == hash.digest(name).as_ref()
            && id.issuer_key_hash == hash.digest(&key).as_ref()
    })
}

/// The octets of the issuer's `subjectPublicKey`.
fn key_octets(issuer: &TrustAnchor) -> Vec<u8> {
    CertificateView::from_der(issuer.der()).map_or_else(
        |_| Vec::new(),
        |view| view.public_key_info().key_bits().to_vec(),
    )
}

/// Whether the IACA signed the response, or a responder that it certified for this.
fn verify_signature(
    response: &BasicOcspResponse<'_>,
    issuer: &TrustAnchor,
    at: OffsetDateTime,
    crls: &RevocationEvidence<'_>,
) -> Result<(), OcspProblem> {
    let own = CertificateView::from_der(issuer.der())?;
    if is_responder(&own, response.responder()) {
        // What a root without cRLSign says about revocation does not count, in whatever form.
        if !issuer.may_sign_crls() || !issuer.is_valid_at(at) {
            return Err(OcspProblem::NotAuthorised(None));
        }
        return Ok(response.verify_signature(issuer.key())?);
    }
    let certificates = response.certificates().iter();
    let certificate = { certificates }
        .find(|der| {
            CertificateView::from_der(der)
                .is_ok_and(|view| is_responder(&view, response.responder()))
        })
        .ok_or(OcspProblem::NoResponder)?;
    let path = TrustAnchors::new([issuer.clone()]).examine(&[certificate], Role::OcspSigner);
    let report = path.evaluate(&PathConditions {
        revocation: *crls,
        ..PathConditions::at(at)
    });
    let Some(responder) = report.validated() else {
        let failure = report.failures().next();
        let reason = failure.and_then(|step| step.reason.as_deref().cloned());
        return Err(OcspProblem::NotAuthorised(reason));
    };
    let not_revoked = matches!(
        report.step(PathCheck::Revocation).outcome,
        Outcome::Pass | Outcome::Warning
    );
    let view = CertificateView::from_der(certificate)?;
    if !not_revoked && view.extensions().get(oid::OCSP_NOCHECK).is_none() {
        return Err(OcspProblem::ResponderRevocation);
    }
    Ok(response.verify_signature(responder.key())?)
}

fn is_responder(certificate: &CertificateView<'_>, responder: ResponderId<'_>) -> bool {
    match responder {
        ResponderId::Name(name) => certificate.subject() == name,
        ResponderId::KeyHash(hash) => certificate.public_key_info().key_identifier() == hash,
    }
}
