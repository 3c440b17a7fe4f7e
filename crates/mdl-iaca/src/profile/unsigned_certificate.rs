use mdl_crypto::{PublicKey, Signature};
use x509_cert::der::Encode;
use x509_cert::der::pem::{self, LineEnding};

use super::extension_list::ExtensionList;
use super::{AttachError, ProfileError, SerialNumber, Validity, encoding};

/// A certificate that lacks only its signature.
///
/// Hand [`to_be_signed`](Self::to_be_signed) to the issuer's key and the result to [`attach`](Self::attach).
#[derive(Clone, Debug)]
pub struct UnsignedCertificate {
    tbs: Vec<u8>,
    algorithm: Vec<u8>,
    issuer_key: PublicKey,
}

/// What a profile decides about a certificate.
#[derive(Debug)]
pub(crate) struct Content<'a> {
    /// DER of the issuer's name, as it stands in the issuer's certificate.
    pub(crate) issuer: &'a [u8],
    pub(crate) issuer_key: &'a PublicKey,
    pub(crate) subject: &'a [u8],
    pub(crate) subject_key: &'a PublicKey,
    pub(crate) validity: Validity,
    pub(crate) extensions: ExtensionList,
}

impl UnsignedCertificate {
    pub(crate) fn assemble(
        content: &Content<'_>,
        serial_number: &SerialNumber,
    ) -> Result<Self, ProfileError> {
        let algorithm = encoding::ecdsa_algorithm(content.issuer_key.curve())?;
        let version = encoding::explicit(0, &2u8.to_der()?)?;
        let extensions = encoding::explicit(3, &content.extensions.to_der()?)?;
        let tbs = encoding::sequence(&[
            &version,
            &serial_number.to_der()?,
            &algorithm,
            content.issuer,
            &content.validity.to_der()?,
            content.subject,
            &content.subject_key.to_spki_der(),
            &extensions,
        ])?;
        Ok(Self {
            tbs,
            algorithm,
            issuer_key: content.issuer_key.clone(),
        })
    }

    /// The DER of the TBSCertificate: the message to sign, not yet hashed.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.tbs
    }

    /// The key whose signature is expected: of the issuer, or for an IACA root its own.
    pub fn issuer_key(&self) -> &PublicKey {
        &self.issuer_key
    }

    /// Completes the certificate after checking that the signature is the issuer's over these very bytes.
    ///
    /// # Errors
    /// [`AttachError::Signature`] for any other signature; the unsigned certificate is then gone as well.
    pub fn attach(self, signature: &Signature) -> Result<IssuedCertificate, AttachError> {
        self.issuer_key
            .verify(
                self.issuer_key.curve().algorithm(),
                &self.tbs,
                signature.as_bytes(),
            )
            .map_err(AttachError::Signature)?;
        Ok(IssuedCertificate {
            der: encoding::signed(&self.tbs, &self.algorithm, signature)?,
        })
    }
}

/// A certificate made by one of the profiles, with a signature that was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssuedCertificate {
    der: Vec<u8>,
}

impl IssuedCertificate {
    /// The certificate in DER.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate in DER, owned.
    pub fn into_der(self) -> Vec<u8> {
        self.der
    }

    /// The certificate in PEM, lines ended by `\n`.
    ///
    /// # Panics
    /// Never: the label is valid and the length of the text is computed before it is written.
    pub fn to_pem(&self) -> String {
        pem::encode_string("CERTIFICATE", LineEnding::LF, &self.der)
            .expect("label and length are valid")
    }
}
