//! A store in memory, for tests, benchmarks and rehearsals.
//!
//! Not durable: what it holds is gone with the process, so the configuration of a service cannot ask for it.

mod compromise;

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use time::OffsetDateTime;

use compromise::Compromises;

use super::steps::{
    AppendCheckpoint, AppendLedger, CancelOffer, Check, Notify, PublishStatusList, Step, TakeLease,
    UseOnce,
};
use super::tables::{StatusChangeRow, Tables};
use super::{
    Approval, ApprovalId, Completion, CompletionOutcome, Compromise, CompromiseProgress,
    CompromiseReport, Decision, DecisionOutcome, Grant, GrantId, Hash, Issuance, IssuanceId,
    LedgerCheckpoint, LedgerDraft, LedgerHead, LedgerRow, MAX_ROWS, NewApproval, NewOffer,
    NewStatusList, NotificationEvent, NotificationOutcome, Offer, OfferFilter, OfferId, OfferState,
    PublishedStatusList, RecordedStatusChange, Redemption, RedemptionOutcome, Reissue, ReissuesDue,
    Reservation, ReservationOutcome, StatusChange, StatusList, StatusListId, StatusValue, Store,
    StoreError, UsedValue,
};

/// Everything under one lock.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    /// Locked after the tables.
    compromises: Mutex<Compromises>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // A step that panicked had written nothing yet, or its writes are as good as another order of steps.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compromised(&self) -> MutexGuard<'_, Compromises> {
        self.compromises
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn run<S: Step>(&self, step: &S) -> Result<S::Outcome, StoreError> {
        let mut tables = self.tables();
        let outcome = step.apply(&mut tables);
        tables.settle();
        outcome
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create_offer(&self, offer: NewOffer) -> Result<(), StoreError> {
        self.run(&offer)
    }

    async fn offer(&self, tenant: &str, id: OfferId) -> Result<Option<Offer>, StoreError> {
        let tables = self.tables();
        let row = tables.offers.get(&id).map(|row| &row.offer);
        Ok(row.filter(|offer| offer.tenant == tenant).cloned())
    }

    async fn offers(&self, filter: &OfferFilter) -> Result<Vec<Offer>, StoreError> {
        let tables = self.tables();
        let before = match filter.before {
            Some(id) => match tables.offers.get(&id) {
                Some(row) if row.offer.tenant == filter.tenant => {
                    Some((row.offer.created_at, row.offer.id))
                }
                _ => return Ok(Vec::new()),
            },
            None => None,
        };
        let mut offers: Vec<_> = tables
            .offers
            .values()
            .map(|row| &row.offer)
            .filter(|offer| offer.tenant == filter.tenant)
            .filter(|offer| {
                filter
                    .subject
                    .is_none_or(|subject| offer.subject == subject)
            })
            .filter(|offer| before.is_none_or(|before| (offer.created_at, offer.id) < before))
            .cloned()
            .collect();
        offers.sort_unstable_by_key(|offer| std::cmp::Reverse((offer.created_at, offer.id)));
        offers.truncate(filter.limit.min(MAX_ROWS) as usize);
        Ok(offers)
    }

    async fn cancel_offer(
        &self,
        tenant: &str,
        id: OfferId,
    ) -> Result<Option<OfferState>, StoreError> {
        let tenant = tenant.to_owned();
        self.run(&CancelOffer { tenant, id })
    }

    async fn offer_by_code(&self, tenant: &str, code: Hash) -> Result<Option<Offer>, StoreError> {
        let tables = self.tables();
        let row = tables.offer_of_code(code).map(|row| &row.offer);
        Ok(row.filter(|offer| offer.tenant == tenant).cloned())
    }

    async fn redeem(&self, redemption: Redemption) -> Result<RedemptionOutcome, StoreError> {
        self.run(&redemption)
    }

    async fn grant(&self, tenant: &str, token: Hash) -> Result<Option<Grant>, StoreError> {
        let tables = self.tables();
        let row = tables.grant_of_token(token).map(|row| &row.grant);
        Ok(row.filter(|grant| grant.tenant == tenant).cloned())
    }

    async fn use_once(&self, values: &[UsedValue]) -> Result<bool, StoreError> {
        self.run(&UseOnce(values.to_vec()))
    }

    async fn reserve(&self, reservation: Reservation) -> Result<ReservationOutcome, StoreError> {
        self.run(&reservation)
    }

    async fn complete(&self, completion: Completion) -> Result<CompletionOutcome, StoreError> {
        self.run(&completion)
    }

    async fn notify(
        &self,
        tenant: &str,
        grant: GrantId,
        notification: Hash,
        event: NotificationEvent,
    ) -> Result<NotificationOutcome, StoreError> {
        self.run(&Notify {
            tenant: tenant.to_owned(),
            grant,
            notification,
            event,
        })
    }

    async fn issuances(&self, tenant: &str, subject: Hash) -> Result<Vec<Issuance>, StoreError> {
        let tables = self.tables();
        let mut rows: Vec<_> = tables
            .issuances
            .values()
            .filter(|row| row.issuance.tenant == tenant && row.issuance.subject == subject)
            .collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.reserved_at, row.issuance.id)));
        rows.truncate(MAX_ROWS as usize);
        Ok(rows.into_iter().map(|row| row.issuance.clone()).collect())
    }

    async fn issuance(&self, tenant: &str, id: IssuanceId) -> Result<Option<Issuance>, StoreError> {
        let tables = self.tables();
        let row = tables.issuances.get(&id).map(|row| &row.issuance);
        Ok(row.filter(|issuance| issuance.tenant == tenant).cloned())
    }

    async fn create_status_list(&self, list: NewStatusList) -> Result<(), StoreError> {
        self.run(&list)
    }

    async fn status_lists(&self, tenant: &str) -> Result<Vec<StatusList>, StoreError> {
        let tables = self.tables();
        let mut rows: Vec<_> = tables
            .lists
            .values()
            .filter(|row| row.list.tenant == tenant)
            .collect();
        rows.sort_unstable_by_key(|row| (row.created_at, row.list.id));
        Ok(rows.into_iter().map(|row| row.list.clone()).collect())
    }

    async fn change_status(&self, change: StatusChange) -> Result<u64, StoreError> {
        self.run(&change)
    }

    async fn status_changes(
        &self,
        tenant: &str,
        issuance: IssuanceId,
    ) -> Result<Vec<RecordedStatusChange>, StoreError> {
        let tables = self.tables();
        let of_batch = tables
            .status_changes
            .iter()
            .filter(|row| row.issuance == issuance && row.change.tenant == tenant);
        let mut changes: Vec<_> = of_batch.map(StatusChangeRow::recorded).collect();
        changes.sort_by_key(|change| (change.at, change.document));
        changes.truncate(MAX_ROWS as usize);
        Ok(changes)
    }

    async fn status_entries(
        &self,
        list: StatusListId,
    ) -> Result<Vec<(u32, StatusValue)>, StoreError> {
        let tables = self.tables();
        let mut entries: Vec<_> = tables
            .documents
            .values()
            .filter(|row| row.status != StatusValue::Valid)
            .filter_map(|row| Some((row.place?, row.status)))
            .filter(|(place, _)| place.list == list)
            .map(|(place, status)| (place.position, status))
            .collect();
        entries.sort_unstable_by_key(|(position, _)| *position);
        Ok(entries)
    }

    async fn publish_status_list(
        &self,
        published: PublishedStatusList,
        issuer: &str,
        ledger: Vec<LedgerDraft>,
    ) -> Result<(), StoreError> {
        let issuer = issuer.to_owned();
        self.run(&PublishStatusList {
            published,
            issuer,
            ledger,
        })
    }

    async fn published_status_list(
        &self,
        tenant: &str,
        id: StatusListId,
    ) -> Result<Option<PublishedStatusList>, StoreError> {
        let tables = self.tables();
        let row = tables.tokens.get(&id);
        Ok(row.filter(|token| token.tenant == tenant).cloned())
    }

    async fn request_approval(&self, request: NewApproval) -> Result<Approval, StoreError> {
        self.run(&request)
    }

    async fn approval(&self, tenant: &str, id: ApprovalId) -> Result<Option<Approval>, StoreError> {
        let tables = self.tables();
        let row = tables.approvals.get(&id);
        Ok(row.filter(|row| row.tenant == tenant).cloned())
    }

    async fn approvals(
        &self,
        tenant: &str,
        before: Option<ApprovalId>,
    ) -> Result<Vec<Approval>, StoreError> {
        let tables = self.tables();
        let before = match before {
            Some(id) => match tables.approvals.get(&id) {
                Some(row) if row.tenant == tenant => Some((row.requested_at, row.id)),
                _ => return Ok(Vec::new()),
            },
            None => None,
        };
        let mut rows: Vec<_> = tables
            .approvals
            .values()
            .filter(|row| row.tenant == tenant)
            .filter(|row| before.is_none_or(|before| (row.requested_at, row.id) < before))
            .cloned()
            .collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.requested_at, row.id)));
        rows.truncate(MAX_ROWS as usize);
        Ok(rows)
    }

    async fn is_approved(&self, tenant: &str, digest: Hash) -> Result<bool, StoreError> {
        let tables = self.tables();
        let mut rows = tables.approvals.values();
        Ok(rows.any(|row| {
            let is_yes = row.decided.as_ref().is_some_and(|decided| decided.approved);
            is_yes && row.tenant == tenant && row.digest == digest
        }))
    }

    async fn decide(&self, decision: Decision) -> Result<DecisionOutcome, StoreError> {
        self.run(&decision)
    }

    async fn report_compromise(&self, report: &CompromiseReport) -> Result<(), StoreError> {
        self.compromised().report(report);
        Ok(())
    }

    async fn compromises(&self) -> Result<Vec<Compromise>, StoreError> {
        Ok(self.compromised().reported.clone())
    }

    async fn compromise_progress(
        &self,
        document_signer: Hash,
    ) -> Result<CompromiseProgress, StoreError> {
        let tables = self.tables();
        Ok(self.compromised().progress(&tables, document_signer))
    }

    async fn withdraw(
        &self,
        document_signer: Hash,
        most: u32,
        now: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let mut compromises = self.compromised();
        let batches = compromises.withdraw(&mut tables, document_signer, most, now);
        tables.settle();
        Ok(batches)
    }

    async fn reissues_due(
        &self,
        tenant: &str,
        most: u32,
        now: OffsetDateTime,
        since: OffsetDateTime,
    ) -> Result<ReissuesDue, StoreError> {
        let tables = self.tables();
        Ok(self.compromised().due(&tables, tenant, most, now, since))
    }

    async fn reissue_offered(
        &self,
        reissue: &Reissue,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.compromised().offered(reissue, now, until);
        Ok(())
    }

    async fn append_ledger(&self, entries: Vec<LedgerDraft>) -> Result<LedgerHead, StoreError> {
        self.run(&AppendLedger(entries))
    }

    async fn ledger(&self, from: u64, limit: u32) -> Result<Vec<LedgerRow>, StoreError> {
        let tables = self.tables();
        let rows = tables.ledger.iter().filter(|row| row.sequence >= from);
        Ok(rows.take(limit as usize).cloned().collect())
    }

    async fn ledger_head(&self) -> Result<LedgerHead, StoreError> {
        Ok(self.tables().head)
    }

    async fn append_checkpoint(
        &self,
        checkpoint: LedgerCheckpoint,
        entry: LedgerDraft,
    ) -> Result<(), StoreError> {
        self.run(&AppendCheckpoint { checkpoint, entry })
    }

    async fn checkpoints(
        &self,
        from: u64,
        limit: u32,
    ) -> Result<Vec<LedgerCheckpoint>, StoreError> {
        let tables = self.tables();
        let mut rows: Vec<_> = tables
            .checkpoints
            .values()
            .filter(|row| row.head.sequence >= from)
            .cloned()
            .collect();
        rows.sort_unstable_by_key(|row| row.head.sequence);
        rows.truncate(limit as usize);
        Ok(rows)
    }

    async fn last_checkpoint(&self) -> Result<Option<LedgerCheckpoint>, StoreError> {
        let tables = self.tables();
        let rows = tables.checkpoints.values();
        Ok(rows.max_by_key(|row| row.head.sequence).cloned())
    }

    async fn lease(
        &self,
        job: &str,
        holder: &str,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        self.run(&TakeLease {
            job: job.to_owned(),
            holder: holder.to_owned(),
            now,
            until,
        })
    }

    async fn purge(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let gone = self.tables().purge(now);
        Ok(gone + self.compromised().purge(now))
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.run(&Check)
    }
}
