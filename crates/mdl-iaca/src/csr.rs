//! Certification requests (PKCS#10, RFC 2986): how a document signer's key asks the authority for a certificate.
//!
//! The signature of a request proves that the requester holds the private key. It says nothing about who the
//! requester is, and the name in it is only a proposal: see
//! [`DocumentSignerProfile::from_request`](crate::profile::DocumentSignerProfile::from_request).

use mdl_crypto::{InvalidKey, PublicKey, Signature};
use x509_cert::der::Encode;
use x509_cert::der::asn1::ObjectIdentifier;

use crate::certificate::{CsrView, DerError, Name, SignatureError, oid};
use crate::lint::lint_csr;
use crate::profile::{
    AttachError, DistinguishedName, Field, LintRefusal, ProfileError, encoding, lint_gate,
};

/// A request that lacks only its signature.
#[derive(Clone, Debug)]
pub struct UnsignedRequest {
    info: Vec<u8>,
    algorithm: Vec<u8>,
    key: PublicKey,
}

impl UnsignedRequest {
    /// A request of `key` for a certificate with `name`; it asks for no extensions, which are the issuer's choice.
    ///
    /// # Errors
    /// [`ProfileError`] for a text in the name that is not well-formed, or what the linter refuses.
    pub fn new(key: PublicKey, name: &DistinguishedName) -> Result<Self, ProfileError> {
        let algorithm = if key.curve().is_edwards() {
            // RFC 8410, clause 3: the identifier of the key, without parameters.
            encoding::sequence(&[&ObjectIdentifier::new_unwrap("1.3.101.112").to_der()?])?
        } else {
            encoding::ecdsa_algorithm(key.curve())?
        };
        let version = 0u8.to_der()?;
        let attributes = encoding::explicit(0, &[])?;
        let info =
            encoding::sequence(&[&version, &name.to_der()?, &key.to_spki_der(), &attributes])?;
        let awaiting = encoding::awaiting_signature(&info, &algorithm)?;
        let view = CsrView::from_der(&awaiting).map_err(LintRefusal::from)?;
        lint_gate::before_signing(lint_csr(&view))?;
        Ok(Self {
            info,
            algorithm,
            key,
        })
    }

    /// The DER of the certificationRequestInfo: the message to sign, not yet hashed.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.info
    }

    /// Completes the request after checking that the signature is that of the key in it.
    ///
    /// # Errors
    /// [`AttachError::Signature`] for any other signature, [`AttachError::Linter`] for a breach of the rules for
    /// requests.
    pub fn attach(self, signature: &Signature) -> Result<SignedRequest, AttachError> {
        self.key
            .verify(
                self.key.curve().algorithm(),
                &self.info,
                signature.as_bytes(),
            )
            .map_err(AttachError::Signature)?;
        let der = encoding::signed(&self.info, &self.algorithm, signature)?;
        let view = CsrView::from_der(&der).map_err(LintRefusal::from)?;
        lint_gate::after_signing(lint_csr(&view))?;
        Ok(SignedRequest { der })
    }
}

/// A request with a signature that was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedRequest {
    der: Vec<u8>,
}

impl SignedRequest {
    /// The request in DER.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The request in DER, owned.
    pub fn into_der(self) -> Vec<u8> {
        self.der
    }

    /// The request in PEM, lines ended by `\n`.
    pub fn to_pem(&self) -> String {
        encoding::pem("CERTIFICATE REQUEST", &self.der)
    }
}

/// A request whose proof of possession was checked: the only kind that becomes a certificate.
#[derive(Clone, Debug)]
pub struct CertificateRequest {
    key: PublicKey,
    name: DistinguishedName,
}

/// Why a request was not accepted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Not a PKCS#10 request.
    #[error("not a readable request")]
    Malformed(#[from] DerError),
    /// The key is on a curve that is not supported, or not a point of its curve.
    #[error("unusable public key")]
    Key(#[from] InvalidKey),
    /// The signature is not one that the key in the request made.
    #[error("proof of possession failed")]
    ProofOfPossession(#[source] SignatureError),
    /// The subject holds no commonName.
    #[error("the subject has no commonName")]
    NoCommonName,
    /// An attribute appears twice, or its value is not text.
    #[error("{0} of the subject is ambiguous or not text")]
    Name(Field),
}

impl CertificateRequest {
    /// Reads a DER request and verifies its signature over the received bytes with the key in it.
    ///
    /// Attributes of the subject that Annex B does not know are dropped; extensions asked for are ignored.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        let request = CsrView::from_der(der)?;
        let key = request.public_key_info().public_key()?;
        request
            .verify_signature(&key)
            .map_err(RequestError::ProofOfPossession)?;

        let subject = request.subject();
        let common_name = text(&subject, oid::COMMON_NAME, Field::CommonName)?
            .ok_or(RequestError::NoCommonName)?;
        let mut name = DistinguishedName::new(common_name);
        name.country = text(&subject, oid::COUNTRY_NAME, Field::Country)?;
        if let Some(state) = text(&subject, oid::STATE_OR_PROVINCE_NAME, Field::State)? {
            name = name.state(state);
        }
        name.locality = text(&subject, oid::LOCALITY_NAME, Field::Locality)?;
        name.organization = text(&subject, oid::ORGANIZATION_NAME, Field::Organization)?;
        name.serial_number = text(&subject, oid::SERIAL_NUMBER, Field::NameSerialNumber)?;
        Ok(Self { key, name })
    }

    /// The key whose possession was proved.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The name that was asked for.
    pub fn name(&self) -> &DistinguishedName {
        &self.name
    }
}

fn text(name: &Name<'_>, kind: oid::Oid<'_>, field: Field) -> Result<Option<String>, RequestError> {
    let mut values = name.attributes().filter(|attribute| attribute.oid == kind);
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(RequestError::Name(field));
    }
    let text = first.text().ok_or(RequestError::Name(field))?;
    Ok(Some(text.into_owned()))
}
