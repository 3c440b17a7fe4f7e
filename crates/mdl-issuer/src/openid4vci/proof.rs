//! `jwt` proofs: the wallet holds the device key that a document will be bound to.
//!
//! Appendix F.1 and F.4. What is easy to get wrong: the key comes from the proof itself, so the signature says nothing
//! until audience and nonce tie the proof to this issuer and this moment.

use mdl_crypto::PublicKey;
use mdl_crypto::jose::{
    CompactJws, InvalidJwk, InvalidJws, InvalidX5c, JsonObjectError, Jwk, JwkThumbprint, JwsLimits,
    x5c_from_json,
};
use mdl_iaca::certificate::CertificateView;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::did_key::key_of;

/// How far `iat` may be from our time, before or after.
const WINDOW: Duration = Duration::minutes(5);
/// How far ahead of ours the wallet's clock may be when it says `nbf`.
const LEEWAY: Duration = Duration::seconds(30);
/// One proof: 40 KiB, most of it header, for a certificate chain and a key attestation.
const LIMITS: JwsLimits = JwsLimits {
    max_bytes: 40 << 10,
    max_header_bytes: 28 << 10,
    max_depth: 12,
};
/// Header parameters that would have us fetch a key from an address that the wallet names.
const REMOTE_KEYS: [&str; 2] = ["jku", "x5u"];

/// What a proof must be about.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The Credential Issuer Identifier.
    pub issuer: &'a str,
    /// The client that the access token was given to; `None` for anonymous access.
    pub client_id: Option<&'a str>,
    /// Whether `kid` may be a DID that spells the key out: older drafts.
    pub did_keys: bool,
    /// Now.
    pub now: OffsetDateTime,
}

/// A proof that passed, except for its nonce: what that is worth, [`super::nonce`] says.
#[derive(Clone, Debug)]
pub struct CheckedProof {
    /// The device key.
    pub key: PublicKey,
    /// What identifies it.
    pub thumbprint: JwkThumbprint,
    /// `nonce`
    pub nonce: String,
    /// `key_attestation` of the header, which [`super::key_attestation`] judges.
    pub key_attestation: Option<String>,
}

/// Checks one proof.
///
/// # Errors
/// One variant of [`ProofError`] for each check.
pub fn verify(proof: &str, expected: &Expected<'_>) -> Result<CheckedProof, ProofError> {
    let jws = CompactJws::parse(proof, &LIMITS)?;
    if !jws
        .typ()
        .is_some_and(|typ| typ.eq_ignore_ascii_case("openid4vci-proof+jwt"))
    {
        return Err(ProofError::Type);
    }
    let jwk = key(jws.header(), expected.did_keys)?;
    jws.verify(jwk.public_key())
        .map_err(|_| ProofError::Signature)?;
    let claims = jws.claims().map_err(ProofError::Claims)?;
    if !is_audience(claims.get("aud"), expected.issuer) {
        return Err(ProofError::Audience);
    }
    check_issuer(claims.get("iss"), expected.client_id)?;
    check_times(&claims, expected.now)?;
    let nonce = match claims.get("nonce") {
        None => return Err(ProofError::NoNonce),
        Some(Value::String(nonce)) => nonce.clone(),
        Some(_) => return Err(ProofError::NonceNotText),
    };
    let key_attestation = match jws.header().get("key_attestation") {
        None => None,
        Some(Value::String(attestation)) => Some(attestation.clone()),
        Some(_) => return Err(ProofError::KeyAttestationNotText),
    };
    Ok(CheckedProof {
        key_attestation,
        thumbprint: jwk.thumbprint(),
        key: jwk.public_key().clone(),
        nonce,
    })
}

/// The key of exactly one of `jwk`, `kid` and `x5c`. Nothing here resolves a `kid`: it is of use only where it is a DID
/// that holds the key.
fn key(header: &Map<String, Value>, did_keys: bool) -> Result<Jwk, ProofError> {
    if REMOTE_KEYS.iter().any(|name| header.contains_key(*name)) {
        return Err(ProofError::RemoteKey);
    }
    match (header.get("jwk"), header.get("kid"), header.get("x5c")) {
        (Some(jwk), None, None) => Ok(Jwk::parse(jwk)?),
        (None, None, Some(x5c)) => {
            let chain = x5c_from_json(x5c)?;
            let first = chain.first().map_or(&[][..], Vec::as_slice);
            let certificate =
                CertificateView::from_der(first).map_err(|_| ProofError::Certificate)?;
            let key = certificate.public_key_info().public_key();
            let key = key.map_err(|_| ProofError::Certificate)?;
            Jwk::try_from(key).map_err(|_| ProofError::Certificate)
        }
        (None, Some(kid), None) => {
            let kid = kid.as_str().filter(|_| did_keys);
            kid.and_then(key_of).ok_or(ProofError::KeyIdentifier)
        }
        (None, None, None) => Err(ProofError::NoKey),
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
            Err(ProofError::SeveralKeys)
        }
    }
}

