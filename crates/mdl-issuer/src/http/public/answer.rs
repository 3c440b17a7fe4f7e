//! Answers: JSON, errors, and the headers that go with them.

use std::error::Error;

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use time::Duration;
use utoipa::ToSchema;

use super::state::TenantState;
use crate::openid4vci::JOSE_ALGORITHMS;
use crate::openid4vci::error_code::{ErrorCode, description};
use crate::openid4vci::nonce::NonceKind;
use crate::operations::problem::AnswerCode;

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// An error as the specifications have it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// The code.
    #[schema(example = "invalid_request")]
    error: &'static str,
    /// What is wrong, for the developer of a wallet.
    error_description: String,
    /// Drafts up to 14 only: a fresh nonce with `invalid_proof`.
    #[serde(skip_serializing_if = "Option::is_none")]
    c_nonce: Option<String>,
    /// Drafts up to 14 only: its life in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    c_nonce_expires_in: Option<i64>,
}

impl ErrorBody {
    pub(super) fn new(code: ErrorCode, error: &dyn Error) -> Self {
        Self {
            error: code.as_str(),
            error_description: description(&error.to_string()),
            c_nonce: None,
            c_nonce_expires_in: None,
        }
    }

    /// With a fresh `c_nonce` and its life in seconds.
    pub(super) fn with_c_nonce(mut self, c_nonce: String, life: i64) -> Self {
        self.c_nonce = Some(c_nonce);
        self.c_nonce_expires_in = Some(life);
        self
    }
}

/// An error of the client. The log has the code and the text, which holds nothing that the client sent.
pub(super) fn refusal(at: &TenantState, status: StatusCode, body: ErrorBody) -> Response {
    tracing::info!(
        code = "refused",
        tenant = at.tenant.name,
        error = body.error,
        reason = body.error_description,
    );
    let code = Extension(AnswerCode(body.error));
    (status, code, Json(body)).into_response()
}

/// Something that the service needs is away: the same request may succeed later.
pub(super) fn unavailable(error: &(dyn Error + 'static), retry_after: Duration) -> Response {
    tracing::error!(code = "unavailable", error);
    later(StatusCode::SERVICE_UNAVAILABLE, error, retry_after)
}

/// There is more to do than can be done: the same request may succeed later.
pub(super) fn busy(error: &(dyn Error + 'static), retry_after: Duration) -> Response {
    tracing::warn!(code = "busy", error);
    later(StatusCode::TOO_MANY_REQUESTS, error, retry_after)
}

fn later(status: StatusCode, error: &(dyn Error + 'static), retry_after: Duration) -> Response {
    let mut body = ErrorBody::new(ErrorCode::TemporarilyUnavailable, error);
    body.error_description = "the service cannot answer now: repeat the request later".to_owned();
    let seconds = retry_after.whole_seconds().max(1);
    let retry_after = (RETRY_AFTER, HeaderValue::from(seconds));
    let code = Extension(AnswerCode(body.error));
    (status, code, [retry_after], Json(body)).into_response()
}

/// A fault of the service: the log has the cause.
pub(super) fn fault(error: &(dyn Error + 'static)) -> Response {
    tracing::error!(code = "fault", error);
    let mut body = ErrorBody::new(ErrorCode::ServerError, error);
    body.error_description = "the service failed".to_owned();
    let code = Extension(AnswerCode(body.error));
    (StatusCode::INTERNAL_SERVER_ERROR, code, Json(body)).into_response()
}

/// Adds `WWW-Authenticate` (RFC 9449, 7.1; RFC 6750, 3): the schemes that the tenant accepts, with the error if it has a
/// name.
pub(super) fn with_challenge(
    at: &TenantState,
    mut response: Response,
    code: Option<ErrorCode>,
) -> Response {
    let error = code.map_or_else(String::new, |code| format!(" error=\"{}\"", code.as_str()));
    let separator = if code.is_some() { "," } else { "" };
    let algorithms = JOSE_ALGORITHMS.join(" ");
    let mut challenges = vec![format!("DPoP{error}{separator} algs=\"{algorithms}\"")];
    if !at.tenant.policy.require_dpop {
        challenges.push(format!("Bearer{error}"));
    }
    for challenge in challenges {
        if let Ok(value) = HeaderValue::try_from(challenge) {
            response.headers_mut().append(WWW_AUTHENTICATE, value);
        }
    }
    response
}

/// Adds a fresh `DPoP-Nonce` where the tenant wants nonces, or where `code` asks for one (RFC 9449, 8).
pub(super) fn with_dpop_nonce(
    at: &TenantState,
    mut response: Response,
    code: Option<ErrorCode>,
) -> Response {
    if !at.tenant.policy.require_dpop_nonce && code != Some(ErrorCode::UseDpopNonce) {
        return response;
    }
    let Ok(nonce) = at.nonce(NonceKind::Dpop) else {
        return response;
    };
    if let Ok(value) = HeaderValue::try_from(nonce) {
        response.headers_mut().insert(DPOP_NONCE, value);
    }
    response
}
