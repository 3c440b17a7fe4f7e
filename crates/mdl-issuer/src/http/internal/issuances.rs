//! What was issued: found by the subject reference, or by the identifier of a batch.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Internal;
use super::body::{Body, subject, written};
use crate::operations::problem::Problem;
use crate::store::{
    Issuance, IssuanceId, IssuanceState, NotificationEvent, RecordedStatusChange, StatusValue,
};

/// Whose.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectRequest {
    /// The subject reference.
    pub(super) subject: String,
}

/// A batch of documents. Nothing of what they say: the service keeps no copy.
#[derive(Serialize, ToSchema)]
pub(super) struct IssuanceAnswer {
    /// Its identifier, for changes of status.
    id: String,
    /// What was asked for.
    configuration_id: String,
    /// Documents of the batch.
    documents: u32,
    /// `reserved` or `issued`.
    state: &'static str,
    /// From when the validity is counted (RFC 3339).
    issued_at: String,
    /// When the documents end (RFC 3339).
    valid_until: Option<String>,
    /// What the wallet last reported: `credential_accepted`, `credential_failure` or `credential_deleted`.
    notified: Option<&'static str>,
    /// Whether the documents have a status.
    has_status: bool,
}

/// A batch, and what was done to the status of its documents.
#[derive(Serialize, ToSchema)]
pub(super) struct IssuanceDetails {
    #[serde(flatten)]
    issuance: IssuanceAnswer,
    /// Every change of a document, oldest first, at most 1,000.
    status_changes: Vec<StatusChangeAnswer>,
}

/// A change of the status of one document.
#[derive(Serialize, ToSchema)]
pub(super) struct StatusChangeAnswer {
    /// When (RFC 3339).
    at: String,
    /// The document of the batch, counted from 0.
    document: u32,
    /// What it has been since: `valid`, `revoked` or `suspended`.
    status: &'static str,
    /// Why: one of the codes of a status change.
    reason: String,
    /// Whose doing it was: the operator's name.
    actor: String,
}

impl From<RecordedStatusChange> for StatusChangeAnswer {
    fn from(change: RecordedStatusChange) -> Self {
        Self {
            at: written(change.at),
            document: change.document,
            status: match change.value {
                StatusValue::Valid => "valid",
                StatusValue::Invalid => "revoked",
                StatusValue::Suspended => "suspended",
            },
            reason: change.reason,
            actor: change.actor,
        }
    }
}

impl From<Issuance> for IssuanceAnswer {
    fn from(issuance: Issuance) -> Self {
        Self {
            id: issuance.id.to_string(),
            configuration_id: issuance.configuration_id,
            documents: issuance.batch_size,
            state: match issuance.state {
                IssuanceState::Reserved => "reserved",
                IssuanceState::Issued { .. } => "issued",
            },
            issued_at: written(issuance.issued_at),
            valid_until: issuance.valid_until.map(written),
            notified: issuance.notified.map(|event| match event {
                NotificationEvent::Accepted => "credential_accepted",
                NotificationEvent::Failure => "credential_failure",
                NotificationEvent::Deleted => "credential_deleted",
            }),
            has_status: !issuance.status.is_empty(),
        }
    }
}

/// The batches of a person, newest first.
#[utoipa::path(post, path = "/tenants/{tenant}/issuances/search", security(("operator" = [])),
    params(("tenant" = String, Path)), request_body = SubjectRequest,
    responses(
        (status = 200, description = "The batches, at most 1,000.", body = [IssuanceAnswer]),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn search(
    State(internal): State<Internal>,
    Path(tenant): Path<String>,
    Body(request): Body<SubjectRequest>,
) -> Result<Json<Vec<IssuanceAnswer>>, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let service = &internal.service;
    let hash = service.subject_hash(&tenant.name, &subject(&request.subject)?);
    let found = service.store.issuances(&tenant.name, hash).await?;
    Ok(Json(found.into_iter().map(Into::into).collect()))
}

/// One batch, and who changed the status of its documents, when and why.
#[utoipa::path(get, path = "/tenants/{tenant}/issuances/{issuance}", security(("operator" = [])),
    params(("tenant" = String, Path), ("issuance" = String, Path)),
    responses(
        (status = 200, description = "The batch.", body = IssuanceDetails),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn show(
    State(internal): State<Internal>,
    Path((tenant, issuance)): Path<(String, String)>,
) -> Result<Json<IssuanceDetails>, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "unknown-issuance");
    let id = IssuanceId::parse(&issuance).ok_or_else(unknown)?;
    let store = &internal.service.store;
    let found = store.issuance(&tenant.name, id).await?;
    let issuance = found.ok_or_else(unknown)?;
    let changes = store.status_changes(&tenant.name, id).await?;
    Ok(Json(IssuanceDetails {
        issuance: issuance.into(),
        status_changes: changes.into_iter().map(Into::into).collect(),
    }))
}
