//! OCSP responses as received (RFC 6960, 4.2.1).

use mdl_crypto::PublicKey;

use super::der::{
    DerError, DerErrorKind, GENERALIZED_TIME, NULL, OBJECT_IDENTIFIER, OCTET_STRING, Reader,
    SEQUENCE, document,
};
use super::name::read_oid;
use super::{
    AlgorithmIdentifier, Extensions, MAX_CERTIFICATE_BYTES, Name, Oid, SerialNumber,
    SignatureError, SignedData, Time, read_extensions, read_version,
};

/// A larger response is refused: it is about one certificate, and carries that of the responder.
pub const MAX_OCSP_RESPONSE_BYTES: usize = MAX_CERTIFICATE_BYTES;
/// Answers in one response, at most.
const MAX_ANSWERS: usize = 64;
/// Certificates in one response, at most.
const MAX_CERTIFICATES: usize = 8;

const ENUMERATED: u8 = 0x0a;
/// id-pkix-ocsp-basic.
const BASIC: Oid<'static> =
    Oid::from_content(&[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01]);
/// id-pkix-ocsp-nonce.
pub(crate) const NONCE: Oid<'static> =
    Oid::from_content(&[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02]);

/// An OCSP response: `BasicOCSPResponse`, or the responder's excuse.
#[derive(Clone, Debug)]
pub enum OcspResponseView<'a> {
    /// `responseStatus` is not successful: 1 malformed request, 2 internal error, 3 try later, 5 signature required,
    /// 6 unauthorised.
    Refused(u8),
    /// A signed response.
    Basic(Box<BasicOcspResponse<'a>>),
}

/// `BasicOCSPResponse`.
#[derive(Clone, Debug)]
pub struct BasicOcspResponse<'a> {
    signed: SignedData<'a>,
    responder: ResponderId<'a>,
    produced_at: Time<'a>,
    answers: Vec<OcspAnswer<'a>>,
    extensions: Extensions<'a>,
    certificates: Vec<&'a [u8]>,
}

/// Who says that it signed.
#[derive(Clone, Copy, Debug)]
pub enum ResponderId<'a> {
    /// By its name.
    Name(Name<'a>),
    /// By SHA-1 over its public key.
    KeyHash(&'a [u8]),
}

/// `SingleResponse`.
#[derive(Clone, Debug)]
pub struct OcspAnswer<'a> {
    /// Which certificate it is about.
    pub certificate: CertId<'a>,
    /// The status.
    pub status: CertStatus<'a>,
    /// When that was known to be so.
    pub this_update: Time<'a>,
    /// When there will be newer information at the latest.
    pub next_update: Option<Time<'a>>,
    /// `singleExtensions`.
    pub extensions: Extensions<'a>,
}

/// `CertID`: a certificate by hashes of its issuer's name and key, and its serial number.
#[derive(Clone, Copy, Debug)]
pub struct CertId<'a> {
    /// Of both hashes.
    pub hash_algorithm: AlgorithmIdentifier<'a>,
    /// Over the DER of the issuer's name.
    pub issuer_name_hash: &'a [u8],
    /// Over the octets of the issuer's public key.
    pub issuer_key_hash: &'a [u8],
    /// Of the certificate.
    pub serial: SerialNumber<'a>,
}

/// `CertStatus`.
#[derive(Clone, Copy, Debug)]
pub enum CertStatus<'a> {
    /// Not revoked.
    Good,
    /// Revoked at that time.
    Revoked(Time<'a>),
    /// The responder does not know the certificate.
    Unknown,
}

impl<'a> OcspResponseView<'a> {
    /// Reads one DER response of at most [`MAX_OCSP_RESPONSE_BYTES`], nothing after it.
    ///
    /// # Errors
    /// [`DerError`] with the offset of the octet at which the bytes stop being a response.
    pub fn from_der(der: &'a [u8]) -> Result<Self, DerError> {
        let mut fields = document(der, SEQUENCE, MAX_OCSP_RESPONSE_BYTES)?.reader();
        let status = fields.expect(ENUMERATED)?;
        let [number] = status.content else {
            return Err(DerError::invalid(status.offset, "OCSP response status"));
        };
        let body = fields.optional(0xa0)?;
        fields.finish()?;
        if *number != 0 {
            return Ok(Self::Refused(*number));
        }
        let body = body.ok_or(DerError::invalid(status.offset, "OCSP response"))?;
        let mut body = body.reader();
        let mut fields = body.expect(SEQUENCE)?.reader();
        body.finish()?;
        let at = fields.offset();
        if read_oid(&mut fields)? != BASIC {
            return Err(DerError::invalid(at, "OCSP response type"));
        }
        let basic = fields.expect(OCTET_STRING)?;
        fields.finish()?;
        let mut basic = basic.reader();
        let response = BasicOcspResponse::read(&mut basic)?;
        basic.finish()?;
        Ok(Self::Basic(Box::new(response)))
    }
}

