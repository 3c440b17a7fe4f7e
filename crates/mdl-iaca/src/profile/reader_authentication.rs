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

/// The certificate with which an mdoc reader signs its requests (Table B.6).
///
/// Its issuer is a reader authority of any kind; country and state need not match anything.
#[derive(Clone, Debug)]
pub struct ReaderAuthenticationProfile<'a> {
    issuer: &'a Issuer,
    key: PublicKey,
    name: DistinguishedName,
    validity: Validity,
    contact: Option<Contact>,
    crl_distribution_point: String,
    ocsp_responder: Option<String>,
    mdoc_purpose: bool,
}

impl<'a> ReaderAuthenticationProfile<'a> {
    /// A reader certificate for `key`, on any of the curves, Ed25519 included.
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
            contact: None,
            crl_distribution_point: crl_distribution_point.into(),
            ocsp_responder: None,
            mdoc_purpose: false,
        }
    }

    /// Contact data for the issuer alternative name. Without it the issuer's own is repeated; if the issuer has
    /// none either, it is not an IACA and the extension may be absent.
    #[must_use]
    pub fn contact(mut self, contact: Contact) -> Self {
        self.contact = Some(contact);
        self
    }

    /// The OCSP responder of the issuer, if it runs one.
    #[must_use]
    pub fn ocsp_responder(mut self, uri: impl Into<String>) -> Self {
        self.ocsp_responder = Some(uri.into());
        self
    }

    /// Adds the key purpose of any mdoc reader (1.0.23220.4.1.6), as the second edition recommends.
    #[must_use]
    pub fn with_mdoc_purpose(mut self) -> Self {
        self.mdoc_purpose = true;
        self
    }

    /// The certificate, ready to be signed by the reader authority's key.
    ///
    /// # Errors
    /// [`ProfileError`] for more than 1187 days, a validity outside the issuer's, or a text or URI that is not
    /// well-formed.
    pub fn build(&self, serial_number: &SerialNumber) -> Result<UnsignedCertificate, ProfileError> {
        self.validity.at_most(validity::SIGNER_LIMIT_DAYS)?;
        self.validity.within(self.issuer)?;

        let mut extensions = ExtensionList::default();
        extensions.authority_key_identifier(self.issuer.key_identifier())?;
        extensions.subject_key_identifier(&self.key)?;
        extensions.key_usage(KeyUsages::DigitalSignature)?;
        match self.issuer.contact_or(self.contact.as_ref()) {
            Ok(general_names) => extensions.issuer_alt_name(general_names)?,
            Err(ProfileError::Missing(_)) => {}
            Err(error) => return Err(error),
        }
        if self.mdoc_purpose {
            extensions.extended_key_usage(
                true,
                &[key_purpose::MDL_READER_AUTH, key_purpose::MDOC_READER_AUTH],
            )?;
        } else {
            extensions.extended_key_usage(true, &[key_purpose::MDL_READER_AUTH])?;
        }
        extensions.crl_distribution_point(&self.crl_distribution_point)?;
        if let Some(uri) = &self.ocsp_responder {
            extensions.ocsp_responder(uri)?;
        }
        let content = Content {
            profile: Profile::ReaderAuth,
            issuer: Some(self.issuer),
            subject: &self.name.to_der()?,
            subject_key: &self.key,
            validity: self.validity,
            extensions,
        };
        UnsignedCertificate::assemble(&content, serial_number)
    }
}
