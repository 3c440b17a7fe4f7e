//! The outer structures, composed from parts that already are DER.
//!
//! Names of an issuer are copied as received bytes (B.1.1: compared as exact binary DER), which a tree of
//! parsed and re-encoded values cannot promise; so only the leaves use the encoders of `x509-cert`.

use mdl_crypto::{Curve, Signature};
use time::OffsetDateTime;
use x509_cert::der::asn1::{
    AnyRef, BitStringRef, GeneralizedTime, ObjectIdentifier, OctetString, UtcTime,
};
use x509_cert::der::pem::{self, LineEnding};
use x509_cert::der::{self, DateTime, Encode, Tag, TagNumber};
use x509_cert::ext::Extension;

use super::ProfileError;

/// `SEQUENCE` of the concatenated `parts`.
pub(crate) fn sequence(parts: &[&[u8]]) -> Result<Vec<u8>, der::Error> {
    constructed(Tag::Sequence, parts)
}

/// `[number] EXPLICIT` around `content`.
pub(crate) fn explicit(number: u8, content: &[u8]) -> Result<Vec<u8>, der::Error> {
    let tag = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(u32::from(number)),
    };
    constructed(tag, &[content])
}

fn constructed(tag: Tag, parts: &[&[u8]]) -> Result<Vec<u8>, der::Error> {
    AnyRef::new(tag, &parts.concat())?.to_der()
}

/// One extension with its value in DER.
pub(crate) fn extension(
    id: ObjectIdentifier,
    critical: bool,
    value: &impl Encode,
) -> Result<Vec<u8>, der::Error> {
    extension_from_der(id, critical, value.to_der()?)
}

/// One extension whose value already is DER, such as one copied from another certificate.
pub(crate) fn extension_from_der(
    id: ObjectIdentifier,
    critical: bool,
    value: Vec<u8>,
) -> Result<Vec<u8>, der::Error> {
    Extension {
        extn_id: id,
        critical,
        extn_value: OctetString::new(value)?,
    }
    .to_der()
}

/// `Time`: UTCTime through 2049 and GeneralizedTime from 2050 (RFC 5280, 4.1.2.5), in whole seconds of UTC.
pub(crate) fn time(at: OffsetDateTime) -> Result<Vec<u8>, ProfileError> {
    let utc = at.to_offset(time::UtcOffset::UTC);
    let year = u16::try_from(utc.year()).map_err(|_| ProfileError::Year(at))?;
    if !(1950..=9999).contains(&year) {
        return Err(ProfileError::Year(at));
    }
    let date_time = DateTime::new(
        year,
        u8::from(utc.month()),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second(),
    )?;
    Ok(if year < 2050 {
        UtcTime::from_date_time(date_time)?.to_der()?
    } else {
        GeneralizedTime::from_date_time(date_time).to_der()?
    })
}

/// `AlgorithmIdentifier` of ECDSA with the hash paired with the curve of the issuer's key; no parameters (RFC 5758, 3.2).
///
/// # Errors
/// [`ProfileError::Curve`] for an Edwards key: Annex B knows no certificate signed with EdDSA.
pub(crate) fn ecdsa_algorithm(issuer: Curve) -> Result<Vec<u8>, ProfileError> {
    use mdl_crypto::HashAlgorithm::{Sha256, Sha384, Sha512};
    let oid = match issuer.algorithm().hash() {
        Some(Sha256) => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
        Some(Sha384) => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"),
        Some(Sha512) => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"),
        None => return Err(ProfileError::Curve(issuer)),
    };
    Ok(sequence(&[&oid.to_der()?])?)
}

/// `SEQUENCE { tbs, algorithm, BIT STRING signature }`: certificate, CRL and request have this shape.
pub(crate) fn signed(
    tbs: &[u8],
    algorithm: &[u8],
    signature: &Signature,
) -> Result<Vec<u8>, der::Error> {
    envelope(tbs, algorithm, &signature.to_der())
}

/// The same with `r` and `s` of 1 in the place of the signature, for the linter to look at.
pub(crate) fn awaiting_signature(tbs: &[u8], algorithm: &[u8]) -> Result<Vec<u8>, der::Error> {
    envelope(
        tbs,
        algorithm,
        &[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01],
    )
}

fn envelope(tbs: &[u8], algorithm: &[u8], signature: &[u8]) -> Result<Vec<u8>, der::Error> {
    sequence(&[
        tbs,
        algorithm,
        &BitStringRef::from_bytes(signature)?.to_der()?,
    ])
}

/// PEM with lines ended by `\n`.
pub(crate) fn pem(label: &'static str, der: &[u8]) -> String {
    pem::encode_string(label, LineEnding::LF, der).expect(
        "the labels are valid, and what fits in memory as DER is far below the limit of base64",
    )
}
