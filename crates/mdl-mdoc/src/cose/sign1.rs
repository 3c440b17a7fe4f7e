use mdl_crypto::Algorithm;

use super::Header;
use crate::cbor::{Checker, DecodeError, Reader, Writer};

/// `COSE_Sign1` (RFC 9052, 4.2) as received, tagged or not. `Debug` prints the size of the payload only, which a
/// device may have filled with data elements.
#[derive(Clone)]
pub struct CoseSign1<'a> {
    /// Content of the protected header's byte string: what the signature covers.
    pub protected_bytes: &'a [u8],
    /// The protected header.
    pub protected: Header<'a>,
    /// The unprotected header.
    pub unprotected: Header<'a>,
    /// The payload; `None` when it is detached (`null`).
    pub payload: Option<&'a [u8]>,
    /// The signature: fixed-width `r || s`, or an EdDSA signature.
    pub signature: &'a [u8],
    /// Whether tag 18 stands before it. 18013-5 uses the untagged form.
    pub is_tagged: bool,
}

impl std::fmt::Debug for CoseSign1<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CoseSign1")
            .field("protected", &self.protected)
            .field("unprotected", &self.unprotected)
            .field("payload_len", &self.payload.map(<[u8]>::len))
            .field("is_tagged", &self.is_tagged)
            .finish_non_exhaustive()
    }
}

impl<'a> CoseSign1<'a> {
    /// Reads a `COSE_Sign1` from a reader over the checker's input.
    ///
    /// # Errors
    /// Another structure, or a header beyond the limits.
    pub fn decode(reader: &mut Reader<'a>, checker: &mut Checker<'a>) -> Result<Self, DecodeError> {
        let is_tagged = reader.skip_tag(18);
        let parts = CoseParts::decode(reader, checker, "COSE_Sign1")?;
        Ok(Self {
            protected_bytes: parts.protected_bytes,
            protected: parts.protected,
            unprotected: parts.unprotected,
            payload: parts.payload,
            signature: parts.authenticator,
            is_tagged,
        })
    }

    /// The bytes that the signature covers, with `payload` in place of the transmitted one.
    pub fn sig_structure(&self, external_aad: &[u8], payload: &[u8]) -> Vec<u8> {
        sig_structure(self.protected_bytes, external_aad, payload)
    }
}

/// `Sig_structure` of a `COSE_Sign1` (RFC 9052, 4.4): `["Signature1", protected, external_aad, payload]`.
pub fn sig_structure(protected: &[u8], external_aad: &[u8], payload: &[u8]) -> Vec<u8> {
    authenticated_structure("Signature1", protected, external_aad, payload)
}

/// Content of the protected header `{1: alg}`.
pub(crate) fn encode_protected_header(algorithm: Algorithm) -> Vec<u8> {
    let mut writer = Writer::with_capacity(8);
    writer.map(1).unsigned(1).integer(algorithm.cose());
    writer.into_bytes()
}

pub(super) fn authenticated_structure(
    context: &str,
    protected: &[u8],
    external_aad: &[u8],
    payload: &[u8],
) -> Vec<u8> {
    let heads = 1 + (1 + context.len()) + 9 * 3;
    let mut writer =
        Writer::with_capacity(heads + protected.len() + external_aad.len() + payload.len());
    writer
        .array(4)
        .text(context)
        .bytes(protected)
        .bytes(external_aad)
        .bytes(payload);
    writer.into_bytes()
}

/// The four elements that `COSE_Sign1` and `COSE_Mac0` share.
pub(super) struct CoseParts<'a> {
    pub(super) protected_bytes: &'a [u8],
    pub(super) protected: Header<'a>,
    pub(super) unprotected: Header<'a>,
    pub(super) payload: Option<&'a [u8]>,
    pub(super) authenticator: &'a [u8],
}

impl<'a> CoseParts<'a> {
    pub(super) fn decode(
        reader: &mut Reader<'a>,
        checker: &mut Checker<'a>,
        name: &'static str,
    ) -> Result<Self, DecodeError> {
        let entries = reader.array_of(4, name)?;
        let protected_bytes = reader.bytes("protected header")?;
        let protected = Header::decode_protected(protected_bytes, checker)?;
        let unprotected = Header::decode(reader, checker.limits().max_certificates)?;
        let payload = if reader.at_null() {
            reader.null("payload")?;
            None
        } else {
            Some(reader.bytes("payload")?)
        };
        let authenticator = reader.bytes("signature or tag")?;
        reader.leave(entries, name)?;
        Ok(Self {
            protected_bytes,
            protected,
            unprotected,
            payload,
            authenticator,
        })
    }
}
