//! Approvals: what one operator asks for and another one has to allow.

use time::OffsetDateTime;

use super::{ApprovalId, Hash, StatusChange};

/// An operation that somebody asks for.
#[derive(Clone, Debug)]
pub struct NewApproval {
    /// Random.
    pub id: ApprovalId,
    /// The tenant's name.
    pub tenant: String,
    /// The operation, in the one text that it has. No personal data.
    pub operation: String,
    /// SHA-256 of tenant and operation: what is approved is this and nothing else.
    pub digest: Hash,
    /// Who asks.
    pub requested_by: String,
    /// Now.
    pub requested_at: OffsetDateTime,
    /// Until when it may be approved.
    pub expires_at: OffsetDateTime,
}

/// A request for approval, and what became of it. It is kept for good.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Approval {
    /// As requested.
    pub id: ApprovalId,
    /// The tenant's name.
    pub tenant: String,
    /// As requested.
    pub operation: String,
    /// As requested.
    pub digest: Hash,
    /// Who asked.
    pub requested_by: String,
    /// When.
    pub requested_at: OffsetDateTime,
    /// Until when it may be approved.
    pub expires_at: OffsetDateTime,
    /// What became of it.
    pub decided: Option<Decided>,
}

/// What became of a request for approval.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decided {
    /// Whether it was approved, and with that done.
    pub approved: bool,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: OffsetDateTime,
    /// Documents that it changed.
    pub documents: u64,
}

/// What somebody decides about a request.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The tenant's name.
    pub tenant: String,
    /// The request.
    pub id: ApprovalId,
    /// What the one who decides has seen.
    pub digest: Hash,
    /// Who decides.
    pub by: String,
    /// What.
    pub verdict: Verdict,
    /// Now.
    pub now: OffsetDateTime,
}

/// Yes or no.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The operation is done, together with its approval or not at all; without a change, the approval is all there is
    /// to it, and [`Store::is_approved`](super::Store::is_approved) tells of it.
    Approve(Option<StatusChange>),
    /// It is not done. Whoever asked may take it back so.
    Reject,
}

/// What came of a decision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DecisionOutcome {
    /// It counts, now or since the same person decided the same before.
    Done(Approval),
    /// There is no such request.
    Unknown,
    /// The request is for another operation than the one who decides has seen.
    OtherOperation,
    /// Whoever asks does not approve.
    OwnRequest,
    /// It was not decided in time.
    Expired,
    /// It was decided before.
    DecidedBefore(Approval),
}

/// Whether two names of operators may be of one person: the name in a client certificate, and the same name with a token.
#[must_use]
pub fn same_person(one: &str, other: &str) -> bool {
    let bare = |name: &'_ str| {
        let bare = name.strip_prefix("certificate:").unwrap_or(name);
        bare.trim().to_lowercase()
    };
    bare(one) == bare(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_known_by_token_and_by_certificate() {
        for (one, other) in [
            ("ann", "ann"),
            ("ann", "certificate:ann"),
            ("certificate:Ann", "ann"),
            ("ann ", "ann"),
        ] {
            assert!(same_person(one, other), "{one:?} {other:?}");
        }
        assert!(!same_person("ann", "bob"));
        assert!(!same_person("certificate:ann", "certificate:bob"));
    }
}
