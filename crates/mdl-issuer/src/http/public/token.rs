//! The token endpoint (6).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use mdl_crypto::constant_time_eq;
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::access::{dpop_header, verify};
use super::answer::{ErrorBody, fault, refusal, unavailable, with_dpop_nonce};
use super::body;
use super::documentation::{TokenAnswer, TokenForm};
use super::state::TenantState;
use crate::openid4vci::access_token::{AccessToken, GrantClaims, LONGEST_BEARER_LIFE, RANDOM};
use crate::openid4vci::authorization_details;
use crate::openid4vci::dpop::DpopError;
use crate::openid4vci::endpoint::Endpoint;
use crate::openid4vci::nonce::NonceKind;
use crate::openid4vci::offer::{pre_authorized_code, tx_code_hash};
use crate::openid4vci::token_request::{MAX_BYTES, TokenError, TokenRequest};
use crate::openid4vci::token_response::token_response;
use crate::store::{GrantId, Hash, NewGrant, Redemption, RedemptionOutcome, StoreError};

/// Trades a pre-authorized code for an access token.
#[utoipa::path(
    post, path = "/token", tag = "issuance",
    params(("DPoP" = Option<String>, Header, description = "DPoP proof (RFC 9449)")),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Access token", body = TokenAnswer),
        (status = 400, description = "Refused", body = ErrorBody),
        (status = 401, description = "Client authentication, of which there is none", body = ErrorBody),
        (status = 413, description = "Too long", body = ErrorBody),
        (status = 415, description = "Not a form", body = ErrorBody),
        (status = 503, description = "Repeat later", body = ErrorBody),
    )
)]
pub(super) async fn token(State(at): State<Arc<TenantState>>, request: Request) -> Response {
    let now = at.service.clock.now();
    match redeem(&at, request, now).await {
        Ok(answer) => with_dpop_nonce(&at, Json(answer).into_response(), None),
        Err(error) => {
            let response = refused(&at, &error);
            with_dpop_nonce(&at, response, Some(error.code()))
        }
    }
}

async fn redeem(
    at: &TenantState,
    request: Request,
    now: OffsetDateTime,
) -> Result<Value, TokenError> {
    let (parts, body) = request.into_parts();
    if !body::is_content_type(&parts.headers, "application/x-www-form-urlencoded") {
        return Err(TokenError::ContentType);
    }
    let body = body::read(&parts.headers, body, MAX_BYTES).await;
    let request = TokenRequest::parse(&Zeroizing::new(body.ok_or(TokenError::TooLong)?))?;
    if parts.headers.get(AUTHORIZATION).is_some_and(is_basic) {
        return Err(TokenError::ClientAuthentication);
    }
    let (tenant, service) = (&at.tenant, &at.service);
    let proof = match dpop_header(&parts.headers)? {
        Some(proof) => Some(verify(at, proof, "POST", Endpoint::Token, None, now)?),
        None if tenant.policy.require_dpop => return Err(DpopError::NoProof.into()),
        None => None,
    };
    let code = Hash::of(request.code.as_bytes());
    let offer = service.store.offer_by_code(&tenant.name, code).await?;
    let offer = offer.ok_or(TokenError::NotOpen)?;
    let made = pre_authorized_code(&service.secret, tenant, &(&offer).into());
    if !constant_time_eq(made.as_bytes(), request.code.as_bytes()) {
        tracing::error!(code = "offer-altered", tenant = tenant.name, offer = %offer.id);
        return Err(TokenError::NotOpen);
    }
    let (configuration_ids, by_identifier) = match &request.authorization_details {
        Some(details) => {
            let offered = &offer.configuration_ids;
            let asked = authorization_details::parse(details, &tenant.issuer, offered)?;
            (asked, true)
        }
        None => (offer.configuration_ids, false),
    };
    let mut life = tenant.policy.access_token_life;
    if proof.is_none() {
        life = life.min(LONGEST_BEARER_LIFE);
    }
    let mut random = Zeroizing::new([0; RANDOM]);
    getrandom::fill(&mut *random)?;
    let mut id = GrantId([0; 16]);
    getrandom::fill(&mut id.0)?;
    let dpop_key = proof.map(|proof| Hash(*proof.key.as_bytes()));
    let claims = GrantClaims {
        id,
        tenant: &tenant.name,
        offer: offer.id,
        configuration_ids: &configuration_ids,
        by_identifier,
        client_id: request.client_id.as_deref(),
        subject: offer.subject,
        dpop_key,
        expires_at: now + life,
    };
    let token = AccessToken::new(&service.secret, &claims, &random);
    let tx_code = request
        .tx_code
        .map(|tx_code| tx_code_hash(&service.secret, tenant, offer.id, &tx_code));
    let redemption = Redemption {
        tenant: tenant.name.clone(),
        offer: offer.id,
        tx_code,
        grant: NewGrant {
            id,
            token: token.hash(),
            dpop_key,
            configuration_ids,
            by_identifier,
            client_id: request.client_id,
            expires_at: now + life,
        },
        once: proof.map(|proof| proof.once).into_iter().collect(),
        now,
    };
    let grant = match service.store.redeem(redemption).await? {
        RedemptionOutcome::Granted(grant) => grant,
        RedemptionOutcome::NotOpen => return Err(TokenError::NotOpen),
        RedemptionOutcome::TxCodeMissing => return Err(TokenError::TxCodeMissing),
        RedemptionOutcome::TxCodeUnexpected => return Err(TokenError::TxCodeUnexpected),
        RedemptionOutcome::TxCodeWrong { .. } => return Err(TokenError::TxCodeWrong),
        RedemptionOutcome::Replayed => return Err(TokenError::Replayed),
    };
    let c_nonce = match tenant.legacy.c_nonce_in_token {
        true => Some(at.nonce(NonceKind::Credential)?),
        false => None,
    };
    let nonce_life = tenant.policy.nonce_life.whole_seconds();
    let c_nonce = c_nonce.as_deref().map(|nonce| (nonce, nonce_life));
    Ok(token_response(
        &token,
        &grant,
        life.whole_seconds(),
        c_nonce,
    ))
}

fn is_basic(authorization: &HeaderValue) -> bool {
    let scheme = authorization.to_str().unwrap_or_default().split(' ').next();
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("Basic"))
}

fn refused(at: &TenantState, error: &TokenError) -> Response {
    let status = match error {
        TokenError::Store(cause @ StoreError::Unavailable(_)) => {
            return unavailable(cause, Duration::SECOND);
        }
        TokenError::Store(cause @ StoreError::Corrupt(_)) => return fault(cause),
        TokenError::Randomness(cause) => return fault(cause),
        TokenError::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        TokenError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        TokenError::ClientAuthentication => {
            let body = ErrorBody::new(error.code(), error);
            let mut response = refusal(at, StatusCode::UNAUTHORIZED, body);
            // The scheme that was tried has to be named (RFC 6749, 5.2).
            let challenge = HeaderValue::from_static("Basic realm=\"no client authentication\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            return response;
        }
        TokenError::NotAForm
        | TokenError::TooManyParameters
        | TokenError::Repeated(_)
        | TokenError::Missing(_)
        | TokenError::ClientId
        | TokenError::GrantType
        | TokenError::AuthorizationDetails(_)
        | TokenError::Dpop(_)
        | TokenError::Replayed
        | TokenError::NotOpen
        | TokenError::TxCodeMissing
        | TokenError::TxCodeUnexpected
        | TokenError::TxCodeWrong => StatusCode::BAD_REQUEST,
    };
    refusal(at, status, ErrorBody::new(error.code(), error))
}
