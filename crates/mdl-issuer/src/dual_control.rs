//! Dual control: operations that one operator asks for and another one has to allow.
//!
//! The configuration says which. A request is bound to the very operation by a digest, waits in the store until it is
//! decided or its time is over, and is done in the same transaction as its approval: once, whatever crashes or comes at
//! the same moment. Whoever asks does not approve, but may take the request back.
//!
//! What is easy to get wrong: the second person must know what they allow. A request holds no personal data, so whoever
//! approves an operation on a person says who it is, and must say the same.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::Duration;

use crate::record::SubjectReference;
use crate::service::Service;
use crate::status::{StatusAction, StatusReason, Whose};
use crate::store::{
    Approval, ApprovalId, Decision, DecisionOutcome, Hash, IssuanceId, NewApproval, StatusChange,
    StatusSelector, StoreError, Verdict,
};
use crate::tenant::Tenant;

/// Which operations need a second person, and how long they have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DualControl {
    /// The operations; none of them at first.
    pub operations: BTreeSet<ControlledOperation>,
    /// From a request to its end.
    pub time: Duration,
}

impl Default for DualControl {
    fn default() -> Self {
        Self {
            operations: BTreeSet::new(),
            time: Duration::DAY,
        }
    }
}

impl DualControl {
    /// Whether a document signer signs only when its use was approved.
    #[must_use]
    pub fn holds_document_signers(&self) -> bool {
        let operation = ControlledOperation::UseDocumentSigner;
        self.operations.contains(&operation)
    }
}

/// A kind of operation that can be had under dual control.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlledOperation {
    /// One document ends for good.
    RevokeDocument,
    /// A batch ends for good.
    RevokeBatch,
    /// Everything that a person has ends for good.
    RevokePerson,
    /// One document ends until it is resumed.
    SuspendDocument,
    /// A batch ends until it is resumed.
    SuspendBatch,
    /// Everything that a person has ends until it is resumed.
    SuspendPerson,
    /// One document is valid again.
    ResumeDocument,
    /// A batch is valid again.
    ResumeBatch,
    /// Everything that a person has is valid again.
    ResumePerson,
    /// A document signer begins to sign.
    UseDocumentSigner,
}

impl ControlledOperation {
    /// Every operation, and its name.
    pub const ALL: [(&'static str, Self); 10] = [
        ("revoke-document", Self::RevokeDocument),
        ("revoke-batch", Self::RevokeBatch),
        ("revoke-person", Self::RevokePerson),
        ("suspend-document", Self::SuspendDocument),
        ("suspend-batch", Self::SuspendBatch),
        ("suspend-person", Self::SuspendPerson),
        ("resume-document", Self::ResumeDocument),
        ("resume-batch", Self::ResumeBatch),
        ("resume-person", Self::ResumePerson),
        ("use-document-signer", Self::UseDocumentSigner),
    ];

    /// What is done, and to whose documents.
    #[must_use]
    pub const fn of(action: StatusAction, whose: &Whose) -> Self {
        match (action, whose) {
            (StatusAction::Revoke, Whose::Document(..)) => Self::RevokeDocument,
            (StatusAction::Revoke, Whose::Batch(_)) => Self::RevokeBatch,
            (StatusAction::Revoke, Whose::Person(_)) => Self::RevokePerson,
            (StatusAction::Suspend, Whose::Document(..)) => Self::SuspendDocument,
            (StatusAction::Suspend, Whose::Batch(_)) => Self::SuspendBatch,
            (StatusAction::Suspend, Whose::Person(_)) => Self::SuspendPerson,
            (StatusAction::Resume, Whose::Document(..)) => Self::ResumeDocument,
            (StatusAction::Resume, Whose::Batch(_)) => Self::ResumeBatch,
            (StatusAction::Resume, Whose::Person(_)) => Self::ResumePerson,
        }
    }

    /// What is done to documents, if it is an operation on documents.
    const fn action(self) -> Option<StatusAction> {
        Some(match self {
            Self::RevokeDocument | Self::RevokeBatch | Self::RevokePerson => StatusAction::Revoke,
            Self::SuspendDocument | Self::SuspendBatch | Self::SuspendPerson => {
                StatusAction::Suspend
            }
            Self::ResumeDocument | Self::ResumeBatch | Self::ResumePerson => StatusAction::Resume,
            Self::UseDocumentSigner => return None,
        })
    }
}

/// An operation as a request has it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    operation: ControlledOperation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuance: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    document: Option<u32>,
    /// The keyed hash, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// SHA-256 of the certificate, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    document_signer: Option<String>,
}

