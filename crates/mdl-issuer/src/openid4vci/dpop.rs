//! DPoP proofs: the sender of a request holds a key.
//!
//! RFC 9449, 4.3. What is easy to get wrong: `htu` is held against the address that the world uses, not against what a
//! proxy passed on, and without query and fragment; and a proof that lacks only our nonce is told so, and uses up
//! nothing.

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::jose::{
    CompactJws, InvalidJwk, InvalidJws, JsonObjectError, Jwk, JwkThumbprint, JwsLimits,
};
use mdl_crypto::{HashAlgorithm, constant_time_eq};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};
use url::Url;

use super::error_code::ErrorCode;
use super::nonce::{self, NonceKind};
use crate::secret::ServiceSecret;
use crate::store::{Hash, UsedPurpose, UsedValue};

/// How old a proof without nonce may be.
const PAST: Duration = Duration::seconds(60);
/// How far ahead of ours the sender's clock may be.
const FUTURE: Duration = Duration::seconds(30);
/// The longest `jti`; it is hashed, so this only bounds the work.
const MAX_JTI: usize = 256;
/// A proof is small: 16 KiB, half of it header.
const LIMITS: JwsLimits = JwsLimits {
    max_bytes: 16 << 10,
    max_header_bytes: 8 << 10,
    max_depth: 8,
};

/// What a proof must be about.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The request's method.
    pub method: &'a str,
    /// The request's address as the world knows it, without query and fragment.
    pub url: &'a str,
    /// The access token that comes with it; `None` at the token endpoint.
    pub access_token: Option<&'a str>,
    /// Whether the service's nonce has to be in it.
    pub nonce_required: bool,
    /// How long a nonce counts.
    pub nonce_life: Duration,
    /// Now.
    pub now: OffsetDateTime,
}

/// A proof that passed, except that nobody has asked the store yet whether it is a replay.
#[derive(Clone, Copy, Debug)]
pub struct DpopProof {
    /// The key that the sender holds.
    pub key: JwkThumbprint,
    /// To be recorded: the proof counts once.
    pub once: UsedValue,
}

/// Checks the value of a `DPoP` header.
///
/// # Errors
/// One variant of [`DpopError`] for each check.
pub fn verify(
    secret: &ServiceSecret,
    proof: &str,
    expected: &Expected<'_>,
) -> Result<DpopProof, DpopError> {
    let jws = CompactJws::parse(proof, &LIMITS)?;
    if !jws
        .typ()
        .is_some_and(|typ| typ.eq_ignore_ascii_case("dpop+jwt"))
    {
        return Err(DpopError::Type);
    }
    let jwk = Jwk::parse(jws.header().get("jwk").ok_or(DpopError::NoKey)?)?;
    jws.verify(jwk.public_key())
        .map_err(|_| DpopError::Signature)?;
    let claims = jws.claims().map_err(DpopError::Claims)?;
    let jti = text(&claims, "jti")?;
    if jti.is_empty() || jti.len() > MAX_JTI {
        return Err(DpopError::JtiLength);
    }
    if text(&claims, "htm")? != expected.method {
        return Err(DpopError::Method);
    }
    if !is_same_address(text(&claims, "htu")?, expected.url) {
        return Err(DpopError::Address);
    }
    check_access_token(&claims, expected.access_token)?;
    let issued_at = time(&claims, "iat")?.ok_or(DpopError::Missing("iat"))?;
    let now = expected.now;
    if time(&claims, "exp")?.is_some_and(|exp| exp <= now) {
        return Err(DpopError::Expired);
    }
    if time(&claims, "nbf")?.is_some_and(|nbf| nbf > now + FUTURE) {
        return Err(DpopError::NotYetValid);
    }
    let thumbprint = jwk.thumbprint();
    let acceptable_until = match claims.get("nonce") {
        // A nonce of ours shows when the proof was made, better than the sender's clock does (RFC 9449, 11.3).
        Some(Value::String(nonce)) => {
            let (kind, life) = (NonceKind::Dpop, expected.nonce_life);
            nonce::check(secret, kind, expected.tenant, nonce, now, life)
                .map_err(|_| DpopError::NonceStale)?
        }
        Some(_) => return Err(DpopError::NotText("nonce")),
        None if expected.nonce_required => return Err(DpopError::NonceMissing),
        None if issued_at < now - PAST => return Err(DpopError::TooOld),
        None if issued_at > now + FUTURE => return Err(DpopError::FromTheFuture),
        None => issued_at + PAST,
    };
    let value = [
        expected.tenant.as_bytes(),
        b"\0",
        thumbprint.as_bytes(),
        jti.as_bytes(),
    ];
    Ok(DpopProof {
        key: thumbprint,
        once: UsedValue {
            purpose: UsedPurpose::DpopProof,
            value: Hash::of(&value.concat()),
            expires_at: acceptable_until + Duration::SECOND,
        },
    })
}

fn check_access_token(
    claims: &Map<String, Value>,
    access_token: Option<&str>,
) -> Result<(), DpopError> {
    let Some(token) = access_token else {
        return Ok(());
    };
    let hash = HashAlgorithm::Sha256.digest(token.as_bytes());
    let hash = Base64UrlUnpadded::encode_string(hash.as_ref());
    if constant_time_eq(text(claims, "ath")?.as_bytes(), hash.as_bytes()) {
        Ok(())
    } else {
        Err(DpopError::AccessToken)
    }
}

