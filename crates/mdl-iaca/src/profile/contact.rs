use x509_cert::der::Encode;
use x509_cert::der::asn1::Ia5String;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName, GeneralNames};
use x509_cert::ext::pkix::{CrlDistributionPoints, crl::dp::DistributionPoint};

use super::{Field, ProfileError};

/// Contact data of the issuing authority for the issuer alternative name: an e-mail address, a URI, or both.
///
/// It carries no trust; Annex B only asks that somebody can be reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contact {
    email: Option<String>,
    uri: Option<String>,
}

impl Contact {
    /// An e-mail address (rfc822Name). Checked when the certificate is built.
    pub fn email(address: impl Into<String>) -> Self {
        Self {
            email: Some(address.into()),
            uri: None,
        }
    }

    /// A URI, such as the authority's web site. Checked when the certificate is built.
    pub fn uri(uri: impl Into<String>) -> Self {
        Self {
            email: None,
            uri: Some(uri.into()),
        }
    }

    /// The same contact with a URI as well.
    #[must_use]
    pub fn and_uri(mut self, uri: impl Into<String>) -> Self {
        self.uri = Some(uri.into());
        self
    }

    /// The `GeneralNames` value in DER.
    pub(crate) fn to_der(&self) -> Result<Vec<u8>, ProfileError> {
        let mut names = GeneralNames::new();
        if let Some(address) = &self.email {
            let well_formed = address.is_ascii()
                && !address
                    .bytes()
                    .any(|byte| byte.is_ascii_control() || byte == b' ')
                && address
                    .split_once('@')
                    .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
            if !well_formed {
                return Err(ProfileError::Contact(address.clone()));
            }
            names.push(GeneralName::Rfc822Name(Ia5String::new(address)?));
        }
        if let Some(uri) = &self.uri {
            if !is_absolute_uri(uri) {
                return Err(ProfileError::Contact(uri.clone()));
            }
            names.push(GeneralName::UniformResourceIdentifier(Ia5String::new(uri)?));
        }
        Ok(names.to_der()?)
    }
}

/// A URI as `GeneralName`.
pub(crate) fn uri_name(field: Field, uri: &str) -> Result<GeneralName, ProfileError> {
    if !has_authority(uri) {
        return Err(ProfileError::Uri {
            field,
            value: uri.to_owned(),
        });
    }
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(uri)?))
}

/// One distribution point whose `fullName` is the URI; `reasons` and `cRLIssuer` absent.
pub(crate) fn crl_distribution_points(uri: &str) -> Result<CrlDistributionPoints, ProfileError> {
    let full_name =
        DistributionPointName::FullName(vec![uri_name(Field::CrlDistributionPoint, uri)?]);
    Ok(CrlDistributionPoints(vec![DistributionPoint {
        distribution_point: Some(full_name),
        reasons: None,
        crl_issuer: None,
    }]))
}

/// `scheme ":" rest` in the characters of RFC 3986.
fn is_absolute_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let mut scheme_bytes = scheme.bytes();
    scheme_bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic())
        && scheme_bytes.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !rest.is_empty()
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte))
}

/// An absolute URI with a host: something that can be fetched.
fn has_authority(uri: &str) -> bool {
    is_absolute_uri(uri)
        && uri.split_once("://").is_some_and(|(_, rest)| {
            rest.bytes()
                .next()
                .is_some_and(|first| !b"/?#:".contains(&first))
        })
}
