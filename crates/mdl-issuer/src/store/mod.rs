//! What must survive a crash, and be the same on every replica.
//!
//! A [`Store`] offers whole steps of the service, not rows: each method is atomic, and each may be repeated after a
//! lost answer without doing anything twice. Refusals that a client can cause are outcomes; [`StoreError`] is left for
//! a store that does not work.
//!
//! No plain personal data comes in here: subject references are sealed and, for look-ups, keyed hashes; codes and
//! tokens are hashes.

mod approval;
mod compromise;
mod identifier;
mod issuance;
mod ledger;
mod memory;
mod offer;
mod replay;
mod sql;
mod status;
mod steps;
mod tables;

use std::fmt;

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

pub use approval::{
    Approval, Decided, Decision, DecisionOutcome, NewApproval, Verdict, same_person,
};
pub use compromise::{
    Compromise, CompromiseProgress, CompromiseReport, Reissue, ReissuesDue, SIGNER_COMPROMISED,
};
pub use identifier::{ApprovalId, GrantId, Hash, IssuanceId, OfferId, StatusListId};
pub use issuance::{
    Completion, CompletionOutcome, Issuance, IssuanceState, NewIssuance, NotificationEvent,
    NotificationOutcome, Reservation, ReservationLimits, ReservationOutcome,
};
pub use ledger::{LedgerCheckpoint, LedgerDraft, LedgerHead, LedgerRow, SignaturePurpose};
pub use memory::MemoryStore;
pub use offer::{
    Grant, NewGrant, NewOffer, Offer, OfferFilter, OfferState, Redemption, RedemptionOutcome,
    SealedSubject, TxCodeRule,
};
pub use replay::{UsedPurpose, UsedValue};
pub use sql::SqlStore;
pub use status::{
    NewStatusList, PublishedStatusList, RecordedStatusChange, STATUS_LIST_MARGIN, StatusChange,
    StatusList, StatusPosition, StatusSelector, StatusValue,
};

/// Most rows of one page of offers or issuances.
pub const MAX_ROWS: u32 = 1000;

/// How far apart the clocks of two replicas may be. What counts once is remembered for so much longer than it counts: the
/// replica whose clock is ahead must not erase what the one behind still takes.
pub const CLOCK_DIFFERENCE: Duration = Duration::MINUTE;

/// How often a request is answered again once its batch was issued. Every time costs a signature and a ledger entry for
/// each document; a wallet that has lost so many answers asks for another offer.
pub const MAX_REPETITIONS: u32 = 16;

/// How long operators find an offer after it has expired. Its subject reference is erased at once.
pub const OFFER_RETENTION: Duration = Duration::days(30);

