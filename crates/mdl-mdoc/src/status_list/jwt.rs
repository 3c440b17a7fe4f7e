//! The JWT form of a status token. draft-ietf-oauth-status-list, 5.1.
//!
//! For credentials of other formats that share the lists; documents of ISO/IEC 18013-5 are answered in CWT form.

use std::num::NonZeroU64;

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::jose::{
    CompactJws, InvalidJws, JwsAttachError, JwsLimits, UnsignedJws, x5c_from_json, x5c_to_json,
};
use mdl_crypto::{Algorithm, PublicKey, Signature};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::claims::time_of;
use super::{
    CompressedStatusList, InvalidStatusToken, RevocationList, STATUS_LIST_JWT, SignedStatusToken,
    StatusBits, StatusClaims, StatusTokenLimits, TokenForm, UnusableClaims,
};

/// A status token in JWT form that lacks only its signature.
#[derive(Debug)]
pub struct UnsignedStatusJwt(UnsignedJws);

/// Why a signature is not attached: another key, other bytes, a curve without a name in JOSE, or a fault while signing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a JWS of the status signer")]
pub struct StatusJwtAttachError(#[from] pub JwsAttachError);

impl UnsignedStatusJwt {
    /// A token for a signature by `algorithm`. `x5chain` holds the DER certificate of the signer first, and not that of
    /// the authority above it.
    ///
    /// # Errors
    /// See [`UnusableClaims`].
    pub fn new(
        claims: &StatusClaims,
        algorithm: Algorithm,
        x5chain: &[&[u8]],
    ) -> Result<Self, UnusableClaims> {
        claims.check()?;
        if x5chain.is_empty() {
            return Err(UnusableClaims::NoCertificate);
        }
        let RevocationList::Status(list) = &claims.list else {
            return Err(UnusableClaims::IdentifierListInJwt);
        };
        let header = json!({ "alg": algorithm.name(), "typ": typ(), "x5c": x5c_to_json(x5chain) });
        let payload = to_json(claims, list).to_string();
        UnsignedJws::new(&header, payload.as_bytes())
            .map(Self)
            // The header is an object with an algorithm of ours and without crit, so this cannot be reached.
            .map_err(|_| UnusableClaims::NoCertificate)
    }

    /// The algorithm that the header announces.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }

    /// What the status signer's key signs, not yet hashed.
    pub fn to_be_signed(&self) -> &[u8] {
        self.0.to_be_signed()
    }

    /// The compact token, once `signer` has confirmed the signature.
    ///
    /// # Errors
    /// A signature that does not verify, or a key that JOSE has no algorithm for.
    pub fn attach(
        self,
        signature: &Signature,
        signer: &PublicKey,
    ) -> Result<String, StatusJwtAttachError> {
        Ok(self.0.attach(signature, signer)?)
    }
}

/// `typ` of the header: the media type without `application/` (RFC 7515, 4.1.9).
fn typ() -> &'static str {
    STATUS_LIST_JWT
        .strip_prefix("application/")
        .unwrap_or(STATUS_LIST_JWT)
}

fn to_json(claims: &StatusClaims, list: &CompressedStatusList) -> Value {
    let mut status_list = json!({
        "bits": list.bits.get(),
        "lst": Base64UrlUnpadded::encode_string(&list.lst),
    });
    if let Some(uri) = &list.aggregation_uri {
        status_list["aggregation_uri"] = json!(uri);
    }
    let mut payload = json!({ "sub": claims.subject, "iat": claims.issued_at.unix_timestamp() });
    if let Some(expires_at) = claims.expires_at {
        payload["exp"] = json!(expires_at.unix_timestamp());
    }
    if let Some(ttl) = claims.ttl {
        payload["ttl"] = json!(ttl);
    }
    payload["status_list"] = status_list;
    payload
}

pub(super) fn decode(
    token: &[u8],
    limits: &StatusTokenLimits,
) -> Result<SignedStatusToken, InvalidStatusToken> {
    // Not UTF-8 means not base64url either.
    let text = std::str::from_utf8(token).map_err(|_| InvalidJws::Base64("header"))?;
    let jws_limits = JwsLimits {
        max_bytes: limits.max_bytes,
        ..JwsLimits::DEFAULT
    };
    let jws = CompactJws::parse(text.trim_end(), &jws_limits)?;
    let is_typ = |found: &str| {
        found.eq_ignore_ascii_case(typ()) || found.eq_ignore_ascii_case(STATUS_LIST_JWT)
    };
    if !jws.typ().is_some_and(is_typ) {
        return Err(InvalidStatusToken::Type);
    }
    let x5chain = match jws.header().get("x5c") {
        Some(x5c) => x5c_from_json(x5c)?,
        None => Vec::new(),
    };
    Ok(SignedStatusToken {
        form: TokenForm::Jwt,
        algorithm: jws.algorithm(),
        x5chain,
        claims: read_claims(&jws.claims()?)?,
        signed: jws.signing_input().as_bytes().to_vec(),
        signature: jws.signature().to_vec(),
    })
}

fn read_claims(claims: &Map<String, Value>) -> Result<StatusClaims, InvalidStatusToken> {
    let wrong = InvalidStatusToken::Claim;
    let subject = claims.get("sub").and_then(Value::as_str);
    let ttl = match claims.get("ttl") {
        None => None,
        Some(ttl) => Some(ttl.as_u64().and_then(NonZeroU64::new).ok_or(wrong("ttl"))?),
    };
    let list = claims.get("status_list").and_then(Value::as_object);
    Ok(StatusClaims {
        subject: subject.ok_or(wrong("sub"))?.to_owned(),
        issued_at: numeric_date(claims, "iat")?.ok_or(wrong("iat"))?,
        expires_at: numeric_date(claims, "exp")?,
        ttl,
        list: RevocationList::Status(read_list(list.ok_or(wrong("status_list"))?)?),
    })
}

fn read_list(list: &Map<String, Value>) -> Result<CompressedStatusList, InvalidStatusToken> {
    let wrong = InvalidStatusToken::Claim;
    let bits = list.get("bits").and_then(Value::as_u64);
    let bits = bits.and_then(|bits| StatusBits::try_from(bits).ok());
    let lst = list.get("lst").and_then(Value::as_str);
    let aggregation_uri = match list.get("aggregation_uri") {
        None => None,
        Some(uri) => Some(uri.as_str().ok_or(wrong("aggregation_uri"))?.to_owned()),
    };
    Ok(CompressedStatusList {
        bits: bits.ok_or(wrong("bits"))?,
        lst: lst
            .and_then(|lst| Base64UrlUnpadded::decode_vec(lst).ok())
            .ok_or(wrong("lst"))?,
        aggregation_uri,
    })
}

/// `NumericDate` (RFC 7519, 2), in whole seconds.
fn numeric_date(
    claims: &Map<String, Value>,
    claim: &'static str,
) -> Result<Option<OffsetDateTime>, InvalidStatusToken> {
    match claims.get(claim) {
        None => Ok(None),
        Some(value) => {
            let time = value.as_u64().and_then(time_of);
            time.map(Some).ok_or(InvalidStatusToken::Claim(claim))
        }
    }
}
