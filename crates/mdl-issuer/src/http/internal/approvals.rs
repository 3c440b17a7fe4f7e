//! Approvals: what waits for a second person, what became of it, and the decision.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Body, invalid, subject, written};
use super::{Actor, Internal};
use crate::dual_control::DecideError;
use crate::operations::problem::Problem;
use crate::store::{Approval, ApprovalId, DecisionOutcome, Hash};

/// A request for approval, and what became of it.
#[derive(Serialize, ToSchema)]
pub(super) struct ApprovalAnswer {
    /// Its identifier.
    id: String,
    /// What is asked for: `operation`, `issuance` and `document` or the keyed hash of the `subject`, `reason`.
    #[schema(value_type = Object)]
    operation: serde_json::Value,
    /// SHA-256 of tenant and operation, in hexadecimal: a decision repeats it.
    digest: String,
    /// `open`, `approved`, `rejected` or `expired`.
    state: &'static str,
    /// The operator who asks.
    requested_by: String,
    /// When (RFC 3339).
    requested_at: String,
    /// Until when it may be decided (RFC 3339).
    expires_at: String,
    /// The operator who decided.
    decided_by: Option<String>,
    /// When (RFC 3339).
    decided_at: Option<String>,
    /// Documents whose status is another since.
    documents: Option<u64>,
}

impl ApprovalAnswer {
    pub(super) fn new(internal: &Internal, approval: Approval) -> Self {
        let state = match &approval.decided {
            Some(decided) if decided.approved => "approved",
            Some(_) => "rejected",
            None if internal.service.clock.now() >= approval.expires_at => "expired",
            None => "open",
        };
        let decided = approval.decided.as_ref();
        Self {
            id: approval.id.to_string(),
            operation: serde_json::from_str(&approval.operation).unwrap_or_default(),
            digest: hex::encode(approval.digest.0),
            state,
            requested_by: approval.requested_by,
            requested_at: written(approval.requested_at),
            expires_at: written(approval.expires_at),
            decided_by: decided.map(|decided| decided.by.clone()),
            decided_at: decided.map(|decided| written(decided.at)),
            documents: decided.map(|decided| decided.documents),
        }
    }
}

/// Tells that a second person has to approve before anything is done.
pub(super) fn awaits(internal: &Internal, approval: Approval) -> Response {
    let answer = Json(ApprovalAnswer::new(internal, approval));
    (StatusCode::ACCEPTED, answer).into_response()
}

/// Where a page of requests begins.
#[derive(Deserialize)]
pub(super) struct Page {
    /// The last request of the page before.
    before: Option<String>,
}

fn id(text: &str) -> Option<ApprovalId> {
    ApprovalId::parse(text)
}

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown-approval")
}

/// Requests for approval, newest first, those that were decided too.
#[utoipa::path(get, path = "/tenants/{tenant}/approvals", security(("operator" = [])),
    params(("tenant" = String, Path), ("before" = Option<String>, Query, description = "The last of the page before.")),
    responses(
        (status = 200, description = "The requests, at most 1,000.", body = [ApprovalAnswer]),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    State(internal): State<Internal>,
    Path(tenant): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<Vec<ApprovalAnswer>>, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let before = match &page.before {
        None => None,
        Some(text) => Some(id(text).ok_or_else(unknown)?),
    };
    let found = internal
        .service
        .store
        .approvals(&tenant.name, before)
        .await?;
    let answers = found.into_iter();
    Ok(Json(
        answers
            .map(|approval| ApprovalAnswer::new(&internal, approval))
            .collect(),
    ))
}

/// One request for approval.
#[utoipa::path(get, path = "/tenants/{tenant}/approvals/{approval}", security(("operator" = [])),
    params(("tenant" = String, Path), ("approval" = String, Path)),
    responses(
        (status = 200, description = "The request.", body = ApprovalAnswer),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn show(
    State(internal): State<Internal>,
    Path((tenant, approval)): Path<(String, String)>,
) -> Result<Json<ApprovalAnswer>, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let id = id(&approval).ok_or_else(unknown)?;
    let found = internal.service.store.approval(&tenant.name, id).await?;
    let found = found.ok_or_else(unknown)?;
    Ok(Json(ApprovalAnswer::new(&internal, found)))
}

/// A decision about a request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionRequest {
    /// The digest of the operation that was looked at.
    digest: String,
    /// Yes or no.
    verdict: DecisionVerdict,
    /// Whom an operation on a person is about, to approve it.
    subject: Option<String>,
}

/// Yes or no.
#[derive(Clone, Copy, Deserialize, Eq, PartialEq, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum DecisionVerdict {
    /// It is done, now.
    Approve,
    /// It is not done.
    Reject,
}

/// Approves what somebody else asked for, which does it, or rejects it; whoever asked may reject it, too.
#[utoipa::path(post, path = "/tenants/{tenant}/approvals/{approval}/decision", security(("operator" = [])),
    params(("tenant" = String, Path), ("approval" = String, Path)), request_body = DecisionRequest,
    responses(
        (status = 200, description = "Decided, now or before by the same operator.", body = ApprovalAnswer),
        (status = 403, description = "Whoever asks does not approve.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Decided otherwise, too late, or another operation or person than was looked at.",
         body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn decide(
    State(internal): State<Internal>,
    Extension(Actor(actor)): Extension<Actor>,
    Path((tenant, approval)): Path<(String, String)>,
    Body(request): Body<DecisionRequest>,
) -> Result<Json<ApprovalAnswer>, Problem> {
    let tenant = internal.tenant(&tenant)?;
    let id = id(&approval).ok_or_else(unknown)?;
    let mut digest = Hash::default();
    hex::decode_to_slice(&request.digest, &mut digest.0)
        .map_err(|_| invalid("digest: expected 64 hexadecimal digits"))?;
    let person = request.subject.as_deref().map(subject).transpose()?;
    let approve = request.verdict == DecisionVerdict::Approve;
    let conflict = |code, detail| Problem::new(StatusCode::CONFLICT, code).detail(detail);
    let outcome = internal
        .service
        .decide(tenant, id, digest, approve, person.as_ref(), &actor)
        .await
        .map_err(|error| match error {
            DecideError::Store(error) => error.into(),
            DecideError::OtherPerson => conflict(
                "other-person",
                "subject: say whom the operation is about, to approve it",
            ),
        })?;
    match outcome {
        DecisionOutcome::Done(approval) => Ok(Json(ApprovalAnswer::new(&internal, approval))),
        DecisionOutcome::Unknown => Err(unknown()),
        DecisionOutcome::OtherOperation => Err(conflict(
            "other-operation",
            "digest: the request is for another operation",
        )),
        DecisionOutcome::OwnRequest => Err(Problem::new(StatusCode::FORBIDDEN, "own-request")
            .detail("somebody else has to approve; you may reject it")),
        DecisionOutcome::Expired => Err(conflict("approval-expired", "ask again")),
        DecisionOutcome::DecidedBefore(_) => Err(conflict("decided-before", "look at the request")),
    }
}