/// The durable state of the service.
///
/// Times are kept in microseconds; what is finer may be cut off.
///
/// Every implementation passes the behaviour suite in `tests/store`.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    // Offers and grants (OpenID4VCI 4 and 6).

    /// Keeps an offer. Creating the same offer again (same identifier) is nothing new.
    async fn create_offer(&self, offer: NewOffer) -> Result<(), StoreError>;
    /// An offer, also one that is over.
    async fn offer(&self, tenant: &str, id: OfferId) -> Result<Option<Offer>, StoreError>;
    /// Offers, newest first, at most `limit` of them, older than `before` where it is given.
    async fn offers(&self, filter: &OfferFilter) -> Result<Vec<Offer>, StoreError>;
    /// Ends an offer that is open. `None`: there is no such offer; else the state it is in now.
    async fn cancel_offer(
        &self,
        tenant: &str,
        id: OfferId,
    ) -> Result<Option<OfferState>, StoreError>;
    /// The offer of a pre-authorized code, by the code's SHA-256.
    async fn offer_by_code(&self, tenant: &str, code: Hash) -> Result<Option<Offer>, StoreError>;
    /// Trades a pre-authorized code for a grant, or counts a wrong transaction code.
    async fn redeem(&self, redemption: Redemption) -> Result<RedemptionOutcome, StoreError>;
    /// The grant of an access token, expired or not.
    async fn grant(&self, tenant: &str, token: Hash) -> Result<Option<Grant>, StoreError>;

    // Replays.

    /// Records values that count once. `false`: one of them was recorded before, and none is recorded now. The one
    /// method that must not be repeated after a lost answer: that it was recorded may be its own doing.
    async fn use_once(&self, values: &[UsedValue]) -> Result<bool, StoreError>;

    // Issuing.

    /// Begins an issuance, or finds the one that this request began before.
    async fn reserve(&self, reservation: Reservation) -> Result<ReservationOutcome, StoreError>;
    /// Ends an issuance: ledger entries and state, before any signature leaves.
    async fn complete(&self, completion: Completion) -> Result<CompletionOutcome, StoreError>;
    /// What a wallet reports of a delivery (OpenID4VCI 11).
    async fn notify(
        &self,
        tenant: &str,
        grant: GrantId,
        notification: Hash,
        event: NotificationEvent,
    ) -> Result<NotificationOutcome, StoreError>;
    /// Issuances for a person, by the keyed hash of the subject reference, newest first, at most 1,000.
    async fn issuances(&self, tenant: &str, subject: Hash) -> Result<Vec<Issuance>, StoreError>;
    /// One issuance.
    async fn issuance(&self, tenant: &str, id: IssuanceId) -> Result<Option<Issuance>, StoreError>;

    // Status lists.

    /// Adds an empty list that is open for allocation.
    async fn create_status_list(&self, list: NewStatusList) -> Result<(), StoreError>;
    /// The lists of a tenant with their fill.
    async fn status_lists(&self, tenant: &str) -> Result<Vec<StatusList>, StoreError>;
    /// Changes the status of documents. How many entries changed; 0 also where they were so already.
    async fn change_status(&self, change: StatusChange) -> Result<u64, StoreError>;
    /// The changes of the documents of a batch, oldest first, at most [`MAX_ROWS`] of them.
    async fn status_changes(
        &self,
        tenant: &str,
        issuance: IssuanceId,
    ) -> Result<Vec<RecordedStatusChange>, StoreError>;
    /// The positions of a list that are not [`StatusValue::Valid`].
    async fn status_entries(
        &self,
        list: StatusListId,
    ) -> Result<Vec<(u32, StatusValue)>, StoreError>;
    /// Puts freshly signed tokens of a list before the world, with their ledger entries. `issuer` is the Credential
    /// Issuer Identifier that they were signed for.
    async fn publish_status_list(
        &self,
        published: PublishedStatusList,
        issuer: &str,
        ledger: Vec<LedgerDraft>,
    ) -> Result<(), StoreError>;
    /// The tokens of a list as last published.
    async fn published_status_list(
        &self,
        tenant: &str,
        id: StatusListId,
    ) -> Result<Option<PublishedStatusList>, StoreError>;

    // Approvals.

    /// Asks for approval. The same request of the same operator that is open is found instead.
    async fn request_approval(&self, request: NewApproval) -> Result<Approval, StoreError>;
    /// One request for approval.
    async fn approval(&self, tenant: &str, id: ApprovalId) -> Result<Option<Approval>, StoreError>;
    /// Requests for approval, newest first, older than `before` where it is given, at most [`MAX_ROWS`] of them.
    async fn approvals(
        &self,
        tenant: &str,
        before: Option<ApprovalId>,
    ) -> Result<Vec<Approval>, StoreError>;
    /// Whether this operation, by its digest, was ever approved.
    async fn is_approved(&self, tenant: &str, digest: Hash) -> Result<bool, StoreError>;
    /// Approves, which does what was asked for, or rejects; once.
    async fn decide(&self, decision: Decision) -> Result<DecisionOutcome, StoreError>;

    // Compromises.

    /// Keeps a report that a document signer's key may be in other hands. Only the first about it counts.
    async fn report_compromise(&self, report: &CompromiseReport) -> Result<(), StoreError>;
    /// All reports, oldest first.
    async fn compromises(&self) -> Result<Vec<Compromise>, StoreError>;
    /// What is still to be done about a document signer, reported or not.
    async fn compromise_progress(
        &self,
        document_signer: Hash,
    ) -> Result<CompromiseProgress, StoreError>;
    /// Makes the documents of at most so many batches invalid that a reported document signer signed, and queues their
    /// holders for re-issue. How many batches it were: with 0 nothing is left for now, and one
    /// [`CLOCK_DIFFERENCE`] after the report it is finished.
    async fn withdraw(
        &self,
        document_signer: Hash,
        most: u32,
        now: OffsetDateTime,
    ) -> Result<u64, StoreError>;
    /// The next of the queue, at most so many, and how many were offered after `since`. Who has other documents by now
    /// has left the queue, and who let an offer run out is in it again.
    async fn reissues_due(
        &self,
        tenant: &str,
        most: u32,
        now: OffsetDateTime,
        since: OffsetDateTime,
    ) -> Result<ReissuesDue, StoreError>;
    /// Notes that there is an offer until a time.
    async fn reissue_offered(
        &self,
        reissue: &Reissue,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<(), StoreError>;

    // Ledger.

    /// Appends entries for signatures that belong to no issuance.
    async fn append_ledger(&self, entries: Vec<LedgerDraft>) -> Result<LedgerHead, StoreError>;
    /// At most `limit` entries from the sequence number `from` on, in order.
    async fn ledger(&self, from: u64, limit: u32) -> Result<Vec<LedgerRow>, StoreError>;
    /// The newest entry.
    async fn ledger_head(&self) -> Result<LedgerHead, StoreError>;
    /// Keeps a checkpoint, with the entry for its own signature. Another one about the same entry is not kept.
    async fn append_checkpoint(
        &self,
        checkpoint: LedgerCheckpoint,
        entry: LedgerDraft,
    ) -> Result<(), StoreError>;
    /// At most `limit` checkpoints about the sequence number `from` and later ones, in order.
    async fn checkpoints(&self, from: u64, limit: u32)
    -> Result<Vec<LedgerCheckpoint>, StoreError>;
    /// The checkpoint about the newest entry that has one.
    async fn last_checkpoint(&self) -> Result<Option<LedgerCheckpoint>, StoreError>;

    // Operation.

    /// Takes or prolongs the right to a periodic job until `until`. `false`: another holder has it.
    async fn lease(
        &self,
        job: &str,
        holder: &str,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<bool, StoreError>;
    /// Erases what is over: used values, offers, grants, sealed subjects and seeds, who is to be offered other documents and
    /// did not take them, tokens of status lists that no valid
    /// document names. How many rows went.
    async fn purge(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
    /// Whether the store answers and takes writes.
    async fn check(&self) -> Result<(), StoreError>;
}

/// The store did not do what it was asked; nothing was changed, or the change may be repeated.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database is away or too slow: worth a retry.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// What the database holds is not what this version wrote.
    #[error("the store holds something unexpected: {0}")]
    Corrupt(String),
}
