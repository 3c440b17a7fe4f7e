//! Certificates, CRLs and certification requests as received: views over the bytes, nothing copied or rebuilt.
//!
//! [`CertificateView`], [`CrlView`] and [`CsrView`] borrow from the DER they were read from. Signatures are checked over
//! the received TBS bytes, names are compared as received. The views accept what certificates in the field really look
//! like as long as the structure is unambiguous; whether it is *right* is the question of [`crate::lint`] and of path
//! validation.
//!
//! ISO/IEC 18013-5, Annex B; RFC 5280, clauses 4 and 5; RFC 2986.

mod crl;
mod csr;
mod der;
mod extension;
mod general_name;
mod name;
mod ocsp_response;
pub mod oid;
mod pem;
mod public_key_info;
mod serial_number;
mod signed_data;
mod time;

pub use crl::{CrlView, MAX_CRL_BYTES, RevokedCertificate};
pub use csr::CsrView;
pub use der::{DerError, DerErrorKind, Deviation, DeviationKind};
pub use extension::{
    AccessDescription, AuthorityKeyIdentifier, BasicConstraints, DistributionPoint,
    DistributionPointName, ExtendedKeyUsage, Extension, Extensions, KeyUsage, MAX_EXTENSIONS,
};
pub use general_name::{GeneralName, GeneralNames};
pub use name::{MAX_NAME_ATTRIBUTES, Name, NameAttribute, StringType};
pub use ocsp_response::{
    BasicOcspResponse, CertId, CertStatus, MAX_OCSP_RESPONSE_BYTES, OcspAnswer, OcspResponseView,
    ResponderId,
};
pub(crate) use ocsp_response::{NONCE, SHA1, request as ocsp_request};
pub use oid::Oid;
pub use pem::{Document, DocumentKind, MAX_FILE_BYTES, ReadError, read_documents};
pub use public_key_info::SubjectPublicKeyInfo;
pub use serial_number::SerialNumber;
pub use signed_data::{AlgorithmIdentifier, SignatureError, SignedData};
pub(crate) use time::Rfc3339;
pub use time::{Time, TimeEncoding, Validity};

use der::{INTEGER, Reader, deviations};
use mdl_crypto::{HashAlgorithm, PublicKey};

/// A larger certificate or request is refused.
pub const MAX_CERTIFICATE_BYTES: usize = 64 * 1024;

/// A certificate as received (RFC 5280, 4.1).
///
/// ```no_run
/// use mdl_iaca::certificate::{CertificateView, KeyUsage};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let der = std::fs::read("ds.der")?;
/// let certificate = CertificateView::from_der(&der)?;
/// println!("{} until {}", certificate.subject(), certificate.validity().not_after.at);
/// let may_sign = certificate
///     .extensions()
///     .key_usage()?
///     .is_some_and(|usage| usage.contains(KeyUsage::DIGITAL_SIGNATURE));
/// # let _ = may_sign;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CertificateView<'a> {
    signed: SignedData<'a>,
    version: u8,
    serial: SerialNumber<'a>,
    inner_algorithm: AlgorithmIdentifier<'a>,
    issuer: Name<'a>,
    validity: Validity<'a>,
    subject: Name<'a>,
    public_key_info: SubjectPublicKeyInfo<'a>,
    has_unique_identifier: bool,
    /// Where version 1 is written out although it is the default (X.690, 11.5).
    explicit_default_version: Option<usize>,
    extensions: Extensions<'a>,
}

impl<'a> CertificateView<'a> {
    /// Reads one DER certificate of at most [`MAX_CERTIFICATE_BYTES`], nothing after it.
    ///
    /// # Errors
    /// [`DerError`] with the offset of the octet at which the bytes stop being a certificate.
    pub fn from_der(der: &'a [u8]) -> Result<Self, DerError> {
        let (signed, mut fields) = SignedData::read(der, MAX_CERTIFICATE_BYTES)?;
        let mut version = 1;
        let mut explicit_default_version = None;
        if let Some(tagged) = fields.optional(0xa0)? {
            let tagged_offset = tagged.offset;
            let mut tagged = tagged.reader();
            version = read_version(&mut tagged)?;
            tagged.finish()?;
            explicit_default_version = (version == 1).then_some(tagged_offset);
        }
        let serial = SerialNumber::read(&mut fields)?;
        let inner_algorithm = AlgorithmIdentifier::read(&mut fields)?;
        let issuer = Name::read(&mut fields)?;
        let validity = Validity::read(&mut fields)?;
        let subject = Name::read(&mut fields)?;
        let public_key_info = SubjectPublicKeyInfo::read(&mut fields)?;
        let issuer_unique = fields.optional(0x81)?.is_some();
        let subject_unique = fields.optional(0x82)?.is_some();
        let extensions = read_extensions(&mut fields, 0xa3)?;
        fields.finish()?;
        Ok(Self {
            signed,
            version,
            serial,
            inner_algorithm,
            issuer,
            validity,
            subject,
            public_key_info,
            has_unique_identifier: issuer_unique || subject_unique,
            explicit_default_version,
            extensions,
        })
    }

