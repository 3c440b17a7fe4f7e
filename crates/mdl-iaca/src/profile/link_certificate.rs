use x509_cert::ext::pkix::KeyUsages;

use super::extension_list::ExtensionList;
use super::unsigned_certificate::Content;
use super::{
    Contact, Issuer, LintRefusal, ProfileError, SerialNumber, UnsignedCertificate, Validity,
    encoding, lint_gate,
};
use crate::certificate::CertificateView;
use crate::lint::{Profile, lint_link_target};

/// The old IACA vouching for the new one when an authority changes its root key (Table B.2).
///
/// It helps a reader decide to trust the new root. It is not part of a document signer's path: a certificate
/// authority below an IACA exceeds the IACA's path length of 0.
#[derive(Clone, Debug)]
pub struct LinkCertificateProfile<'a> {
    old: &'a Issuer,
    new: &'a Issuer,
    validity: Validity,
    contact: Option<Contact>,
    crl_distribution_point: String,
}

impl<'a> LinkCertificateProfile<'a> {
    /// From the `old` IACA, which signs, to the `new` one, whose name and key the link carries.
    pub fn new(
        old: &'a Issuer,
        new: &'a Issuer,
        validity: Validity,
        crl_distribution_point: impl Into<String>,
    ) -> Self {
        Self {
            old,
            new,
            validity,
            contact: None,
            crl_distribution_point: crl_distribution_point.into(),
        }
    }

    /// Contact data other than that of the old IACA.
    #[must_use]
    pub fn contact(mut self, contact: Contact) -> Self {
        self.contact = Some(contact);
        self
    }

    /// The certificate, ready to be signed by the key of the old IACA.
    ///
    /// # Errors
    /// [`ProfileError`] when it would outlive the old IACA, when both have the same key, or when neither the old
    /// IACA nor [`contact`](Self::contact) has contact data.
    pub fn build(&self, serial_number: &SerialNumber) -> Result<UnsignedCertificate, ProfileError> {
        if self.new.key().curve().is_edwards() {
            return Err(ProfileError::Curve(self.new.key().curve()));
        }
        if self.old.key() == self.new.key() {
            return Err(ProfileError::SameKey);
        }
        self.validity.ends_within(self.old)?;

        let mut extensions = ExtensionList::default();
        extensions.authority_key_identifier(self.old.key_identifier())?;
        extensions.subject_key_identifier(self.new.key())?;
        extensions.key_usage(KeyUsages::KeyCertSign | KeyUsages::CRLSign)?;
        if self.old.subject() != self.new.subject() {
            // directoryName is [4], explicit because Name is a CHOICE (RFC 5280, 4.2.1.6).
            let directory_name = encoding::explicit(4, self.new.subject())?;
            extensions.subject_alt_name(encoding::sequence(&[&directory_name])?)?;
        }
        extensions.issuer_alt_name(self.old.contact_or(self.contact.as_ref())?)?;
        extensions.basic_constraints()?;
        extensions.crl_distribution_point(&self.crl_distribution_point)?;
        let content = Content {
            profile: Profile::IacaLink,
            issuer: Some(self.old),
            subject: self.new.subject(),
            subject_key: self.new.key(),
            validity: self.validity,
            extensions,
        };
        let unsigned = UnsignedCertificate::assemble(&content, serial_number)?;
        self.lint_target(unsigned.awaiting_signature())?;
        Ok(unsigned)
    }

    fn lint_target(&self, link: &[u8]) -> Result<(), LintRefusal> {
        let link = CertificateView::from_der(link)?;
        let new = CertificateView::from_der(self.new.certificate())?;
        lint_gate::before_signing(lint_link_target(&link, &new))?;
        Ok(())
    }
}
