//! The behaviour that every [`CertificateAuthority`] must show, as a suite for the tests of its kind.
//!
//! It needs no test framework and no particular async runtime. What it issued is returned, so that a test can have
//! another implementation judge it as well.

use mdl_crypto::{Curve, PrivateKey};
use rand_core::CryptoRng;
use time::OffsetDateTime;

use super::{AuthorityError, CertificateAuthority, Revocation, RevocationReason};
use crate::certificate::{CertificateView, CrlView, DerError, SignatureError};
use crate::csr::UnsignedRequest;
use crate::lint::{LintFinding, Severity, lint_certificate, lint_crl};
use crate::profile::{
    AttachError, DistinguishedName, DocumentSignerProfile, InvalidSerialNumber, ProfileError,
    SerialNumber, Validity,
};

/// What an authority under test issued, in DER.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Evidence {
    /// A document signer that is not revoked.
    pub good: Vec<u8>,
    /// A document signer that is.
    pub revoked: Vec<u8>,
    /// The list that says so.
    pub crl: Vec<u8>,
}

/// How an authority deviates from the contract.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Deviation {
    /// It failed.
    #[error("the authority failed")]
    Authority(#[from] AuthorityError),
    /// The suite could not build what it asks for.
    #[error("the document signer cannot be built")]
    Profile(#[from] ProfileError),
    /// The suite could not sign its request.
    #[error("the request cannot be signed")]
    Attach(#[from] AttachError),
    /// What was issued cannot be read.
    #[error("what was issued cannot be read")]
    Malformed(#[from] DerError),
    /// A serial number that is none.
    #[error("a serial number that is none")]
    SerialNumber(#[from] InvalidSerialNumber),
    /// Two certificates have one serial number.
    #[error("two certificates with one serial number")]
    SameSerialNumber,
    /// The certificate or the list breaks the profile.
    #[error("{0}")]
    Lint(LintFinding),
    /// The list is not signed by the authority.
    #[error("the CRL is not signed by the authority")]
    CrlSignature(#[source] SignatureError),
    /// The list lacks what was revoked, or lists what was not.
    #[error("the CRL does not list exactly what was revoked")]
    CrlEntries,
    /// A second revocation changed the date of the first.
    #[error("revoking again changed the date of the revocation")]
    RevocationDate,
}

/// Certifies two document signers, revokes one of them twice, and looks at everything that comes back. `crl_url` is
/// where the authority publishes, and `at` a time at which its root is valid.
///
/// # Errors
/// The first [`Deviation`].
pub async fn check(
    authority: &dyn CertificateAuthority,
    crl_url: &str,
    at: OffsetDateTime,
    rng: &mut impl CryptoRng,
) -> Result<Evidence, Deviation> {
    let good = document_signer(authority, "Suite DS 1", crl_url, at, rng).await?;
    let revoked = document_signer(authority, "Suite DS 2", crl_url, at, rng).await?;
    let number = |der: &[u8]| -> Result<SerialNumber, Deviation> {
        let certificate = CertificateView::from_der(der)?;
        Ok(SerialNumber::from_content(certificate.serial().as_bytes())?)
    };
    let serial = number(&revoked)?;
    if number(&good)? == serial {
        return Err(Deviation::SameSerialNumber);
    }
    let revocation = Revocation {
        serial,
        reason: RevocationReason::Unspecified,
    };
    let first = authority
        .revoke(std::slice::from_ref(&revocation), at)
        .await?;
    let first_date = date(&first, &good, &revoked, authority)?;
    let crl = authority.revoke(&[revocation], at).await?;
    if date(&crl, &good, &revoked, authority)? != first_date {
        return Err(Deviation::RevocationDate);
    }
    Ok(Evidence { good, revoked, crl })
}

async fn document_signer(
    authority: &dyn CertificateAuthority,
    name: &str,
    crl_url: &str,
    at: OffsetDateTime,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Deviation> {
    let key = PrivateKey::generate(Curve::P256, rng);
    let name = DistinguishedName::new(name);
    let request = UnsignedRequest::new(key.public_key().clone(), &name)?;
    let signature = key.sign(request.to_be_signed());
    let request = request.attach(&signature)?;
    let issuer = authority.issuer();
    let validity = Validity::days(at, 30)?;
    let unsigned =
        DocumentSignerProfile::new(issuer, key.public_key().clone(), name, validity, crl_url)
            .build(&SerialNumber::random(rng))?;
    let issued = authority.certify(unsigned, request.as_der(), at).await?;
    let certificate = CertificateView::from_der(issued.as_der())?;
    let root = CertificateView::from_der(issuer.certificate())?;
    no_errors(lint_certificate(&certificate, None, Some(&root)))?;
    Ok(issued.into_der())
}

/// The revocation date of `revoked` on a list that is in order and does not list `good`.
fn date(
    crl: &[u8],
    good: &[u8],
    revoked: &[u8],
    authority: &dyn CertificateAuthority,
) -> Result<OffsetDateTime, Deviation> {
    let root = CertificateView::from_der(authority.issuer().certificate())?;
    let crl = CrlView::from_der(crl)?;
    crl.verify_signature(authority.issuer().key())
        .map_err(Deviation::CrlSignature)?;
    no_errors(lint_crl(&crl, Some(&root)))?;
    if crl
        .find(CertificateView::from_der(good)?.serial())
        .is_some()
    {
        return Err(Deviation::CrlEntries);
    }
    let entry = crl.find(CertificateView::from_der(revoked)?.serial());
    Ok(entry.ok_or(Deviation::CrlEntries)?.revocation_date.at)
}

fn no_errors(findings: Vec<LintFinding>) -> Result<(), Deviation> {
    let error = |finding: &LintFinding| finding.severity() == Severity::Error;
    findings
        .into_iter()
        .find(error)
        .map_or(Ok(()), |finding| Err(Deviation::Lint(finding)))
}
