//! Creating, changing and publishing status lists.

use std::collections::BTreeSet;

use super::{Needs, Step};
use crate::status::StatusReason;
use crate::store::tables::{DocumentRow, StatusChangeRow, StatusListRow, Suspensions, Tables};
use crate::store::{
    IssuanceId, LedgerDraft, NewStatusList, PublishedStatusList, StatusChange, StatusList,
    StatusSelector, StatusValue, StoreError,
};

impl Step for NewStatusList {
    type Outcome = ();

    fn needs(&self, needs: &mut Needs) {
        needs.lists.insert(self.id);
    }

    fn apply(&self, tables: &mut Tables) -> Result<(), StoreError> {
        if tables.lists.get(&self.id).is_some() {
            return Ok(());
        }
        let row = StatusListRow {
            list: StatusList {
                id: self.id,
                tenant: self.tenant.clone(),
                size: self.size,
                capacity: self.capacity,
                allocated: 0,
                version: 0,
                published_version: None,
                published_at: None,
                expires_at: None,
                published_for: None,
                needed_until: None,
            },
            created_at: self.created_at,
        };
        tables.lists.insert(self.id, row);
        Ok(())
    }
}

impl Step for StatusChange {
    type Outcome = u64;

    fn needs(&self, needs: &mut Needs) {
        match self.selector {
            StatusSelector::Document(issuance, _) | StatusSelector::Issuance(issuance) => {
                needs.documents_of_issuances.insert(issuance);
            }
            StatusSelector::Subject(subject) => {
                let person = (self.tenant.clone(), subject);
                needs.documents_of_subjects.insert(person);
            }
        }
    }

    fn apply(&self, tables: &mut Tables) -> Result<u64, StoreError> {
        let mut lists = BTreeSet::new();
        let mut changed = 0;
        for key in self.selected(tables) {
            let document = tables.documents.get(&key);
            let Some((status, suspensions)) = document.and_then(|row| self.outcome(row)) else {
                continue;
            };
            let Some(document) = tables.documents.update(&key) else {
                continue;
            };
            if document.status != status {
                changed += 1;
                lists.extend(document.place.map(|place| place.list));
            }
            (document.status, document.suspensions) = (status, suspensions);
            tables.status_changes.push(StatusChangeRow {
                change: self.clone(),
                issuance: document.issuance,
                number: document.number,
            });
        }
        for list in lists {
            if let Some(row) = tables.lists.update(&list) {
                row.list.version += 1;
            }
        }
        Ok(changed)
    }
}

impl StatusChange {
    /// What becomes of a document; `None` if nothing does.
    fn outcome(&self, document: &DocumentRow) -> Option<(StatusValue, Suspensions)> {
        if document.place.is_none() || document.status == StatusValue::Invalid {
            return None;
        }
        let is_reason = |reason: StatusReason| self.reason == reason.code();
        let held = document.suspensions;
        let (status, suspensions) = match self.value {
            StatusValue::Invalid => (StatusValue::Invalid, Suspensions::NONE),
            StatusValue::Suspended if is_reason(StatusReason::LicenceSuspended) => {
                (StatusValue::Suspended, held.with(Suspensions::LICENCE))
            }
            StatusValue::Suspended => (StatusValue::Suspended, held.with(Suspensions::OTHER)),
            StatusValue::Valid if is_reason(StatusReason::LicenceReinstated) => {
                match held.without(Suspensions::LICENCE) {
                    Suspensions::NONE => (StatusValue::Valid, Suspensions::NONE),
                    rest => (StatusValue::Suspended, rest),
                }
            }
            StatusValue::Valid => (StatusValue::Valid, Suspensions::NONE),
        };
        let is_new = (status, suspensions) != (document.status, held);
        is_new.then_some((status, suspensions))
    }

    fn selected(&self, tables: &Tables) -> Vec<(IssuanceId, u32)> {
        let ours = |id: &IssuanceId| {
            let row = tables.issuances.get(id);
            row.filter(|row| row.issuance.tenant == self.tenant)
        };
        let batch = |id: IssuanceId| {
            let documents = ours(&id).map_or(0, |row| row.issuance.batch_size);
            (0..documents).map(move |number| (id, number))
        };
        match self.selector {
            StatusSelector::Document(id, number) => {
                batch(id).filter(|(_, other)| *other == number).collect()
            }
            StatusSelector::Issuance(id) => batch(id).collect(),
            StatusSelector::Subject(subject) => {
                let mut documents: Vec<_> = tables
                    .issuances
                    .values()
                    .filter(|row| row.issuance.subject == subject)
                    .flat_map(|row| batch(row.issuance.id))
                    .collect();
                documents.sort_unstable();
                documents
            }
        }
    }
}

/// See [`Store::publish_status_list`](crate::store::Store::publish_status_list).
#[derive(Debug)]
pub(in crate::store) struct PublishStatusList {
    pub(in crate::store) published: PublishedStatusList,
    pub(in crate::store) issuer: String,
    pub(in crate::store) ledger: Vec<LedgerDraft>,
}

impl Step for PublishStatusList {
    type Outcome = ();

    fn needs(&self, needs: &mut Needs) {
        needs.lists.insert(self.published.id);
    }

    fn apply(&self, tables: &mut Tables) -> Result<(), StoreError> {
        let new = &self.published;
        let known = tables.lists.get(&new.id);
        if known.is_none_or(|row| row.list.tenant != new.tenant) {
            let what = "a publication of a status list that was never created";
            return Err(StoreError::Corrupt(what.into()));
        }
        let age = |token: &PublishedStatusList| (token.version, token.issued_at);
        let old = tables.tokens.get(&new.id);
        if old.is_some_and(|old| old.jwt == new.jwt && old.cwt == new.cwt) {
            return Ok(());
        }
        let newer = old.is_none_or(|old| age(old) <= age(new));
        // Signed is signed, also where another replica was faster.
        tables.append_to_ledger(&self.ledger);
        if newer {
            if let Some(row) = tables.lists.update(&new.id) {
                row.list.published_version = Some(new.version);
                row.list.published_at = Some(new.issued_at);
                row.list.expires_at = Some(new.expires_at);
                row.list.published_for = Some(self.issuer.clone());
            }
            match tables.tokens.update(&new.id) {
                Some(row) => *row = new.clone(),
                None => tables.tokens.insert(new.id, new.clone()),
            }
        }
        Ok(())
    }
}
