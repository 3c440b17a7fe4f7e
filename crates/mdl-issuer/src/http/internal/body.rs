//! Bodies and texts of requests.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::operations::problem::Problem;
use crate::record::SubjectReference;
use crate::store::StoreError;

/// A JSON body, refused with a code.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            // What the parser found may repeat a value, which may be personal data.
            Err(JsonRejection::JsonDataError(_)) => {
                let detail = "a member is missing, unknown or of another type; see /openapi.json";
                Err(Problem::new(StatusCode::BAD_REQUEST, "malformed-body").detail(detail))
            }
            Err(JsonRejection::JsonSyntaxError(_)) => {
                Err(Problem::new(StatusCode::BAD_REQUEST, "malformed-body").detail("not JSON"))
            }
            Err(JsonRejection::MissingJsonContentType(_)) => {
                let detail = "expected Content-Type: application/json";
                Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json").detail(detail))
            }
            Err(other) if other.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body-too-large",
            )),
            Err(_) => Err(Problem::new(StatusCode::BAD_REQUEST, "malformed-body")),
        }
    }
}

/// A parameter that is not what it must be.
pub(super) fn invalid(what: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid-parameter").detail(what)
}

pub(super) fn subject(reference: &str) -> Result<SubjectReference, Problem> {
    SubjectReference::new(reference)
        .ok_or_else(|| invalid("subject: expected 1 to 256 bytes without control characters"))
}

pub(super) fn written(at: OffsetDateTime) -> String {
    let seconds = at.replace_nanosecond(0).unwrap_or(at);
    seconds.format(&Rfc3339).unwrap_or_default()
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => {
                tracing::error!(code = "store-unavailable", cause);
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable").retry_after(2)
            }
            StoreError::Corrupt(cause) => {
                tracing::error!(code = "store-corrupt", cause);
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store-corrupt")
            }
        }
    }
}
