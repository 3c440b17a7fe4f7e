//! What belongs to one verification: time, session, what was asked for, revocation evidence.

use mdl_crypto::PrivateKey;
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::session_transcript::{Handover, OnlineHandover, SessionTranscript};
use time::OffsetDateTime;

use crate::InputError;

/// What belongs to one verification.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// The time to verify at, in seconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    /// How the response reached the reader.
    pub session: Session,
    /// The document type that was asked for; every document must be of it. `None`: any.
    pub doc_type: Option<String>,
    /// CRLs, PEM or DER; the newest of the right issuer counts.
    pub crls: Vec<Vec<u8>>,
    /// Status tokens as published, CWT or JWT; for each list the newest of the right signer counts.
    pub status_tokens: Vec<Vec<u8>>,
    /// Whether a document is only valid if evidence says that neither it nor its signer is revoked.
    pub require_revocation: bool,
}

impl Conditions {
    /// At a time, in a session; any document type, no revocation evidence and none required.
    pub fn new(at: i64, session: Session) -> Self {
        Self {
            at,
            session,
            doc_type: None,
            crls: Vec::new(),
            status_tokens: Vec::new(),
            require_revocation: false,
        }
    }

    pub(crate) fn time(&self) -> Result<OffsetDateTime, InputError> {
        match OffsetDateTime::from_unix_timestamp(self.at) {
            Ok(at) if (1..=9999).contains(&at.year()) => Ok(at),
            _ => Err(InputError::Time(self.at)),
        }
    }
}

/// EReaderKey.Priv of a proximity session, which a device MAC needs.
#[derive(Clone, Debug)]
pub struct ReaderKey(PrivateKey);

impl ReaderKey {
    /// Reads PKCS#8 in DER.
    ///
    /// # Errors
    /// [`InputError::ReaderKey`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, InputError> {
        Ok(Self(PrivateKey::from_pkcs8_der(der)?))
    }
}

/// How the response reached the reader. All but [`Static`](Self::Static) require device authentication over the
/// transcript of that session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Session {
    /// In none: only issuer data authentication is asked for. Says nothing of who presents the document.
    Static,
    /// In one whose `SessionTranscript` the reader has: the CBOR array itself, not wrapped in tag 24.
    Transcript {
        /// The array.
        session_transcript: Vec<u8>,
        /// Only needed for a device MAC.
        reader_key: Option<ReaderKey>,
    },
    /// Proximity, engaged by QR code (9.1.5.1).
    Qr {
        /// `DeviceEngagement` as scanned: the CBOR that tag 24 wraps.
        device_engagement: Vec<u8>,
        /// EReaderKey.Pub, the `COSE_Key` as sent: the CBOR that tag 24 wraps.
        e_reader_key: Vec<u8>,
        /// Only needed for a device MAC.
        reader_key: Option<ReaderKey>,
    },
    /// Proximity, engaged by NFC (9.1.5.1).
    Nfc {
        /// `DeviceEngagement` as received: the CBOR that tag 24 wraps.
        device_engagement: Vec<u8>,
        /// EReaderKey.Pub, the `COSE_Key` as sent: the CBOR that tag 24 wraps.
        e_reader_key: Vec<u8>,
        /// NDEF message, Handover Select.
        select: Vec<u8>,
        /// NDEF message, Handover Request; `None` for static handover.
        request: Option<Vec<u8>>,
        /// Only needed for a device MAC.
        reader_key: Option<ReaderKey>,
    },
    /// OpenID4VP 1.0 by redirect or direct post (its Appendix B.2.6.1).
    OpenId4Vp {
        /// `client_id` with its prefix.
        client_id: String,
        /// `nonce` of the request.
        nonce: String,
        /// RFC 7638 SHA-256 thumbprint of the response encryption key; `None` when the response is not encrypted.
        jwk_thumbprint: Option<Vec<u8>>,
        /// `response_uri` or `redirect_uri`.
        response_uri: String,
    },
    /// OpenID4VP 1.0 over the Digital Credentials API (its Appendix B.2.6.2).
    OpenId4VpDcApi {
        /// Origin of the caller, without a prefix.
        origin: String,
        /// `nonce` of the request.
        nonce: String,
        /// RFC 7638 SHA-256 thumbprint of the response encryption key; `None` when the response is not encrypted.
        jwk_thumbprint: Option<Vec<u8>>,
    },
    /// OpenID4VP as ISO/IEC TS 18013-7, Annex B profiles it.
    Iso18013Part7AnnexB {
        /// `client_id` of the request.
        client_id: String,
        /// `response_uri` of the request.
        response_uri: String,
        /// The wallet's nonce, `apu` of the encrypted response.
        mdoc_generated_nonce: String,
        /// `nonce` of the request.
        nonce: String,
    },
    /// `org-iso-mdoc` over the Digital Credentials API: ISO/IEC TS 18013-7, Annex C.
    Iso18013Part7AnnexC {
        /// `EncryptionInfo` in base64url, as sent.
        encryption_info: String,
        /// Origin of the caller.
        origin: String,
    },
}

