//! Compact JWS as received.
//!
//! RFC 7515, 3.1 and 5.2. What was signed is the text itself, up to the second dot, so that text is kept.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};

use super::algorithm::{UnsupportedJoseAlgorithm, has_jwk};
use super::json_object::{JsonLimits, JsonObjectError, parse_json_object};
use crate::{Algorithm, Curve, PublicKey, VerifyError};

/// What one token may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct JwsLimits {
    /// Size of the whole token, in bytes.
    pub max_bytes: usize,
    /// Size of the decoded header, in bytes; `x5c` and key attestations are in there.
    pub max_header_bytes: usize,
    /// Nesting of the header and of the claims.
    pub max_depth: usize,
}

impl JwsLimits {
    /// For proofs, DPoP and attestations: 64 KiB, of which 32 KiB of header; 16 levels.
    pub const DEFAULT: Self = Self {
        max_bytes: 64 << 10,
        max_header_bytes: 32 << 10,
        max_depth: 16,
    };
}

/// A JWS in compact form whose signature nobody has checked yet.
#[derive(Clone, Debug)]
pub struct CompactJws<'t> {
    signing_input: &'t str,
    header: Map<String, Value>,
    algorithm: Algorithm,
    payload: Vec<u8>,
    signature: Vec<u8>,
    claims_limits: JsonLimits,
}

impl<'t> CompactJws<'t> {
    /// Reads `header.payload.signature`, each base64url without padding.
    ///
    /// # Errors
    /// See [`InvalidJws`].
    pub fn parse(token: &'t str, limits: &JwsLimits) -> Result<Self, InvalidJws> {
        if token.len() > limits.max_bytes {
            return Err(InvalidJws::TooLong {
                limit: limits.max_bytes,
                actual: token.len(),
            });
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(InvalidJws::Parts)?;
        let (header, payload) = signing_input.split_once('.').ok_or(InvalidJws::Parts)?;
        if payload.contains('.') {
            return Err(InvalidJws::Parts);
        }
        let header_limits = JsonLimits {
            max_bytes: limits.max_header_bytes,
            max_depth: limits.max_depth,
        };
        let header = parse_json_object(&decode(header, "header")?, &header_limits)?;
        if header.contains_key("crit") {
            return Err(InvalidJws::Critical);
        }
        let algorithm = match header.get("alg") {
            Some(Value::String(alg)) => Algorithm::from_jose(alg)?,
            Some(_) => return Err(UnsupportedJoseAlgorithm.into()),
            None => return Err(InvalidJws::NoAlgorithm),
        };
        Ok(Self {
            signing_input,
            header,
            algorithm,
            payload: decode(payload, "payload")?,
            signature: decode(signature, "signature")?,
            claims_limits: JsonLimits {
                max_bytes: limits.max_bytes,
                max_depth: limits.max_depth,
            },
        })
    }

    /// The protected header; a compact JWS has no other.
    #[must_use]
    pub const fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// `typ` of the header, where it is text. Media types compare without regard to case (RFC 7515, 4.1.9).
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.header.get("typ")?.as_str()
    }

    /// `alg` of the header.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The payload, decoded from base64url. Unverified until [`verify`](Self::verify) succeeded.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload as a JSON object: the claims of a JWT. Unverified until [`verify`](Self::verify) succeeded.
    ///
    /// # Errors
    /// Not an object, a member twice, or beyond the limits.
    pub fn claims(&self) -> Result<Map<String, Value>, JsonObjectError> {
        parse_json_object(&self.payload, &self.claims_limits)
    }

    /// What was signed: the token up to its second dot, as ASCII.
    #[must_use]
    pub const fn signing_input(&self) -> &'t str {
        self.signing_input
    }

    /// The signature as received; its length is checked by [`verify`](Self::verify).
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Checks the signature with `key`, which decides the algorithm.
    ///
    /// # Errors
    /// [`JwsVerifyError::Curve`] for a curve that JOSE has no algorithm for; [`JwsVerifyError::Signature`] when `alg`
    /// is not the algorithm of the key's curve or the signature is not the key's.
    pub fn verify(&self, key: &PublicKey) -> Result<(), JwsVerifyError> {
        if !has_jwk(key.curve()) {
            return Err(JwsVerifyError::Curve(key.curve()));
        }
        key.verify(
            self.algorithm,
            self.signing_input.as_bytes(),
            &self.signature,
        )?;
        Ok(())
    }
}

fn decode(part: &str, name: &'static str) -> Result<Vec<u8>, InvalidJws> {
    Base64UrlUnpadded::decode_vec(part).map_err(|_| InvalidJws::Base64(name))
}

/// Why text is not a compact JWS that could be verified.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidJws {
    /// Beyond [`JwsLimits::max_bytes`].
    #[error("token of {actual} bytes where {limit} are allowed")]
    TooLong {
        /// Bytes allowed.
        limit: usize,
        /// Bytes received.
        actual: usize,
    },
    /// Not three parts.
    #[error("token does not consist of three parts with a dot between them")]
    Parts,
    /// A part is not base64url without padding, in its only form.
    #[error("{0} of the token is not base64url without padding")]
    Base64(&'static str),
    /// The header is not an acceptable JSON object.
    #[error("header of the token cannot be read")]
    Header(#[from] JsonObjectError),
    /// The header demands extensions (RFC 7515, 4.1.11); we understand none.
    #[error("header of the token has crit, and no extension is understood")]
    Critical,
    /// The header has no `alg`.
    #[error("header of the token has no alg")]
    NoAlgorithm,
    /// The header's `alg` is not a signature algorithm of this crate.
    #[error(transparent)]
    Algorithm(#[from] UnsupportedJoseAlgorithm),
}

/// Why the signature of a JWS was not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsVerifyError {
    /// No JOSE algorithm uses the key's curve.
    #[error("JOSE has no algorithm for {0} keys")]
    Curve(Curve),
    /// The algorithm does not fit the key, or the signature does not verify.
    #[error("token is not signed by the key")]
    Signature(#[from] VerifyError),
}
