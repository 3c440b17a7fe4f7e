//! Compromises in memory: the same as in `sql/compromise.rs`, row by row.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use crate::store::tables::{IssuanceRow, StatusChangeRow, Suspensions, Tables};
use crate::store::{
    CLOCK_DIFFERENCE, Compromise, CompromiseProgress, CompromiseReport, Hash, IssuanceId,
    IssuanceState, NotificationEvent, OFFER_RETENTION, Reissue, ReissuesDue, SIGNER_COMPROMISED,
    StatusChange, StatusSelector, StatusValue,
};

/// What was reported, and what is being done about it.
#[derive(Debug, Default)]
pub(super) struct Compromises {
    pub(super) reported: Vec<Compromise>,
    withdrawn: BTreeSet<IssuanceId>,
    queue: BTreeMap<(String, Hash, String), Queued>,
}

#[derive(Debug)]
struct Queued {
    reissue: Reissue,
    has_subject: bool,
    document_signer: Hash,
    valid_until: OffsetDateTime,
    state: QueueState,
    offered_at: Option<OffsetDateTime>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum QueueState {
    Waiting,
    Offered { until: OffsetDateTime },
    Replaced,
}

impl Compromises {
    pub(super) fn report(&mut self, report: &CompromiseReport) {
        let is_known = |known: &Compromise| known.report.document_signer == report.document_signer;
        if !self.reported.iter().any(is_known) {
            self.reported.push(Compromise {
                report: report.clone(),
                batches: 0,
                documents: 0,
                finished_at: None,
            });
        }
    }

    fn left(&self, tables: &Tables, document_signer: Hash) -> Vec<IssuanceRow> {
        let is_left = |row: &&IssuanceRow| {
            row.issuance.document_signer == document_signer
                && row.issuance.state != IssuanceState::Reserved
                && !self.withdrawn.contains(&row.issuance.id)
        };
        tables.issuances.values().filter(is_left).cloned().collect()
    }

    pub(super) fn progress(&self, tables: &Tables, document_signer: Hash) -> CompromiseProgress {
        let mut progress = CompromiseProgress {
            remaining_batches: self.left(tables, document_signer).len() as u64,
            ..CompromiseProgress::default()
        };
        let queued = self.queue.values();
        for queued in queued.filter(|queued| queued.document_signer == document_signer) {
            match queued.state {
                QueueState::Waiting => {
                    progress.waiting += 1;
                    progress.unreachable += u64::from(!queued.has_subject);
                }
                QueueState::Offered { .. } => progress.offered += 1,
                QueueState::Replaced => progress.replaced += 1,
            }
        }
        progress
    }

    pub(super) fn withdraw(
        &mut self,
        tables: &mut Tables,
        document_signer: Hash,
        most: u32,
        now: OffsetDateTime,
    ) -> u64 {
        let is_it = |known: &Compromise| known.report.document_signer == document_signer;
        let Some(place) = self.reported.iter().position(is_it) else {
            return 0;
        };
        let mut batches = self.left(tables, document_signer);
        batches.truncate(most as usize);
        let actor = self.reported[place].report.actor.clone();
        let mut documents = 0;
        for batch in &batches {
            documents += self.withdraw_batch(tables, batch, &actor, now);
        }
        let compromise = &mut self.reported[place];
        compromise.batches += batches.len() as u64;
        compromise.documents += documents;
        if !batches.is_empty() {
            compromise.finished_at = None;
        } else if now >= compromise.report.at + CLOCK_DIFFERENCE {
            compromise.finished_at = compromise.finished_at.or(Some(now));
        }
        batches.len() as u64
    }

    fn withdraw_batch(
        &mut self,
        tables: &mut Tables,
        row: &IssuanceRow,
        actor: &str,
        now: OffsetDateTime,
    ) -> u64 {
        let batch = &row.issuance;
        let (mut lists, mut changed, mut live) = (BTreeSet::new(), 0, false);
        for number in 0..batch.batch_size {
            let Some(document) = tables.documents.update(&(batch.id, number)) else {
                continue;
            };
            live |= document.status == StatusValue::Valid;
            if document.place.is_none() || document.status == StatusValue::Invalid {
                continue;
            }
            lists.extend(document.place.map(|place| place.list));
            (document.status, document.suspensions) = (StatusValue::Invalid, Suspensions::NONE);
            changed += 1;
            tables.status_changes.push(StatusChangeRow {
                change: StatusChange {
                    tenant: batch.tenant.clone(),
                    selector: StatusSelector::Issuance(batch.id),
                    value: StatusValue::Invalid,
                    reason: SIGNER_COMPROMISED.to_owned(),
                    actor: actor.to_owned(),
                    now,
                },
                issuance: batch.id,
                number,
            });
        }
        for list in lists {
            if let Some(row) = tables.lists.update(&list) {
                row.list.version += 1;
            }
        }
        self.withdrawn.insert(batch.id);
        let is_deleted = batch.notified == Some(NotificationEvent::Deleted);
        match batch.valid_until {
            Some(until) if live && !is_deleted && until > now => self.queue(row, until, now),
            _ => {}
        }
        changed
    }

