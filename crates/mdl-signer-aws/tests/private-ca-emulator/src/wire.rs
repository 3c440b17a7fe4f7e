//! AWS JSON 1.1: what a request must look like, and what an answer looks like.

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;

const TARGET: &str = "ACMPrivateCA.";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// A request whose date is further off is refused.
const DATE_TOLERANCE_SECONDS: i64 = 300;

/// An error of the service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AwsError {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl AwsError {
    /// An error of the caller: every one of them has status 400.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code,
            message: message.into(),
        }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    pub(crate) fn invalid_args(message: impl Into<String>) -> Self {
        Self::new("InvalidArgsException", message)
    }

    pub(crate) fn invalid_state(message: impl Into<String>) -> Self {
        Self::new("InvalidStateException", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new("ResourceNotFoundException", message)
    }
}

/// The operation that a request asks for, after a look at its headers.
pub(crate) fn operation(
    path: &str,
    headers: &HeaderMap,
    now: OffsetDateTime,
) -> Result<String, AwsError> {
    let unknown = |message: &str| AwsError::new("UnknownOperationException", message);
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("smithy-protocol").is_some() || path.starts_with("/service/") {
        let mut error = unknown("this emulator speaks AWS JSON 1.1 only, not rpc-v2-cbor");
        error.status = 415;
        return Err(error);
    }
    if path != "/" || header("content-type") != Some(CONTENT_TYPE) {
        return Err(unknown(
            "expected POST / with content-type application/x-amz-json-1.1",
        ));
    }
    let operation = header("x-amz-target")
        .and_then(|target| target.strip_prefix(TARGET))
        .ok_or_else(|| unknown("expected x-amz-target: ACMPrivateCA.<operation>"))?;
    signature(header("authorization"), header("x-amz-date"), now)?;
    Ok(operation.to_owned())
}

/// The shape of a signature of version 4. The signature itself is not verified: the emulator knows no secret.
fn signature(
    authorization: Option<&str>,
    date: Option<&str>,
    now: OffsetDateTime,
) -> Result<(), AwsError> {
    let incomplete = |message: &str| AwsError::new("IncompleteSignatureException", message);
    let authorization = authorization
        .and_then(|value| value.strip_prefix("AWS4-HMAC-SHA256 "))
        .ok_or_else(|| {
            AwsError::new(
                "MissingAuthenticationTokenException",
                "the request is not signed",
            )
        })?;
    let part = |name: &str| {
        authorization
            .split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .ok_or_else(|| incomplete(name))
    };
    let scope: Vec<&str> = part("Credential")?.split('/').collect();
    if scope.len() != 5 || scope[3] != "acm-pca" || scope[4] != "aws4_request" {
        return Err(incomplete("the credential scope is not that of acm-pca"));
    }
    for name in ["content-type", "host", "x-amz-date", "x-amz-target"] {
        if !part("SignedHeaders")?
            .split(';')
            .any(|signed| signed == name)
        {
            return Err(incomplete(name));
        }
    }
    let signature = part("Signature")?;
    if signature.len() != 64 || hex::decode(signature).is_err() {
        return Err(incomplete("Signature"));
    }
    let date = date
        .and_then(parse_date)
        .ok_or_else(|| incomplete("X-Amz-Date"))?;
    if (now - date).whole_seconds().abs() > DATE_TOLERANCE_SECONDS {
        return Err(AwsError::new(
            "InvalidSignatureException",
            "Signature expired",
        ));
    }
    Ok(())
}

/// `20260315T120000Z`.
fn parse_date(text: &str) -> Option<OffsetDateTime> {
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
    time::PrimitiveDateTime::parse(text, format)
        .ok()
        .map(time::PrimitiveDateTime::assume_utc)
}

/// The answer to an operation. A result without members is an empty body.
pub(crate) fn answer(
    request_id: &str,
    result: &Result<Value, AwsError>,
    with_namespace: bool,
) -> Response<Body> {
    let response = Response::builder()
        .header("content-type", CONTENT_TYPE)
        .header("x-amzn-requestid", request_id);
    let response = match result {
        Ok(Value::Null) => response.body(Body::empty()),
        Ok(value) => response.body(Body::from(value.to_string())),
        Err(error) => {
            let kind = if with_namespace {
                format!("com.amazonaws.acmpca#{}", error.code)
            } else {
                error.code.to_owned()
            };
            let body = json!({ "__type": kind, "message": error.message });
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
            response.status(status).body(Body::from(body.to_string()))
        }
    };
    response.unwrap_or_default()
}
