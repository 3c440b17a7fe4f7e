//! Document signers whose key may be in other hands: reporting one, how far its withdrawal is, and offers for those who
//! lost documents.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Body, invalid, written};
use super::{Actor, Internal};
use crate::compromise::{CompromiseState, OfferedReissue};
use crate::operations::problem::Problem;
use crate::store::Hash;

/// The longest reason, in bytes.
const LONGEST_REASON: usize = 200;
/// Most offers of one answer.
const MOST: u32 = 1000;

/// Why somebody thinks so.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CompromiseRequest {
    /// A sentence about the key, for auditors: 1 to 200 bytes, no word about a holder.
    reason: String,
}

/// A report, and how far its consequences are.
#[derive(Serialize, ToSchema)]
pub(super) struct CompromiseAnswer {
    /// SHA-256 of the certificate, in hexadecimal.
    document_signer: String,
    /// When it was first reported (RFC 3339).
    reported_at: String,
    /// Who reported it.
    actor: String,
    /// Why.
    reason: String,
    /// Batches that are withdrawn.
    batches: u64,
    /// Batches that are not.
    remaining_batches: u64,
    /// Documents that were made invalid.
    documents: u64,
    /// When nothing was left to withdraw (RFC 3339).
    finished_at: Option<String>,
    /// The people who lost documents.
    reissues: ReissueCounts,
}

/// The people who lost documents.
#[derive(Serialize, ToSchema)]
struct ReissueCounts {
    /// Waiting for an offer.
    waiting: u64,
    /// Of these, those whose wallets have to come by themselves: nobody knows their reference any more.
    unreachable: u64,
    /// Offered and not collected yet.
    offered: u64,
    /// With other documents.
    replaced: u64,
    /// Offers that are made in a minute at most.
    offers_per_minute: u32,
    /// Minutes until all who wait were offered something, at that pace.
    minutes_left: i64,
}

impl From<CompromiseState> for CompromiseAnswer {
    fn from(state: CompromiseState) -> Self {
        let minutes_left = state.time_to_offer().whole_minutes();
        let (compromise, progress) = (state.compromise, state.progress);
        Self {
            document_signer: hex::encode(compromise.report.document_signer.0),
            reported_at: written(compromise.report.at),
            actor: compromise.report.actor,
            reason: compromise.report.reason,
            batches: compromise.batches,
            remaining_batches: progress.remaining_batches,
            documents: compromise.documents,
            finished_at: compromise.finished_at.map(written),
            reissues: ReissueCounts {
                waiting: progress.waiting,
                unreachable: progress.unreachable,
                offered: progress.offered,
                replaced: progress.replaced,
                offers_per_minute: state.offers_per_minute,
                minutes_left,
            },
        }
    }
}

/// Stops a document signer for good and has everything withdrawn that it signed. Its certificate is revoked by the
/// authority (`mdl ds compromise` does both). Repeating it changes nothing.
#[utoipa::path(post, path = "/document-signers/{sha256}/compromise", security(("operator" = [])),
    params(("sha256" = String, Path, description = "SHA-256 of the certificate, in hexadecimal")),
    request_body = CompromiseRequest,
    responses(
        (status = 200, description = "It signs no more; the withdrawal is under way.", body = CompromiseAnswer),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn report(
    State(internal): State<Internal>,
    Extension(Actor(actor)): Extension<Actor>,
    Path(sha256): Path<String>,
    Body(request): Body<CompromiseRequest>,
) -> Result<Json<CompromiseAnswer>, Problem> {
    let signer = hash(&sha256)?;
    let reason = request.reason.trim();
    if reason.is_empty() || reason.len() > LONGEST_REASON || reason.contains(char::is_control) {
        return Err(invalid(
            "reason: expected 1 to 200 bytes without control characters",
        ));
    }
    let service = &internal.service;
    let state = service.report_compromise(signer, reason, &actor).await?;
    state.map(|state| Json(state.into())).ok_or_else(unknown)
}

/// A report, and how far its consequences are.
#[utoipa::path(get, path = "/document-signers/{sha256}/compromise", security(("operator" = [])),
    params(("sha256" = String, Path, description = "SHA-256 of the certificate, in hexadecimal")),
    responses(
        (status = 200, description = "The report.", body = CompromiseAnswer),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn show(
    State(internal): State<Internal>,
    Path(sha256): Path<String>,
) -> Result<Json<CompromiseAnswer>, Problem> {
    let state = internal.service.compromise(hash(&sha256)?).await?;
    state.map(|state| Json(state.into())).ok_or_else(unknown)
}

/// Every report, oldest first: who reported which document signer, when and why.
#[utoipa::path(get, path = "/document-signers/compromises", security(("operator" = [])),
    responses(
        (status = 200, description = "The reports.", body = [CompromiseAnswer]),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    State(internal): State<Internal>,
) -> Result<Json<Vec<CompromiseAnswer>>, Problem> {
    let service = &internal.service;
    let mut answers = Vec::new();
    for compromise in service.store.compromises().await? {
        let signer = compromise.report.document_signer;
        answers.extend(
            service
                .compromise(signer)
                .await?
                .map(CompromiseAnswer::from),
        );
    }
    Ok(Json(answers))
}

/// How many.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReissueRequest {
    /// 1 to 1000.
    most: u32,
}

/// Somebody who lost documents, with an offer of others. To be handed to its holder, as any offer.
#[derive(Serialize, ToSchema)]
pub(super) struct ReissueAnswer {
    /// The subject reference.
    subject: String,
    /// What is offered.
    configuration_id: String,
    /// The offer's identifier.
    offer: String,
    /// A link with the offer in it.
    link_by_value: String,
    /// A link that says where the offer is fetched.
    link_by_reference: String,
    /// When it ends (RFC 3339). Who has not collected by then is in the queue again.
    expires_at: String,
}

impl From<OfferedReissue> for ReissueAnswer {
    fn from(offered: OfferedReissue) -> Self {
        Self {
            subject: offered.subject.expose().to_owned(),
            configuration_id: offered.configuration_id,
            offer: offered.offer.id.to_string(),
            link_by_value: offered.offer.link_by_value,
            link_by_reference: offered.offer.link_by_reference,
            expires_at: written(offered.offer.expires_at),
        }
    }
}

/// Takes the next people from the queue of those who lost documents, and makes each an offer. Fewer than asked for, or
/// none, where the quota of the key stores has no room in this minute or nobody waits.
#[utoipa::path(post, path = "/tenants/{tenant}/reissues", security(("operator" = [])),
    params(("tenant" = String, Path)), request_body = ReissueRequest,
    responses(
        (status = 200, description = "The offers.", body = [ReissueAnswer]),
        (status = "4XX", description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn offer_reissues(
    State(internal): State<Internal>,
    Path(tenant): Path<String>,
    Body(request): Body<ReissueRequest>,
) -> Result<Json<Vec<ReissueAnswer>>, Problem> {
    let tenant = internal.tenant(&tenant)?;
    if !(1..=MOST).contains(&request.most) {
        return Err(invalid("most: expected 1 to 1000"));
    }
    let offered = internal
        .service
        .offer_reissues(tenant, request.most)
        .await?;
    Ok(Json(offered.into_iter().map(Into::into).collect()))
}

fn hash(sha256: &str) -> Result<Hash, Problem> {
    let mut hash = [0; 32];
    hex::decode_to_slice(sha256, &mut hash)
        .map_err(|_| invalid("sha256: expected 64 hexadecimal digits"))?;
    Ok(Hash(hash))
}

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown-document-signer")
}
