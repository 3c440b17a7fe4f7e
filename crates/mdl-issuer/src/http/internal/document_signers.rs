//! Document signers: which there are, whether they sign, and the request that one begins to.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::approvals::{ApprovalAnswer, awaits};
use super::body::written;
use super::{Actor, Internal};
use crate::operations::problem::Problem;
use crate::store::Hash;

/// A document signer of this replica.
#[derive(Serialize, ToSchema)]
pub(super) struct DocumentSignerAnswer {
    /// SHA-256 of its certificate, in hexadecimal.
    id: String,
    /// `signing`, `waits-for-approval`, `revoked`, `not-yet-valid` or `stopped`.
    state: &'static str,
    /// From when its certificate is valid (RFC 3339).
    not_before: String,
    /// Until when it signs (RFC 3339).
    stop_signing: String,
    /// When its certificate ends (RFC 3339).
    not_after: String,
}

/// The document signers of a tenant, in the order in which they are asked to sign.
#[utoipa::path(get, path = "/tenants/{tenant}/document-signers", security(("operator" = [])),
    params(("tenant" = String, Path)),
    responses(
        (status = 200, description = "The document signers.", body = [DocumentSignerAnswer]),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    State(internal): State<Internal>,
    Path(tenant): Path<String>,
) -> Result<Json<Vec<DocumentSignerAnswer>>, Problem> {
    let authority = internal.tenant(&tenant)?.authority.get();
    let now = internal.service.clock.now();
    let answers = authority.document_signers.iter().map(|signer| {
        let (guard, window) = (&signer.guard, signer.guard.window());
        let state = if guard.is_revoked() {
            "revoked"
        } else if guard.is_held() {
            "waits-for-approval"
        } else if now < window.not_before() {
            "not-yet-valid"
        } else if now > window.stop_signing() {
            "stopped"
        } else {
            "signing"
        };
        DocumentSignerAnswer {
            id: hex::encode(signer.id.0),
            state,
            not_before: written(window.not_before()),
            stop_signing: written(window.stop_signing()),
            not_after: written(window.not_after()),
        }
    });
    Ok(Json(answers.collect()))
}

/// Asks that a document signer begins to sign, where that takes a second operator.
#[utoipa::path(post, path = "/tenants/{tenant}/document-signers/{signer}/use", security(("operator" = [])),
    params(("tenant" = String, Path), ("signer" = String, Path)),
    responses(
        (status = 202, description = "A second operator has to approve.", body = ApprovalAnswer),
        (status = 409, description = "It waits for nobody.", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn request_use(
    State(internal): State<Internal>,
    Extension(Actor(actor)): Extension<Actor>,
    Path((tenant, signer)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "unknown-document-signer");
    let mut id = Hash::default();
    hex::decode_to_slice(&signer, &mut id.0).map_err(|_| unknown())?;
    let authority = tenant.authority.get();
    let mut signers = authority.document_signers.iter();
    let signer = signers.find(|signer| signer.id == id).ok_or_else(unknown)?;
    if !signer.guard.is_held() {
        return Err(Problem::new(StatusCode::CONFLICT, "waits-for-nobody")
            .detail("the document signer signs as far as it may, without further approval"));
    }
    let time = internal.dual_control.time;
    let service = &internal.service;
    let approval = service.request_use(tenant, id, &actor, time).await?;
    Ok(awaits(&internal, approval))
}
