//! What belongs to one verification.

use std::sync::Arc;
use std::time::SystemTime;

use crate::InputError;

/// What belongs to one verification.
#[derive(uniffi::Record)]
pub struct Conditions {
    /// The time to verify at.
    pub at: SystemTime,
    /// How the response reached the reader.
    pub session: Session,
    /// The document type that was asked for; every document must be of it. None given: any.
    #[uniffi(default = None)]
    pub doc_type: Option<String>,
    /// CRLs, PEM or DER; the newest of the right issuer counts.
    #[uniffi(default = [])]
    pub crls: Vec<Vec<u8>>,
    /// Status tokens as published, CWT or JWT; for each list the newest of the right signer counts.
    #[uniffi(default = [])]
    pub status_tokens: Vec<Vec<u8>>,
    /// Whether a document is only valid if evidence says that neither it nor its signer is revoked.
    #[uniffi(default = false)]
    pub require_revocation: bool,
}

/// EReaderKey.Priv of a proximity session, which a device MAC needs.
#[derive(uniffi::Object)]
pub struct ReaderKey(mdl_verifier::ReaderKey);

#[uniffi::export]
impl ReaderKey {
    /// Reads PKCS#8 in DER.
    #[uniffi::constructor]
    pub fn from_pkcs8(der: Vec<u8>) -> Result<Self, InputError> {
        Ok(Self(mdl_verifier::ReaderKey::from_pkcs8(&der)?))
    }
}

/// How the response reached the reader. All but the static one require device authentication over the transcript of that
/// session.
#[derive(uniffi::Enum)]
pub enum Session {
    /// In none: only issuer data authentication is asked for. Says nothing of who presents the document.
    Static,
    /// In one whose `SessionTranscript` the reader has: the CBOR array itself, not wrapped in tag 24.
    Transcript {
        /// The array.
        session_transcript: Vec<u8>,
        /// Only needed for a device MAC.
        #[uniffi(default = None)]
        reader_key: Option<Arc<ReaderKey>>,
    },
    /// Proximity, engaged by QR code (9.1.5.1).
    Qr {
        /// `DeviceEngagement` as scanned: the CBOR that tag 24 wraps.
        device_engagement: Vec<u8>,
        /// EReaderKey.Pub, the `COSE_Key` as sent: the CBOR that tag 24 wraps.
        e_reader_key: Vec<u8>,
        /// Only needed for a device MAC.
        #[uniffi(default = None)]
        reader_key: Option<Arc<ReaderKey>>,
    },
    /// Proximity, engaged by NFC (9.1.5.1).
    Nfc {
        /// `DeviceEngagement` as received: the CBOR that tag 24 wraps.
        device_engagement: Vec<u8>,
        /// EReaderKey.Pub, the `COSE_Key` as sent: the CBOR that tag 24 wraps.
        e_reader_key: Vec<u8>,
        /// NDEF message, Handover Select.
        select: Vec<u8>,
        /// NDEF message, Handover Request; none for static handover.
        #[uniffi(default = None)]
        request: Option<Vec<u8>>,
        /// Only needed for a device MAC.
        #[uniffi(default = None)]
        reader_key: Option<Arc<ReaderKey>>,
    },
    /// OpenID4VP 1.0 by redirect or direct post (its Appendix B.2.6.1).
    OpenId4Vp {
        /// `client_id` with its prefix.
        client_id: String,
        /// `nonce` of the request.
        nonce: String,
        /// `response_uri` or `redirect_uri`.
        response_uri: String,
        /// RFC 7638 SHA-256 thumbprint of the response encryption key; none when the response is not encrypted.
        #[uniffi(default = None)]
        jwk_thumbprint: Option<Vec<u8>>,
    },
    /// OpenID4VP 1.0 over the Digital Credentials API (its Appendix B.2.6.2).
    OpenId4VpDcApi {
        /// Origin of the caller, without a prefix.
        origin: String,
        /// `nonce` of the request.
        nonce: String,
        /// RFC 7638 SHA-256 thumbprint of the response encryption key; none when the response is not encrypted.
        #[uniffi(default = None)]
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

impl From<Conditions> for mdl_verifier::Conditions {
    fn from(conditions: Conditions) -> Self {
        Self {
            doc_type: conditions.doc_type,
            crls: conditions.crls,
            status_tokens: conditions.status_tokens,
            require_revocation: conditions.require_revocation,
            ..Self::new(seconds(conditions.at), conditions.session.into())
        }
    }
}

impl From<Session> for mdl_verifier::Session {
    fn from(session: Session) -> Self {
        let key = |key: Option<Arc<ReaderKey>>| key.map(|key| key.0.clone());
        match session {
            Session::Static => Self::Static,
            Session::Transcript {
                session_transcript,
                reader_key,
            } => Self::Transcript {
                session_transcript,
                reader_key: key(reader_key),
            },
            Session::Qr {
                device_engagement,
                e_reader_key,
                reader_key,
            } => Self::Qr {
                device_engagement,
                e_reader_key,
                reader_key: key(reader_key),
            },
            Session::Nfc {
                device_engagement,
                e_reader_key,
                select,
                request,
                reader_key,
            } => Self::Nfc {
                device_engagement,
                e_reader_key,
                select,
                request,
                reader_key: key(reader_key),
            },
            Session::OpenId4Vp {
                client_id,
                nonce,
                response_uri,
                jwk_thumbprint,
            } => Self::OpenId4Vp {
                client_id,
                nonce,
                jwk_thumbprint,
                response_uri,
            },
            Session::OpenId4VpDcApi {
                origin,
                nonce,
                jwk_thumbprint,
            } => Self::OpenId4VpDcApi {
                origin,
                nonce,
                jwk_thumbprint,
            },
            Session::Iso18013Part7AnnexB {
                client_id,
                response_uri,
                mdoc_generated_nonce,
                nonce,
            } => Self::Iso18013Part7AnnexB {
                client_id,
                response_uri,
                mdoc_generated_nonce,
                nonce,
            },
            Session::Iso18013Part7AnnexC {
                encryption_info,
                origin,
            } => Self::Iso18013Part7AnnexC {
                encryption_info,
                origin,
            },
        }
    }
}

/// Whole seconds since 1970, rounded down as documents write times. One that does not fit is beyond the year 9999, and is
/// refused as that.
fn seconds(at: SystemTime) -> i64 {
    match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(error) => {
            let before = error.duration();
            let begun = u64::from(before.subsec_nanos() > 0);
            i64::try_from(before.as_secs() + begun).map_or(i64::MIN, |seconds| -seconds)
        }
    }
}