impl Operation {
    const fn new(operation: ControlledOperation) -> Self {
        Self {
            operation,
            issuance: None,
            document: None,
            subject: None,
            reason: None,
            document_signer: None,
        }
    }

    fn text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Corrupt(error.to_string()))
    }

    fn read(approval: &Approval) -> Result<Self, StoreError> {
        let operation: Self = serde_json::from_str(&approval.operation)
            .map_err(|_| StoreError::Corrupt("approvals, column operation".into()))?;
        // Whoever writes to the database cannot have another operation done than was looked at.
        if digest(&approval.tenant, &approval.operation) != approval.digest {
            return Err(StoreError::Corrupt("approvals, column digest".into()));
        }
        Ok(operation)
    }

    fn selector(&self) -> Option<StatusSelector> {
        match (&self.issuance, self.document, &self.subject) {
            (Some(issuance), document, None) => {
                let issuance = IssuanceId::parse(issuance)?;
                Some(match document {
                    Some(number) => StatusSelector::Document(issuance, number),
                    None => StatusSelector::Issuance(issuance),
                })
            }
            (None, None, Some(subject)) => {
                let mut hash = Hash::default();
                hex::decode_to_slice(subject, &mut hash.0).ok()?;
                Some(StatusSelector::Subject(hash))
            }
            _ => None,
        }
    }
}

fn digest(tenant: &str, operation: &str) -> Hash {
    Hash::of(
        [
            b"approval\0",
            tenant.as_bytes(),
            b"\0",
            operation.as_bytes(),
        ]
        .concat()
        .as_slice(),
    )
}

