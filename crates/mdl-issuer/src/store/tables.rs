//! The rows that a step works on: all there are, or those that a database was asked for.
//!
//! What a step of the service does to the rows is written once, in [`super::steps`], against [`Tables`]. The memory
//! store keeps everything in one; the databases fill one with the rows that a group of steps needs, let the steps work
//! and write back what they changed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash as HashKey;

use time::OffsetDateTime;

use super::{
    Approval, ApprovalId, CLOCK_DIFFERENCE, Grant, GrantId, Hash, Issuance, IssuanceId,
    LedgerCheckpoint, LedgerDraft, LedgerHead, LedgerRow, OFFER_RETENTION, Offer, OfferId,
    PublishedStatusList, RecordedStatusChange, STATUS_LIST_MARGIN, StatusChange, StatusList,
    StatusListId, StatusPosition, StatusValue, UsedPurpose,
};
use crate::ledger;

/// Rows of one kind by their key, and which of them were written since they were read.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    rows: HashMap<K, V>,
    written: BTreeMap<K, Written>,
}

/// What must be done to a row in the database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Written {
    Inserted,
    Updated,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            written: BTreeMap::new(),
        }
    }
}

impl<K: Clone + Eq + HashKey + Ord, V> Table<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key)
    }

    /// A row to be changed.
    pub(super) fn update(&mut self, key: &K) -> Option<&mut V> {
        let row = self.rows.get_mut(key)?;
        self.written.entry(key.clone()).or_insert(Written::Updated);
        Some(row)
    }

    pub(super) fn insert(&mut self, key: K, row: V) {
        self.written.insert(key.clone(), Written::Inserted);
        self.rows.insert(key, row);
    }

    /// A row as the database has it.
    pub(super) fn load(&mut self, key: K, row: V) {
        self.rows.insert(key, row);
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.values()
    }

    /// The rows to be written, in the order of their keys.
    pub(super) fn written(&self, how: Written) -> impl Iterator<Item = &V> {
        self.written
            .iter()
            .filter(move |(_, written)| **written == how)
            .filter_map(|(key, _)| self.rows.get(key))
    }

    /// Drops rows. How many.
    fn retain(&mut self, keep: impl Fn(&V) -> bool) -> u64 {
        let before = self.rows.len();
        self.rows.retain(|_, row| keep(row));
        (before - self.rows.len()) as u64
    }
}

#[derive(Clone, Debug)]
pub(super) struct OfferRow {
    pub(super) offer: Offer,
    /// SHA-256 of the pre-authorized code.
    pub(super) code: Hash,
    /// The sealed subject reference, until the offer is over.
    pub(super) sealed: Option<Vec<u8>>,
    /// The last redemption with a wrong transaction code, which is not counted again when it is repeated.
    pub(super) last_attempt: Option<GrantId>,
}

#[derive(Clone, Debug)]
pub(super) struct GrantRow {
    pub(super) grant: Grant,
    /// SHA-256 of the access token.
    pub(super) token: Hash,
}

#[derive(Clone, Debug)]
pub(super) struct UsedRow {
    pub(super) purpose: UsedPurpose,
    pub(super) value: Hash,
    /// Who used it: for the same user it counts as the same use.
    pub(super) used_by: Hash,
    pub(super) expires_at: OffsetDateTime,
}