impl<'a> BasicOcspResponse<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let whole = reader.expect(SEQUENCE)?;
        let mut outer = whole.reader();
        let (signed, mut fields) = SignedData::read_fields(whole.der, &mut outer)?;
        let certificates = read_certificates(&mut outer)?;
        outer.finish()?;

        if let Some(version) = fields.optional(0xa0)? {
            let at = version.offset;
            let mut version = version.reader();
            if read_version(&mut version)? != 1 {
                return Err(DerError::invalid(at, "version"));
            }
            version.finish()?;
        }
        let responder = ResponderId::read(&mut fields)?;
        let produced_at = Time::from_element(&fields.expect(GENERALIZED_TIME)?)?;
        let mut list = fields.expect(SEQUENCE)?.reader();
        let mut answers = Vec::new();
        while !list.is_empty() {
            if answers.len() == MAX_ANSWERS {
                return Err(too_many(&list, "OCSP answers", MAX_ANSWERS));
            }
            answers.push(OcspAnswer::read(&mut list)?);
        }
        let extensions = read_extensions(&mut fields, 0xa1)?;
        fields.finish()?;
        Ok(Self {
            signed,
            responder,
            produced_at,
            answers,
            extensions,
            certificates,
        })
    }

    /// `responderID`.
    pub fn responder(&self) -> ResponderId<'a> {
        self.responder
    }

    /// `producedAt`: when it was signed.
    pub fn produced_at(&self) -> Time<'a> {
        self.produced_at
    }

    /// The answers.
    pub fn answers(&self) -> &[OcspAnswer<'a>] {
        &self.answers
    }

    /// `responseExtensions`.
    pub fn extensions(&self) -> &Extensions<'a> {
        &self.extensions
    }

    /// The nonce, if the response has one that can be read. Both forms are accepted: an OCTET STRING inside of the
    /// extension's (RFC 9654), and the bare octets of old responders.
    pub fn nonce(&self) -> Option<&'a [u8]> {
        let value = self.extensions.get(NONCE)?.value;
        let wrapped = document(value, OCTET_STRING, value.len());
        Some(wrapped.map_or(value, |nonce| nonce.content))
    }

    /// Certificates that come along, in DER, unread.
    pub fn certificates(&self) -> &[&'a [u8]] {
        &self.certificates
    }

    /// Checks the signature over the received octets.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_signature(&self, responder: &PublicKey) -> Result<(), SignatureError> {
        self.signed.verify(responder)
    }
}

impl<'a> ResponderId<'a> {
    fn read(fields: &mut Reader<'a>) -> Result<Self, DerError> {
        if let Some(name) = fields.optional(0xa1)? {
            let mut name = name.reader();
            let read = Name::read(&mut name)?;
            name.finish()?;
            return Ok(Self::Name(read));
        }
        let mut hash = fields.expect(0xa2)?.reader();
        let read = hash.expect(OCTET_STRING)?.content;
        hash.finish()?;
        Ok(Self::KeyHash(read))
    }
}

impl<'a> OcspAnswer<'a> {
    fn read(list: &mut Reader<'a>) -> Result<Self, DerError> {
        let mut fields = list.expect(SEQUENCE)?.reader();
        let certificate = CertId::read(&mut fields)?;
        let status = CertStatus::read(&mut fields)?;
        let this_update = Time::from_element(&fields.expect(GENERALIZED_TIME)?)?;
        let next_update = match fields.optional(0xa0)? {
            None => None,
            Some(next) => {
                let mut next = next.reader();
                let time = Time::from_element(&next.expect(GENERALIZED_TIME)?)?;
                next.finish()?;
                Some(time)
            }
        };
        let extensions = read_extensions(&mut fields, 0xa1)?;
        fields.finish()?;
        Ok(Self {
            certificate,
            status,
            this_update,
            next_update,
            extensions,
        })
    }
}