impl Session {
    /// The transcript, unless there is no session.
    pub(crate) fn transcript(&self) -> Result<Option<SessionTranscript>, InputError> {
        let transcript = match self {
            Self::Static => return Ok(None),
            Self::Transcript {
                session_transcript, ..
            } => SessionTranscript::from_bytes(session_transcript.clone(), &Limits::DEFAULT)?,
            Self::Qr {
                device_engagement,
                e_reader_key,
                ..
            } => proximity(device_engagement, e_reader_key, Handover::Qr)?,
            Self::Nfc {
                device_engagement,
                e_reader_key,
                select,
                request,
                ..
            } => {
                let request = request.as_deref();
                proximity(
                    device_engagement,
                    e_reader_key,
                    Handover::Nfc { select, request },
                )?
            }
            Self::OpenId4Vp {
                client_id,
                nonce,
                jwk_thumbprint,
                response_uri,
            } => SessionTranscript::online(OnlineHandover::OpenId4Vp {
                client_id,
                nonce,
                jwk_thumbprint: thumbprint(jwk_thumbprint)?,
                response_uri,
            }),
            Self::OpenId4VpDcApi {
                origin,
                nonce,
                jwk_thumbprint,
            } => SessionTranscript::online(OnlineHandover::OpenId4VpDcApi {
                origin,
                nonce,
                jwk_thumbprint: thumbprint(jwk_thumbprint)?,
            }),
            Self::Iso18013Part7AnnexB {
                client_id,
                response_uri,
                mdoc_generated_nonce,
                nonce,
            } => SessionTranscript::online(OnlineHandover::Iso18013Part7AnnexB {
                client_id,
                response_uri,
                mdoc_generated_nonce,
                nonce,
            }),
            Self::Iso18013Part7AnnexC {
                encryption_info,
                origin,
            } => SessionTranscript::online(OnlineHandover::Iso18013Part7AnnexC {
                encryption_info,
                origin,
            }),
        };
        Ok(Some(transcript))
    }

    /// EReaderKey.Priv, if this is a session that has one and it was given.
    pub(crate) fn reader_key(&self) -> Option<&PrivateKey> {
        match self {
            Self::Transcript { reader_key, .. }
            | Self::Qr { reader_key, .. }
            | Self::Nfc { reader_key, .. } => reader_key.as_ref().map(|key| &key.0),
            Self::Static
            | Self::OpenId4Vp { .. }
            | Self::OpenId4VpDcApi { .. }
            | Self::Iso18013Part7AnnexB { .. }
            | Self::Iso18013Part7AnnexC { .. } => None,
        }
    }
}

/// The parts must be CBOR, or the transcript around them would be none.
fn proximity(
    device_engagement: &[u8],
    e_reader_key: &[u8],
    handover: Handover<'_>,
) -> Result<SessionTranscript, InputError> {
    for (what, bytes) in [
        ("the device engagement", device_engagement),
        ("the reader's public key", e_reader_key),
    ] {
        Checker::new(bytes, &Limits::DEFAULT)
            .map_err(|source| InputError::Engagement { what, source })?;
    }
    Ok(SessionTranscript::proximity(
        device_engagement,
        e_reader_key,
        handover,
    ))
}

