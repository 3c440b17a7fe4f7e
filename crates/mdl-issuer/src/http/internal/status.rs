//! Revoking, suspending and resuming, by hand or because the record changed; and how far it has been published.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::approvals::{ApprovalAnswer, awaits};
use super::body::{Body, invalid, subject, written};
use super::{Actor, Internal};
use crate::config::Role;
use crate::operations::problem::Problem;
use crate::status::{RecordEvent, StatusAction, StatusChanged, StatusReason, Whose};
use crate::store::IssuanceId;
use crate::tenant::Tenant;

/// What to do to whose documents, and why. Either `issuance`, perhaps with the number of a `document`, or `subject`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusRequest {
    /// A batch.
    issuance: Option<String>,
    /// One document of the batch, counted from 0.
    document: Option<u32>,
    /// Everything that a person has.
    subject: Option<String>,
    /// What is done.
    action: Action,
    /// `licence-withdrawn`, `licence-suspended`, `licence-reinstated`, `data-changed`, `device-lost`, `holder-request`,
    /// `issued-in-error`.
    reason: String,
}

/// What is done to documents.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Action {
    /// Ended for good.
    Revoke,
    /// Ended until resumed.
    Suspend,
    /// Valid again, unless revoked.
    Resume,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(super) struct StatusAnswer {
    /// Documents whose status is another now; 0 also where it was so before.
    documents: u64,
    /// When readers that fetch the list see it, at the latest (RFC 3339).
    published_by: String,
}

impl From<StatusChanged> for StatusAnswer {
    fn from(changed: StatusChanged) -> Self {
        Self {
            documents: changed.documents,
            published_by: written(changed.published_by),
        }
    }
}

/// Revokes, suspends or resumes documents. What is revoked stays revoked.
#[utoipa::path(post, path = "/tenants/{tenant}/status-changes", security(("operator" = [])),
    params(("tenant" = String, Path)), request_body = StatusRequest,
    responses(
        (status = 200, description = "Done, now or before.", body = StatusAnswer),
        (status = 202, description = "Not done: a second operator has to approve.", body = ApprovalAnswer),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn change(
    State(internal): State<Internal>,
    Extension(Actor(actor)): Extension<Actor>,
    Path(tenant): Path<String>,
    Body(request): Body<StatusRequest>,
) -> Result<Response, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let whose = whose(&request)?;
    if let Whose::Document(issuance, _) | Whose::Batch(issuance) = whose {
        let unknown = || Problem::new(StatusCode::NOT_FOUND, "unknown-issuance");
        let issuance = internal
            .service
            .store
            .issuance(&tenant.name, issuance)
            .await?;
        let issuance = issuance.ok_or_else(unknown)?;
        if matches!(whose, Whose::Document(_, number) if number >= issuance.batch_size) {
            return Err(Problem::new(StatusCode::NOT_FOUND, "unknown-document"));
        }
    }
    let reason = StatusReason::from_code(&request.reason)
        .ok_or_else(|| invalid("reason: expected one of the codes in /openapi.json"))?;
    let action = match request.action {
        Action::Revoke => StatusAction::Revoke,
        Action::Suspend => StatusAction::Suspend,
        Action::Resume => StatusAction::Resume,
    };
    if internal.needs_second_person(action, &whose) {
        return ask(&internal, tenant, &whose, (action, reason), &actor).await;
    }
    let changed = internal
        .service
        .change_status(tenant, &whose, action, reason, &actor)
        .await?;
    Ok(Json(StatusAnswer::from(changed)).into_response())
}

/// Has the operation wait for a second person.
async fn ask(
    internal: &Internal,
    tenant: &Tenant,
    whose: &Whose,
    (action, reason): (StatusAction, StatusReason),
    actor: &str,
) -> Result<Response, Problem> {
    let time = internal.dual_control.time;
    let approval = internal
        .service
        .request_approval(tenant, whose, action, reason, actor, time)
        .await?;
    Ok(awaits(internal, approval))
}

