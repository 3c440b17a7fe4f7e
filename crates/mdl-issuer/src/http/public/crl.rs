//! The certificate revocation lists, one of each root, as the authority last made them (RFC 5280, 5; media type RFC 2585, 4.2).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::answer::{ErrorBody, unavailable};
use super::cached::Representation;
use super::state::TenantState;

/// The largest list that is read.
const MAX_BYTES: u64 = 16 << 20;
/// A new list reaches readers within minutes of the authority making it.
const MAX_AGE: i64 = 300;

/// The current CRL of the first root, DER.
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
    answer(&at, 1, &headers).await
}

/// The current CRL of a root after the first, DER.
#[utoipa::path(
    get, path = "/crl/{root}", tag = "trust",
    params(("root" = String, Path, description = "Which root: 2, 3 and so on")),
    responses(
        (status = 200, description = "The CRL", content_type = "application/pkix-crl", body = Vec<u8>),
        (status = 304, description = "Not changed"),
        (status = 404, description = "There is no such root, or its CRL is elsewhere"),
        (status = 503, description = "Repeat later", body = ErrorBody),
    )
)]
pub(super) async fn of_root(
    State(at): State<Arc<TenantState>>,
    Path(root): Path<String>,
    headers: HeaderMap,
) -> Response {
    // Each has one address: `+2` and `02` are none.
    match root.parse::<usize>() {
        Ok(number) if number >= 2 && number.to_string() == root => {
            answer(&at, number, &headers).await
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn answer(at: &TenantState, root: usize, headers: &HeaderMap) -> Response {
    let authority = at.tenant.authority.get();
    let Some(path) = authority.crls.get(root - 1) else {
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
            .answer(headers),
        Err(error) => unavailable(&error, time::Duration::MINUTE),
    }
}
