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
use super::rate_limit::{InWork, RateLimit};
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

    /// The share of the request's client in what is in work; `None` where clients are not counted.
    fn share(&self, request: &Request) -> Result<Option<InWork<'_>>, Problem> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let (Some(limit), Some(ConnectInfo(peer))) = (&self.rate_limit, peer) else {
            return Ok(None);
        };
        let begun = limit.begin(peer.ip(), request.headers());
        let too_many = || Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-at-once");
        begun.map(Some).ok_or_else(|| too_many().retry_after(1))
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
    let _share = match admission.share(&request) {
        Ok(share) => share,
        Err(problem) => return problem.into_response(),
    };
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

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tokio::sync::Notify;
    use tower::ServiceExt;

    use super::*;

    /// A router behind a gate, whose handler waits until it is let go.
    fn slow(
        concurrent_requests: u32,
        request_time: Duration,
    ) -> (Router, Arc<Notify>, Arc<Notify>) {
        let limits = RequestLimits {
            header_size: 8192,
            body_size: 10,
            header_time: Duration::from_secs(1),
            request_time,
            concurrent_requests,
            connections: 100,
        };
        let admission = Arc::new(Admission::new(&limits, None));
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let handler = {
            let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
            move || async move {
                begun.notify_one();
                go.notified().await;
            }
        };
        let router = Router::new()
            .route("/", get(handler))
            .layer(from_fn(move |request, next| {
                admit(Arc::clone(&admission), request, next)
            }));
        (router, begun, go)
    }

    fn request() -> Request {
        Request::new(Body::empty())
    }

    #[tokio::test]
    async fn a_request_without_room_is_turned_away_at_once_and_the_next_is_not() {
        let (router, begun, go) = slow(1, Duration::from_secs(60));
        let first = tokio::spawn(router.clone().oneshot(request()));
        begun.notified().await;
        let second = router.clone().oneshot(request()).await.unwrap();
        assert_eq!(second.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(second.headers()[header::RETRY_AFTER], "1");
        go.notify_one();
        assert_eq!(first.await.unwrap().unwrap().status(), StatusCode::OK);
        go.notify_one();
        assert_eq!(
            router.oneshot(request()).await.unwrap().status(),
            StatusCode::OK
        );
    }

    #[tokio::test]
    async fn a_request_that_takes_too_long_is_ended() {
        let (router, _, _) = slow(1, Duration::from_millis(20));
        let answer = router.clone().oneshot(request()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        // It no longer takes up room.
        let (router, _, go) = slow(1, Duration::from_millis(20));
        router.clone().oneshot(request()).await.unwrap();
        go.notify_one();
        assert_eq!(
            router.oneshot(request()).await.unwrap().status(),
            StatusCode::OK
        );
    }

    #[tokio::test]
    async fn a_body_that_is_announced_too_large_is_not_read() {
        let (router, _, _) = slow(1, Duration::from_secs(60));
        let mut large = request();
        large
            .headers_mut()
            .insert(header::CONTENT_LENGTH, 11.into());
        let answer = router.oneshot(large).await.unwrap();
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
