//! Answers that no handler gives, with a stable code: on the internal listener `application/problem+json` (RFC 9457), on
//! the public one the error of OAuth (RFC 6749, 5.2), which is what wallets read at every endpoint.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::openid4vci::error_code::{ErrorCode, description};

/// What went wrong, for a program by `code` and for a person by `detail`. No personal data.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: &'static str,
    /// What was expected and what to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// After how many seconds a retry may help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// The code of an answer, for logs and metrics: an extension of the response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AnswerCode(pub &'static str);

impl Problem {
    /// A problem without further words.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str) -> Self {
        Self {
            status: status.as_u16(),
            code,
            detail: String::new(),
            retry_after: None,
        }
    }

    /// Says what was expected.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Says when to come again.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        let extensions = response.extensions_mut();
        extensions.insert(AnswerCode(self.code));
        extensions.insert(self);
        response
    }
}

/// Gives an answer that is a problem the shape of OAuth's errors: status and headers stay, but for the content type.
pub(crate) fn as_oauth_error(mut response: Response) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let error = match problem.status {
        413 => ErrorCode::InvalidRequest,
        429 | 503 => ErrorCode::TemporarilyUnavailable,
        _ => ErrorCode::ServerError,
    };
    let words = match problem.detail.as_str() {
        "" => problem.code,
        detail => detail,
    };
    let body = json!({ "error": error.as_str(), "error_description": description(words) });
    let (mut parts, _) = response.into_parts();
    let json = HeaderValue::from_static("application/json");
    parts.headers.insert(header::CONTENT_TYPE, json);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body.to_string()))
}
