//! What the root is to be, and the CRL it is to have.

use mdl_crypto::{Curve, HashAlgorithm, PrivateKey, PublicKey};
use mdl_iaca::profile::{
    Contact, DistinguishedName, IacaProfile, ProfileError, RequestedCertificate, SerialNumber,
    UnsignedCertificate, Validity,
};

use super::{CertificateAuthorityArn, PrivateCaError};

/// A root that is to be made in Private CA.
#[derive(Clone, Debug)]
pub struct RootOrder {
    /// Its name.
    pub name: DistinguishedName,
    /// For its issuer alternative name.
    pub contact: Contact,
    /// P-256, P-384 or P-521.
    pub curve: Curve,
    /// How long it is valid.
    pub validity: Validity,
    /// Where it publishes its CRL.
    pub crl: CrlPublication,
}

/// Where and how often the service publishes the CRL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CrlPublication {
    /// The bucket that it writes to; its policy must let the service in (`deploy/aws`).
    pub bucket: String,
    /// The host that serves the bucket under its own name; otherwise the bucket's.
    pub host: Option<String>,
    /// From a list to its nextUpdate, in days; a new one comes after half of it. At most 89, because the service dates
    /// lists an hour back and a CRL lasts 90 days at most.
    pub expiration_days: u32,
}

/// A serial number for certificates that only show what would be asked for; the service chooses its own.
const PREVIEW_SERIAL: [u8; 8] = [0x4d, 0x44, 0x4c, 1, 2, 3, 4, 5];

/// A list that the service dates an hour back lasts 90 days at most, which is all that Table B.10 allows.
const LONGEST_CRL_DAYS: u32 = 89;

impl CrlPublication {
    /// The URL that certificates of this authority name.
    pub fn url(&self, region: &str, id: &str) -> String {
        match &self.host {
            Some(host) => format!("http://{host}/crl/{id}.crl"),
            None => format!(
                "http://{}.s3.{region}.amazonaws.com/crl/{id}.crl",
                self.bucket
            ),
        }
    }
}

impl RootOrder {
    /// The root as the profile makes it, for this key and CRL.
    pub(super) fn build(
        &self,
        key: PublicKey,
        crl_url: &str,
    ) -> Result<UnsignedCertificate, PrivateCaError> {
        let serial = SerialNumber::from_be_bytes(&PREVIEW_SERIAL)
            .map_err(|_| ProfileError::NotInProfile(mdl_iaca::profile::Field::NameSerialNumber))?;
        let profile = IacaProfile::new(
            key,
            self.name.clone(),
            self.validity,
            self.contact.clone(),
            crl_url,
        );
        Ok(profile.build(&serial)?)
    }

    /// What will be asked for, with a key that is known to everybody: so the profile finds its faults before an
    /// authority exists and costs money.
    ///
    /// # Errors
    /// [`PrivateCaError::Curve`], or [`PrivateCaError::Profile`].
    pub(super) fn preview(&self, region: &str) -> Result<RequestedCertificate, PrivateCaError> {
        signing_algorithm(self.curve)?;
        if !(1..=LONGEST_CRL_DAYS).contains(&self.crl.expiration_days) {
            return Err(PrivateCaError::CrlLife(self.crl.expiration_days));
        }
        let mut scalar = vec![7; self.curve.field_len()];
        if let Some(first) = scalar.first_mut() {
            // Below the order of every curve.
            *first = 0;
        }
        let key = PrivateKey::from_scalar(self.curve, &scalar)
            .map_err(|_| PrivateCaError::Curve(self.curve))?;
        let url = self.crl.url(region, "00000000-0000-0000-0000-000000000000");
        Ok(self.build(key.public_key().clone(), &url)?.requested()?)
    }

    /// What two runs must have in common to be about the same root; the moment at which the second one begins is not
    /// among it.
    pub(super) fn digest(&self, region: &str) -> Result<String, PrivateCaError> {
        let preview = self.preview(region)?;
        let days = (preview.not_after - preview.not_before).whole_seconds();
        let extensions: Vec<_> = preview
            .extensions
            .iter()
            .filter(|extension| extension.oid == super::request::ISSUER_ALT_NAME)
            .map(|extension| &extension.value)
            .collect();
        let all = format!(
            "{:?} {} {days} {extensions:02x?} {:?} {region}",
            preview.subject,
            self.curve.name(),
            self.crl
        );
        let digest = HashAlgorithm::Sha256.digest(all.as_bytes());
        Ok(hex::encode(digest.as_bytes()))
    }
}

/// The service's names for a curve and for the signatures of its keys.
pub(super) fn key_algorithm(curve: Curve) -> Result<&'static str, PrivateCaError> {
    match curve {
        Curve::P256 => Ok("EC_prime256v1"),
        Curve::P384 => Ok("EC_secp384r1"),
        Curve::P521 => Ok("EC_secp521r1"),
        other => Err(PrivateCaError::Curve(other)),
    }
}

/// See [`key_algorithm`].
pub(super) fn signing_algorithm(curve: Curve) -> Result<&'static str, PrivateCaError> {
    match curve {
        Curve::P256 => Ok("SHA256WITHECDSA"),
        Curve::P384 => Ok("SHA384WITHECDSA"),
        Curve::P521 => Ok("SHA512WITHECDSA"),
        other => Err(PrivateCaError::Curve(other)),
    }
}

impl CrlPublication {
    /// What the service says of an authority; none if it publishes none.
    pub(super) fn of_service(found: &aws_sdk_acmpca::types::CrlConfiguration) -> Option<Self> {
        found.enabled().then(|| Self {
            bucket: found.s3_bucket_name().unwrap_or_default().to_owned(),
            host: found.custom_cname().map(str::to_owned),
            expiration_days: found
                .expiration_in_days()
                .and_then(|days| u32::try_from(days).ok())
                .unwrap_or(0),
        })
    }

    /// Whether the service's own account of an authority says the same.
    pub(super) fn check(
        &self,
        arn: &CertificateAuthorityArn,
        found: Option<&aws_sdk_acmpca::types::CrlConfiguration>,
    ) -> Result<(), PrivateCaError> {
        let found = found.and_then(Self::of_service);
        let describe = |crl: &Self| {
            let url = crl.url(arn.region(), arn.id());
            format!("a CRL at {url} for {} days", crl.expiration_days)
        };
        if found.as_ref() == Some(self) {
            return Ok(());
        }
        Err(PrivateCaError::OtherAuthority {
            found: found.as_ref().map_or_else(|| "no CRL".to_owned(), describe),
            asked: describe(self),
        })
    }
}
