use mdl_crypto::PublicKey;
use x509_cert::ext::pkix::KeyUsages;

use super::extension_list::ExtensionList;
use super::unsigned_certificate::Content;
use super::{
    Contact, DistinguishedName, Field, ProfileError, SerialNumber, UnsignedCertificate, Validity,
    validity,
};
use crate::lint::Profile;

/// The root of an issuing authority: self-signed, at the top of every document signer's path (Table B.1).
///
/// The second edition discourages the CRL distribution point that the first one requires. It is written unless
/// taken out, because readers of the first edition reject a root without it and none rejects one that has it.
#[derive(Clone, Debug)]
pub struct IacaProfile {
    key: PublicKey,
    name: DistinguishedName,
    validity: Validity,
    contact: Contact,
    crl_distribution_point: Option<String>,
}

impl IacaProfile {
    /// A root for `key`. The name needs a country and may have state, organization and serial number.
    pub fn new(
        key: PublicKey,
        name: DistinguishedName,
        validity: Validity,
        contact: Contact,
        crl_distribution_point: impl Into<String>,
    ) -> Self {
        Self {
            key,
            name,
            validity,
            contact,
            crl_distribution_point: Some(crl_distribution_point.into()),
        }
    }

    /// A root of the second edition only: without a CRL distribution point.
    #[must_use]
    pub fn without_crl_distribution_point(mut self) -> Self {
        self.crl_distribution_point = None;
        self
    }

    /// The certificate, ready to be signed by its own key.
    ///
    /// # Errors
    /// [`ProfileError`] for an Edwards key, more than 20 × 365 days, a name without country or with a locality, or
    /// a text or URI that is not well-formed.
    pub fn build(&self, serial_number: &SerialNumber) -> Result<UnsignedCertificate, ProfileError> {
        if self.key.curve().is_edwards() {
            return Err(ProfileError::Curve(self.key.curve()));
        }
        if self.name.country.is_none() {
            return Err(ProfileError::Missing(Field::Country));
        }
        if self.name.locality.is_some() {
            return Err(ProfileError::NotInProfile(Field::Locality));
        }
        self.validity.at_most(validity::IACA_LIMIT_DAYS)?;

        let mut extensions = ExtensionList::default();
        extensions.subject_key_identifier(&self.key)?;
        extensions.key_usage(KeyUsages::KeyCertSign | KeyUsages::CRLSign)?;
        extensions.issuer_alt_name(self.contact.to_der()?)?;
        extensions.basic_constraints()?;
        if let Some(uri) = &self.crl_distribution_point {
            extensions.crl_distribution_point(uri)?;
        }
        let name = self.name.to_der()?;
        let content = Content {
            profile: Profile::IacaRoot,
            issuer: None,
            subject: &name,
            subject_key: &self.key,
            validity: self.validity,
            extensions,
        };
        UnsignedCertificate::assemble(&content, serial_number)
    }
}
