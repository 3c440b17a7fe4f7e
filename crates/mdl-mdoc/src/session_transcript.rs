//! `SessionTranscript`: what binds a device authentication to one session with one reader.
//!
//! `[DeviceEngagementBytes / null, EReaderKeyBytes / null, Handover]`, ISO/IEC 18013-5, 9.1.5.1. The handovers of the
//! online flows come from ISO/IEC TS 18013-7 (Annex B and C) and OpenID4VP 1.0 (Appendix B.2.6). Easy to get wrong:
//! device authentication embeds the bare array, key derivation salts with its tag-24 form; and the hashes of the online
//! handovers cover the plain CBOR of the info array.

use mdl_crypto::HashAlgorithm;

use crate::cbor::{Checker, DecodeError, Limits, Reader, Writer};

/// A session transcript: the CBOR array, as built or as received.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionTranscript {
    bytes: Vec<u8>,
}

/// How engagement was handed over to the data exchange: third element of the transcript.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Handover<'a> {
    /// QR code: `null`.
    Qr,
    /// NFC: the Handover Select message, and the Handover Request message when it was negotiated handover.
    Nfc {
        /// NDEF message, Handover Select.
        select: &'a [u8],
        /// NDEF message, Handover Request; `None` for static handover.
        request: Option<&'a [u8]>,
    },
    /// 18013-7 remote engagement ("to app"): SHA-256 of `ReaderEngagementBytes`.
    ReaderEngagement {
        /// `ReaderEngagementBytes`, tag 24 included.
        reader_engagement_bytes: &'a [u8],
    },
}

/// The parameters of an online flow, where engagement and reader key are `null`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OnlineHandover<'a> {
    /// OpenID4VP as ISO/IEC TS 18013-7, Annex B profiles it.
    Iso18013Part7AnnexB {
        /// `client_id` of the request.
        client_id: &'a str,
        /// `response_uri` of the request.
        response_uri: &'a str,
        /// The wallet's nonce; travels as `apu` of the encrypted response.
        mdoc_generated_nonce: &'a str,
        /// `nonce` of the request.
        nonce: &'a str,
    },
    /// OpenID4VP 1.0 by redirect or direct post.
    OpenId4Vp {
        /// `client_id` with its prefix.
        client_id: &'a str,
        /// `nonce` of the request.
        nonce: &'a str,
        /// RFC 7638 SHA-256 thumbprint of the response encryption key; `None` when the response is not encrypted.
        jwk_thumbprint: Option<&'a [u8; 32]>,
        /// `response_uri` or `redirect_uri`.
        response_uri: &'a str,
    },
    /// OpenID4VP 1.0 over the Digital Credentials API.
    OpenId4VpDcApi {
        /// Origin of the caller, without a prefix.
        origin: &'a str,
        /// `nonce` of the request.
        nonce: &'a str,
        /// RFC 7638 SHA-256 thumbprint of the response encryption key; `None` when the response is not encrypted.
        jwk_thumbprint: Option<&'a [u8; 32]>,
    },
    /// `org-iso-mdoc` over the Digital Credentials API: ISO/IEC TS 18013-7, Annex C.
    Iso18013Part7AnnexC {
        /// `EncryptionInfo` in base64url, as sent.
        encryption_info: &'a str,
        /// Origin of the caller.
        origin: &'a str,
    },
}

impl SessionTranscript {
    /// The transcript of a proximity session.
    ///
    /// `device_engagement` and `e_reader_key` are the CBOR that tag 24 wraps: `DeviceEngagement` and the `COSE_Key` of
    /// EReaderKey, as sent.
    pub fn proximity(
        device_engagement: &[u8],
        e_reader_key: &[u8],
        handover: Handover<'_>,
    ) -> Self {
        let mut writer = Writer::with_capacity(device_engagement.len() + e_reader_key.len() + 64);
        writer
            .array(3)
            .encoded_cbor(device_engagement)
            .encoded_cbor(e_reader_key);
        match handover {
            Handover::Qr => writer.null(),
            Handover::Nfc {
                select,
                request: None,
            } => writer.array(2).bytes(select).null(),
            Handover::Nfc {
                select,
                request: Some(request),
            } => writer.array(2).bytes(select).bytes(request),
            Handover::ReaderEngagement {
                reader_engagement_bytes,
            } => writer.bytes(
                HashAlgorithm::Sha256
                    .digest(reader_engagement_bytes)
                    .as_ref(),
            ),
        };
        Self {
            bytes: writer.into_bytes(),
        }
    }

