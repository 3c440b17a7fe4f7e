use super::Header;
use super::sign1::{CoseParts, authenticated_structure};
use crate::cbor::{Checker, DecodeError, Reader};

/// COSE algorithm number of HMAC 256/256, the only MAC of 18013-5 (9.1.3.5).
pub const HMAC_256_256: i64 = 5;

/// `COSE_Mac0` (RFC 9052, 6.2) as received, tagged or not. `Debug` prints the size of the payload only, which a
/// device may have filled with data elements.
#[derive(Clone)]
pub struct CoseMac0<'a> {
    /// Content of the protected header's byte string: what the MAC covers.
    pub protected_bytes: &'a [u8],
    /// The protected header.
    pub protected: Header<'a>,
    /// The unprotected header.
    pub unprotected: Header<'a>,
    /// The payload; `None` when it is detached (`null`).
    pub payload: Option<&'a [u8]>,
    /// The authentication tag: 32 bytes for HMAC 256/256.
    pub tag: &'a [u8],
    /// Whether tag 17 stands before it. 18013-5 uses the untagged form.
    pub is_tagged: bool,
}

impl std::fmt::Debug for CoseMac0<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CoseMac0")
            .field("protected", &self.protected)
            .field("unprotected", &self.unprotected)
            .field("payload_len", &self.payload.map(<[u8]>::len))
            .field("is_tagged", &self.is_tagged)
            .finish_non_exhaustive()
    }
}

impl<'a> CoseMac0<'a> {
    /// Reads a `COSE_Mac0` from a reader over the checker's input.
    ///
    /// # Errors
    /// Another structure, or a header beyond the limits.
    pub fn decode(reader: &mut Reader<'a>, checker: &mut Checker<'a>) -> Result<Self, DecodeError> {
        let is_tagged = reader.skip_tag(17);
        let parts = CoseParts::decode(reader, checker, "COSE_Mac0")?;
        Ok(Self {
            protected_bytes: parts.protected_bytes,
            protected: parts.protected,
            unprotected: parts.unprotected,
            payload: parts.payload,
            tag: parts.authenticator,
            is_tagged,
        })
    }
}

/// `MAC_structure` of a `COSE_Mac0` (RFC 9052, 6.3): `["MAC0", protected, external_aad, payload]`.
pub fn mac_structure(protected: &[u8], external_aad: &[u8], payload: &[u8]) -> Vec<u8> {
    authenticated_structure("MAC0", protected, external_aad, payload)
}