impl<'a> CertId<'a> {
    fn read(fields: &mut Reader<'a>) -> Result<Self, DerError> {
        let mut fields = fields.expect(SEQUENCE)?.reader();
        let id = Self {
            hash_algorithm: AlgorithmIdentifier::read(&mut fields)?,
            issuer_name_hash: fields.expect(OCTET_STRING)?.content,
            issuer_key_hash: fields.expect(OCTET_STRING)?.content,
            serial: SerialNumber::read(&mut fields)?,
        };
        fields.finish()?;
        Ok(id)
    }
}

impl<'a> CertStatus<'a> {
    fn read(fields: &mut Reader<'a>) -> Result<Self, DerError> {
        let element = fields.element()?;
        let invalid = DerError::invalid(element.offset, "certificate status");
        match element.tag {
            0x80 if element.content.is_empty() => Ok(Self::Good),
            0x82 if element.content.is_empty() => Ok(Self::Unknown),
            0xa1 => {
                let mut revoked = element.reader();
                let since = Time::from_element(&revoked.expect(GENERALIZED_TIME)?)?;
                // The reason does not matter: nothing takes a revocation back.
                revoked.optional(0xa0)?;
                revoked.finish()?;
                Ok(Self::Revoked(since))
            }
            _ => Err(invalid),
        }
    }
}

fn read_certificates<'a>(outer: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, DerError> {
    let mut certificates = Vec::new();
    let Some(list) = outer.optional(0xa0)? else {
        return Ok(certificates);
    };
    let mut list = list.reader();
    let mut elements = list.expect(SEQUENCE)?.reader();
    list.finish()?;
    while !elements.is_empty() {
        if certificates.len() == MAX_CERTIFICATES {
            return Err(too_many(&elements, "certificates", MAX_CERTIFICATES));
        }
        certificates.push(elements.expect(SEQUENCE)?.der);
    }
    Ok(certificates)
}

fn too_many(at: &Reader<'_>, what: &'static str, limit: usize) -> DerError {
    DerError::new(at.offset(), DerErrorKind::TooMany { what, limit })
}

/// A request for one certificate (RFC 6960, 4.1.1), with the hashes that every responder knows: SHA-1, which here only
/// finds the certificate.
pub(crate) fn request(
    issuer_name_hash: &[u8; 20],
    issuer_key_hash: &[u8; 20],
    serial: SerialNumber<'_>,
    nonce: Option<&[u8]>,
) -> Vec<u8> {
    let sha1 = [tlv(OBJECT_IDENTIFIER, SHA1.as_bytes()), tlv(NULL, &[])].concat();
    let id = [
        tlv(SEQUENCE, &sha1),
        tlv(OCTET_STRING, issuer_name_hash),
        tlv(OCTET_STRING, issuer_key_hash),
        tlv(super::der::INTEGER, serial.as_bytes()),
    ]
    .concat();
    let list = tlv(SEQUENCE, &tlv(SEQUENCE, &tlv(SEQUENCE, &id)));
    let extensions = nonce.map_or_else(Vec::new, |nonce| {
        let value = tlv(OCTET_STRING, &tlv(OCTET_STRING, nonce));
        let extension = [tlv(OBJECT_IDENTIFIER, NONCE.as_bytes()), value].concat();
        tlv(0xa2, &tlv(SEQUENCE, &tlv(SEQUENCE, &extension)))
    });
    tlv(SEQUENCE, &tlv(SEQUENCE, &[list, extensions].concat()))
}

/// SHA-1, as a CertID names it.
pub(crate) const SHA1: Oid<'static> = Oid::from_content(&[0x2b, 0x0e, 0x03, 0x02, 0x1a]);

/// One value of less than 64 KiB.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut der = Vec::with_capacity(length + 4);
    der.push(tag);
    match length {
        0..=0x7f => der.push(length as u8),
        0x80..=0xff => der.extend([0x81, length as u8]),
        _ => der.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    der.extend_from_slice(content);
    der
}
