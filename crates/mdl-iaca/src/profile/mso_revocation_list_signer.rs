use mdl_crypto::PublicKey;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::KeyUsages;

use super::extension_list::ExtensionList;
use super::unsigned_certificate::Content;
use super::{
    DistinguishedName, Issuer, ProfileError, SerialNumber, UnsignedCertificate, Validity, validity,
};
use crate::lint::Profile;

/// The certificate whose key signs MSO revocation lists, that is status lists and identifier lists
/// (second edition, Table B.9).
///
/// No extended key usage by default: the object identifier for status signing is not assigned yet.
#[derive(Clone, Debug)]
pub struct MsoRevocationListSignerProfile<'a> {
    issuer: &'a Issuer,
    key: PublicKey,
    name: DistinguishedName,
    validity: Validity,
    crl_distribution_point: Option<String>,
    key_purpose: Option<String>,
}

impl<'a> MsoRevocationListSignerProfile<'a> {
    /// A revocation list signer for `key`; for an mDL the issuer is the IACA of its document signer.
    pub fn new(
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
            crl_distribution_point: None,
            key_purpose: None,
        }
    }

    /// Where the CRL of the issuer is.
    #[must_use]
    pub fn crl_distribution_point(mut self, uri: impl Into<String>) -> Self {
        self.crl_distribution_point = Some(uri.into());
        self
    }

    /// A key purpose in dotted form, written non-critical as advised.
    #[must_use]
    pub fn key_purpose(mut self, purpose: impl Into<String>) -> Self {
        self.key_purpose = Some(purpose.into());
        self
    }

    /// The certificate, ready to be signed by the issuer's key.
    ///
    /// # Errors
    /// [`ProfileError`] for an Edwards key, more than 1187 days, a validity outside the issuer's, or a text or URI
    /// that is not well-formed.
    pub fn build(&self, serial_number: &SerialNumber) -> Result<UnsignedCertificate, ProfileError> {
        if self.key.curve().is_edwards() {
            return Err(ProfileError::Curve(self.key.curve()));
        }
        self.validity.at_most(validity::SIGNER_LIMIT_DAYS)?;
        self.validity.within(self.issuer)?;

        let mut extensions = ExtensionList::default();
        extensions.authority_key_identifier(self.issuer.key_identifier())?;
        extensions.subject_key_identifier(&self.key)?;
        extensions.key_usage(KeyUsages::DigitalSignature)?;
        if let Some(dotted) = &self.key_purpose {
            let purpose = ObjectIdentifier::new(dotted)
                .map_err(|_| ProfileError::KeyPurpose(dotted.clone()))?;
            extensions.extended_key_usage(false, &[purpose])?;
        }
        if let Some(uri) = &self.crl_distribution_point {
            extensions.crl_distribution_point(uri)?;
        }
        let content = Content {
            profile: Profile::StatusSigner,
            issuer: Some(self.issuer),
            subject: &self.name.to_der()?,
            subject_key: &self.key,
            validity: self.validity,
            extensions,
        };
        UnsignedCertificate::assemble(&content, serial_number)
    }
}
