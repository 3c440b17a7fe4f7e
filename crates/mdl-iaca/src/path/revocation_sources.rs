use crate::certificate::{CertificateView, DistributionPointName, GeneralName, oid};

/// More URIs of a kind than this are not looked at.
const MAX_URIS: usize = 4;
/// Longer URIs are nobody's.
const MAX_URI_BYTES: usize = 2_048;

/// Where evidence about the revocation of a certificate is, as the certificate itself says. Nothing vouches for the
/// URIs before the path is valid, and whether to contact their hosts is for the caller to decide.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RevocationSources {
    /// Serial number of the certificate, content octets.
    pub serial: Vec<u8>,
    /// cRLDistributionPoints, http and https only.
    pub crls: Vec<String>,
    /// OCSP responders of authorityInfoAccess, http and https only.
    pub ocsp_responders: Vec<String>,
}

impl RevocationSources {
    /// The URIs of a certificate.
    pub fn of(certificate: &CertificateView<'_>) -> Self {
        let extensions = certificate.extensions();
        let points = extensions.crl_distribution_points().ok().flatten();
        let crls = points
            .into_iter()
            .flatten()
            // A list for some reasons only, or of another issuer, does not answer for the certificate.
            .filter(|point| !point.has_reasons && !point.has_crl_issuer)
            .filter_map(|point| match point.name? {
                DistributionPointName::FullName(names) => Some(names),
                DistributionPointName::RelativeToCrlIssuer(_) => None,
            })
            .flat_map(|names| names.iter().filter_map(uri).collect::<Vec<_>>());
        let access = extensions.authority_info_access().ok().flatten();
        let responders = access
            .into_iter()
            .flatten()
            .filter(|access| access.method == oid::ACCESS_OCSP)
            .filter_map(|access| uri(access.location));
        Self {
            serial: certificate.serial().as_bytes().to_vec(),
            crls: crls.take(MAX_URIS).collect(),
            ocsp_responders: responders.take(MAX_URIS).collect(),
        }
    }
}

fn uri(name: GeneralName<'_>) -> Option<String> {
    let GeneralName::Uri(uri) = name else {
        return None;
    };
    let is_web = uri.starts_with("https://") || uri.starts_with("http://");
    let is_plain = uri.bytes().all(|byte| byte.is_ascii_graphic());
    (is_web && is_plain && uri.len() <= MAX_URI_BYTES).then(|| uri.to_string())
}
