use mdl_crypto::{PublicKey, Signature};
use x509_cert::der::Encode;

use super::extension_list::ExtensionList;
use super::{
    AttachError, Issuer, IssuerError, LintRefusal, ProfileError, SerialNumber, Validity, encoding,
    lint_gate,
};
use crate::certificate::CertificateView;
use crate::lint::{LintFinding, Profile, lint_certificate};

/// A certificate that lacks only its signature.
///
/// The linter has nothing against it, apart from the [`findings`](Self::findings) that are no errors.
/// Hand [`to_be_signed`](Self::to_be_signed) to the issuer's key and the result to [`attach`](Self::attach).
#[derive(Clone, Debug)]
pub struct UnsignedCertificate {
    tbs: Vec<u8>,
    /// The certificate with a placeholder for its signature.
    awaiting: Vec<u8>,
    algorithm: Vec<u8>,
    issuer_key: PublicKey,
    profile: Profile,
    issuer_certificate: Option<Vec<u8>>,
    findings: Vec<LintFinding>,
}

/// What a profile decides about a certificate.
#[derive(Debug)]
pub(crate) struct Content<'a> {
    pub(crate) profile: Profile,
    /// Who signs; `None` for a root, which signs itself.
    pub(crate) issuer: Option<&'a Issuer>,
    pub(crate) subject: &'a [u8],
    pub(crate) subject_key: &'a PublicKey,
    pub(crate) validity: Validity,
    pub(crate) extensions: ExtensionList,
}

impl UnsignedCertificate {
    pub(crate) fn assemble(
        content: &Content<'_>,
        serial_number: &SerialNumber,
    ) -> Result<Self, ProfileError> {
        let issuer_key = content.issuer.map_or(content.subject_key, Issuer::key);
        let algorithm = encoding::ecdsa_algorithm(issuer_key.curve())?;
        let version = encoding::explicit(0, &2u8.to_der()?)?;
        let extensions = encoding::explicit(3, &content.extensions.to_der()?)?;
        let tbs = encoding::sequence(&[
            &version,
            &serial_number.to_der()?,
            &algorithm,
            content.issuer.map_or(content.subject, Issuer::subject),
            &content.validity.to_der()?,
            content.subject,
            &content.subject_key.to_spki_der(),
            &extensions,
        ])?;
        let awaiting = encoding::awaiting_signature(&tbs, &algorithm)?;
        let mut unsigned = Self {
            tbs,
            awaiting,
            algorithm,
            issuer_key: issuer_key.clone(),
            profile: content.profile,
            issuer_certificate: content.issuer.map(|issuer| issuer.certificate().to_vec()),
            findings: Vec::new(),
        };
        let findings = unsigned.lint(&unsigned.awaiting)?;
        unsigned.findings = lint_gate::before_signing(findings)?;
        Ok(unsigned)
    }

    /// The certificate with a placeholder for its signature.
    pub(crate) fn awaiting_signature(&self) -> &[u8] {
        &self.awaiting
    }

    pub(super) fn lint(&self, certificate: &[u8]) -> Result<Vec<LintFinding>, LintRefusal> {
        let certificate = CertificateView::from_der(certificate)?;
        let issuer = self
            .issuer_certificate
            .as_deref()
            .map(CertificateView::from_der)
            .transpose()?;
        Ok(lint_certificate(
            &certificate,
            Some(self.profile),
            issuer.as_ref(),
        ))
    }

    /// What the linter remarks on, short of an error.
    pub fn findings(&self) -> &[LintFinding] {
        &self.findings
    }

    /// The DER of the TBSCertificate: the message to sign, not yet hashed.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.tbs
    }

    /// The issuer that this certificate will be once it is signed, so that what it is going to issue can be built and
    /// reviewed before its key signs anything.
    ///
    /// The certificate in it has a placeholder for a signature and is nothing to publish.
    ///
    /// # Errors
    /// [`IssuerError`] for a certificate that issues none.
    pub fn as_issuer(&self) -> Result<Issuer, IssuerError> {
        Issuer::from_certificate(&self.awaiting)
    }

    /// The key whose signature is expected: of the issuer, or for an IACA root its own.
    pub fn issuer_key(&self) -> &PublicKey {
        &self.issuer_key
    }

    /// Completes the certificate after checking that the signature is the issuer's over these very bytes, and that the
    /// linter still agrees.
    ///
    /// # Errors
    /// [`AttachError::Signature`] for any other signature; the unsigned certificate is then gone as well.
    /// [`AttachError::Linter`] for what only the finished certificate shows.
    pub fn attach(self, signature: &Signature) -> Result<IssuedCertificate, AttachError> {
        self.issuer_key
            .verify(
                self.issuer_key.curve().algorithm(),
                &self.tbs,
                signature.as_bytes(),
            )
            .map_err(AttachError::Signature)?;
        let der = encoding::signed(&self.tbs, &self.algorithm, signature)?;
        lint_gate::after_signing(self.lint(&der)?)?;
        Ok(IssuedCertificate { der })
    }
}

/// A certificate made by one of the profiles, with a signature that was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssuedCertificate {
    der: Vec<u8>,
}

impl IssuedCertificate {
    /// A certificate of a service, checked as thoroughly as one of ours.
    pub(super) fn accepted(der: Vec<u8>) -> Self {
        Self { der }
    }

    /// The certificate in DER.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate in DER, owned.
    pub fn into_der(self) -> Vec<u8> {
        self.der
    }

    /// The certificate in PEM, lines ended by `\n`.
    pub fn to_pem(&self) -> String {
        encoding::pem("CERTIFICATE", &self.der)
    }
}
