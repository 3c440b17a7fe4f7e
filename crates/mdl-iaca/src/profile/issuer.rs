use mdl_crypto::{InvalidKey, PublicKey};
use time::OffsetDateTime;

use super::distinguished_name::State;
use super::{Contact, DistinguishedName, Field, ProfileError};
use crate::certificate::{CertificateView, DerError, KeyUsage, StringType, oid};

/// The certificate authority that is to sign: an IACA, or the authority above a reader or a VICAL provider.
///
/// Read from its certificate, so that what is issued carries the issuer's name byte for byte and its key identifier.
#[derive(Clone, Debug)]
pub struct Issuer {
    certificate: Vec<u8>,
    subject: Vec<u8>,
    key: PublicKey,
    key_identifier: Vec<u8>,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    country: Option<String>,
    state: Option<State>,
    issuer_alt_name: Option<Vec<u8>>,
}

/// Why a certificate cannot be the issuer of others.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// Not a certificate, or an extension of it cannot be read.
    #[error("not a readable certificate")]
    Malformed(#[from] DerError),
    /// Its key is on a curve that cannot be used, or malformed.
    #[error("unusable public key")]
    Key(#[from] InvalidKey),
    /// Edwards keys sign no certificates in Annex B.
    #[error("an Edwards key signs no certificates")]
    EdwardsKey,
    /// basicConstraints does not say that it is a certificate authority.
    #[error("not a certificate authority")]
    NotCa,
    /// keyUsage lacks keyCertSign.
    #[error("key usage does not include keyCertSign")]
    NoKeyCertSign,
    /// Without a subject key identifier there is nothing to put into the authority key identifier of others.
    #[error("no subject key identifier")]
    NoKeyIdentifier,
}

impl Issuer {
    /// Reads the issuer from the DER of its certificate.
    ///
    /// # Errors
    /// [`IssuerError`] if it is malformed or may not sign certificates.
    pub fn from_certificate(der: &[u8]) -> Result<Self, IssuerError> {
        let certificate = CertificateView::from_der(der)?;
        let key = certificate.public_key_info().public_key()?;
        if key.curve().is_edwards() {
            return Err(IssuerError::EdwardsKey);
        }
        let extensions = certificate.extensions();
        if !extensions
            .basic_constraints()?
            .is_some_and(|constraints| constraints.ca)
        {
            return Err(IssuerError::NotCa);
        }
        if !extensions
            .key_usage()?
            .is_some_and(|usage| usage.contains(KeyUsage::KEY_CERT_SIGN))
        {
            return Err(IssuerError::NoKeyCertSign);
        }
        let key_identifier = extensions
            .subject_key_identifier()?
            .ok_or(IssuerError::NoKeyIdentifier)?
            .to_vec();
        let subject = certificate.subject();
        let state = subject
            .attribute(oid::STATE_OR_PROVINCE_NAME)
            .and_then(|attribute| {
                let printable = attribute.string_type == StringType::Printable;
                attribute.text().map(|text| State {
                    text: text.into_owned(),
                    printable,
                })
            });
        Ok(Self {
            certificate: der.to_vec(),
            subject: subject.der().to_vec(),
            key,
            key_identifier,
            not_before: certificate.validity().not_before.at,
            not_after: certificate.validity().not_after.at,
            country: subject.country().map(|country| country.into_owned()),
            state,
            issuer_alt_name: extensions
                .get(oid::ISSUER_ALT_NAME)
                .map(|extension| extension.value.to_vec()),
        })
    }

    /// The DER of its certificate.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The DER of its subject name.
    pub fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// The key that signs.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Its subject key identifier, as its certificate gives it.
    pub fn key_identifier(&self) -> &[u8] {
        &self.key_identifier
    }

    /// First second of its validity.
    pub fn not_before(&self) -> OffsetDateTime {
        self.not_before
    }

    /// Last second of its validity.
    pub fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// countryName of its subject.
    pub fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }

    /// stateOrProvinceName of its subject.
    pub fn state(&self) -> Option<&str> {
        self.state.as_ref().map(|state| state.text.as_str())
    }

    /// `name` with the country and state of this IACA, which every certificate below it must repeat.
    pub(crate) fn place(
        &self,
        name: &DistinguishedName,
    ) -> Result<DistinguishedName, ProfileError> {
        let country = self
            .country
            .as_ref()
            .ok_or(ProfileError::Missing(Field::Country))?;
        let mut placed = name.clone();
        if placed
            .country
            .replace(country.clone())
            .is_some_and(|given| given != *country)
        {
            return Err(ProfileError::DiffersFromIaca(Field::Country));
        }
        if let Some(state) = &self.state
            && placed
                .state
                .replace(state.clone())
                .is_some_and(|given| given.text != state.text)
        {
            return Err(ProfileError::DiffersFromIaca(Field::State));
        }
        Ok(placed)
    }

    /// The `GeneralNames` for the issuer alternative name: of `contact`, or else a copy of this issuer's own.
    pub(crate) fn contact_or(&self, contact: Option<&Contact>) -> Result<Vec<u8>, ProfileError> {
        match (contact, &self.issuer_alt_name) {
            (Some(contact), _) => contact.to_der(),
            (None, Some(general_names)) => Ok(general_names.clone()),
            (None, None) => Err(ProfileError::Missing(Field::IssuerAltName)),
        }
    }
}
