//! What is counted and logged of each request: route, status, code, time. Never path, query, headers or body.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use super::metrics;
use super::problem::AnswerCode;
use super::request_id::RequestId;

/// Which of the two addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Listener {
    /// For wallets and readers.
    Public,
    /// For operators.
    Internal,
}

impl Listener {
    /// Its name in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
        }
    }
}

/// A method as a label: of the many that a stranger may invent, one.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Counts, times and logs a request.
pub(crate) async fn observe(listener: Listener, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = method_name(request.method());
    let endpoint = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let id = request.extensions().get::<RequestId>().copied();
    let span = tracing::info_span!(
        "request",
        request_id = id.map(tracing::field::display),
        listener = listener.name(),
        method,
        endpoint
    );
    metrics::request_begins(listener);
    // Also when the client goes away and the future is dropped.
    let in_work = metrics::InWork(listener);
    let response = next.run(request).instrument(span.clone()).await;
    drop(in_work);
    let elapsed = started.elapsed();
    let status = response.status();
    let code = response
        .extensions()
        .get::<AnswerCode>()
        .map_or("", |code| code.0);
    metrics::request_ends(listener, &endpoint, method, status, code, elapsed);
    span.in_scope(|| {
        let (status, milliseconds) = (status.as_u16(), elapsed.as_secs_f64() * 1000.0);
        if response.status().is_server_error()
            && response.status() != StatusCode::SERVICE_UNAVAILABLE
        {
            tracing::error!(code = "request", status, answer = code, milliseconds);
        } else {
            tracing::info!(code = "request", status, answer = code, milliseconds);
        }
    });
    response
}
