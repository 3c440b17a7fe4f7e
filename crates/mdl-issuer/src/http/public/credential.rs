//! The credential endpoint (8).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use time::{Duration, OffsetDateTime};

use super::access::{Access, authenticate, refused as not_let_in};
use super::answer::{
    ErrorBody, busy, fault, refusal, unavailable, with_challenge, with_dpop_nonce,
};
use super::body;
use super::documentation::{CredentialAnswer, CredentialBody};
use super::state::TenantState;
use crate::issuing::{IssueError, IssueRequest, IssuedBatch};
use crate::openid4vci::credential_request::{self, CredentialError, MAX_BYTES, ProvenKeys};
use crate::openid4vci::credential_response::credential_response;
use crate::openid4vci::endpoint::Endpoint;
use crate::openid4vci::error_code::ErrorCode;
use crate::openid4vci::key_attestation::KeyAttestations;
use crate::openid4vci::nonce::NonceKind;
use crate::openid4vci::proof;
use crate::operations::request_id::RequestId;
use crate::store::{Grant, StoreError};

/// Issues a document for each key that a proof shows.
#[utoipa::path(
    post, path = "/credential", tag = "issuance",
    params(
        ("Authorization" = Option<String>, Header, description = "DPoP or Bearer, and the access token"),
        ("DPoP" = Option<String>, Header, description = "DPoP proof (RFC 9449)"),
    ),
    request_body(content = CredentialBody, content_type = "application/json"),
    responses(
        (status = 200, description = "The documents", body = CredentialAnswer),
        (status = 400, description = "Refused", body = ErrorBody),
        (status = 401, description = "No usable access token", body = ErrorBody),
        (status = 403, description = "The access token is for something else", body = ErrorBody),
        (status = 413, description = "Too long", body = ErrorBody),
        (status = 415, description = "Not JSON", body = ErrorBody),
        (status = 500, description = "A fault of the service", body = ErrorBody),
        (status = 503, description = "Repeat the request later", body = ErrorBody),
    )
)]
pub(super) async fn credential(State(at): State<Arc<TenantState>>, request: Request) -> Response {
    let now = at.service.clock.now();
    let (parts, body) = request.into_parts();
    let access = match authenticate(&at, &parts, Endpoint::Credential, now).await {
        Ok(access) => access,
        Err(error) => return not_let_in(&at, &error),
    };
    let id = parts.extensions.get::<RequestId>().copied();
    let id = id.unwrap_or_else(RequestId::random);
    let issued = if body::is_content_type(&parts.headers, "application/json") {
        match body::read(&parts.headers, body, MAX_BYTES).await {
            Some(body) => issue(&at, access, &body, id, now).await,
            None => Err(CredentialError::TooLong),
        }
    } else if body::is_content_type(&parts.headers, "application/jwt") {
        Err(CredentialError::EncryptionNotOffered)
    } else {
        Err(CredentialError::ContentType)
    };
    match issued {
        Ok((batch, single)) => {
            let id = &batch.notification_id;
            let (nonce, life) = (next_nonce(&at), at.tenant.policy.nonce_life.whole_seconds());
            let c_nonce = nonce.as_deref().map(|nonce| (nonce, life));
            let answer = credential_response(&batch.documents, id, single, c_nonce);
            let json = [(CONTENT_TYPE, "application/json")];
            with_dpop_nonce(&at, (json, answer).into_response(), None)
        }
        Err(error) => {
            let response = refused(&at, &error);
            with_dpop_nonce(&at, response, Some(error.code()))
        }
    }
}

/// The batch, and whether the answer has the shape of older drafts.
async fn issue(
    at: &TenantState,
    access: Access,
    body: &[u8],
    id: RequestId,
    now: OffsetDateTime,
) -> Result<(IssuedBatch, bool), CredentialError> {
    let request = credential_request::parse(body, &at.tenant, &access.grant)?;
    let proven = check_proofs(at, &request.proofs, &access.grant, now).await?;
    let batch = at
        .service
        .issue(IssueRequest {
            tenant: &at.tenant,
            grant: &access.grant,
            configuration: request.configuration,
            device_keys: proven.keys,
            nonce: Some(proven.nonce),
            once: access.once,
            request: id.0,
        })
        .await?;
    Ok((batch, request.is_single_proof))
}

