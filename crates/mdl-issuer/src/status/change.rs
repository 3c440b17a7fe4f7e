//! Revoking, suspending and resuming: what an operator or the source of record says about documents that are out.

use time::OffsetDateTime;

use crate::record::SubjectReference;
use crate::service::Service;
use crate::store::{IssuanceId, StatusChange, StatusSelector, StatusValue, StoreError};
use crate::tenant::Tenant;

/// Whose status changes.
#[derive(Clone, Debug)]
pub enum Whose {
    /// One document of a batch: its number counted from 0.
    Document(IssuanceId, u32),
    /// A batch.
    Batch(IssuanceId),
    /// Everything that a person has.
    Person(SubjectReference),
}

/// What is done to documents.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StatusAction {
    /// Ended for good.
    Revoke,
    /// Ended until resumed.
    Suspend,
    /// Valid again, unless revoked.
    Resume,
}

impl StatusAction {
    pub(crate) const fn value(self) -> StatusValue {
        match self {
            Self::Revoke => StatusValue::Invalid,
            Self::Suspend => StatusValue::Suspended,
            Self::Resume => StatusValue::Valid,
        }
    }
}

/// Why a status changes: a short list, so that no story about a person gets into the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StatusReason {
    /// The licence was withdrawn.
    LicenceWithdrawn,
    /// The licence was suspended.
    LicenceSuspended,
    /// The licence was given back.
    LicenceReinstated,
    /// Data elements are no longer true.
    DataChanged,
    /// The device was lost or stolen.
    DeviceLost,
    /// The holder asked for it.
    HolderRequest,
    /// Issued by mistake.
    IssuedInError,
}

impl StatusReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::LicenceWithdrawn,
        Self::LicenceSuspended,
        Self::LicenceReinstated,
        Self::DataChanged,
        Self::DeviceLost,
        Self::HolderRequest,
        Self::IssuedInError,
    ];

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::LicenceWithdrawn => "licence-withdrawn",
            Self::LicenceSuspended => "licence-suspended",
            Self::LicenceReinstated => "licence-reinstated",
            Self::DataChanged => "data-changed",
            Self::DeviceLost => "device-lost",
            Self::HolderRequest => "holder-request",
            Self::IssuedInError => "issued-in-error",
        }
    }

    /// The reason with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// What the source of record reports about a person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecordEvent {
    /// The licence is withdrawn for good.
    Withdrawn,
    /// The licence is suspended.
    Suspended,
    /// The licence is valid again.
    Reinstated,
    /// Data elements changed: what is out is no longer true, and a new batch will be.
    DataChanged,
}

impl RecordEvent {
    pub(crate) const fn consequence(self) -> (StatusAction, StatusReason) {
        match self {
            Self::Withdrawn => (StatusAction::Revoke, StatusReason::LicenceWithdrawn),
            Self::Suspended => (StatusAction::Suspend, StatusReason::LicenceSuspended),
            Self::Reinstated => (StatusAction::Resume, StatusReason::LicenceReinstated),
            Self::DataChanged => (StatusAction::Revoke, StatusReason::DataChanged),
        }
    }
}

/// What came of a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StatusChanged {
    /// Documents whose status is another now.
    pub documents: u64,
    /// When readers that fetch the list see it, at the latest.
    pub published_by: OffsetDateTime,
}

impl Service {
    /// Changes the status of documents. What is revoked stays revoked. `actor` names the operator in the store.
    ///
    /// # Errors
    /// The store failed; the change may be repeated.
    pub async fn change_status(
        &self,
        tenant: &Tenant,
        whose: &Whose,
        action: StatusAction,
        reason: StatusReason,
        actor: &str,
    ) -> Result<StatusChanged, StoreError> {
        let now = self.clock.now();
        let selector = match whose {
            Whose::Document(issuance, number) => StatusSelector::Document(*issuance, *number),
            Whose::Batch(issuance) => StatusSelector::Issuance(*issuance),
            Whose::Person(subject) => {
                StatusSelector::Subject(self.subject_hash(&tenant.name, subject))
            }
        };
        let change = StatusChange {
            tenant: tenant.name.clone(),
            selector,
            value: action.value(),
            reason: reason.code().to_owned(),
            actor: actor.to_owned(),
            now,
        };
        let documents = self.store.change_status(change).await?;
        let (code, reason) = ("status-changed", reason.code());
        tracing::info!(
            code,
            tenant = tenant.name,
            ?action,
            reason,
            actor,
            documents
        );
        Ok(StatusChanged {
            documents,
            published_by: now + tenant.policy.status_latency,
        })
    }

    /// Draws the consequences of what the source of record reports for everything that a person has. The wallet learns
    /// that it should come again from the end of its documents' life and from their `expectedUpdate`.
    ///
    /// # Errors
    /// The store failed; the event may be repeated.
    pub async fn record_changed(
        &self,
        tenant: &Tenant,
        subject: &SubjectReference,
        event: RecordEvent,
        actor: &str,
    ) -> Result<StatusChanged, StoreError> {
        let (action, reason) = event.consequence();
        let whose = Whose::Person(subject.clone());
        self.change_status(tenant, &whose, action, reason, actor)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_read_by_their_codes_and_nothing_else_is() {
        for reason in StatusReason::ALL {
            assert_eq!(StatusReason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(StatusReason::from_code("Mr Example moved away"), None);
    }
}