/// `aud`: the identifier, or an array with nothing but it (RFC 7519, 4.1.3).
fn is_audience(aud: Option<&Value>, issuer: &str) -> bool {
    match aud {
        Some(Value::String(aud)) => aud == issuer,
        Some(Value::Array(aud)) => aud.len() == 1 && aud.iter().all(|aud| aud == issuer),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
    }
}

/// `iss`: the client, or absent; for anonymous access always absent.
fn check_issuer(iss: Option<&Value>, client_id: Option<&str>) -> Result<(), ProofError> {
    match (iss, client_id) {
        (None, _) => Ok(()),
        (Some(iss), Some(client_id)) if iss == client_id => Ok(()),
        (Some(_), _) => Err(ProofError::Issuer),
    }
}

fn check_times(claims: &Map<String, Value>, now: OffsetDateTime) -> Result<(), ProofError> {
    let time = |name: &'static str| {
        claims
            .get(name)
            .map(|value| numeric_date(value).ok_or(ProofError::NotATime(name)))
            .transpose()
    };
    let issued_at = time("iat")?.ok_or(ProofError::NoTime)?;
    if issued_at < now - WINDOW {
        return Err(ProofError::TooOld);
    }
    if issued_at > now + WINDOW {
        return Err(ProofError::FromTheFuture);
    }
    if time("exp")?.is_some_and(|exp| exp <= now) {
        return Err(ProofError::Expired);
    }
    if time("nbf")?.is_some_and(|nbf| nbf > now + LEEWAY) {
        return Err(ProofError::NotYetValid);
    }
    Ok(())
}

/// A NumericDate (RFC 7519, 2): seconds, whole or with a fraction, which is dropped. `None` for anything else and for
/// times beyond the year 9999.
pub(super) fn numeric_date(value: &Value) -> Option<OffsetDateTime> {
    // Beyond 2^53 the fraction is gone and so is the year; the cast saturates.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, and from_unix_timestamp refuses what is out of range"
    )]
    let seconds = value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// Why a proof does not pass: `invalid_proof` on the wire.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProofError {
    /// Not a JWS that can be read.
    #[error("proof cannot be read")]
    Jws(#[from] InvalidJws),
    /// `typ` is not `openid4vci-proof+jwt`.
    #[error("typ of the proof is not openid4vci-proof+jwt")]
    Type,
    /// None of `jwk`, `kid` and `x5c`.
    #[error("proof without jwk or x5c")]
    NoKey,
    /// More than one of `jwk`, `kid` and `x5c`.
    #[error("proof with more than one of jwk, kid and x5c")]
    SeveralKeys,
    /// `kid` that holds no key, or is not accepted by this tenant.
    #[error("kid is not supported here: send jwk or x5c")]
    KeyIdentifier,
    /// `jku` or `x5u`.
    #[error("proof names an address to fetch its key from")]
    RemoteKey,
    /// `jwk` is not a public key.
    #[error("jwk of the proof is not a public key")]
    Key(#[from] InvalidJwk),
    /// `x5c` is not a chain.
    #[error("x5c of the proof is not a chain of certificates")]
    X5c(#[from] InvalidX5c),
    /// The first certificate of `x5c` cannot be read, or its key is of no use here.
    #[error("first certificate of x5c has no usable key")]
    Certificate,
    /// Signed by another key or algorithm.
    #[error("proof is not signed by its key")]
    Signature,
    /// Claims that are not a JSON object.
    #[error("claims of the proof cannot be read")]
    Claims(#[source] JsonObjectError),
    /// `aud` is somebody else.
    #[error("aud of the proof is not the credential issuer")]
    Audience,
    /// `iss` is another client, or there although access was anonymous.
    #[error("iss of the proof is not the client of the access token")]
    Issuer,
    /// No `iat`.
    #[error("proof without iat")]
    NoTime,
    /// A claim is not a NumericDate.
    #[error("{0} of the proof is not a time")]
    NotATime(&'static str),
    /// `iat` is too long ago.
    #[error("proof is too old")]
    TooOld,
    /// `iat` is too far ahead.
    #[error("proof is from the future")]
    FromTheFuture,
    /// `exp` has passed.
    #[error("proof is expired")]
    Expired,
    /// `nbf` is ahead.
    #[error("proof is not valid yet")]
    NotYetValid,
    /// No `nonce`.
    #[error("proof without nonce")]
    NoNonce,
    /// `nonce` is not text.
    #[error("nonce of the proof is not text")]
    NonceNotText,
    /// `key_attestation` is not text.
    #[error("key_attestation of the proof is not text")]
    KeyAttestationNotText,
}