#[derive(Clone, Debug)]
pub(super) struct IssuanceRow {
    pub(super) issuance: Issuance,
    pub(super) request_key: Hash,
    pub(super) reserved_at: OffsetDateTime,
    pub(super) notification: Option<Hash>,
    /// The request of the last completion, which is not recorded again when it is repeated.
    pub(super) completed_by: Option<[u8; 16]>,
    /// How often the request came again after the batch was issued.
    pub(super) repetitions: u32,
    /// For whom it was issued, until the documents end.
    pub(super) sealed_subject: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
pub(super) struct DocumentRow {
    pub(super) issuance: IssuanceId,
    pub(super) number: u32,
    pub(super) device_key: Hash,
    pub(super) place: Option<StatusPosition>,
    pub(super) status: StatusValue,
    pub(super) suspensions: Suspensions,
}

/// What holds a document suspended: a set, as the sum of its members. A document whose licence was suspended and whose
/// device was reported lost is not valid again because the licence is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Suspensions(pub(super) u8);

impl Suspensions {
    /// The licence is suspended.
    pub(super) const LICENCE: Self = Self(1);
    /// Anything else.
    pub(super) const OTHER: Self = Self(2);
    /// Nothing.
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

#[derive(Clone, Debug)]
pub(super) struct StatusListRow {
    pub(super) list: StatusList,
    pub(super) created_at: OffsetDateTime,
}

#[derive(Clone, Debug)]
pub(super) struct LeaseRow {
    pub(super) job: String,
    pub(super) holder: String,
    pub(super) until: OffsetDateTime,
}

/// One document of a change of status, for those who ask later who changed what.
#[derive(Clone, Debug)]
pub(super) struct StatusChangeRow {
    pub(super) change: StatusChange,
    pub(super) issuance: IssuanceId,
    pub(super) number: u32,
}

impl StatusChangeRow {
    pub(super) fn recorded(&self) -> RecordedStatusChange {
        RecordedStatusChange {
            at: self.change.now,
            document: self.number,
            value: self.change.value,
            reason: self.change.reason.clone(),
            actor: self.change.actor.clone(),
        }
    }
}

/// The rows.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) offers: Table<OfferId, OfferRow>,
    pub(super) grants: Table<GrantId, GrantRow>,
    pub(super) used: Table<(UsedPurpose, Hash), UsedRow>,
    pub(super) issuances: Table<IssuanceId, IssuanceRow>,
    pub(super) documents: Table<(IssuanceId, u32), DocumentRow>,
    pub(super) lists: Table<StatusListId, StatusListRow>,
    pub(super) tokens: Table<StatusListId, PublishedStatusList>,
    pub(super) approvals: Table<ApprovalId, Approval>,
    pub(super) leases: Table<String, LeaseRow>,
    pub(super) checkpoints: Table<u64, LedgerCheckpoint>,
    pub(super) status_changes: Vec<StatusChangeRow>,
    /// Entries: all of them, or those to be written.
    pub(super) ledger: Vec<LedgerRow>,
    pub(super) head: LedgerHead,
    /// Whether the head is to be written although it did not move.
    pub(super) touch_head: bool,
    /// Keys that are in a document.
    pub(super) device_keys: HashSet<Hash>,
    /// How many documents a person was given since a time, as counted by a database.
    pub(super) counted: HashMap<(String, Hash, OffsetDateTime), u64>,
    of_code: HashMap<Hash, OfferId>,
    of_token: HashMap<Hash, GrantId>,
    of_grant: HashMap<GrantId, BTreeSet<IssuanceId>>,
    /// Time and documents of the issuances that [`counted`](Self::counted) does not know.
    of_subject: HashMap<(String, Hash), Vec<(OffsetDateTime, u32)>>,
}

impl Tables {
    pub(super) fn insert_offer(&mut self, row: OfferRow) {
        self.of_code.insert(row.code, row.offer.id);
        self.offers.insert(row.offer.id, row);
    }

    /// The offer of a code, among those inserted.
    pub(super) fn offer_of_code(&self, code: Hash) -> Option<&OfferRow> {
        self.offers.get(self.of_code.get(&code)?)
    }

    pub(super) fn insert_grant(&mut self, row: GrantRow) {
        self.of_token.insert(row.token, row.grant.id);
        self.grants.insert(row.grant.id, row);
    }

    /// The grant of a token, among those inserted.
    pub(super) fn grant_of_token(&self, token: Hash) -> Option<&GrantRow> {
        self.grants.get(self.of_token.get(&token)?)
    }

    /// The issuance that this request began.
    pub(super) fn issuance_of_request(
        &self,
        grant: GrantId,
        request_key: Hash,
    ) -> Option<&IssuanceRow> {
        self.of_grant(grant)
            .find(|row| row.request_key == request_key)
    }

    /// The issuances under a grant.
    pub(super) fn of_grant(&self, grant: GrantId) -> impl Iterator<Item = &IssuanceRow> {
        let ids = self.of_grant.get(&grant).into_iter().flatten();
        ids.filter_map(|id| self.issuances.get(id))
    }

