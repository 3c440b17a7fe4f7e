use mdl_crypto::PublicKey;
use x509_cert::ext::pkix::KeyUsages;

use super::extension_list::ExtensionList;
use super::key_purpose;
use super::unsigned_certificate::Content;
use super::{
    Contact, DistinguishedName, Issuer, ProfileError, SerialNumber, UnsignedCertificate, Validity,
    validity,
};
use crate::lint::Profile;

/// The certificate whose key signs OCSP responses for an IACA (Table B.8).
#[derive(Clone, Debug)]
pub struct OcspSignerProfile<'a> {
    issuer: &'a Issuer,
    key: PublicKey,
    name: DistinguishedName,
    validity: Validity,
    contact: Option<Contact>,
    own_status: OwnStatus,
}

/// How a reader learns whether the OCSP signer itself is revoked: exactly one of the two.
#[derive(Clone, Debug)]
enum OwnStatus {
    CrlDistributionPoint(String),
    NoCheck,
}

impl<'a> OcspSignerProfile<'a> {
    /// An OCSP signer whose own status is on the IACA's CRL, valid for at most 457 days.
    pub fn new(
        issuer: &'a Issuer,
        key: PublicKey,
        name: DistinguishedName,
        validity: Validity,
        crl_distribution_point: impl Into<String>,
    ) -> Self {
        let own_status = OwnStatus::CrlDistributionPoint(crl_distribution_point.into());
        Self {
            issuer,
            key,
            name,
            validity,
            contact: None,
            own_status,
        }
    }

    /// An OCSP signer that is trusted without a check (id-pkix-ocsp-nocheck), valid for at most 90 days.
    pub fn without_check(
        issuer: &'a Issuer,
        key: PublicKey,
        name: DistinguishedName,
        validity: Validity,
    ) -> Self {
        Self {
            issuer,
            key,
            name,
            validity,
            contact: None,
            own_status: OwnStatus::NoCheck,
        }
    }

    /// Contact data other than that of the IACA.
    #[must_use]
    pub fn contact(mut self, contact: Contact) -> Self {
        self.contact = Some(contact);
        self
    }

    /// The certificate, ready to be signed by the IACA key.
    ///
    /// # Errors
    /// [`ProfileError`] for an Edwards key, a validity beyond the limit or outside the IACA's, country or state
    /// other than the IACA's, no contact data, or a text or URI that is not well-formed.
    pub fn build(&self, serial_number: &SerialNumber) -> Result<UnsignedCertificate, ProfileError> {
        if self.key.curve().is_edwards() {
            return Err(ProfileError::Curve(self.key.curve()));
        }
        self.validity.at_most(match self.own_status {
            OwnStatus::CrlDistributionPoint(_) => validity::DOCUMENT_SIGNER_LIMIT_DAYS,
            OwnStatus::NoCheck => validity::OCSP_NO_CHECK_LIMIT_DAYS,
        })?;
        self.validity.within(self.issuer)?;
        let name = self.issuer.place(&self.name)?;

        let mut extensions = ExtensionList::default();
        extensions.authority_key_identifier(self.issuer.key_identifier())?;
        extensions.subject_key_identifier(&self.key)?;
        extensions.key_usage(KeyUsages::DigitalSignature)?;
        extensions.issuer_alt_name(self.issuer.contact_or(self.contact.as_ref())?)?;
        extensions.extended_key_usage(true, &[key_purpose::OCSP_SIGNING])?;
        match &self.own_status {
            OwnStatus::CrlDistributionPoint(uri) => extensions.crl_distribution_point(uri)?,
            OwnStatus::NoCheck => extensions.ocsp_no_check()?,
        }
        let content = Content {
            profile: Profile::OcspSigner,
            issuer: Some(self.issuer),
            subject: &name.to_der()?,
            subject_key: &self.key,
            validity: self.validity,
            extensions,
        };
        UnsignedCertificate::assemble(&content, serial_number)
    }
}
