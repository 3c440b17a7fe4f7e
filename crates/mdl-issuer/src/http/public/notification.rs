//! The notification endpoint (11).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use time::Duration;

use super::access::{Access, authenticate, refused as not_let_in};
use super::answer::{ErrorBody, fault, refusal, unavailable, with_dpop_nonce};
use super::body;
use super::documentation::NotificationBody;
use super::state::TenantState;
use crate::openid4vci::access_token::AccessError;
use crate::openid4vci::endpoint::Endpoint;
use crate::openid4vci::notification::{MAX_BYTES, Notification, NotificationError};
use crate::store::{NotificationOutcome, StoreError};

/// What became of a batch in the wallet. The same again is no error.
#[utoipa::path(
    post, path = "/notification", tag = "issuance",
    params(
        ("Authorization" = Option<String>, Header, description = "DPoP or Bearer, and the access token"),
        ("DPoP" = Option<String>, Header, description = "DPoP proof (RFC 9449)"),
    ),
    request_body(content = NotificationBody, content_type = "application/json"),
    responses(
        (status = 204, description = "Recorded"),
        (status = 400, description = "Refused", body = ErrorBody),
        (status = 401, description = "No usable access token", body = ErrorBody),
        (status = 413, description = "Too long", body = ErrorBody),
        (status = 415, description = "Not JSON", body = ErrorBody),
        (status = 503, description = "Repeat later", body = ErrorBody),
    )
)]
pub(super) async fn notification(State(at): State<Arc<TenantState>>, request: Request) -> Response {
    let now = at.service.clock.now();
    let (parts, body) = request.into_parts();
    let access = match authenticate(&at, &parts, Endpoint::Notification, now).await {
        Ok(access) => access,
        Err(error) => return not_let_in(&at, &error),
    };
    let notification = if body::is_content_type(&parts.headers, "application/json") {
        let body = body::read(&parts.headers, body, MAX_BYTES).await;
        body.ok_or(NotificationError::TooLong)
            .and_then(|body| Notification::parse(&body))
    } else {
        Err(NotificationError::ContentType)
    };
    let recorded = match notification {
        Ok(notification) => match use_proof(&at, &access).await {
            Ok(()) => record(&at, &access, notification).await,
            Err(error) => return not_let_in(&at, &error),
        },
        Err(error) => Err(error),
    };
    match recorded {
        Ok(()) => with_dpop_nonce(&at, StatusCode::NO_CONTENT.into_response(), None),
        Err(error) => {
            let response = refused(&at, &error);
            with_dpop_nonce(&at, response, Some(error.code()))
        }
    }
}

async fn use_proof(at: &TenantState, access: &Access) -> Result<(), AccessError> {
    if access.once.is_empty() || at.service.store.use_once(&access.once).await? {
        Ok(())
    } else {
        Err(AccessError::Replayed)
    }
}

async fn record(
    at: &TenantState,
    access: &Access,
    notification: Notification,
) -> Result<(), NotificationError> {
    let Notification { id, event } = notification;
    let (tenant, grant) = (&at.tenant.name, access.grant.id);
    match at.service.store.notify(tenant, grant, id, event).await? {
        NotificationOutcome::Recorded => {
            tracing::info!(code = "notified", tenant, event = ?event);
            Ok(())
        }
        NotificationOutcome::Unknown => Err(NotificationError::UnknownId),
    }
}

fn refused(at: &TenantState, error: &NotificationError) -> Response {
    let status = match error {
        NotificationError::Store(cause @ StoreError::Unavailable(_)) => {
            return unavailable(cause, Duration::SECOND);
        }
        NotificationError::Store(cause @ StoreError::Corrupt(_)) => return fault(cause),
        NotificationError::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        NotificationError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        NotificationError::Json(_)
        | NotificationError::Missing(_)
        | NotificationError::NotText(_)
        | NotificationError::UnknownEvent
        | NotificationError::UnknownId => StatusCode::BAD_REQUEST,
    };
    refusal(at, status, ErrorBody::new(error.code(), error))
}