/// One proof after the other, letting other requests in between: a large batch is milliseconds of arithmetic.
async fn check_proofs(
    at: &TenantState,
    proofs: &[String],
    grant: &Grant,
    now: OffsetDateTime,
) -> Result<ProvenKeys, CredentialError> {
    let expected = proof::Expected {
        issuer: &at.tenant.issuer,
        client_id: grant.client_id.as_deref(),
        did_keys: at.tenant.legacy.did_keys,
        now,
    };
    let mut checked = Vec::with_capacity(proofs.len());
    let mut attestations = KeyAttestations::new(&at.tenant.key_attestation, now);
    for proof in proofs {
        let proof = proof::verify(proof, &expected)?;
        attestations.check(&proof)?;
        checked.push(proof);
        tokio::task::yield_now().await;
    }
    credential_request::combine(checked, &at.service.secret, &at.tenant, now)
}

fn refused(at: &TenantState, error: &CredentialError) -> Response {
    let code = error.code();
    let status = match error {
        CredentialError::Issue(IssueError::Unavailable { retry_after, .. }) => {
            return unavailable(error, *retry_after);
        }
        CredentialError::Issue(IssueError::Busy { retry_after, .. }) => {
            return busy(error, *retry_after);
        }
        CredentialError::Store(cause @ StoreError::Unavailable(_)) => {
            return unavailable(cause, Duration::SECOND);
        }
        CredentialError::Issue(IssueError::Fault { .. })
        | CredentialError::Store(StoreError::Corrupt(_)) => return fault(error),
        CredentialError::Issue(IssueError::Replayed | IssueError::GrantOver) => {
            StatusCode::UNAUTHORIZED
        }
        CredentialError::NotAuthorized => StatusCode::FORBIDDEN,
        CredentialError::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        CredentialError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        CredentialError::EncryptionNotOffered
        | CredentialError::Json(_)
        | CredentialError::NotText(_)
        | CredentialError::UnknownConfiguration
        | CredentialError::UnknownIdentifier
        | CredentialError::BothSelectors
        | CredentialError::NoSelector
        | CredentialError::IdentifierNeeded
        | CredentialError::UnsupportedFormat
        | CredentialError::UnsupportedType
        | CredentialError::NoProofs
        | CredentialError::ProofsShape
        | CredentialError::ProofType
        | CredentialError::TooManyProofs
        | CredentialError::Proof(_)
        | CredentialError::KeyAttestation(_)
        | CredentialError::StaleNonce
        | CredentialError::SeveralNonces
        | CredentialError::KeyTwice
        | CredentialError::Issue(IssueError::NonceUsed | IssueError::Denied { .. }) => {
            StatusCode::BAD_REQUEST
        }
    };
    let mut body = match error {
        // Why a person is refused is for the operator, not for whoever holds the wallet.
        CredentialError::Issue(IssueError::Denied { .. }) => {
            ErrorBody::new(code, &CredentialDenied)
        }
        _ => ErrorBody::new(code, error),
    };
    if matches!(code, ErrorCode::InvalidProof | ErrorCode::InvalidNonce)
        && let Some(nonce) = next_nonce(at)
    {
        body = body.with_c_nonce(nonce, at.tenant.policy.nonce_life.whole_seconds());
    }
    let response = refusal(at, status, body);
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        with_challenge(at, response, Some(code))
    } else {
        response
    }
}

/// The `c_nonce` that drafts up to 14 put into answers, where the tenant accepts them.
fn next_nonce(at: &TenantState) -> Option<String> {
    let is_wanted = at.tenant.legacy.c_nonce_in_token;
    is_wanted.then(|| at.nonce(NonceKind::Credential).ok())?
}

/// What a wallet is told of a refusal.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the issuer does not issue this credential")]
struct CredentialDenied;
