//! Certification requests as received (RFC 2986): a key holder asks for a certificate and proves possession.

use mdl_crypto::{Algorithm, Curve, PublicKey};

use super::der::{DerError, DerErrorKind, Reader, SEQUENCE, SET, deviations};
use super::name::read_oid;
use super::{
    Deviation, Extensions, MAX_CERTIFICATE_BYTES, Name, SignatureError, SignedData,
    SubjectPublicKeyInfo, oid, read_version,
};

/// A PKCS#10 certification request as received.
#[derive(Clone, Debug)]
pub struct CsrView<'a> {
    signed: SignedData<'a>,
    version: u8,
    subject: Name<'a>,
    public_key_info: SubjectPublicKeyInfo<'a>,
    extensions: Extensions<'a>,
}

impl<'a> CsrView<'a> {
    /// Reads one DER request of at most [`MAX_CERTIFICATE_BYTES`], nothing after it.
    ///
    /// # Errors
    /// [`DerError`] with the offset of the octet at which the bytes stop being a request.
    pub fn from_der(der: &'a [u8]) -> Result<Self, DerError> {
        let (signed, mut fields) = SignedData::read(der, MAX_CERTIFICATE_BYTES)?;
        let version = read_version(&mut fields)?;
        let subject = Name::read(&mut fields)?;
        let public_key_info = SubjectPublicKeyInfo::read(&mut fields)?;
        let extensions = match fields.optional(0xa0)? {
            Some(attributes) => requested_extensions(attributes.reader())?,
            // Absent although not OPTIONAL: some request writers leave empty attributes out.
            None => Extensions::default(),
        };
        fields.finish()?;
        Ok(Self {
            signed,
            version,
            subject,
            public_key_info,
            extensions,
        })
    }

    /// The whole request.
    pub fn der(&self) -> &'a [u8] {
        self.signed.der()
    }

    /// `certificationRequestInfo`, tag and length included.
    pub fn tbs(&self) -> &'a [u8] {
        self.signed.tbs()
    }

    /// Signed bytes, algorithm and signature.
    pub fn signed_data(&self) -> &SignedData<'a> {
        &self.signed
    }

    /// Version as people say it: 1 for `v1(0)`, the only one there is.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// Requested subject name.
    pub fn subject(&self) -> Name<'a> {
        self.subject
    }

    /// `subjectPKInfo`.
    pub fn public_key_info(&self) -> SubjectPublicKeyInfo<'a> {
        self.public_key_info
    }

    /// Extensions asked for by the `extensionRequest` attribute (RFC 2985, 5.4.2).
    pub fn extensions(&self) -> &Extensions<'a> {
        &self.extensions
    }

    /// Where the encoding says the same as DER in other octets, at most a few dozen places.
    pub fn deviations(&self) -> Vec<Deviation> {
        let mut found = deviations(self.der(), 0);
        found.extend(self.extensions.deviations());
        found
    }

    /// Checks the proof of possession: the signature made with the key in the request, whose validated form the caller
    /// has from [`public_key_info`](Self::public_key_info). An Ed25519 key signs its request with Ed25519 (RFC 8410),
    /// although no certificate is signed that way.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_signature(&self, own_key: &PublicKey) -> Result<(), SignatureError> {
        if self.signed.algorithm().oid() == oid::ED25519 && own_key.curve() == Curve::Ed25519 {
            return Ok(own_key.verify(Algorithm::EdDsa, self.tbs(), self.signed.signature())?);
        }
        self.signed.verify(own_key)
    }
}

fn requested_extensions<'a>(mut attributes: Reader<'a>) -> Result<Extensions<'a>, DerError> {
    let mut requested: Option<Extensions<'a>> = None;
    while !attributes.is_empty() {
        let offset = attributes.offset();
        let mut attribute = attributes.expect(SEQUENCE)?.reader();
        let kind = read_oid(&mut attribute)?;
        let mut values = attribute.expect(SET)?.reader();
        attribute.finish()?;
        if kind == oid::EXTENSION_REQUEST {
            if requested.is_some() {
                return Err(DerError::new(offset, DerErrorKind::DuplicateExtension));
            }
            requested = Some(Extensions::read(&mut values)?);
            values.finish()?;
        }
    }
    Ok(requested.unwrap_or_default())
}
