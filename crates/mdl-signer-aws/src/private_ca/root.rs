//! The life of a root up to its first day: create, request, self-issue, check, import.

use aws_sdk_acmpca::primitives::Blob;
use aws_sdk_acmpca::types::{
    CertificateAuthorityConfiguration, CertificateAuthorityStatus, CertificateAuthorityType,
    CertificateAuthorityUsageMode, CrlConfiguration, CrlType, RevocationConfiguration, S3ObjectAcl,
    Tag,
};
use mdl_iaca::certificate::DocumentKind;
use mdl_iaca::csr::CertificateRequest;
use mdl_iaca::profile::{IssuedCertificate, Validity};
use time::OffsetDateTime;

use super::issue::{IN_PROGRESS, one_document};
use super::order::{key_algorithm, signing_algorithm};
use super::request::{IssueRequest, Template, asn1_subject, subject_members};
use super::state::{StateFile, Which};
use super::{CertificateAuthorityArn, PrivateCa, PrivateCaError, RootOrder};
use crate::retry::CallError;

/// Tag by which an authority is found whose ARN was never written down.
pub(super) const TAG: &str = "mdl-request";

/// Makes the root in Private CA, or goes on with the one that `state` says was begun. `step` is told what comes next.
///
/// # Errors
/// [`PrivateCaError`]. What was created is in the state file and is never deleted here. After
/// [`PrivateCaError::Accept`] the authority has no root certificate in use.
pub async fn create_root(
    service: &PrivateCa,
    order: &RootOrder,
    state: &mut StateFile,
    step: &mut (dyn FnMut(&str) + Send),
) -> Result<IssuedCertificate, PrivateCaError> {
    // The profile finds its faults here, before anything exists.
    let preview = order.preview(&service.region)?;
    let (not_before, not_after) = state.begin(
        &order.digest(&service.region)?,
        (preview.not_before, preview.not_after),
    )?;
    let mut order = order.clone();
    order.validity = validity(not_before, not_after)?;

    let arn = match state.certificate_authority()? {
        Some(arn) => arn,
        None => {
            let mut found = None;
            if !state.is_new() {
                step("looking for an authority that an earlier run created");
                found = service.find(state.token()).await?;
            }
            let arn = match found {
                Some(arn) => arn,
                None => {
                    step("creating the certificate authority");
                    service.create(&order, state.token()).await?
                }
            };
            state.adopt(&arn)?;
            arn
        }
    };
    step(&format!("waiting for the key of {arn}"));
    let (csr, csr_pem) = service.csr(&arn).await?;
    let description = service.describe(&arn).await?;
    let crl = description
        .revocation_configuration()
        .and_then(RevocationConfiguration::crl_configuration);
    order.crl.check(&arn, crl)?;
    let request = CertificateRequest::from_der(&csr)?;
    if request.key().curve() != order.curve {
        return Err(PrivateCaError::OtherAuthority {
            found: format!("a key on {}", request.key().curve().name()),
            asked: order.curve.name().to_owned(),
        });
    }
    let url = order.crl.url(&service.region, arn.id());
    let unsigned = order.build(request.key().clone(), &url)?;
    let certificate = match description.status() {
        Some(CertificateAuthorityStatus::PendingCertificate) => {
            step("having the root certificate issued");
            let asked = IssueRequest::new(
                Template::Root,
                signing_algorithm(order.curve)?,
                &unsigned.requested()?,
            );
            let token = state.token().to_owned();
            let what = format!("the root certificate of {arn}");
            let der = service
                .issued(&arn, state, Which::Root, &what, (&asked, &csr_pem, &token))
                .await?;
            let certificate = unsigned.accept(&der)?;
            step("importing the root certificate");
            service.import(&arn, &certificate.to_pem()).await?;
            certificate
        }
        // A run before this one got as far as that.
        Some(CertificateAuthorityStatus::Active) => {
            unsigned.accept(&service.root_certificate(&arn).await?)?
        }
        other => return Err(wrong_state(other, "PENDING_CERTIFICATE or ACTIVE")),
    };
    let description = service.describe(&arn).await?;
    if description.status() != Some(&CertificateAuthorityStatus::Active) {
        return Err(wrong_state(description.status(), "ACTIVE"));
    }
    state.finish()?;
    Ok(certificate)
}

fn validity(not_before: i64, not_after: i64) -> Result<Validity, PrivateCaError> {
    let time = |seconds| {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    };
    Ok(Validity::new(time(not_before), time(not_after))?)
}

pub(super) fn wrong_state(
    found: Option<&CertificateAuthorityStatus>,
    expected: &'static str,
) -> PrivateCaError {
    PrivateCaError::State {
        found: found
            .map_or("unknown", CertificateAuthorityStatus::as_str)
            .to_owned(),
        expected,
    }
}

