//! Metadata of the credential issuer (12.2) and of its authorization server (12.3).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE,
    CACHE_CONTROL, CONTENT_TYPE,
};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::state::TenantState;
use crate::openid4vci::authorization_server_metadata::authorization_server_metadata;
use crate::openid4vci::issuer_metadata::issuer_metadata;

/// Metadata changes with the configuration and the document signers only; wallets may keep it for a few minutes.
const CACHED: &str = "public, max-age=300";

/// Credential issuer metadata; unsigned, whatever `Accept` says.
#[utoipa::path(
    get, path = "/.well-known/openid-credential-issuer", tag = "metadata",
    responses((status = 200, description = "Credential issuer metadata", content_type = "application/json", body = Object))
)]
pub(super) async fn credential_issuer(State(at): State<Arc<TenantState>>) -> Response {
    json(&issuer_metadata(&at.tenant))
}

/// Authorization server metadata (RFC 8414).
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "metadata",
    responses((status = 200, description = "Authorization server metadata", content_type = "application/json", body = Object))
)]
pub(super) async fn authorization_server(State(at): State<Arc<TenantState>>) -> Response {
    json(&authorization_server_metadata(&at.tenant))
}

fn json(document: &Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHED)];
    (headers, document.to_string()).into_response()
}

/// Tells a browser that scripts may read what is at this address (Fetch, 3.2.2).
pub(super) async fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "*"),
        (ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
