//! The state of the service.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Internal;
use crate::operations::readiness::ReadinessReport;
use crate::operations::{metrics as operation_metrics, problem::Problem};

/// Whether the process runs.
#[utoipa::path(get, path = "/healthz", responses((status = 200, description = "It runs.")))]
pub(super) async fn health() -> StatusCode {
    StatusCode::OK
}

/// Whether it can work, check by check.
#[utoipa::path(get, path = "/readyz", responses(
    (status = 200, description = "It can.", body = ReadinessReport),
    (status = 503, description = "It cannot: which check fails.", body = ReadinessReport),
))]
pub(super) async fn ready(State(internal): State<Internal>) -> Response {
    let report = internal.readiness.report().await;
    let status = if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(report)).into_response()
}

/// Metrics in the Prometheus text format.
#[utoipa::path(get, path = "/metrics", security(("operator" = [])), responses(
    (status = 200, description = "The metrics.", body = String, content_type = "text/plain"),
    (status = 401, description = "Nobody let in.", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn metrics(State(internal): State<Internal>) -> Response {
    let text = operation_metrics::render(&internal.service, &internal.readiness).await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", security(("operator" = [])), responses(
    (status = 200, description = "OpenAPI.", content_type = "application/json"),
    (status = 401, description = "Nobody let in.", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn openapi_document() -> Json<utoipa::openapi::OpenApi> {
    Json(super::openapi())
}