impl PrivateCa {
    /// The authority that carries this tag, if there is one.
    async fn find(&self, token: &str) -> Result<Option<CertificateAuthorityArn>, PrivateCaError> {
        let mut page: Option<String> = None;
        loop {
            let list = self
                .access
                .call("acm-pca:ListCertificateAuthorities", &self.region, |_| {
                    self.client
                        .list_certificate_authorities()
                        .max_results(100)
                        .set_next_token(page.clone())
                        .send()
                })
                .await?;
            for authority in list.certificate_authorities() {
                let is_gone = authority.status() == Some(&CertificateAuthorityStatus::Deleted);
                let (Some(arn), false) = (authority.arn(), is_gone) else {
                    continue;
                };
                let tags = self
                    .access
                    .call("acm-pca:ListTags", arn, |_| {
                        self.client
                            .list_tags()
                            .certificate_authority_arn(arn)
                            .send()
                    })
                    .await?;
                if tags
                    .tags()
                    .iter()
                    .any(|tag| tag.key() == TAG && tag.value() == Some(token))
                {
                    return Ok(Some(arn.parse()?));
                }
            }
            page = list.next_token().map(str::to_owned);
            if page.is_none() {
                return Ok(None);
            }
        }
    }

    async fn create(
        &self,
        order: &RootOrder,
        token: &str,
    ) -> Result<CertificateAuthorityArn, PrivateCaError> {
        let operation = "acm-pca:CreateCertificateAuthority";
        let unfit = |source| CallError::Request {
            operation,
            source: Box::new(source),
        };
        let subject = subject_members(&order.preview(&self.region)?);
        let configuration = CertificateAuthorityConfiguration::builder()
            .key_algorithm(key_algorithm(order.curve)?.into())
            .signing_algorithm(signing_algorithm(order.curve)?.into())
            .subject(asn1_subject(&subject))
            .build()
            .map_err(unfit)?;
        let days = i32::try_from(order.crl.expiration_days)
            .map_err(|_| PrivateCaError::CrlLife(order.crl.expiration_days))?;
        let crl = CrlConfiguration::builder()
            .enabled(true)
            .expiration_in_days(days)
            .s3_bucket_name(&order.crl.bucket)
            .s3_object_acl(S3ObjectAcl::BucketOwnerFullControl)
            .crl_type(CrlType::Complete)
            .set_custom_cname(order.crl.host.clone())
            .build()
            .map_err(unfit)?;
        let revocation = RevocationConfiguration::builder()
            .crl_configuration(crl)
            .build();
        let tag = Tag::builder()
            .key(TAG)
            .value(token)
            .build()
            .map_err(unfit)?;
        let answer = self
            .access
            .call(operation, "root", |_| {
                self.client
                    .create_certificate_authority()
                    .certificate_authority_configuration(configuration.clone())
                    .certificate_authority_type(CertificateAuthorityType::Root)
                    .revocation_configuration(revocation.clone())
                    .usage_mode(CertificateAuthorityUsageMode::GeneralPurpose)
                    .idempotency_token(token)
                    .tags(tag.clone())
                    .send()
            })
            .await?;
        let arn = answer
            .certificate_authority_arn()
            .ok_or(PrivateCaError::Incomplete {
                operation,
                member: "CertificateAuthorityArn",
            })?;
        Ok(arn.parse()?)
    }

    /// Waits for the authority's request: its DER, and the PEM as it came.
    async fn csr(
        &self,
        arn: &CertificateAuthorityArn,
    ) -> Result<(Vec<u8>, String), PrivateCaError> {
        let operation = "acm-pca:GetCertificateAuthorityCsr";
        let mut waiting = self.patience.begin();
        loop {
            let answer = self
                .access
                .call(operation, arn.as_str(), |_| {
                    self.client
                        .get_certificate_authority_csr()
                        .certificate_authority_arn(arn.as_str())
                        .send()
                })
                .await;
            match answer {
                Ok(answer) => {
                    let der = one_document(operation, "Csr", answer.csr())?;
                    let pem = super::authority::pem(DocumentKind::Csr, &der);
                    return Ok((der, pem));
                }
                Err(error) if error.code() == Some(IN_PROGRESS) => {
                    if !waiting.again().await {
                        return Err(PrivateCaError::NotYet("the certificate authority"));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn import(&self, arn: &CertificateAuthorityArn, pem: &str) -> Result<(), PrivateCaError> {
        self.access
            .call(
                "acm-pca:ImportCertificateAuthorityCertificate",
                arn.as_str(),
                |_| {
                    self.client
                        .import_certificate_authority_certificate()
                        .certificate_authority_arn(arn.as_str())
                        .certificate(Blob::new(pem))
                        .send()
                },
            )
            .await?;
        Ok(())
    }

    /// The certificate that the authority uses.
    pub(super) async fn root_certificate(
        &self,
        arn: &CertificateAuthorityArn,
    ) -> Result<Vec<u8>, PrivateCaError> {
        let operation = "acm-pca:GetCertificateAuthorityCertificate";
        let answer = self
            .access
            .call(operation, arn.as_str(), |_| {
                self.client
                    .get_certificate_authority_certificate()
                    .certificate_authority_arn(arn.as_str())
                    .send()
            })
            .await?;
        one_document(operation, "Certificate", answer.certificate())
    }
}
