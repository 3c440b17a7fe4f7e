//! A compact JWS in the making: prepared here, signed elsewhere, and checked before it leaves.
//!
//! RFC 7515, 5.1.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use super::algorithm::{UnsupportedJoseAlgorithm, has_jwk};
use crate::{Algorithm, Curve, PublicKey, Signature, VerifyError};

/// A JWS that lacks only its signature.
#[derive(Clone, Debug)]
pub struct UnsignedJws {
    algorithm: Algorithm,
    signing_input: String,
}

impl UnsignedJws {
    /// Of a header, in the order of its members, and the payload's bytes. `alg` of the header names the algorithm of
    /// the key that will sign.
    ///
    /// # Errors
    /// See [`UnusableJwsHeader`].
    pub fn new(header: &Value, payload: &[u8]) -> Result<Self, UnusableJwsHeader> {
        let members = header.as_object().ok_or(UnusableJwsHeader::NotAnObject)?;
        if members.contains_key("crit") {
            return Err(UnusableJwsHeader::Critical);
        }
        let alg = members.get("alg").and_then(Value::as_str);
        let algorithm = Algorithm::from_jose(alg.ok_or(UnsupportedJoseAlgorithm)?)?;
        let mut signing_input = Base64UrlUnpadded::encode_string(header.to_string().as_bytes());
        signing_input.push('.');
        signing_input.push_str(&Base64UrlUnpadded::encode_string(payload));
        Ok(Self {
            algorithm,
            signing_input,
        })
    }

    /// The algorithm that the header announces.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What the key signs: `header.payload` as ASCII, not yet hashed.
    #[must_use]
    pub const fn to_be_signed(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// The compact JWS, once `key` has confirmed the signature.
    ///
    /// # Errors
    /// [`JwsAttachError::Signature`] for another key, other bytes, an algorithm that the header does not announce, or
    /// a fault while signing; [`JwsAttachError::Curve`] for a key that JOSE has no algorithm for.
    pub fn attach(self, signature: &Signature, key: &PublicKey) -> Result<String, JwsAttachError> {
        if !has_jwk(key.curve()) {
            return Err(JwsAttachError::Curve(key.curve()));
        }
        key.verify(
            self.algorithm,
            self.signing_input.as_bytes(),
            signature.as_bytes(),
        )?;
        let mut token = self.signing_input;
        token.push('.');
        token.push_str(&Base64UrlUnpadded::encode_string(signature.as_bytes()));
        Ok(token)
    }
}

/// Why no JWS is made with a header.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableJwsHeader {
    /// Not a JSON object.
    #[error("JWS header is not an object")]
    NotAnObject,
    /// `crit` would demand what no extension here provides.
    #[error("JWS header has crit")]
    Critical,
    /// `alg` is absent or no algorithm of this crate.
    #[error(transparent)]
    Algorithm(#[from] UnsupportedJoseAlgorithm),
}

/// Why a signature is not attached.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsAttachError {
    /// No JOSE algorithm uses the key's curve.
    #[error("JOSE has no algorithm for {0} keys")]
    Curve(Curve),
    /// The signature does not verify.
    #[error("signature does not verify with the signer's key")]
    Signature(#[from] VerifyError),
}
