//! What the service says about an authority.

use aws_sdk_acmpca::types::CertificateAuthority as Description;
use aws_sdk_acmpca::types::RevocationConfiguration;
use time::OffsetDateTime;

use super::{CertificateAuthorityArn, PrivateCa, PrivateCaError};

/// Where an authority stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorityStatus {
    /// `ACTIVE`, `DISABLED`, `EXPIRED` and so on, as the service calls it.
    pub status: String,
    /// When it was created.
    pub created_at: Option<OffsetDateTime>,
    /// Last second of its certificate.
    pub not_after: Option<OffsetDateTime>,
    /// Until when a deleted authority can be restored.
    pub restorable_until: Option<OffsetDateTime>,
    /// Bucket of its CRL, if it publishes one.
    pub crl_bucket: Option<String>,
    /// From a CRL to its nextUpdate, in days.
    pub crl_days: Option<i32>,
}

impl PrivateCa {
    /// Asks where the authority stands.
    ///
    /// # Errors
    /// [`PrivateCaError`].
    pub async fn status(
        &self,
        arn: &CertificateAuthorityArn,
    ) -> Result<AuthorityStatus, PrivateCaError> {
        let description = self.describe(arn).await?;
        let time = |at: Option<&aws_sdk_acmpca::primitives::DateTime>| {
            OffsetDateTime::from_unix_timestamp(at?.secs()).ok()
        };
        let crl = description
            .revocation_configuration()
            .and_then(RevocationConfiguration::crl_configuration)
            .filter(|crl| crl.enabled());
        Ok(AuthorityStatus {
            status: description
                .status()
                .map_or("unknown", |status| status.as_str())
                .to_owned(),
            created_at: time(description.created_at()),
            not_after: time(description.not_after()),
            restorable_until: time(description.restorable_until()),
            crl_bucket: crl.and_then(|crl| crl.s3_bucket_name()).map(str::to_owned),
            crl_days: crl.and_then(|crl| crl.expiration_in_days()),
        })
    }

    pub(super) async fn describe(
        &self,
        arn: &CertificateAuthorityArn,
    ) -> Result<Description, PrivateCaError> {
        let operation = "acm-pca:DescribeCertificateAuthority";
        let answer = self
            .access
            .call(operation, arn.as_str(), |_| {
                self.client
                    .describe_certificate_authority()
                    .certificate_authority_arn(arn.as_str())
                    .send()
            })
            .await?;
        answer
            .certificate_authority
            .ok_or(PrivateCaError::Incomplete {
                operation,
                member: "CertificateAuthority",
            })
    }
}