    fn queue(&mut self, row: &IssuanceRow, valid_until: OffsetDateTime, now: OffsetDateTime) {
        let batch = &row.issuance;
        let key = (
            batch.tenant.clone(),
            batch.subject,
            batch.configuration_id.clone(),
        );
        if let Some(known) = self.queue.get(&key)
            && known.document_signer == batch.document_signer
            && (known.state != QueueState::Waiting || known.valid_until >= valid_until)
        {
            return;
        }
        let known = self.queue.get(&key);
        let queued = Queued {
            reissue: Reissue {
                tenant: batch.tenant.clone(),
                subject: batch.subject,
                configuration_id: batch.configuration_id.clone(),
                issuance: batch.id,
                sealed_subject: row.sealed_subject.clone().unwrap_or_default(),
                queued_at: now,
                attempts: known.map_or(0, |known| known.reissue.attempts),
            },
            has_subject: row.sealed_subject.is_some(),
            document_signer: batch.document_signer,
            valid_until,
            state: QueueState::Waiting,
            offered_at: known.and_then(|known| known.offered_at),
        };
        self.queue.insert(key, queued);
    }

    pub(super) fn due(
        &mut self,
        tables: &Tables,
        tenant: &str,
        most: u32,
        now: OffsetDateTime,
        since: OffsetDateTime,
    ) -> ReissuesDue {
        let withdrawn = &self.withdrawn;
        let has_other = |queued: &Queued| {
            tables.issuances.values().any(|row| {
                let (batch, wanted) = (&row.issuance, &queued.reissue);
                (&batch.tenant, batch.subject, &batch.configuration_id)
                    == (&wanted.tenant, wanted.subject, &wanted.configuration_id)
                    && batch.issued_at >= wanted.queued_at
                    && batch.state != IssuanceState::Reserved
                    && !withdrawn.contains(&batch.id)
            })
        };
        let mut due = Vec::new();
        let mut offered_since = 0;
        for queued in self.queue.values_mut() {
            if queued.reissue.tenant != tenant {
                continue;
            }
            if let QueueState::Offered { until } = queued.state {
                if has_other(queued) {
                    queued.state = QueueState::Replaced;
                    queued.reissue.sealed_subject.clear();
                } else if until <= now {
                    queued.state = QueueState::Waiting;
                }
            }
            offered_since += u64::from(queued.offered_at.is_some_and(|at| at > since));
            if queued.state == QueueState::Waiting && queued.has_subject {
                due.push((queued.valid_until, queued.reissue.clone()));
            }
        }
        // In the order of the keys where they would have been good for as long.
        due.sort_by_key(|(until, _)| std::cmp::Reverse(*until));
        due.truncate(most as usize);
        ReissuesDue {
            due: due.into_iter().map(|(_, reissue)| reissue).collect(),
            offered_since,
        }
    }

    /// As long after they lost theirs as offers are kept.
    pub(super) fn purge(&mut self, now: OffsetDateTime) -> u64 {
        let before = self.queue.len();
        self.queue
            .retain(|_, queued| now < queued.reissue.queued_at + OFFER_RETENTION);
        (before - self.queue.len()) as u64
    }

    pub(super) fn offered(
        &mut self,
        reissue: &Reissue,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) {
        let key = (
            reissue.tenant.clone(),
            reissue.subject,
            reissue.configuration_id.clone(),
        );
        if let Some(queued) = self.queue.get_mut(&key)
            && queued.state == QueueState::Waiting
        {
            queued.state = QueueState::Offered { until };
            queued.offered_at = Some(now);
            queued.reissue.attempts = reissue.attempts + 1;
        }
    }
}
