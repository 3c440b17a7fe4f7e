//! The credential response (8.3).
//!
//! `credential` of an mdoc is base64url, without padding, of the CBOR of `IssuerSigned`: not of a `DeviceResponse`, and
//! without a tag (appendix A.2.4).

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value, json};

/// The body of the answer to a credential request.
///
/// `single` is the shape of drafts up to 13, which has the document in `credential` as well. `c_nonce` is there only for
/// tenants that accept drafts up to 14: the nonce for the next request and its life in seconds.
#[must_use]
pub fn credential_response(
    documents: &[Vec<u8>],
    notification_id: &str,
    single: bool,
    c_nonce: Option<(&str, i64)>,
) -> Value {
    let encoded: Vec<String> = documents
        .iter()
        .map(|document| Base64UrlUnpadded::encode_string(document))
        .collect();
    let mut response = Map::new();
    if let (true, Some(first)) = (single, encoded.first()) {
        response.insert("credential".into(), first.as_str().into());
    }
    let credentials = encoded
        .into_iter()
        .map(|credential| json!({ "credential": credential }));
    response.insert("credentials".into(), credentials.collect());
    response.insert("notification_id".into(), notification_id.into());
    if let Some((nonce, life)) = c_nonce {
        response.insert("c_nonce".into(), nonce.into());
        response.insert("c_nonce_expires_in".into(), life.into());
    }
    Value::Object(response)
}
