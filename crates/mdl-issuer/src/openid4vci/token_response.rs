//! The token response (6.2).

use serde_json::{Map, Value};

use super::access_token::AccessToken;
use super::authorization_details::granted;
use crate::store::Grant;

/// The body of the answer to a token request. `c_nonce` is there only for tenants that accept drafts up to 14: the nonce
/// and its life in seconds.
#[must_use]
pub fn token_response(
    token: &AccessToken,
    grant: &Grant,
    expires_in: i64,
    c_nonce: Option<(&str, i64)>,
) -> Value {
    let mut response = Map::new();
    response.insert("access_token".into(), token.expose().into());
    let token_type = if grant.dpop_key.is_some() {
        "DPoP"
    } else {
        "Bearer"
    };
    response.insert("token_type".into(), token_type.into());
    response.insert("expires_in".into(), expires_in.into());
    if grant.by_identifier {
        let details = granted(&grant.configuration_ids);
        response.insert("authorization_details".into(), details);
    }
    if let Some((nonce, life)) = c_nonce {
        response.insert("c_nonce".into(), nonce.into());
        response.insert("c_nonce_expires_in".into(), life.into());
    }
    Value::Object(response)
}
