//! Every reason for which no batch leaves, with its code for the operator and its class for the wallet.

use time::Duration;

use super::IssueError;

/// When to try again after a short fault.
const SOON: Duration = Duration::seconds(5);
/// When to try again after a fault that somebody has to see to.
const LATER: Duration = Duration::seconds(60);

/// Reason, code, and what the wallet is told of it.
macro_rules! reasons {
    ($($(#[$doc:meta])* $reason:ident, $code:literal, $class:ident;)+) => {
        /// Why no batch leaves.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(super) enum Reason {
            $($(#[$doc])* $reason,)+
        }

        impl Reason {
            /// The operator's code: stable, in logs and metrics.
            pub(super) const fn code(self) -> &'static str {
                match self { $(Self::$reason => $code,)+ }
            }

            const fn class(self) -> Class {
                match self { $(Self::$reason => Class::$class,)+ }
            }

            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$reason,)+];
        }
    };
}

#[derive(Clone, Copy, Debug)]
enum Class {
    NonceUsed,
    Replayed,
    GrantOver,
    Denied,
    Soon,
    Later,
    Busy,
    Fault,
}

reasons! {
    /// The `c_nonce` was used by another request.
    NonceUsed, "nonce-used", NonceUsed;
    /// A DPoP proof came again.
    Replayed, "dpop-replayed", Replayed;
    /// The grant expired or is gone.
    GrantOver, "grant-over", GrantOver;

    /// The grant does not cover this configuration, or is another tenant's.
    NotGranted, "configuration-not-granted", Denied;
    /// No device key, or more than the tenant allows.
    BatchSize, "batch-size", Denied;
    /// The request has the same device key twice.
    DeviceKeyTwice, "device-key-twice", Denied;
    /// A device key is in another document.
    DeviceKeyUsed, "device-key-used", Denied;
    /// The grant has had all its batches.
    GrantExhausted, "grant-exhausted", Denied;
    /// The person has had all documents of the day.
    SubjectLimit, "subject-limit", Denied;
    /// The source of record does not know the person.
    RecordNotFound, "record-not-found", Denied;
    /// What the source of record has cannot become data elements.
    RecordUnusable, "record-unusable", Denied;
    /// The element gate objects to the record.
    RecordRefused, "record-refused", Denied;
    /// The licence has ended.
    LicenceOver, "licence-over", Denied;
    /// The batch was issued, and what it was made from is erased.
    RepetitionOver, "repetition-over", Denied;
    /// The batch was issued, and given again as often as any is.
    RepeatedTooOften, "repeated-too-often", Denied;
    /// The batch was issued, and the record has changed since: it would be another batch.
    RecordChanged, "record-changed", Denied;
    /// The batch was begun with a document signer that signs no more.
    DocumentSignerGone, "document-signer-gone", Denied;

    /// The store does not answer.
    StoreUnavailable, "store-unavailable", Soon;
    /// The source of record does not answer.
    RecordSourceUnavailable, "record-source-unavailable", Soon;
    /// The key-encryption key cannot be reached.
    SealerUnavailable, "sealing-key-unavailable", Soon;
    /// The document signer's key cannot be reached.
    SignerUnavailable, "signer-unavailable", Soon;
    /// The key store signs as often as it may, and more would wait too long.
    KeyStoreBusy, "key-store-busy", Busy;
    /// No document signer may sign now.
    NoDocumentSigner, "no-document-signer", Later;
    /// No status list has room.
    NoStatusPosition, "no-status-position", Later;

    /// The store holds something that this version did not write.
    StoreCorrupt, "store-corrupt", Fault;
    /// A sealed subject reference does not open.
    SubjectDoesNotOpen, "subject-does-not-open", Fault;
    /// A sealed seed does not open.
    SeedDoesNotOpen, "seed-does-not-open", Fault;
    /// The system has no random numbers.
    NoRandomness, "no-randomness", Fault;
    /// The tenant's policy gives documents no sensible times.
    ValidityPolicy, "validity-policy", Fault;
    /// The tenant's settings make no document.
    NotBuilt, "document-not-built", Fault;
    /// The signing guard refused a document.
    GuardRefused, "guard-refused", Fault;
    /// The document signer's key refused, or signed wrongly.
    SignerRefused, "signer-refused", Fault;
}

impl Reason {
    /// What the wallet's side is told.
    pub(super) const fn error(self) -> IssueError {
        let code = self.code();
        match self.class() {
            Class::NonceUsed => IssueError::NonceUsed,
            Class::Replayed => IssueError::Replayed,
            Class::GrantOver => IssueError::GrantOver,
            Class::Denied => IssueError::Denied { code },
            Class::Soon => IssueError::Unavailable {
                code,
                retry_after: SOON,
            },
            Class::Later => IssueError::Unavailable {
                code,
                retry_after: LATER,
            },
            Class::Busy => IssueError::Busy {
                code,
                retry_after: SOON,
            },
            Class::Fault => IssueError::Fault { code },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_reason_has_a_code_of_its_own() {
        let codes: HashSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
    }
}