fn thumbprint(thumbprint: &Option<Vec<u8>>) -> Result<Option<&[u8; 32]>, InputError> {
    let Some(bytes) = thumbprint else {
        return Ok(None);
    };
    match bytes.as_slice().try_into() {
        Ok(digest) => Ok(Some(digest)),
        Err(_) => Err(InputError::JwkThumbprint {
            length: bytes.len(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of OpenID4VP 1.0, Appendix B.2.6, and one each of 18013-7, Annex B and C.
    #[test]
    fn online_sessions_have_the_published_transcripts() {
        let jwk_thumbprint =
            hex::decode("4283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6bd669047")
                .unwrap();
        let nonce = "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA";
        let cases = [
            (
                Session::OpenId4Vp {
                    client_id: "x509_san_dns:example.com".into(),
                    nonce: nonce.into(),
                    jwk_thumbprint: Some(jwk_thumbprint.clone()),
                    response_uri: "https://example.com/response".into(),
                },
                "83f6f682714f70656e494434565048616e646f7665725820048bc053c00442af9b8eed494cefdd9d95240d25\
                 4b046b11b68013722aad38ac",
            ),
            (
                Session::OpenId4VpDcApi {
                    origin: "https://example.com".into(),
                    nonce: nonce.into(),
                    jwk_thumbprint: Some(jwk_thumbprint),
                },
                "83f6f682764f70656e4944345650444341504948616e646f7665725820fbece366f4212f9762c74cfdbf83b8\
                 c69e371d5d68cea09cb4c48ca6daab761a",
            ),
            (
                Session::OpenId4VpDcApi {
                    origin: "https://example.com".into(),
                    nonce: nonce.into(),
                    jwk_thumbprint: None,
                },
                "83f6f682764f70656e4944345650444341504948616e646f76657258203563b629e28bf0a736c6ba6faacb60\
                 a9cd3074e51416a04565031d8690638c43",
            ),
            (
                Session::Iso18013Part7AnnexB {
                    client_id: "example.com".into(),
                    response_uri: "https://example.com/12345/response".into(),
                    mdoc_generated_nonce: "1234567890abcdefgh".into(),
                    nonce: "abcdefgh1234567890".into(),
                },
                "83f6f6835820da25c527e5fb75bc2dd31267c02237c4462ba0c1bf37071f692e7dd93b10ad0b5820f6ed8e32\
                 20d3c59a5f17eb45f48ab70aeecf9ee21744b1014982350bd96ac0c572616263646566676831323334353637\
                 383930",
            ),
            (
                Session::Iso18013Part7AnnexC {
                    encryption_info: "gmVkY2FwaaJlbm9uY2VQAAECAwQFBgcICQoLDA0OD3JyZWNpcGllbnRQdWJsaWNLZXmkAQIgASFYILO0LJXwA8VAp7\
                                      -rI9YIJvj1wfEQ122YdEjwxUFeYAFEIlgg0u68CgTFZk_nslWFmYhDMQQ6vdBNf2vwy3QHKI_80Js"
                        .into(),
                    origin: "https://verifier.example".into(),
                },
                "83f6f68265646361706958203ce0149e8bbf604186a904b8685614cbee8db6c0a64409f7330f2181586f197c",
            ),
        ];
        for (session, expected) in cases {
            let transcript = session.transcript().unwrap().unwrap();
            assert_eq!(hex::encode(transcript.as_bytes()), expected);
            assert!(session.reader_key().is_none());
        }
    }

    #[test]
    fn proximity_sessions_differ_in_their_handover() {
        let transcript = |session: Session| {
            let transcript = session.transcript().unwrap().unwrap();
            hex::encode(transcript.as_bytes())
        };
        let qr = Session::Qr {
            device_engagement: vec![0x01],
            e_reader_key: vec![0x02],
            reader_key: None,
        };
        assert_eq!(transcript(qr), "83d8184101d8184102f6");
        let nfc = |request| Session::Nfc {
            device_engagement: vec![0x01],
            e_reader_key: vec![0x02],
            select: vec![0x03],
            request,
            reader_key: None,
        };
        assert_eq!(transcript(nfc(None)), "83d8184101d8184102824103f6");
        assert_eq!(
            transcript(nfc(Some(vec![4]))),
            "83d8184101d81841028241034104"
        );
    }
}
