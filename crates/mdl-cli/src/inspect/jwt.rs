//! A signed JWT as header and claims.

use mdl_crypto::jose::{CompactJws, InvalidJws, JsonObjectError, JwsLimits};
use mdl_mdoc::cbor::Limits;
use serde_json::{Map, Value, json};

/// Header, claims and signature, none of it verified.
#[derive(Debug)]
pub(crate) struct Jwt {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signature: Vec<u8>,
}

/// Why a file is not a signed JWT.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAJwt {
    #[error("header or form")]
    Jws(#[from] InvalidJws),
    #[error("claims")]
    Claims(#[from] JsonObjectError),
}

/// Whether content begins as the base64url of a JSON object does.
pub(crate) fn looks_like_jwt(content: &[u8]) -> bool {
    content.starts_with(b"ey")
}

impl Jwt {
    /// Reads a compact JWS with claims.
    ///
    /// # Errors
    /// Another form, or an algorithm that is no signature.
    pub(crate) fn parse(content: &[u8]) -> Result<Self, NotAJwt> {
        let text = String::from_utf8_lossy(content);
        let limits = JwsLimits {
            max_bytes: Limits::DEFAULT.max_bytes,
            ..JwsLimits::DEFAULT
        };
        let jws = CompactJws::parse(text.trim_end(), &limits)?;
        Ok(Self {
            header: jws.header().clone(),
            claims: jws.claims()?,
            signature: jws.signature().to_vec(),
        })
    }

    pub(crate) fn to_text(&self) -> String {
        let pretty = |object: &Map<String, Value>| format!("{:#}", Value::Object(object.clone()));
        format!(
            "header {}\nclaims {}\nsignature {} bytes\n",
            pretty(&self.header),
            pretty(&self.claims),
            self.signature.len()
        )
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "header": self.header,
            "claims": self.claims,
            "signature": hex::encode(&self.signature),
        })
    }
}
