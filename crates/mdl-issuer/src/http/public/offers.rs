//! Offers by reference (4.1.3).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use time::Duration;

use super::answer::{ErrorBody, fault, unavailable};
use super::documentation::OfferAnswer;
use super::state::TenantState;
use crate::openid4vci::offer::open_offer;
use crate::store::{OfferId, StoreError};

/// An offer that may still be collected. Its address is as secret as the code in it.
#[utoipa::path(
    get, path = "/offers/{id}", tag = "issuance",
    params(("id" = String, Path, description = "22 characters of base64url")),
    responses(
        (status = 200, description = "The offer", body = OfferAnswer),
        (status = 404, description = "No such offer, or it is over"),
        (status = 503, description = "Repeat later", body = ErrorBody),
    )
)]
pub(super) async fn offer(State(at): State<Arc<TenantState>>, Path(id): Path<String>) -> Response {
    let Some(id) = OfferId::parse(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let offer = match at.service.store.offer(&at.tenant.name, id).await {
        Ok(offer) => offer,
        Err(error @ StoreError::Unavailable(_)) => return unavailable(&error, Duration::SECOND),
        Err(error @ StoreError::Corrupt(_)) => return fault(&error),
    };
    let now = at.service.clock.now();
    offer
        .and_then(|offer| open_offer(&at.service.secret, &at.tenant, &offer, now))
        .map_or_else(
            || StatusCode::NOT_FOUND.into_response(),
            |offer| Json(offer).into_response(),
        )
}
