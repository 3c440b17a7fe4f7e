//! Tokens that a wallet signs, in parts.

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::PrivateKey;
use mdl_crypto::jose::Jwk;
use serde_json::{Value, json};

/// A JWS in the making: unlike `UnsignedJws`, it signs whatever it is told to.
#[derive(Debug)]
pub(crate) struct Jwt {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    pub(crate) key: PrivateKey,
    /// Changes the finished text.
    pub(crate) breaks: fn(String) -> String,
}

impl Jwt {
    pub(crate) fn new(typ: &str, key: PrivateKey, claims: Value) -> Self {
        let alg = key.public_key().curve().algorithm().name();
        Self {
            header: json!({ "typ": typ, "alg": alg, "jwk": jwk(&key) }),
            claims,
            key,
            breaks: |text| text,
        }
    }

    pub(crate) fn text(&self) -> String {
        let part = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = self.key.sign(signed.as_bytes());
        let signature = Base64UrlUnpadded::encode_string(signature.as_bytes());
        (self.breaks)(format!("{signed}.{signature}"))
    }
}

pub(crate) fn jwk(key: &PrivateKey) -> Value {
    Jwk::try_from(key.public_key().clone()).unwrap().to_json()
}