fn whose(request: &StatusRequest) -> Result<Whose, Problem> {
    match (&request.issuance, request.document, &request.subject) {
        (Some(issuance), document, None) => {
            let id = IssuanceId::parse(issuance)
                .ok_or_else(|| invalid("issuance: expected 22 characters of base64url"))?;
            Ok(document.map_or(Whose::Batch(id), |number| Whose::Document(id, number)))
        }
        (None, None, Some(reference)) => Ok(Whose::Person(subject(reference)?)),
        _ => Err(invalid(
            "expected either issuance, perhaps with document, or subject",
        )),
    }
}

/// What the source of record says of a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordEventRequest {
    /// Who.
    subject: String,
    /// What happened.
    event: Event,
}

/// What happened to a record.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Event {
    /// The licence is withdrawn for good: documents are revoked.
    Withdrawn,
    /// The licence is suspended: documents are suspended.
    Suspended,
    /// The licence is valid again: suspended documents are.
    Reinstated,
    /// Data elements changed: documents are revoked, and a new batch will say what is true.
    DataChanged,
}

/// Draws the consequences of a change in the source of record. A second operator has to approve what an operator reports
/// if that needs one, and nobody what the source of record itself reports (role `records`).
#[utoipa::path(post, path = "/tenants/{tenant}/record-events", security(("operator" = [])),
    params(("tenant" = String, Path)), request_body = RecordEventRequest,
    responses(
        (status = 200, description = "Done, now or before.", body = StatusAnswer),
        (status = 202, description = "Not done: a second operator has to approve.", body = ApprovalAnswer),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn record_event(
    State(internal): State<Internal>,
    Extension(Actor(actor)): Extension<Actor>,
    Extension(role): Extension<Role>,
    Path(tenant): Path<String>,
    Body(request): Body<RecordEventRequest>,
) -> Result<Response, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let subject = subject(&request.subject)?;
    let event = match request.event {
        Event::Withdrawn => RecordEvent::Withdrawn,
        Event::Suspended => RecordEvent::Suspended,
        Event::Reinstated => RecordEvent::Reinstated,
        Event::DataChanged => RecordEvent::DataChanged,
    };
    let whose = Whose::Person(subject.clone());
    let (action, reason) = event.consequence();
    if role == Role::Operator && internal.needs_second_person(action, &whose) {
        return ask(&internal, tenant, &whose, (action, reason), &actor).await;
    }
    let changed = internal
        .service
        .record_changed(tenant, &subject, event, &actor)
        .await?;
    Ok(Json(StatusAnswer::from(changed)).into_response())
}

/// A status list, and how far it has been published.
#[derive(Serialize, ToSchema)]
pub(super) struct StatusListAnswer {
    /// The end of its address.
    id: String,
    /// Positions given out.
    allocated: u32,
    /// Positions there are.
    capacity: u32,
    /// Entries, decoys included.
    size: u32,
    /// Grows with every change.
    version: u64,
    /// The version that the world sees.
    published_version: Option<u64>,
    /// When it was signed (RFC 3339).
    published_at: Option<String>,
    /// When the tokens expire (RFC 3339).
    expires_at: Option<String>,
}

/// The status lists of a tenant.
#[utoipa::path(get, path = "/tenants/{tenant}/status-lists", security(("operator" = [])),
    params(("tenant" = String, Path)),
    responses(
        (status = 200, description = "The lists.", body = [StatusListAnswer]),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn lists(
    State(internal): State<Internal>,
    Path(tenant): Path<String>,
) -> Result<Json<Vec<StatusListAnswer>>, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let lists = internal.service.store.status_lists(&tenant.name).await?;
    let answers = lists.into_iter().map(|list| StatusListAnswer {
        id: list.id.to_string(),
        allocated: list.allocated,
        capacity: list.capacity,
        size: list.size,
        version: list.version,
        published_version: list.published_version,
        published_at: list.published_at.map(written),
        expires_at: list.expires_at.map(written),
    });
    Ok(Json(answers.collect()))
}