    /// The transcript of an online flow.
    pub fn online(handover: OnlineHandover<'_>) -> Self {
        let mut writer = Writer::with_capacity(96);
        writer.array(3).null().null();
        match handover {
            OnlineHandover::Iso18013Part7AnnexB {
                client_id,
                response_uri,
                mdoc_generated_nonce,
                nonce,
            } => {
                let client_id_hash =
                    hash_of(|info| info.array(2).text(client_id).text(mdoc_generated_nonce));
                let response_uri_hash =
                    hash_of(|info| info.array(2).text(response_uri).text(mdoc_generated_nonce));
                writer
                    .array(3)
                    .bytes(&client_id_hash)
                    .bytes(&response_uri_hash)
                    .text(nonce);
            }
            OnlineHandover::OpenId4Vp {
                client_id,
                nonce,
                jwk_thumbprint,
                response_uri,
            } => {
                let hash = hash_of(|info| {
                    thumbprint(info.array(4).text(client_id).text(nonce), jwk_thumbprint)
                        .text(response_uri)
                });
                writer.array(2).text("OpenID4VPHandover").bytes(&hash);
            }
            OnlineHandover::OpenId4VpDcApi {
                origin,
                nonce,
                jwk_thumbprint,
            } => {
                let hash = hash_of(|info| {
                    thumbprint(info.array(3).text(origin).text(nonce), jwk_thumbprint)
                });
                writer.array(2).text("OpenID4VPDCAPIHandover").bytes(&hash);
            }
            OnlineHandover::Iso18013Part7AnnexC {
                encryption_info,
                origin,
            } => {
                let hash = hash_of(|info| info.array(2).text(encryption_info).text(origin));
                writer.array(2).text("dcapi").bytes(&hash);
            }
        }
        Self {
            bytes: writer.into_bytes(),
        }
    }

    /// A transcript from elsewhere: the CBOR array itself, not wrapped in tag 24.
    ///
    /// # Errors
    /// Not one array of three elements, or beyond `limits`.
    pub fn from_bytes(bytes: Vec<u8>, limits: &Limits) -> Result<Self, DecodeError> {
        Checker::new(&bytes, limits)?;
        let mut reader = Reader::new(&bytes, 0);
        let entries = reader.array_of(3, "SessionTranscript")?;
        for _ in 0..3 {
            reader.skip()?;
        }
        reader.leave(entries, "SessionTranscript")?;
        Ok(Self { bytes })
    }

    /// The CBOR array.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `SessionTranscriptBytes`: the array in tag 24, which salts the key derivations of 9.1.1.5 and 9.1.3.5.
    pub fn to_tagged_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(self.bytes.len() + 8);
        writer.encoded_cbor(&self.bytes);
        writer.into_bytes()
    }
}

fn thumbprint<'w>(writer: &'w mut Writer, jwk_thumbprint: Option<&[u8; 32]>) -> &'w mut Writer {
    match jwk_thumbprint {
        Some(thumbprint) => writer.bytes(thumbprint),
        None => writer.null(),
    }
}

fn hash_of(write: impl FnOnce(&mut Writer) -> &mut Writer) -> [u8; 32] {
    let mut writer = Writer::default();
    write(&mut writer);
    let mut hash = [0; 32];
    hash.copy_from_slice(HashAlgorithm::Sha256.digest(writer.as_slice()).as_ref());
    hash
}
