use mdl_crypto::PublicKey;
use x509_cert::ext::pkix::KeyUsages;

use super::extension_list::ExtensionList;
use super::key_purpose;
use super::unsigned_certificate::Content;
use super::{
    Contact, DistinguishedName, Issuer, ProfileError, SerialNumber, UnsignedCertificate, Validity,
    validity,
};
use crate::csr::CertificateRequest;
use crate::lint::Profile;

/// The certificate whose key signs mobile security objects (Table B.3).
///
/// Country and state are always those of the IACA: readers compare them, and the element gate compares
/// `issuing_country` and `issuing_jurisdiction` with this certificate.
#[derive(Clone, Debug)]
pub struct DocumentSignerProfile<'a> {
    issuer: &'a Issuer,
    key: PublicKey,
    name: DistinguishedName,
    validity: Validity,
    contact: Option<Contact>,
    crl_distribution_point: String,
    mdoc_purpose: bool,
}

impl<'a> DocumentSignerProfile<'a> {
    /// A document signer for `key`, on any of the curves, Ed25519 included.
    ///
    /// Country and state may be left out of `name`; if given they must be those of the IACA. Only below an IACA
    /// without a state may a document signer name one of its own (12.8).
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
            mdoc_purpose: false,
        }
    }

    /// A document signer for the key and the name of a request whose proof of possession was checked.
    ///
    /// Country and state of the request are replaced by those of the IACA: a requester does not choose where it
    /// has authority. Other attributes are taken over, and extensions the request asks for are not.
    pub fn from_request(
        issuer: &'a Issuer,
        request: &CertificateRequest,
        validity: Validity,
        crl_distribution_point: impl Into<String>,
    ) -> Self {
        let mut name = request.name().clone();
        name.country = None;
        if issuer.state().is_some() {
            name.state = None;
        }
        Self::new(
            issuer,
            request.key().clone(),
            name,
            validity,
            crl_distribution_point,
        )
    }

    /// Contact data other than that of the IACA.
    #[must_use]
    pub fn contact(mut self, contact: Contact) -> Self {
        self.contact = Some(contact);
        self
    }

    /// Adds the key purpose of any mdoc signer (1.0.23220.4.1.2), as the second edition recommends.
    ///
    /// Off by default: readers of the first edition expect the mDL purpose alone.
    #[must_use]
    pub fn with_mdoc_purpose(mut self) -> Self {
        self.mdoc_purpose = true;
        self
    }

    /// The certificate, ready to be signed by the IACA key.
    ///
    /// # Errors
    /// [`ProfileError`] for more than 457 days, a validity outside the IACA's, country or state other than the
    /// IACA's, no contact data in the IACA and none given, or a text or URI that is not well-formed.
    pub fn build(&self, serial_number: &SerialNumber) -> Result<UnsignedCertificate, ProfileError> {
        self.validity
            .at_most(validity::DOCUMENT_SIGNER_LIMIT_DAYS)?;
        self.validity.within(self.issuer)?;
        let name = self.issuer.place(&self.name)?;

        let mut extensions = ExtensionList::default();
        extensions.authority_key_identifier(self.issuer.key_identifier())?;
        extensions.subject_key_identifier(&self.key)?;
        extensions.key_usage(KeyUsages::DigitalSignature)?;
        extensions.issuer_alt_name(self.issuer.contact_or(self.contact.as_ref())?)?;
        if self.mdoc_purpose {
            extensions.extended_key_usage(true, &[key_purpose::MDL_DS, key_purpose::MDOC_DS])?;
        } else {
            extensions.extended_key_usage(true, &[key_purpose::MDL_DS])?;
        }
        extensions.crl_distribution_point(&self.crl_distribution_point)?;
        let content = Content {
            profile: Profile::DocumentSigner,
            issuer: Some(self.issuer),
            subject: &name.to_der()?,
            subject_key: &self.key,
            validity: self.validity,
            extensions,
        };
        UnsignedCertificate::assemble(&content, serial_number)
    }
}
