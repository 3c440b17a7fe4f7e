//! Credential offers: made, listed, shown, cancelled.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::{IntoParams, ToSchema};

use super::body::{Body, invalid, subject, written};
use super::issuances::SubjectRequest;
use super::{Actor, Internal};
use crate::openid4vci::endpoint::offer_url;
use crate::openid4vci::offer::{self, OfferError, OfferIdentity, OfferRequest};
use crate::openid4vci::offer_link::{link_by_reference, link_by_value, qr_svg};
use crate::operations::problem::Problem;
use crate::store::{Offer, OfferFilter, OfferId, OfferState};
use crate::tenant::Tenant;

/// The longest `Idempotency-Key`, in characters.
const MAX_KEY: usize = 255;
/// Offers of a page, unless fewer are asked for.
const PAGE: u32 = 100;

/// What is offered to whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOfferRequest {
    /// The subject reference: who the person is in the source of record.
    #[schema(example = "sample-001")]
    subject: String,
    /// What may be collected.
    #[schema(min_items = 1, example = json!(["org.iso.18013.5.1.mDL"]))]
    configuration_ids: Vec<String>,
    /// Digits of a transaction code to be made, 4 to 12; none without.
    #[schema(minimum = 4, maximum = 12)]
    tx_code_digits: Option<u8>,
    /// Seconds in which it may be collected; the tenant's policy bounds it.
    #[schema(minimum = 1)]
    life: Option<u32>,
}

/// An offer that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedOfferAnswer {
    /// Its identifier.
    id: String,
    /// The link with the offer in it, for a button or a QR code.
    link_by_value: String,
    /// The link that says where the offer is fetched: short, for a QR code.
    link_by_reference: String,
    /// The transaction code, to be told to the person by another channel. Shown here and never again.
    tx_code: Option<String>,
    /// When it ends (RFC 3339).
    expires_at: String,
}

/// An offer.
#[derive(Serialize, ToSchema)]
pub(super) struct OfferAnswer {
    /// Its identifier.
    id: String,
    /// What may be collected.
    configuration_ids: Vec<String>,
    /// `open`, `expired`, `redeemed`, `cancelled` or `locked`.
    state: &'static str,
    /// Whether a transaction code is asked for.
    has_tx_code: bool,
    /// Wrong transaction codes that are still forgiven.
    tx_code_attempts_left: Option<u8>,
    /// When it was made (RFC 3339).
    created_at: String,
    /// When it ends (RFC 3339).
    expires_at: String,
    /// The link with the offer in it, while it is open.
    link_by_value: Option<String>,
    /// The link that says where the offer is fetched, while it is open.
    link_by_reference: Option<String>,
}

fn answer(internal: &Internal, tenant: &Tenant, found: &Offer) -> OfferAnswer {
    let now = internal.service.clock.now();
    let open = offer::open_offer(&internal.service.secret, tenant, found, now);
    OfferAnswer {
        id: found.id.to_string(),
        configuration_ids: found.configuration_ids.clone(),
        state: state(found, now),
        has_tx_code: found.tx_code.is_some(),
        tx_code_attempts_left: found.tx_code.as_ref().map(|rule| rule.attempts_left),
        created_at: written(found.created_at),
        expires_at: written(found.expires_at),
        link_by_value: open.as_ref().map(link_by_value),
        link_by_reference: open.map(|_| link_by_reference(&offer_url(tenant, found.id))),
    }
}

fn state(found: &Offer, now: OffsetDateTime) -> &'static str {
    match found.state {
        OfferState::Open if now >= found.expires_at => "expired",
        OfferState::Open => "open",
        OfferState::Redeemed => "redeemed",
        OfferState::Cancelled => "cancelled",
        OfferState::Locked => "locked",
    }
}