    /// How many documents a person was given since a time.
    pub(super) fn documents_since(
        &self,
        tenant: &str,
        subject: Hash,
        since: OffsetDateTime,
    ) -> u64 {
        let person = (tenant.to_owned(), subject);
        let here: u64 = self
            .of_subject
            .get(&person)
            .into_iter()
            .flatten()
            .filter(|(at, _)| *at >= since)
            .map(|(_, documents)| u64::from(*documents))
            .sum();
        let (tenant, subject) = person;
        let counted = self.counted.get(&(tenant, subject, since));
        counted.copied().unwrap_or_default() + here
    }

    pub(super) fn insert_issuance(&mut self, row: IssuanceRow, documents: Vec<DocumentRow>) {
        let issuance = &row.issuance;
        let person = (issuance.tenant.clone(), issuance.subject);
        let given = (row.reserved_at, issuance.batch_size);
        self.of_subject.entry(person).or_default().push(given);
        let of_grant = self.of_grant.entry(issuance.grant).or_default();
        of_grant.insert(issuance.id);
        for document in documents {
            self.device_keys.insert(document.device_key);
            let key = (document.issuance, document.number);
            self.documents.insert(key, document);
        }
        self.issuances.insert(issuance.id, row);
    }

    /// An issuance as the database has it.
    pub(super) fn load_issuance(&mut self, row: IssuanceRow) {
        let of_grant = self.of_grant.entry(row.issuance.grant).or_default();
        of_grant.insert(row.issuance.id);
        self.issuances.load(row.issuance.id, row);
    }

    /// All documents of some issuances that were loaded.
    pub(super) fn load_documents(&mut self, mut documents: Vec<DocumentRow>) {
        documents.sort_unstable_by_key(|row| (row.issuance, row.number));
        for document in documents {
            if let Some(row) = self.issuances.rows.get_mut(&document.issuance) {
                row.issuance.status.extend(document.place);
            }
            let key = (document.issuance, document.number);
            self.documents.load(key, document);
        }
    }

    pub(super) fn append_to_ledger(&mut self, entries: &[LedgerDraft]) {
        for entry in entries {
            let row = ledger::chain(self.head, entry.clone());
            self.head = LedgerHead {
                sequence: row.sequence,
                hash: row.hash,
            };
            self.ledger.push(row);
        }
    }

    /// Erases what is over. How many rows went or lost a sealed value.
    pub(super) fn purge(&mut self, now: OffsetDateTime) -> u64 {
        let mut gone = self
            .used
            .retain(|row| now < row.expires_at + CLOCK_DIFFERENCE);
        gone += self.grants.retain(|row| now < row.grant.expires_at);
        gone += self
            .offers
            .retain(|row| now < row.offer.expires_at + OFFER_RETENTION);
        self.of_code.retain(|_, id| self.offers.get(id).is_some());
        self.of_token.retain(|_, id| self.grants.get(id).is_some());
        let long_ago = now - STATUS_LIST_MARGIN;
        let lists = &self.lists;
        gone += self.tokens.retain(|token| {
            let until = lists.get(&token.id).and_then(|row| row.list.needed_until);
            until.is_none_or(|until| long_ago < until) || long_ago < token.expires_at
        });
        for row in self.offers.rows.values_mut() {
            if row.offer.expires_at <= now && row.sealed.take().is_some() {
                gone += 1;
            }
        }
        for row in self.issuances.rows.values_mut() {
            let issuance = &mut row.issuance;
            if issuance.repeatable_until <= now && issuance.sealed_seed.take().is_some() {
                gone += 1;
            }
            let is_over = issuance.valid_until.is_some_and(|until| until <= now);
            if is_over && row.sealed_subject.take().is_some() {
                gone += 1;
            }
        }
        gone
    }

    /// Takes everything as written.
    pub(super) fn settle(&mut self) {
        self.offers.written.clear();
        self.grants.written.clear();
        self.used.written.clear();
        self.issuances.written.clear();
        self.documents.written.clear();
        self.lists.written.clear();
        self.tokens.written.clear();
        self.approvals.written.clear();
        self.leases.written.clear();
        self.checkpoints.written.clear();
    }
}
