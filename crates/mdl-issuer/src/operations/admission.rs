//! Which requests get in: those of clients within their rate, while there is room, for a bounded time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::problem::Problem;
use super::rate_limit::RateLimit;
use crate::config::RequestLimits;

/// The gate of one listener.
#[derive(Debug)]
pub(crate) struct Admission {
    room: Semaphore,
    request_time: Duration,
    body_size: usize,
    rate_limit: Option<RateLimit>,
}

impl Admission {
    pub(crate) fn new(limits: &RequestLimits, rate_limit: Option<RateLimit>) -> Self {
        let places = usize::try_from(limits.concurrent_requests).unwrap_or(usize::MAX);
        Self {
            room: Semaphore::new(places.min(Semaphore::MAX_PERMITS)),
            request_time: limits.request_time,
            body_size: limits.body_size,
            rate_limit,
        }
    }

    pub(crate) const fn body_size(&self) -> usize {
        self.body_size
    }

    /// Forgets clients who have not come for a while.
    pub(crate) fn forget_idle(&self) {
        if let Some(limit) = &self.rate_limit {
            limit.forget_idle();
        }
    }

    fn refusal(&self, request: &Request) -> Option<Problem> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        if let (Some(limit), Some(ConnectInfo(peer))) = (&self.rate_limit, peer)
            && let Err(wait) = limit.check(peer.ip(), request.headers())
        {
            let seconds = wait.as_secs().saturating_add(1);
            return Some(
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate-limited").retry_after(seconds),
            );
        }
        let announced = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > self.body_size) {
            let detail = format!("expected at most {} bytes", self.body_size);
            return Some(
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large").detail(detail),
            );
        }
        None
    }
}

/// Lets a request in, or answers it at once.
///
/// A request that finds no room is turned away rather than queued: a queue would only make all of them late.
pub(crate) async fn admit(admission: Arc<Admission>, request: Request, next: Next) -> Response {
    if let Some(problem) = admission.refusal(&request) {
        return problem.into_response();
    }
    let Ok(_place) = admission.room.try_acquire() else {
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded")
            .retry_after(1)
            .into_response();
    };
    match tokio::time::timeout(admission.request_time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timed-out")
            .retry_after(5)
            .into_response(),
    }
}