    /// The whole certificate.
    pub fn der(&self) -> &'a [u8] {
        self.signed.der()
    }

    /// `tbsCertificate`, tag and length included: the very bytes the signature covers.
    pub fn tbs(&self) -> &'a [u8] {
        self.signed.tbs()
    }

    /// TBS bytes, outer algorithm and signature.
    pub fn signed_data(&self) -> &SignedData<'a> {
        &self.signed
    }

    /// Version as people say it: 3 for `v3(2)`.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// `serialNumber`.
    pub fn serial(&self) -> SerialNumber<'a> {
        self.serial
    }

    /// `tbsCertificate.signature`: the algorithm that the signature covers.
    pub fn inner_algorithm(&self) -> AlgorithmIdentifier<'a> {
        self.inner_algorithm
    }

    /// `signatureAlgorithm`, outside of what is signed.
    pub fn outer_algorithm(&self) -> AlgorithmIdentifier<'a> {
        self.signed.algorithm()
    }

    /// Whether the inner and outer algorithm are the same octets, as RFC 5280, 4.1.1.2 demands.
    pub fn algorithms_agree(&self) -> bool {
        self.inner_algorithm == self.signed.algorithm()
    }

    /// Issuer name.
    pub fn issuer(&self) -> Name<'a> {
        self.issuer
    }

    /// Subject name.
    pub fn subject(&self) -> Name<'a> {
        self.subject
    }

    /// Whether issuer and subject are the same octets.
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Period of validity.
    pub fn validity(&self) -> Validity<'a> {
        self.validity
    }

    /// `subjectPublicKeyInfo`; its [`der`](SubjectPublicKeyInfo::der) is what
    /// [`PublicKey::from_spki_der`] takes.
    pub fn public_key_info(&self) -> SubjectPublicKeyInfo<'a> {
        self.public_key_info
    }

    /// Whether issuerUniqueID or subjectUniqueID is there; no profile has them.
    pub fn has_unique_identifier(&self) -> bool {
        self.has_unique_identifier
    }

    /// Extensions.
    pub fn extensions(&self) -> &Extensions<'a> {
        &self.extensions
    }

    /// Where the encoding says the same as DER in other octets, at most a few dozen places. Signatures cover the bytes as
    /// they are, so this is for people and strict policies, not for trust.
    pub fn deviations(&self) -> Vec<Deviation> {
        let mut found = deviations(self.der(), 0);
        if let Some(offset) = self.explicit_default_version {
            found.push(Deviation {
                offset,
                kind: DeviationKind::ExplicitDefault,
            });
        }
        found.extend(self.extensions.deviations());
        found
    }

    /// SHA-256 over the whole certificate: its fingerprint.
    pub fn fingerprint(&self) -> [u8; 32] {
        let digest = HashAlgorithm::Sha256.digest(self.der());
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest.as_ref());
        fingerprint
    }

    /// Checks the signature over the received TBS bytes, with the hash that the outer algorithm names. Does not look
    /// at [`algorithms_agree`](Self::algorithms_agree).
    ///
    /// # Errors
    /// [`SignatureError`]: the algorithm is not one of the three of Annex B, or the signature does not verify.
    pub fn verify_signature(&self, issuer_key: &PublicKey) -> Result<(), SignatureError> {
        self.signed.verify(issuer_key)
    }
}

/// `Version` as people say it: the encoded integer plus one.
fn read_version(reader: &mut Reader<'_>) -> Result<u8, DerError> {
    let element = reader.expect(INTEGER)?;
    match element.content {
        [version @ 0..=9] => Ok(version + 1),
        _ => Err(DerError::invalid(element.offset, "version")),
    }
}

/// `[n] EXPLICIT Extensions OPTIONAL`.
fn read_extensions<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<Extensions<'a>, DerError> {
    let Some(tagged) = reader.optional(tag)? else {
        return Ok(Extensions::default());
    };
    let mut tagged = tagged.reader();
    let extensions = Extensions::read(&mut tagged)?;
    tagged.finish()?;
    Ok(extensions)
}
