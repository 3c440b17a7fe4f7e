//! The nonce endpoint (7).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::answer::{ErrorBody, fault, with_dpop_nonce};
use super::documentation::NonceAnswer;
use super::state::TenantState;
use crate::openid4vci::nonce::NonceKind;

/// A fresh `c_nonce`. Whatever body or `Authorization` comes with the request is not looked at.
#[utoipa::path(
    post, path = "/nonce", tag = "issuance",
    responses(
        (status = 200, description = "A fresh nonce", body = NonceAnswer),
        (status = 500, description = "No random numbers", body = ErrorBody),
    )
)]
pub(super) async fn nonce(State(at): State<Arc<TenantState>>) -> Response {
    match at.nonce(NonceKind::Credential) {
        Ok(nonce) => {
            let response = Json(json!({ "c_nonce": nonce })).into_response();
            with_dpop_nonce(&at, response, None)
        }
        Err(error) => fault(&error),
    }
}
