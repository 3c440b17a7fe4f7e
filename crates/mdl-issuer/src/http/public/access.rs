//! Who may use a protected endpoint: the holder of an access token, and of the key it is bound to.
//!
//! RFC 6750, 2.1; RFC 9449, 7. Nothing is used up here: the proof's `jti` goes to whoever does the work, to be recorded
//! together with it.

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use time::OffsetDateTime;
use url::form_urlencoded;

use super::answer::{ErrorBody, fault, refusal, unavailable, with_challenge, with_dpop_nonce};
use super::state::TenantState;
use crate::openid4vci::access_token::{AccessError, AccessToken, Scheme, parse_authorization};
use crate::openid4vci::dpop::{self, DpopError, DpopProof};
use crate::openid4vci::endpoint::Endpoint;
use crate::openid4vci::error_code::ErrorCode;
use crate::store::{Grant, Hash, StoreError, UsedValue};

/// A request that was let in.
pub(super) struct Access {
    pub(super) grant: Grant,
    /// What counts once, and is not recorded yet.
    pub(super) once: Vec<UsedValue>,
}

/// Checks token and proof.
pub(super) async fn authenticate(
    at: &TenantState,
    request: &Parts,
    endpoint: Endpoint,
    now: OffsetDateTime,
) -> Result<Access, AccessError> {
    let query = request.uri.query().unwrap_or_default().as_bytes();
    if form_urlencoded::parse(query).any(|(name, _)| name == "access_token") {
        return Err(AccessError::TokenElsewhere);
    }
    let (scheme, token) = presented(&request.headers)?;
    let proof = match scheme {
        Scheme::Bearer => None,
        Scheme::Dpop => {
            let method = request.method.as_str();
            let header = dpop_header(&request.headers)?.ok_or(DpopError::NoProof)?;
            Some(verify(at, header, method, endpoint, Some(&token), now)?)
        }
    };
    let grant = at
        .service
        .store
        .grant(&at.tenant.name, token.hash())
        .await?;
    let grant = grant.ok_or(AccessError::UnknownToken)?;
    if !token.is_of(&at.service.secret, &(&grant).into()) {
        tracing::error!(code = "grant-altered", tenant = at.tenant.name);
        return Err(AccessError::UnknownToken);
    }
    if now >= grant.expires_at {
        return Err(AccessError::ExpiredToken);
    }
    match (&proof, grant.dpop_key) {
        (None, None) => {}
        (Some(proof), Some(key)) if Hash(*proof.key.as_bytes()) == key => {}
        (Some(_), Some(_)) => return Err(AccessError::WrongKey),
        (Some(_), None) | (None, Some(_)) => return Err(AccessError::WrongScheme),
    }
    Ok(Access {
        grant,
        once: proof.map(|proof| proof.once).into_iter().collect(),
    })
}

fn presented(headers: &HeaderMap) -> Result<(Scheme, AccessToken), AccessError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(AccessError::NoToken)?;
    if values.next().is_some() {
        return Err(AccessError::TokenElsewhere);
    }
    parse_authorization(value.to_str().unwrap_or_default())
}

/// The one `DPoP` header, if there is any.
///
/// # Errors
/// [`DpopError::SeveralProofs`].
pub(super) fn dpop_header(headers: &HeaderMap) -> Result<Option<&str>, DpopError> {
    let mut values = headers.get_all("dpop").iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value.map(|value| value.to_str().unwrap_or_default())),
        (_, Some(_)) => Err(DpopError::SeveralProofs),
    }
}

/// Checks a proof against the request's address as the world knows it.
///
/// # Errors
/// [`DpopError`].
pub(super) fn verify(
    at: &TenantState,
    proof: &str,
    method: &str,
    endpoint: Endpoint,
    token: Option<&AccessToken>,
    now: OffsetDateTime,
) -> Result<DpopProof, DpopError> {
    let expected = dpop::Expected {
        tenant: &at.tenant.name,
        method,
        url: &endpoint.url(&at.tenant),
        access_token: token.map(AccessToken::expose),
        nonce_required: at.tenant.policy.require_dpop_nonce,
        nonce_life: at.tenant.policy.nonce_life,
        now,
    };
    dpop::verify(&at.service.secret, proof, &expected)
}

/// The answer to a request that is not let in.
pub(super) fn refused(at: &TenantState, error: &AccessError) -> Response {
    let code = error.code();
    let status = match error {
        AccessError::Store(cause @ StoreError::Unavailable(_)) => {
            return unavailable(cause, time::Duration::SECOND);
        }
        AccessError::Store(cause @ StoreError::Corrupt(_)) => return fault(cause),
        AccessError::TokenElsewhere => StatusCode::BAD_REQUEST,
        AccessError::NoToken
        | AccessError::UnknownToken
        | AccessError::ExpiredToken
        | AccessError::WrongScheme
        | AccessError::WrongKey
        | AccessError::Dpop(_)
        | AccessError::Replayed => StatusCode::UNAUTHORIZED,
    };
    // The body always names a code, because a wallet's parser expects one; the challenge does only if there is one
    // (RFC 6750, 3.1).
    let body = ErrorBody::new(code.unwrap_or(ErrorCode::InvalidToken), error);
    let response = with_challenge(at, refusal(at, status, body), code);
    with_dpop_nonce(at, response, code)
}
