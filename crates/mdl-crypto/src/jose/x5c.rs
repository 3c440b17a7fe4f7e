//! Certificate chains in JOSE headers.
//!
//! RFC 7515, 4.1.6: an array of *standard* base64 with padding, unlike everything else in JOSE. The end-entity
//! certificate comes first.

use base64ct::{Base64, Encoding};
use serde_json::Value;

/// Certificates in one chain at most.
const MAX_CERTIFICATES: usize = 8;

/// The DER certificates of `x5c`, the end-entity certificate first; at least one. Not parsed.
///
/// # Errors
/// [`InvalidX5c`].
pub fn x5c_from_json(x5c: &Value) -> Result<Vec<Vec<u8>>, InvalidX5c> {
    match x5c.as_array() {
        Some(chain) if (1..=MAX_CERTIFICATES).contains(&chain.len()) => chain
            .iter()
            .map(|certificate| {
                let text = certificate.as_str().ok_or(InvalidX5c)?;
                Base64::decode_vec(text).map_err(|_| InvalidX5c)
            })
            .collect(),
        _ => Err(InvalidX5c),
    }
}

/// `x5c` of DER certificates, the end-entity certificate first.
#[must_use]
pub fn x5c_to_json(chain: &[&[u8]]) -> Value {
    chain
        .iter()
        .map(|certificate| Value::String(Base64::encode_string(certificate)))
        .collect()
}

/// Not an array of one to eight certificates in base64.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("x5c is not an array of one to {MAX_CERTIFICATES} base64 strings")]
pub struct InvalidX5c;
