//! Having a certificate issued, and waiting for it.

use aws_sdk_acmpca::primitives::Blob;
use mdl_iaca::certificate::read_documents;

use super::request::IssueRequest;
use super::state::{StateFile, Which};
use super::{CertificateArn, CertificateAuthorityArn, PrivateCa, PrivateCaError};
use crate::retry::CallError;

/// The service has not finished what it was asked for.
pub(super) const IN_PROGRESS: &str = "RequestInProgressException";

impl PrivateCa {
    /// The DER of the certificate for `csr_pem`. Asked for under `token`, unless `state` knows that it already was.
    pub(super) async fn issued(
        &self,
        arn: &CertificateAuthorityArn,
        state: &mut StateFile,
        which: Which<'_>,
        what: &str,
        (request, csr_pem, token): (&IssueRequest, &str, &str),
    ) -> Result<Vec<u8>, PrivateCaError> {
        let certificate = match state.issued(which)? {
            Some(certificate) => certificate,
            None => {
                state.asking(which, what)?;
                match self.issue(arn, request, csr_pem, token).await {
                    Ok(certificate) => {
                        state.answered(which, &certificate)?;
                        certificate
                    }
                    Err(error) => {
                        if !error.may_pass() {
                            state.refused(which)?;
                        }
                        return Err(error);
                    }
                }
            }
        };
        self.certificate(arn, &certificate).await
    }

    async fn issue(
        &self,
        arn: &CertificateAuthorityArn,
        request: &IssueRequest,
        csr_pem: &str,
        token: &str,
    ) -> Result<CertificateArn, PrivateCaError> {
        let operation = "acm-pca:IssueCertificate";
        let unfit = |source| CallError::Request {
            operation,
            source: Box::new(source),
        };
        let (not_before, not_after) = request.validity().map_err(unfit)?;
        let passthrough = request.passthrough().map_err(unfit)?;
        let answer = self
            .access
            .call(operation, arn.as_str(), |_| {
                self.client
                    .issue_certificate()
                    .certificate_authority_arn(arn.as_str())
                    .csr(Blob::new(csr_pem))
                    .signing_algorithm(request.signing_algorithm.into())
                    .template_arn(request.template.arn())
                    .api_passthrough(passthrough.clone())
                    .validity_not_before(not_before.clone())
                    .validity(not_after.clone())
                    .idempotency_token(token)
                    .send()
            })
            .await?;
        let issued = answer.certificate_arn().ok_or(PrivateCaError::Incomplete {
            operation,
            member: "CertificateArn",
        })?;
        Ok(issued.parse()?)
    }

    /// Waits until the certificate is there.
    pub(super) async fn certificate(
        &self,
        arn: &CertificateAuthorityArn,
        certificate: &CertificateArn,
    ) -> Result<Vec<u8>, PrivateCaError> {
        let operation = "acm-pca:GetCertificate";
        let mut waiting = self.patience.begin();
        loop {
            let answer = self
                .access
                .call(operation, certificate.as_str(), |_| {
                    self.client
                        .get_certificate()
                        .certificate_authority_arn(arn.as_str())
                        .certificate_arn(certificate.as_str())
                        .send()
                })
                .await;
            match answer {
                Ok(answer) => return one_document(operation, "Certificate", answer.certificate()),
                Err(error) if error.code() == Some(IN_PROGRESS) => {
                    if !waiting.again().await {
                        return Err(PrivateCaError::NotYet("the certificate"));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The DER in a PEM answer.
pub(super) fn one_document(
    operation: &'static str,
    member: &'static str,
    pem: Option<&str>,
) -> Result<Vec<u8>, PrivateCaError> {
    let incomplete = PrivateCaError::Incomplete { operation, member };
    let documents = read_documents(pem.unwrap_or_default().as_bytes())?;
    documents
        .into_iter()
        .next()
        .map(|document| document.der)
        .ok_or(incomplete)
}