fn use_of(document_signer: Hash) -> Operation {
    let mut operation = Operation::new(ControlledOperation::UseDocumentSigner);
    operation.document_signer = Some(hex::encode(document_signer.0));
    operation
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecideError {
    /// The store failed; the decision may be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An operation on a person is approved by somebody who says who it is.
    #[error("whom the operation is about was not said, or is somebody else")]
    OtherPerson,
}

impl Service {
    /// Asks for the approval of a change of status. The same request of the same person, while it is open, is found.
    ///
    /// # Errors
    /// The store failed; the request may be repeated.
    pub async fn request_approval(
        &self,
        tenant: &Tenant,
        whose: &Whose,
        action: StatusAction,
        reason: StatusReason,
        actor: &str,
        time: Duration,
    ) -> Result<Approval, StoreError> {
        let mut operation = Operation::new(ControlledOperation::of(action, whose));
        operation.reason = Some(reason.code().to_owned());
        match whose {
            Whose::Document(issuance, number) => {
                operation.issuance = Some(issuance.to_string());
                operation.document = Some(*number);
            }
            Whose::Batch(issuance) => operation.issuance = Some(issuance.to_string()),
            Whose::Person(subject) => {
                let hash = self.subject_hash(&tenant.name, subject);
                operation.subject = Some(hex::encode(hash.0));
            }
        }
        self.ask(tenant, &operation, actor, time).await
    }

    /// Asks for approval that a document signer begins to sign.
    ///
    /// # Errors
    /// The store failed; the request may be repeated.
    pub async fn request_use(
        &self,
        tenant: &Tenant,
        document_signer: Hash,
        actor: &str,
        time: Duration,
    ) -> Result<Approval, StoreError> {
        let operation = use_of(document_signer);
        self.ask(tenant, &operation, actor, time).await
    }

    /// Lets the document signers sign whose use was approved. How many are still waiting.
    ///
    /// # Errors
    /// The store failed; those that wait go on waiting.
    pub async fn release_document_signers(&self) -> Result<usize, StoreError> {
        let mut waiting = 0;
        for tenant in &self.tenants {
            for signer in &tenant.authority.get().document_signers {
                if !signer.guard.is_held() {
                    continue;
                }
                let operation = use_of(signer.id).text()?;
                let digest = digest(&tenant.name, &operation);
                let id = hex::encode(&signer.id.0[..8]);
                if self.store.is_approved(&tenant.name, digest).await? {
                    signer.guard.allow();
                    let code = "document-signer-approved";
                    tracing::info!(code, tenant = tenant.name, signer = id);
                } else {
                    waiting += 1;
                    let code = "document-signer-waits-for-approval";
                    tracing::debug!(code, tenant = tenant.name, signer = id);
                }
            }
        }
        Ok(waiting)
    }

    async fn ask(
        &self,
        tenant: &Tenant,
        operation: &Operation,
        actor: &str,
        time: Duration,
    ) -> Result<Approval, StoreError> {
        let operation = operation.text()?;
        let mut id = ApprovalId([0; 16]);
        getrandom::fill(&mut id.0).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let now = self.clock.now();
        let request = NewApproval {
            id,
            tenant: tenant.name.clone(),
            digest: digest(&tenant.name, &operation),
            operation,
            requested_by: actor.to_owned(),
            requested_at: now,
            expires_at: now + time,
        };
        let approval = self.store.request_approval(request).await?;
        let (code, id) = ("approval-requested", approval.id);
        tracing::info!(code, tenant = tenant.name, approval = %id, actor);
        Ok(approval)
    }

    /// Approves a request, which does what it asks for, or rejects it. `digest` is that of the operation which whoever
    /// decides has seen, `subject` the person whom they take it to be about.
    ///
    /// # Errors
    /// [`DecideError`]; nothing was decided, or the decision may be repeated.
    pub async fn decide(
        &self,
        tenant: &Tenant,
        id: ApprovalId,
        digest: Hash,
        approve: bool,
        subject: Option<&SubjectReference>,
        actor: &str,
    ) -> Result<DecisionOutcome, DecideError> {
        let Some(approval) = self.store.approval(&tenant.name, id).await? else {
            return Ok(DecisionOutcome::Unknown);
        };
        let now = self.clock.now();
        let verdict = if approve {
            let operation = Operation::read(&approval)?;
            let selector = operation.selector();
            if let Some(StatusSelector::Subject(expected)) = selector {
                let said = subject.map(|subject| self.subject_hash(&tenant.name, subject));
                if said != Some(expected) {
                    return Err(DecideError::OtherPerson);
                }
            }
            let change = match (operation.operation.action(), selector, operation.reason) {
                (None, None, None) => None,
                (Some(action), Some(selector), Some(reason)) => Some(StatusChange {
                    tenant: tenant.name.clone(),
                    selector,
                    value: action.value(),
                    reason,
                    actor: format!("{}, approved by {actor}", approval.requested_by),
                    now,
                }),
                _ => return Err(StoreError::Corrupt("approvals, column operation".into()).into()),
            };
            Verdict::Approve(change)
        } else {
            Verdict::Reject
        };
        let decision = Decision {
            tenant: tenant.name.clone(),
            id,
            digest,
            by: actor.to_owned(),
            verdict,
            now,
        };
        let outcome = self.store.decide(decision).await?;
        // Here at once, on other replicas at the next turn of their job.
        self.release_document_signers().await?;
        let code = match &outcome {
            DecisionOutcome::Done(_) if approve => "approval-given",
            DecisionOutcome::Done(_) => "approval-refused",
            _ => "approval-not-decided",
        };
        tracing::info!(code, tenant = tenant.name, approval = %id, actor);
        Ok(outcome)
    }
}
