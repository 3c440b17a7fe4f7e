//! Private CA as one of the two kinds of certificate authority.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_acmpca::types::CertificateAuthorityStatus;
use base64ct::{Base64, Encoding};
use mdl_crypto::HashAlgorithm;
use mdl_iaca::authority::{AuthorityError, CertificateAuthority, Revocation};
use mdl_iaca::certificate::{
    CertificateView, DistributionPointName, DocumentKind, GeneralName, oid,
};
use mdl_iaca::profile::{IssuedCertificate, Issuer, RequestedCertificate, UnsignedCertificate};
use time::OffsetDateTime;
use tokio::sync::Mutex;

use super::order::signing_algorithm;
use super::request::{IssueRequest, Template};
use super::root::wrong_state;
use super::state::Which;
use super::{CertificateAuthorityArn, CrlSource, PrivateCa, PrivateCaError, StateFile};

/// An IACA in Private CA whose root is in use.
pub struct PrivateCaAuthority {
    service: PrivateCa,
    arn: CertificateAuthorityArn,
    issuer: Issuer,
    crl_url: String,
    source: Arc<dyn CrlSource>,
    state: Mutex<StateFile>,
}

impl PrivateCaAuthority {
    /// The authority that `state` names. `root` is the DER of its certificate, as it is published; the service is not
    /// asked for it again.
    ///
    /// # Errors
    /// [`PrivateCaError`] if the root was never finished, or its certificate names no CRL.
    pub fn new(
        service: PrivateCa,
        root: &[u8],
        state: StateFile,
        source: Arc<dyn CrlSource>,
    ) -> Result<Self, PrivateCaError> {
        let unfinished = || PrivateCaError::NotYet("the root");
        let arn = state.certificate_authority()?.ok_or_else(unfinished)?;
        if !state.is_finished() {
            return Err(unfinished());
        }
        let crl_url = crl_url(root).ok_or(PrivateCaError::CrlPoint)?;
        Ok(Self {
            service,
            arn,
            issuer: Issuer::from_certificate(root)?,
            crl_url,
            source,
            state: Mutex::new(state),
        })
    }

    /// Its ARN.
    pub fn arn(&self) -> &CertificateAuthorityArn {
        &self.arn
    }

    /// Where it publishes its CRL.
    pub fn crl_url(&self) -> &str {
        &self.crl_url
    }

    /// What the service will be asked for.
    pub(super) fn request(
        &self,
        unsigned: &UnsignedCertificate,
    ) -> Result<IssueRequest, PrivateCaError> {
        let asked = unsigned.requested()?;
        // The authority writes the CRL that it is configured with, whatever is passed.
        let crl = oid::CRL_DISTRIBUTION_POINTS.to_string();
        let named = asked
            .extensions
            .iter()
            .find(|extension| extension.oid == crl);
        let root = CertificateView::from_der(self.issuer.certificate())?;
        let own = root.extensions().get(oid::CRL_DISTRIBUTION_POINTS);
        if named.map(|extension| extension.value.as_slice()) != own.map(|extension| extension.value)
        {
            return Err(PrivateCaError::CrlPoint);
        }
        let signing = signing_algorithm(self.issuer.key().curve())?;
        Ok(IssueRequest::new(Template::EndEntity, signing, &asked))
    }

    /// The same for the same certificate and request, so that one that was asked for is recognised.
    pub(super) fn token(&self, asked: &RequestedCertificate, request: &[u8]) -> String {
        let extensions: Vec<_> = asked
            .extensions
            .iter()
            .map(|extension| {
                (
                    &extension.oid,
                    extension.critical,
                    hex::encode(&extension.value),
                )
            })
            .collect();
        let all = format!(
            "{} {} {:?} {} {} {extensions:?}",
            self.arn,
            hex::encode(request),
            asked.subject,
            asked.not_before.unix_timestamp(),
            asked.not_after.unix_timestamp()
        );
        let digest = HashAlgorithm::Sha256.digest(all.as_bytes());
        let mut token = hex::encode(digest.as_bytes());
        token.truncate(32);
        token
    }

    async fn issue(
        &self,
        unsigned: UnsignedCertificate,
        request: &[u8],
    ) -> Result<IssuedCertificate, PrivateCaError> {
        let asked = self.request(&unsigned)?;
        let requested = unsigned.requested()?;
        let token = self.token(&requested, request);
        let mut state = self.state.lock().await;
        let which = Which::Certificate(&token);
        if state.issued(which)?.is_none() {
            let description = self.service.describe(&self.arn).await?;
            if description.status() != Some(&CertificateAuthorityStatus::Active) {
                return Err(wrong_state(description.status(), "ACTIVE"));
            }
        }
        let names: Vec<_> = requested
            .subject
            .iter()
            .map(|(_, text)| text.as_str())
            .collect();
        let what = format!("a certificate for {}", names.join(", "));
        let csr = pem(DocumentKind::Csr, request);
        let issued =
            self.service
                .issued(&self.arn, &mut state, which, &what, (&asked, &csr, &token));
        Ok(unsigned.accept(&issued.await?)?)
    }
}

#[async_trait]
impl CertificateAuthority for PrivateCaAuthority {
    fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    async fn certify(
        &self,
        unsigned: UnsignedCertificate,
        request: &[u8],
        _at: OffsetDateTime,
    ) -> Result<IssuedCertificate, AuthorityError> {
        Ok(self.issue(unsigned, request).await?)
    }

    async fn revoke(
        &self,
        revoked: &[Revocation],
        _at: OffsetDateTime,
    ) -> Result<Vec<u8>, AuthorityError> {
        for revocation in revoked {
            self.service.revoke(&self.arn, revocation).await?;
        }
        let source = self.source.as_ref();
        Ok(self
            .service
            .published_crl(source, &self.crl_url, &self.issuer, revoked)
            .await?)
    }
}

impl fmt::Debug for PrivateCaAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateCaAuthority")
            .field("arn", &self.arn)
            .finish_non_exhaustive()
    }
}

/// The URL of the CRL that a certificate names.
pub(super) fn crl_url(certificate: &[u8]) -> Option<String> {
    let certificate = CertificateView::from_der(certificate).ok()?;
    let points = certificate.extensions().crl_distribution_points().ok()??;
    points.iter().find_map(|point| match point.name.as_ref()? {
        DistributionPointName::FullName(names) => names.iter().find_map(|name| match name {
            GeneralName::Uri(uri) => Some(uri.to_owned()),
            _ => None,
        }),
        _ => None,
    })
}

/// PEM, lines of 64 characters.
pub(super) fn pem(kind: DocumentKind, der: &[u8]) -> String {
    let base64 = Base64::encode_string(der);
    let label = kind.pem_label();
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in base64.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
