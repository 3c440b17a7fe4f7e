//! One number per request: in the answer, in every log line and in the ledger.

use std::fmt;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

/// The header of the answer.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Identifies a request: 16 random bytes, written in hexadecimal. An extension of every request.
///
/// What a client sends under this name is not taken over: it could forge lines that belong to others.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct RequestId(pub [u8; 16]);

impl RequestId {
    /// A new one; zeros if the system gives no random numbers, which issuing will find out by itself.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        if getrandom::fill(&mut bytes).is_err() {
            bytes = [0; 16];
        }
        Self(bytes)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

/// Gives each request its number.
pub(crate) async fn number(mut request: Request, next: Next) -> Response {
    let id = RequestId::random();
    request.extensions_mut().insert(id);
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
