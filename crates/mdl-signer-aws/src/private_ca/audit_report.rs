//! Audit reports: the service's own list of what it issued and revoked, written into a bucket.

use aws_sdk_acmpca::types::{AuditReportResponseFormat, AuditReportStatus};

use super::{CertificateAuthorityArn, PrivateCa, PrivateCaError};

/// A report that is ready to be fetched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditReport {
    /// The bucket it is in.
    pub bucket: String,
    /// Its key in the bucket.
    pub key: String,
}

impl PrivateCa {
    /// Has a report written into the bucket, and waits for it. The service writes one in thirty minutes.
    ///
    /// # Errors
    /// [`PrivateCaError`].
    pub async fn audit_report(
        &self,
        arn: &CertificateAuthorityArn,
        bucket: &str,
    ) -> Result<AuditReport, PrivateCaError> {
        let operation = "acm-pca:CreateCertificateAuthorityAuditReport";
        let answer = self
            .access
            .call(operation, arn.as_str(), |_| {
                self.client
                    .create_certificate_authority_audit_report()
                    .certificate_authority_arn(arn.as_str())
                    .s3_bucket_name(bucket)
                    .audit_report_response_format(AuditReportResponseFormat::Json)
                    .send()
            })
            .await?;
        let incomplete = |member| PrivateCaError::Incomplete { operation, member };
        let id = answer
            .audit_report_id()
            .ok_or_else(|| incomplete("AuditReportId"))?;
        let key = answer.s3_key().ok_or_else(|| incomplete("S3Key"))?;
        let mut waiting = self.patience.begin();
        loop {
            let report = self
                .access
                .call(
                    "acm-pca:DescribeCertificateAuthorityAuditReport",
                    arn.as_str(),
                    |_| {
                        self.client
                            .describe_certificate_authority_audit_report()
                            .certificate_authority_arn(arn.as_str())
                            .audit_report_id(id)
                            .send()
                    },
                )
                .await?;
            match report.audit_report_status() {
                Some(AuditReportStatus::Success) => {
                    return Ok(AuditReport {
                        bucket: bucket.to_owned(),
                        key: key.to_owned(),
                    });
                }
                Some(AuditReportStatus::Failed) => {
                    return Err(PrivateCaError::State {
                        found: "FAILED".to_owned(),
                        expected: "an audit report with SUCCESS",
                    });
                }
                _ => {
                    if !waiting.again().await {
                        return Err(PrivateCaError::NotYet("the audit report"));
                    }
                }
            }
        }
    }
}