/// Makes an offer. With an `Idempotency-Key`, a repetition gives the same offer and no second one.
#[utoipa::path(post, path = "/tenants/{tenant}/offers", security(("operator" = [])),
    params(
        ("tenant" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible characters of the caller's choice"),
    ),
    request_body = NewOfferRequest,
    responses(
        (status = 201, description = "Made, now or before.", body = CreatedOfferAnswer),
        (status = 409, description = "The key was used for another offer.", body = Problem,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn create(
    State(internal): State<Internal>,
    Extension(Actor(actor)): Extension<Actor>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Body(request): Body<NewOfferRequest>,
) -> Result<Response, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let identity = match headers.get("idempotency-key") {
        None => OfferIdentity::Random,
        Some(key) => {
            let key = key.to_str().unwrap_or_default();
            let is_key = (1..=MAX_KEY).contains(&key.len())
                && key.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_key {
                return Err(invalid(
                    "Idempotency-Key: expected 1 to 255 visible characters",
                ));
            }
            OfferIdentity::Repeatable(key.to_owned())
        }
    };
    let request = OfferRequest {
        configuration_ids: request.configuration_ids,
        subject: subject(&request.subject)?,
        tx_code_digits: request.tx_code_digits,
        life: request
            .life
            .map(|seconds| Duration::seconds(i64::from(seconds))),
        identity,
    };
    let created = offer::create(&internal.service, tenant, request).await?;
    let offer = created.id;
    tracing::info!(code = "offer-created", tenant = tenant.name, %offer, actor);
    let body = CreatedOfferAnswer {
        id: created.id.to_string(),
        link_by_value: created.link_by_value.clone(),
        link_by_reference: created.link_by_reference.clone(),
        tx_code: created.tx_code.as_ref().map(|code| code.to_string()),
        expires_at: written(created.expires_at),
    };
    Ok((
        StatusCode::CREATED,
        [(header::CACHE_CONTROL, "no-store")],
        Json(body),
    )
        .into_response())
}

impl From<OfferError> for Problem {
    fn from(error: OfferError) -> Self {
        match error {
            OfferError::NoConfiguration
            | OfferError::UnknownConfiguration
            | OfferError::ConfigurationTwice
            | OfferError::TxCodeDigits
            | OfferError::Life => invalid(&error.to_string()),
            OfferError::OtherOffer => {
                Self::new(StatusCode::CONFLICT, "idempotency-key-used").detail(error.to_string())
            }
            OfferError::Store(error) => error.into(),
            OfferError::Seal(cause) => {
                tracing::error!(code = "sealing-failed", %cause);
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "sealer-unavailable").retry_after(2)
            }
            OfferError::Randomness(cause) => {
                tracing::error!(code = "no-random-numbers", %cause);
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "no-random-numbers").retry_after(2)
            }
        }
    }
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// The last offer of the page before.
    before: Option<String>,
    /// How many, 1 to 1,000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Offers, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/offers", security(("operator" = [])),
    params(("tenant" = String, Path), Page),
    responses(
        (status = 200, description = "A page.", body = [OfferAnswer]),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    State(internal): State<Internal>,
    Path(tenant): Path<String>,
    page: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<OfferAnswer>>, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let Query(page) = page.map_err(|_| invalid("limit: expected 1 to 1000"))?;
    let before = match page.before.as_deref().map(OfferId::parse) {
        Some(None) => return Err(invalid("before: expected 22 characters of base64url")),
        Some(id) => id,
        None => None,
    };
    let limit = page.limit.unwrap_or(PAGE);
    if !(1..=1000).contains(&limit) {
        return Err(invalid("limit: expected 1 to 1000"));
    }
    let filter = OfferFilter {
        tenant: tenant.name.clone(),
        subject: None,
        before,
        limit,
    };
    let found = internal.service.store.offers(&filter).await?;
    Ok(Json(
        found
            .iter()
            .map(|found| answer(&internal, tenant, found))
            .collect(),
    ))
}

/// The offers to a person, newest first, at most 1,000.
#[utoipa::path(post, path = "/tenants/{tenant}/offers/search", security(("operator" = [])),
    params(("tenant" = String, Path)), request_body = SubjectRequest,
    responses(
        (status = 200, description = "The offers.", body = [OfferAnswer]),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn search(
    State(internal): State<Internal>,
    Path(tenant): Path<String>,
    Body(request): Body<SubjectRequest>,
) -> Result<Json<Vec<OfferAnswer>>, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let hash = internal
        .service
        .subject_hash(&tenant.name, &subject(&request.subject)?);
    let filter = OfferFilter {
        tenant: tenant.name.clone(),
        subject: Some(hash),
        before: None,
        limit: 1000,
    };
    let found = internal.service.store.offers(&filter).await?;
    Ok(Json(
        found
            .iter()
            .map(|found| answer(&internal, tenant, found))
            .collect(),
    ))
}

async fn found(internal: &Internal, tenant: &Tenant, offer: &str) -> Result<Offer, Problem> {
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "unknown-offer");
    let id = OfferId::parse(offer).ok_or_else(unknown)?;
    let offer = internal.service.store.offer(&tenant.name, id).await?;
    offer.ok_or_else(unknown)
}

/// One offer.
#[utoipa::path(get, path = "/tenants/{tenant}/offers/{offer}", security(("operator" = [])),
    params(("tenant" = String, Path), ("offer" = String, Path)),
    responses(
        (status = 200, description = "The offer.", body = OfferAnswer),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn show(
    State(internal): State<Internal>,
    Path((tenant, offer)): Path<(String, String)>,
) -> Result<Json<OfferAnswer>, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let found = found(&internal, tenant, &offer).await?;
    Ok(Json(answer(&internal, tenant, &found)))
}

/// Takes an offer back. One that was redeemed or is over stays as it is.
#[utoipa::path(delete, path = "/tenants/{tenant}/offers/{offer}", security(("operator" = [])),
    params(("tenant" = String, Path), ("offer" = String, Path)),
    responses(
        (status = 200, description = "The offer as it is now.", body = OfferAnswer),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn cancel(
    State(internal): State<Internal>,
    Extension(Actor(actor)): Extension<Actor>,
    Path((tenant, offer)): Path<(String, String)>,
) -> Result<Json<OfferAnswer>, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let id = found(&internal, tenant, &offer).await?.id;
    internal
        .service
        .store
        .cancel_offer(&tenant.name, id)
        .await?;
    tracing::info!(code = "offer-cancelled", tenant = tenant.name, offer = %id, actor);
    let found = found(&internal, tenant, &offer).await?;
    Ok(Json(answer(&internal, tenant, &found)))
}

/// The link by reference of an open offer as a QR code.
#[utoipa::path(get, path = "/tenants/{tenant}/offers/{offer}/qr.svg", security(("operator" = [])),
    params(("tenant" = String, Path), ("offer" = String, Path)),
    responses(
        (status = 200, description = "SVG.", body = String, content_type = "image/svg+xml"),
        (status = 409, description = "The offer is over.", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn qr_code(
    State(internal): State<Internal>,
    Path((tenant, offer)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let found = found(&internal, tenant, &offer).await?;
    let over = || Problem::new(StatusCode::CONFLICT, "offer-over");
    let link = answer(&internal, tenant, &found)
        .link_by_reference
        .ok_or_else(over)?;
    let svg = qr_svg(&link).map_err(|cause| {
        tracing::error!(code = "qr-code-failed", %cause);
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "qr-code-failed")
    })?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, svg).into_response())
}
