//! Metadata of the credential issuer (12.2) and of its authorization server (12.3).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE,
    CACHE_CONTROL, CONTENT_TYPE,
};
use axum::response::{IntoResponse, Response};

use super::state::TenantState;

/// Metadata changes with the configuration only; wallets may keep it for a few minutes.
const CACHED: &str = "public, max-age=300";

/// Credential issuer metadata; unsigned, whatever `Accept` says.
#[utoipa::path(
    get, path = "/.well-known/openid-credential-issuer", tag = "metadata",
    responses((status = 200, description = "Credential issuer metadata", content_type = "application/json", body = Object))
)]
pub(super) async fn credential_issuer(State(at): State<Arc<TenantState>>) -> Response {
    json(at.issuer_metadata.clone())
}

/// Authorization server metadata (RFC 8414).
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "metadata",
    responses((status = 200, description = "Authorization server metadata", content_type = "application/json", body = Object))
)]
pub(super) async fn authorization_server(State(at): State<Arc<TenantState>>) -> Response {
    json(at.authorization_server_metadata.clone())
}

fn json(document: Bytes) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHED)];
    (headers, document).into_response()
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
