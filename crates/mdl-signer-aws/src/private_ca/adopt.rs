//! Taking over a root that was made by other means, such as the templates in `deploy/aws`.

use aws_sdk_acmpca::types::{CertificateAuthorityStatus, RevocationConfiguration};
use mdl_iaca::certificate::CertificateView;
use mdl_iaca::lint::{Profile, Severity, lint_certificate};
use mdl_iaca::profile::LintRefusal;

use super::authority::crl_url;
use super::root::wrong_state;
use super::{CertificateAuthorityArn, CrlPublication, PrivateCa, PrivateCaError, StateFile};

/// Checks an authority that is active, and writes into `state` that it is used from now on. Gives the DER of its
/// certificate.
///
/// # Errors
/// [`PrivateCaError::Lint`] if its root breaks the profile, [`PrivateCaError::OtherAuthority`] if it does not publish
/// the CRL that its certificate names.
pub async fn adopt_root(
    service: &PrivateCa,
    arn: &CertificateAuthorityArn,
    state: &mut StateFile,
) -> Result<Vec<u8>, PrivateCaError> {
    let description = service.describe(arn).await?;
    if description.status() != Some(&CertificateAuthorityStatus::Active) {
        return Err(wrong_state(description.status(), "ACTIVE"));
    }
    let root = service.root_certificate(arn).await?;
    let view = CertificateView::from_der(&root)?;
    let errors: Vec<_> = lint_certificate(&view, Some(Profile::IacaRoot), None)
        .into_iter()
        .filter(|finding| finding.severity() == Severity::Error)
        .collect();
    if !errors.is_empty() {
        return Err(PrivateCaError::Lint(LintRefusal::Errors(errors)));
    }
    let published = description
        .revocation_configuration()
        .and_then(RevocationConfiguration::crl_configuration)
        .and_then(CrlPublication::of_service)
        .map(|crl| crl.url(arn.region(), arn.id()));
    let named = crl_url(&root);
    if named.is_none() || named != published {
        let describe =
            |url: Option<String>| url.map_or("no CRL".into(), |url| format!("a CRL at {url}"));
        return Err(PrivateCaError::OtherAuthority {
            found: describe(published),
            asked: format!("{} in its certificate", describe(named)),
        });
    }
    state.adopt(arn)?;
    state.finish()?;
    Ok(root)
}
