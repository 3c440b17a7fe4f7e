use mdl_crypto::PublicKey;
use x509_cert::ext::pkix::KeyUsages;

use super::extension_list::ExtensionList;
use super::key_purpose;
use super::unsigned_certificate::Content;
use super::{
    DistinguishedName, Field, Issuer, ProfileError, SerialNumber, UnsignedCertificate, Validity,
    validity,
};
use crate::lint::Profile;

/// The certificate whose key signs a VICAL, the list of IACA certificates of a provider (Table C.1).
///
/// Its key usage is nonRepudiation alone, unlike every other signer here.
#[derive(Clone, Debug)]
pub struct VicalSignerProfile<'a> {
    issuer: &'a Issuer,
    key: PublicKey,
    name: DistinguishedName,
    validity: Validity,
    crl_distribution_point: String,
    ocsp_responder: Option<String>,
    mdoc_purpose: bool,
}

impl<'a> VicalSignerProfile<'a> {
    /// A VICAL signer for `key`. The name needs country, organization and common name.
    pub fn new(
        issuer: &'a Issuer,
        key: PublicKey,
        name: DistinguishedName,
        validity: Validity,
        crl_distribution_point: impl Into<String>,
    ) -> Self {
        Self {
            issuer,
            key,
            name,
            validity,
            crl_distribution_point: crl_distribution_point.into(),
            ocsp_responder: None,
            mdoc_purpose: false,
        }
    }

    /// The OCSP responder of the issuer, if it runs one.
    #[must_use]
    pub fn ocsp_responder(mut self, uri: impl Into<String>) -> Self {
        self.ocsp_responder = Some(uri.into());
        self
    }

    /// Adds the key purpose of any VICAL signer (1.0.23220.4.1.8), as the second edition recommends.
    #[must_use]
    pub fn with_mdoc_purpose(mut self) -> Self {
        self.mdoc_purpose = true;
        self
    }

    /// The certificate, ready to be signed by the issuer's key.
    ///
    /// # Errors
    /// [`ProfileError`] for an Edwards key, more than 1187 days, a validity outside the issuer's, a name without
    /// country or organization, or a text or URI that is not well-formed.
    pub fn build(&self, serial_number: &SerialNumber) -> Result<UnsignedCertificate, ProfileError> {
        if self.key.curve().is_edwards() {
            return Err(ProfileError::Curve(self.key.curve()));
        }
        if self.name.country.is_none() {
            return Err(ProfileError::Missing(Field::Country));
        }
        if self.name.organization.is_none() {
            return Err(ProfileError::Missing(Field::Organization));
        }
        self.validity.at_most(validity::SIGNER_LIMIT_DAYS)?;
        self.validity.within(self.issuer)?;

        let mut extensions = ExtensionList::default();
        extensions.authority_key_identifier(self.issuer.key_identifier())?;
        extensions.subject_key_identifier(&self.key)?;
        extensions.key_usage(KeyUsages::NonRepudiation)?;
        if self.mdoc_purpose {
            extensions
                .extended_key_usage(true, &[key_purpose::MDL_VICAL, key_purpose::MDOC_VICAL])?;
        } else {
            extensions.extended_key_usage(true, &[key_purpose::MDL_VICAL])?;
        }
        extensions.crl_distribution_point(&self.crl_distribution_point)?;
        if let Some(uri) = &self.ocsp_responder {
            extensions.ocsp_responder(uri)?;
        }
        let content = Content {
            profile: Profile::VicalSigner,
            issuer: Some(self.issuer),
            subject: &self.name.to_der()?,
            subject_key: &self.key,
            validity: self.validity,
            extensions,
        };
        UnsignedCertificate::assemble(&content, serial_number)
    }
}
