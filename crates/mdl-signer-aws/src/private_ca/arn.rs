//! Names of authorities and certificates.

use std::fmt;
use std::str::FromStr;

/// A text that is not the ARN of what it should be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?}: expected arn:aws:acm-pca:REGION:ACCOUNT:certificate-authority/ID{rest}")]
pub struct InvalidArn {
    found: String,
    rest: &'static str,
}

/// `arn:aws:acm-pca:us-west-2:111122223333:certificate-authority/…`
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct CertificateAuthorityArn(String);

impl CertificateAuthorityArn {
    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The Region it is in.
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }

    /// What its CRL is named after.
    pub fn id(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl FromStr for CertificateAuthorityArn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let invalid = || InvalidArn {
            found: text.to_owned(),
            rest: "",
        };
        let parts: Vec<&str> = text.split(':').collect();
        let [arn, partition, service, region, account, resource] = parts[..] else {
            return Err(invalid());
        };
        let id = resource
            .strip_prefix("certificate-authority/")
            .ok_or_else(invalid)?;
        let is_word = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let fits = arn == "arn"
            && partition.starts_with("aws")
            && service == "acm-pca"
            && is_word(region)
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && is_word(id)
            && text.len() <= 200;
        fits.then(|| Self(text.to_owned())).ok_or_else(invalid)
    }
}

impl fmt::Display for CertificateAuthorityArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ARN of a certificate: that of its authority, `/certificate/`, the serial number in hexadecimal.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct CertificateArn(String);

impl CertificateArn {
    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CertificateArn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let invalid = || InvalidArn {
            found: text.to_owned(),
            rest: "/certificate/SERIAL",
        };
        let (authority, serial) = text.split_once("/certificate/").ok_or_else(invalid)?;
        authority
            .parse::<CertificateAuthorityArn>()
            .map_err(|_| invalid())?;
        let is_hex = !serial.is_empty() && serial.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hex && text.len() <= 200 {
            Ok(Self(text.to_owned()))
        } else {
            Err(invalid())
        }
    }
}

impl fmt::Display for CertificateArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:acm-pca:us-west-2:111122223333:certificate-authority/0a-1";

    #[test]
    fn an_arn_has_its_parts() {
        let arn: CertificateAuthorityArn = ARN.parse().unwrap();
        assert_eq!((arn.region(), arn.id()), ("us-west-2", "0a-1"));
        assert!(
            format!("{ARN}/certificate/0aff")
                .parse::<CertificateArn>()
                .is_ok()
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for wrong in [
            "",
            "arn:aws:kms:us-west-2:111122223333:key/1",
            "arn:aws:acm-pca:us-west-2:1111:certificate-authority/1",
            "arn:aws:acm-pca::111122223333:certificate-authority/1",
            "arn:aws:acm-pca:us-west-2:111122223333:certificate-authority/",
            &format!("{ARN}/certificate/0a"),
        ] {
            assert!(wrong.parse::<CertificateAuthorityArn>().is_err(), "{wrong}");
        }
        for wrong in [
            ARN,
            &format!("{ARN}/certificate/"),
            &format!("{ARN}/certificate/xy"),
        ] {
            assert!(wrong.parse::<CertificateArn>().is_err(), "{wrong}");
        }
    }
}