/// Whether `htu` is `expected` after the normalisation of RFC 3986, 6.2.2 and 6.2.3: case of scheme and host, default
/// port, dot segments. Query and fragment do not count.
fn is_same_address(htu: &str, expected: &str) -> bool {
    let normal = |url: &str| {
        let mut url = Url::parse(url).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    htu.len() <= 2048 && normal(htu).is_some_and(|htu| normal(expected) == Some(htu))
}

fn text<'c>(claims: &'c Map<String, Value>, name: &'static str) -> Result<&'c str, DpopError> {
    match claims.get(name) {
        None => Err(DpopError::Missing(name)),
        Some(value) => value.as_str().ok_or(DpopError::NotText(name)),
    }
}

/// A NumericDate, whole or with a fraction (RFC 7519, 2).
fn time(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<OffsetDateTime>, DpopError> {
    claims
        .get(name)
        .map(|value| super::proof::numeric_date(value).ok_or(DpopError::NotATime(name)))
        .transpose()
}

/// Why a DPoP proof does not pass. The first two ask for a nonce, all others are `invalid_dpop_proof`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DpopError {
    /// No nonce where one is needed.
    #[error("DPoP proof needs the nonce of this server")]
    NonceMissing,
    /// A nonce that is not ours or is old.
    #[error("nonce of the DPoP proof is not one of this server or too old")]
    NonceStale,
    /// No `DPoP` header.
    #[error("no DPoP proof")]
    NoProof,
    /// Several `DPoP` headers.
    #[error("more than one DPoP proof")]
    SeveralProofs,
    /// Not a JWS that can be read.
    #[error("DPoP proof cannot be read")]
    Jws(#[from] InvalidJws),
    /// `typ` is not `dpop+jwt`.
    #[error("typ of the DPoP proof is not dpop+jwt")]
    Type,
    /// No `jwk` in the header.
    #[error("DPoP proof without jwk")]
    NoKey,
    /// `jwk` is not a public key.
    #[error("jwk of the DPoP proof is not a public key")]
    Key(#[from] InvalidJwk),
    /// Signed by another key or algorithm.
    #[error("DPoP proof is not signed by its key")]
    Signature,
    /// Claims that are not a JSON object.
    #[error("claims of the DPoP proof cannot be read")]
    Claims(#[source] JsonObjectError),
    /// A claim is absent.
    #[error("DPoP proof without {0}")]
    Missing(&'static str),
    /// A claim is not text.
    #[error("{0} of the DPoP proof is not text")]
    NotText(&'static str),
    /// A claim is not a NumericDate.
    #[error("{0} of the DPoP proof is not a time")]
    NotATime(&'static str),
    /// `jti` is empty or too long.
    #[error("jti of the DPoP proof is empty or longer than {MAX_JTI} bytes")]
    JtiLength,
    /// `htm` is another method.
    #[error("htm of the DPoP proof is not the method of the request")]
    Method,
    /// `htu` is another address.
    #[error("htu of the DPoP proof is not the address of the request")]
    Address,
    /// `ath` is of another token.
    #[error("ath of the DPoP proof is not of the access token")]
    AccessToken,
    /// `iat` is too long ago.
    #[error("DPoP proof is too old")]
    TooOld,
    /// `iat` is too far ahead.
    #[error("DPoP proof is from the future")]
    FromTheFuture,
    /// `exp` has passed.
    #[error("DPoP proof is expired")]
    Expired,
    /// `nbf` is ahead.
    #[error("DPoP proof is not valid yet")]
    NotYetValid,
}

impl DpopError {
    /// The code on the wire.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NonceMissing | Self::NonceStale => ErrorCode::UseDpopNonce,
            Self::NoProof
            | Self::SeveralProofs
            | Self::Jws(_)
            | Self::Type
            | Self::NoKey
            | Self::Key(_)
            | Self::Signature
            | Self::Claims(_)
            | Self::Missing(_)
            | Self::NotText(_)
            | Self::NotATime(_)
            | Self::JtiLength
            | Self::Method
            | Self::Address
            | Self::AccessToken
            | Self::TooOld
            | Self::FromTheFuture
            | Self::Expired
            | Self::NotYetValid => ErrorCode::InvalidDpopProof,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_after_normalisation() {
        let expected = "https://issuer.example/t/token";
        for same in [
            "https://issuer.example/t/token",
            "HTTPS://Issuer.Example:443/t/token?x=1#y",
            "https://issuer.example/t/./token",
        ] {
            assert!(is_same_address(same, expected), "{same}");
        }
        for other in [
            "",
            "/t/token",
            "http://issuer.example/t/token",
            "https://issuer.example/t/token/",
            "https://issuer.example/T/token",
            "https://issuer.example:8443/t/token",
            "https://user@issuer.example/t/token",
            &format!("{expected}?{}", "x".repeat(2048)),
        ] {
            assert!(!is_same_address(other, expected), "{other}");
        }
    }
}
