//! What each step of the service does to the rows, for every store alike.
//!
//! A [`Step`] says which rows it needs and then works on them. It decides before it writes: one that refuses or fails
//! has changed nothing, so that the steps beside it in a transaction are not affected.

mod approvals;
mod issuing;
mod ledger;
mod offers;
mod operation;
mod status;

use std::collections::BTreeSet;
use std::fmt;

use time::OffsetDateTime;

use super::tables::{Tables, UsedRow};
use super::{
    ApprovalId, GrantId, Hash, IssuanceId, OfferId, StatusListId, StoreError, UsedPurpose,
    UsedValue,
};

pub(super) use issuing::Notify;
pub(super) use ledger::{AppendCheckpoint, AppendLedger};
pub(super) use offers::CancelOffer;
pub(super) use operation::{Check, TakeLease, UseOnce};
pub(super) use status::PublishStatusList;

/// One step of the service.
pub(super) trait Step: fmt::Debug + Send + 'static {
    /// What became of it.
    type Outcome: Send + 'static;

    /// Adds the rows that [`apply`](Self::apply) looks at or changes.
    fn needs(&self, needs: &mut Needs);

    /// Does it, completely or not at all.
    fn apply(&self, tables: &mut Tables) -> Result<Self::Outcome, StoreError>;
}

/// The rows that some steps need.
#[derive(Debug, Default)]
pub(super) struct Needs {
    pub(super) offers: BTreeSet<OfferId>,
    pub(super) grants: BTreeSet<GrantId>,
    pub(super) used: BTreeSet<(UsedPurpose, Hash)>,
    /// Issuances by their identifier.
    pub(super) issuances: BTreeSet<IssuanceId>,
    /// The issuances under a grant.
    pub(super) issuances_of_grants: BTreeSet<GrantId>,
    /// The documents of the issuance with this request key, if there is one.
    pub(super) requests: BTreeSet<(GrantId, Hash)>,
    /// Tenant, person, and the time from which their documents are counted.
    pub(super) counts: BTreeSet<(String, Hash, OffsetDateTime)>,
    /// Whether these keys are in a document.
    pub(super) device_keys: BTreeSet<Hash>,
    /// All documents of a person at a tenant, with their issuances and lists.
    pub(super) documents_of_subjects: BTreeSet<(String, Hash)>,
    /// All documents of an issuance, with their lists.
    pub(super) documents_of_issuances: BTreeSet<IssuanceId>,
    /// The lists of a tenant that have room.
    pub(super) open_lists: BTreeSet<String>,
    /// Lists, with their tokens.
    pub(super) lists: BTreeSet<StatusListId>,
    pub(super) approvals: BTreeSet<ApprovalId>,
    /// The requests for approval of an operation, by its tenant and digest.
    pub(super) approvals_of_operations: BTreeSet<(String, Hash)>,
    pub(super) leases: BTreeSet<String>,
    /// Checkpoints by the sequence number they are about.
    pub(super) checkpoints: BTreeSet<u64>,
}

impl Needs {
    fn used(&mut self, values: &[UsedValue]) {
        let keys = values.iter().map(|value| (value.purpose, value.value));
        self.used.extend(keys);
    }
}

impl Tables {
    /// Whether somebody other than `user` has used up the value.
    fn is_used(&self, value: &UsedValue, user: Hash) -> bool {
        self.used
            .get(&(value.purpose, value.value))
            .is_some_and(|row| row.used_by != user)
    }

    fn use_up(&mut self, value: &UsedValue, user: Hash) {
        let key = (value.purpose, value.value);
        if self.used.get(&key).is_none() {
            let row = UsedRow {
                purpose: value.purpose,
                value: value.value,
                used_by: user,
                expires_at: value.expires_at,
            };
            self.used.insert(key, row);
        }
    }
}
