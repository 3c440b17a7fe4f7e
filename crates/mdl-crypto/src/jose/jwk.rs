//! Public keys as JWK, and the thumbprint that names one.
//!
//! RFC 7517; RFC 7518, 6.2 (`EC`); RFC 8037, 2 (`OKP`); RFC 7638. Coordinates have the full width of the field: a
//! leading zero that was dropped changes the thumbprint, and with it which key an access token is bound to.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value, json};

use super::algorithm::has_jwk;
use crate::{Curve, HashAlgorithm, InvalidKey, PublicKey};

/// Members of private and symmetric keys (RFC 7518, 6.2.2, 6.3.2 and 6.4). Who sends one has given the key away.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key that JOSE can name: on P-256, P-384, P-521 or Ed25519.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jwk(PublicKey);

impl Jwk {
    /// Reads a public key. Members that say how a key is meant to be used (`kid`, `use`, `key_ops`, `alg`, …) are
    /// ignored: they bind nobody, the signature or the agreement made with the key does.
    ///
    /// # Errors
    /// See [`InvalidJwk`].
    pub fn parse(jwk: &Value) -> Result<Self, InvalidJwk> {
        let jwk = jwk.as_object().ok_or(InvalidJwk::NotAnObject)?;
        if let Some(member) = PRIVATE_MEMBERS
            .into_iter()
            .find(|member| jwk.contains_key(*member))
        {
            return Err(InvalidJwk::PrivateMember(member));
        }
        let kty = text(jwk, "kty")?;
        if !matches!(kty, "EC" | "OKP") {
            return Err(InvalidJwk::KeyType);
        }
        let curve = match (kty, text(jwk, "crv")?) {
            ("EC", "P-256") => Curve::P256,
            ("EC", "P-384") => Curve::P384,
            ("EC", "P-521") => Curve::P521,
            ("OKP", "Ed25519") => Curve::Ed25519,
            _ => return Err(InvalidJwk::Curve),
        };
        let x = coordinate(jwk, "x")?;
        let key = if curve.is_edwards() {
            PublicKey::from_edwards(curve, &x)?
        } else {
            PublicKey::from_coordinates(curve, &x, &coordinate(jwk, "y")?)?
        };
        Ok(Self(key))
    }

    /// The key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.0
    }

    /// The JWK with its required members only: `kty`, `crv`, `x`, and `y` where the curve has one.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let crv = self.0.curve().name();
        let x = Base64UrlUnpadded::encode_string(self.0.x());
        match self.0.y() {
            Some(y) => {
                json!({ "kty": "EC", "crv": crv, "x": x, "y": Base64UrlUnpadded::encode_string(y) })
            }
            None => json!({ "kty": "OKP", "crv": crv, "x": x }),
        }
    }

    /// SHA-256 over the required members in lexicographic order (RFC 7638, 3; RFC 8037, 2), the `jkt` of DPoP.
    #[must_use]
    pub fn thumbprint(&self) -> JwkThumbprint {
        let crv = self.0.curve().name();
        let x = Base64UrlUnpadded::encode_string(self.0.x());
        // Curve names and base64url need no escaping.
        let canonical = match self.0.y() {
            Some(y) => {
                let y = Base64UrlUnpadded::encode_string(y);
                format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            None => format!(r#"{{"crv":"{crv}","kty":"OKP","x":"{x}"}}"#),
        };
        let mut thumbprint = [0; 32];
        thumbprint.copy_from_slice(HashAlgorithm::Sha256.digest(canonical.as_bytes()).as_ref());
        JwkThumbprint(thumbprint)
    }
}

impl TryFrom<PublicKey> for Jwk {
    type Error = CurveWithoutJwk;

    fn try_from(key: PublicKey) -> Result<Self, CurveWithoutJwk> {
        if has_jwk(key.curve()) {
            Ok(Self(key))
        } else {
            Err(CurveWithoutJwk(key.curve()))
        }
    }
}

/// RFC 7638 thumbprint of a public key with SHA-256. `Display` is base64url without padding, as in `jkt`.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct JwkThumbprint([u8; 32]);

impl JwkThumbprint {
    /// A thumbprint from storage.
    #[must_use]
    pub const fn from_bytes(sha256: [u8; 32]) -> Self {
        Self(sha256)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for JwkThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base64UrlUnpadded::encode_string(&self.0))
    }
}

impl fmt::Debug for JwkThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwkThumbprint({self})")
    }
}

fn text<'j>(jwk: &'j Map<String, Value>, member: &'static str) -> Result<&'j str, InvalidJwk> {
    match jwk.get(member) {
        None => Err(InvalidJwk::Missing(member)),
        Some(value) => value.as_str().ok_or(InvalidJwk::NotText(member)),
    }
}

fn coordinate(jwk: &Map<String, Value>, member: &'static str) -> Result<Vec<u8>, InvalidJwk> {
    Base64UrlUnpadded::decode_vec(text(jwk, member)?).map_err(|_| InvalidJwk::Base64(member))
}

/// Why JSON is not a usable public key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidJwk {
    /// Not a JSON object.
    #[error("JWK is not an object")]
    NotAnObject,
    /// A member of a private or symmetric key.
    #[error("JWK has the private member {0}")]
    PrivateMember(&'static str),
    /// A required member is absent.
    #[error("JWK without {0}")]
    Missing(&'static str),
    /// A member that has to be text is not.
    #[error("{0} of the JWK is not text")]
    NotText(&'static str),
    /// Neither `EC` nor `OKP`.
    #[error("kty of the JWK is not EC or OKP")]
    KeyType,
    /// A curve that is not supported, or belongs to the other key type.
    #[error("crv of the JWK is not P-256, P-384, P-521 (EC) or Ed25519 (OKP)")]
    Curve,
    /// Not base64url without padding, in its only form.
    #[error("{0} of the JWK is not base64url without padding")]
    Base64(&'static str),
    /// Coordinates of another width than the field's, or no point of the curve.
    #[error("JWK is not a valid public key")]
    Point(#[from] InvalidKey),
}

/// A key on a curve for which JOSE has no name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("JOSE has no name for {0} keys")]
pub struct CurveWithoutJwk(pub Curve);
