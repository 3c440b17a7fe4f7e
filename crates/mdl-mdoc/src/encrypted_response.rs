//! Responses of the online flows as a verifier receives them: encrypted for its key of this request.
//!
//! | Flow | Encryption | To decrypt |
//! |---|---|---|
//! | `org-iso-mdoc` over the Digital Credentials API (ISO/IEC TS 18013-7, Annex C) | HPKE | [`open_dc_api_response`] |
//! | OpenID4VP 1.0 `direct_post.jwt` and `dc_api.jwt`; Annex B (cargo feature `jwt`) | JWE | `open_vp_token` |
//!
//! Decrypting verifies nothing: anybody can encrypt for the verifier's key. What comes out is for `mdl-reader`, with the
//! [transcript](crate::session_transcript::SessionTranscript::online) of the flow, which ties it to this request.

use mdl_crypto::{HpkeError, PrivateKey, hpke_open};

use crate::cbor::{Checker, DecodeError, DecodeErrorKind, Limits, Reader};
use crate::session_transcript::SessionTranscript;

/// Why a response was not decrypted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptedResponseError {
    /// Not an `EncryptedResponse` of Annex C.
    #[error("not an encrypted response")]
    Decode(#[from] DecodeError),
    /// Encrypted for another key or another session, or changed on the way.
    #[error("the response cannot be decrypted")]
    Hpke(#[from] HpkeError),
    /// Not a JWE that is taken here.
    #[cfg(feature = "jwt")]
    #[error("not an encrypted response")]
    Jwe(#[from] mdl_crypto::jose::InvalidJwe),
    /// Encrypted for another key, or changed on the way.
    #[cfg(feature = "jwt")]
    #[error("the response cannot be decrypted")]
    Decrypt(#[from] mdl_crypto::jose::JweDecryptError),
    /// What was encrypted is no JSON object.
    #[cfg(feature = "jwt")]
    #[error("the decrypted response")]
    Json(#[from] mdl_crypto::jose::JsonObjectError),
    /// `vp_token` is absent, or not of the form of OpenID4VP.
    #[cfg(feature = "jwt")]
    #[error("vp_token is absent or of another form")]
    VpToken,
}

/// Opens `["dcapi", {"enc": bstr, "cipherText": bstr}]` (Annex C), decoded from base64url: the `DeviceResponse` in CBOR.
///
/// # Errors
/// See [`EncryptedResponseError`].
pub fn open_dc_api_response(
    response: &[u8],
    transcript: &SessionTranscript,
    recipient: &PrivateKey,
    limits: &Limits,
) -> Result<Vec<u8>, EncryptedResponseError> {
    Checker::new(response, limits)?;
    let mut reader = Reader::new(response, 0);
    let elements = reader.array_of(2, "EncryptedResponse")?;
    let start = reader.clone();
    if reader.text("protocol")? != "dcapi" {
        let rule = "not dcapi";
        let member = "protocol";
        return Err(start
            .error(DecodeErrorKind::OutOfRange { member, rule })
            .into());
    }
    let missing = |member| start.error(DecodeErrorKind::Missing { member });
    let (mut encapsulated, mut ciphertext) = (None, None);
    let mut entries = reader.map("EncryptedResponseData")?;
    while reader.has_entry(&mut entries) {
        match reader.text("EncryptedResponseData member")? {
            "enc" => encapsulated = Some(reader.bytes("enc")?),
            "cipherText" => ciphertext = Some(reader.bytes("cipherText")?),
            _ => reader.skip()?,
        }
    }
    reader.leave(elements, "EncryptedResponse")?;
    Ok(hpke_open(
        recipient,
        encapsulated.ok_or(missing("enc"))?,
        transcript.as_bytes(),
        &[],
        ciphertext.ok_or(missing("cipherText"))?,
    )?)
}

/// What an encrypted OpenID4VP response holds.
#[cfg(feature = "jwt")]
#[derive(Clone, Debug, PartialEq)]
pub struct VpToken {
    /// `DeviceResponse`s in CBOR with the identifier of the query that each answers; `None` in the older form, which has
    /// one response and names no query.
    pub responses: Vec<(Option<String>, Vec<u8>)>,
    /// `apu` of the JWE: in Annex B the wallet's nonce, for
    /// [`OnlineHandover::Iso18013Part7AnnexB`](crate::session_transcript::OnlineHandover::Iso18013Part7AnnexB).
    pub party_u_info: Vec<u8>,
    /// `apv` of the JWE: in Annex B the nonce of the request, to be compared with the verifier's own.
    pub party_v_info: Vec<u8>,
}

/// Opens the JWE in `response` of an OpenID4VP answer and reads the mdocs of its `vp_token` (OpenID4VP 1.0, 8.1 and 8.3;
/// B.2).
///
/// # Errors
/// See [`EncryptedResponseError`].
#[cfg(feature = "jwt")]
pub fn open_vp_token(jwe: &str, recipient: &PrivateKey) -> Result<VpToken, EncryptedResponseError> {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use mdl_crypto::jose::{CompactJwe, JsonLimits, JweLimits, parse_json_object};
    use serde_json::Value;

    let limits = JweLimits::DEFAULT;
    let jwe = CompactJwe::parse(jwe, &limits)?;
    let plaintext = jwe.decrypt(recipient)?;
    let json_limits = JsonLimits {
        max_bytes: limits.max_bytes,
        max_depth: 8,
    };
    let answer = parse_json_object(&plaintext, &json_limits)?;
    let decode = |text: &Value| {
        let text = text.as_str().ok_or(EncryptedResponseError::VpToken)?;
        Base64UrlUnpadded::decode_vec(text).map_err(|_| EncryptedResponseError::VpToken)
    };
    let mut responses = Vec::new();
    match answer.get("vp_token") {
        Some(text @ Value::String(_)) => responses.push((None, decode(text)?)),
        Some(Value::Object(queries)) => {
            for (query, presentations) in queries {
                let presentations = presentations.as_array();
                for presentation in presentations.ok_or(EncryptedResponseError::VpToken)? {
                    responses.push((Some(query.clone()), decode(presentation)?));
                }
            }
        }
        _ => return Err(EncryptedResponseError::VpToken),
    }
    Ok(VpToken {
        responses,
        party_u_info: jwe.party_u_info().to_vec(),
        party_v_info: jwe.party_v_info().to_vec(),
    })
}
