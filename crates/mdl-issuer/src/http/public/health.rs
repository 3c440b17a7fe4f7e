//! Whether the process lives, and whether it can issue.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Tells what keeps the service from issuing.
#[async_trait]
pub trait Readiness: fmt::Debug + Send + Sync {
    /// Codes of the parts that do not work, such as `store`; none if the service can issue. They are shown to anybody.
    async fn failing(&self) -> Vec<&'static str>;
}

/// The process answers.
#[utoipa::path(
    get, path = "/healthz", tag = "operation",
    responses((status = 200, description = "The process answers", content_type = "application/json", body = Object))
)]
pub(super) async fn live() -> Response {
    (
        [(CACHE_CONTROL, "no-store")],
        Json(json!({ "status": "ok" })),
    )
        .into_response()
}

/// The service can issue: whoever balances load asks this.
#[utoipa::path(
    get, path = "/readyz", tag = "operation",
    responses(
        (status = 200, description = "The service can issue", content_type = "application/json", body = Object),
        (status = 503, description = "It cannot; the codes say why", content_type = "application/json", body = Object),
    )
)]
pub(super) async fn ready(State(readiness): State<Arc<dyn Readiness>>) -> Response {
    let failing = readiness.failing().await;
    let (status, word) = match failing.is_empty() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    let body = Json(json!({ "status": word, "failing": failing }));
    (status, [(CACHE_CONTROL, "no-store")], body).into_response()
}
