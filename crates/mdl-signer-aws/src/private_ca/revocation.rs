//! Revoking, and the list that says so.

use async_trait::async_trait;
use mdl_iaca::authority::{Revocation, RevocationReason};
use mdl_iaca::certificate::{CrlView, SerialNumber};
use mdl_iaca::profile::Issuer;

use super::{CertificateAuthorityArn, PrivateCa, PrivateCaError};

/// Fetches a published CRL. The service writes it into a bucket; who reads it there, and how, is the program's choice.
#[async_trait]
pub trait CrlSource: std::fmt::Debug + Send + Sync {
    /// The DER of the list at `url`; none if there is none yet.
    ///
    /// # Errors
    /// It cannot be fetched.
    async fn fetch(
        &self,
        url: &str,
    ) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>>;
}

/// The service's name for a reason. Every one but `UNSPECIFIED` appears in its CRL as a reason code, which the profile
/// of CRLs forbids (Table B.10).
pub const fn revocation_reason(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Unspecified => "UNSPECIFIED",
        RevocationReason::KeyCompromise => "KEY_COMPROMISE",
        RevocationReason::CaCompromise => "CERTIFICATE_AUTHORITY_COMPROMISE",
        RevocationReason::AffiliationChanged => "AFFILIATION_CHANGED",
        RevocationReason::Superseded => "SUPERSEDED",
        RevocationReason::CessationOfOperation => "CESSATION_OF_OPERATION",
        RevocationReason::PrivilegeWithdrawn => "PRIVILEGE_WITHDRAWN",
        RevocationReason::AaCompromise => "A_A_COMPROMISE",
    }
}

impl PrivateCa {
    /// Revokes a certificate; one that is revoked already stays so.
    pub(super) async fn revoke(
        &self,
        arn: &CertificateAuthorityArn,
        revocation: &Revocation,
    ) -> Result<(), PrivateCaError> {
        let digits = hex::encode(revocation.serial.as_be_bytes());
        let pairs: Vec<_> = digits
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8_lossy(pair))
            .collect();
        let serial = pairs.join(":");
        let answer = self
            .access
            .call("acm-pca:RevokeCertificate", arn.as_str(), |_| {
                self.client
                    .revoke_certificate()
                    .certificate_authority_arn(arn.as_str())
                    .certificate_serial(&serial)
                    .revocation_reason(revocation_reason(revocation.reason).into())
                    .send()
            })
            .await;
        match answer {
            Err(error) if error.code() == Some("RequestAlreadyProcessedException") => Ok(()),
            answer => answer.map(|_| ()).map_err(PrivateCaError::from),
        }
    }

    /// Waits until the published list has all these certificates.
    pub(super) async fn published_crl(
        &self,
        source: &dyn CrlSource,
        url: &str,
        issuer: &Issuer,
        revoked: &[Revocation],
    ) -> Result<Vec<u8>, PrivateCaError> {
        let mut waiting = self.patience.begin();
        loop {
            let fetched = source
                .fetch(url)
                .await
                .map_err(|source| PrivateCaError::CrlFetch {
                    url: url.to_owned(),
                    source,
                })?;
            if let Some(der) = fetched {
                let crl = CrlView::from_der(&der)?;
                crl.verify_signature(issuer.key())
                    .map_err(PrivateCaError::CrlSignature)?;
                let is_listed = |revocation: &Revocation| {
                    let found = |serial: SerialNumber<'_>| {
                        mdl_iaca::profile::SerialNumber::from_content(serial.as_bytes()).as_ref()
                            == Ok(&revocation.serial)
                    };
                    crl.revoked().any(|entry| found(entry.serial))
                };
                if revoked.iter().all(is_listed) {
                    return Ok(der);
                }
            }
            if !waiting.again().await {
                return Err(PrivateCaError::NotYet(
                    "a CRL that lists every revoked certificate",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_acmpca::types::RevocationReason as ServiceReason;

    use super::*;

    #[test]
    fn every_reason_is_one_that_the_service_knows() {
        let known = ServiceReason::values();
        let ours = RevocationReason::ALL.map(revocation_reason);
        assert!(ours.iter().all(|name| known.contains(name)));
        assert_eq!(
            ours.iter().collect::<std::collections::BTreeSet<_>>().len(),
            known.len()
        );
    }
}
