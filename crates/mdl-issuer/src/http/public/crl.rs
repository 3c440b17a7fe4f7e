//! The certificate revocation list, as the authority last made it (RFC 5280, 5; media type RFC 2585, 4.2).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::answer::{ErrorBody, unavailable};
use super::cached::Representation;
use super::state::TenantState;

/// The largest list that is read.
const MAX_BYTES: u64 = 16 << 20;
/// A new list reaches readers within minutes of the authority making it.
const MAX_AGE: i64 = 300;

/// The current CRL, DER.
#[utoipa::path(
    get, path = "/crl", tag = "trust",
    responses(
        (status = 200, description = "The CRL", content_type = "application/pkix-crl", body = Vec<u8>),
        (status = 304, description = "Not changed"),
        (status = 404, description = "The authority publishes its CRL elsewhere"),
        (status = 503, description = "Repeat later", body = ErrorBody),
    )
)]
pub(super) async fn crl(State(at): State<Arc<TenantState>>, headers: HeaderMap) -> Response {
    let authority = at.tenant.authority.get();
    let Some(path) = &authority.crl else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let read = async {
        if tokio::fs::metadata(path).await?.len() > MAX_BYTES {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        tokio::fs::read(path).await
    };
    match read.await {
        Ok(der) => Representation::new("application/pkix-crl", der.into())
            .max_age(MAX_AGE)
            .answer(&headers),
        Err(error) => unavailable(&error, time::Duration::MINUTE),
    }
}
