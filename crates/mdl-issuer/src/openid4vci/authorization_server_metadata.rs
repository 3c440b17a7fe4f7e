//! Authorization server metadata (12.3, RFC 8414).
//!
//! Each credential issuer is its own authorization server, so its metadata does not name one (12.2.4), and `issuer` is
//! the Credential Issuer Identifier.

use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::{JOSE_ALGORITHMS, PRE_AUTHORIZED_CODE};
use crate::tenant::Tenant;

/// The document at `/.well-known/oauth-authorization-server`.
///
/// `response_types_supported` is left out: there is no authorization endpoint.
#[must_use]
pub fn authorization_server_metadata(tenant: &Tenant) -> Value {
    let scopes: Vec<&str> = tenant
        .configurations
        .iter()
        .filter_map(|configuration| configuration.scope.as_deref())
        .collect();
    let mut metadata = json!({
        "issuer": tenant.issuer,
        "token_endpoint": Endpoint::Token.url(tenant),
        "token_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": [PRE_AUTHORIZED_CODE],
        "pre-authorized_grant_anonymous_access_supported": true,
        "dpop_signing_alg_values_supported": JOSE_ALGORITHMS,
        "authorization_details_types_supported": ["openid_credential"],
    });
    if !scopes.is_empty() {
        metadata["scopes_supported"] = json!(scopes);
    }
    if tenant.authority.get().status_signer.is_some() {
        metadata["status_list_aggregation_endpoint"] = Endpoint::StatusLists.url(tenant).into();
    }
    metadata
}
