//! Calls that go wrong, and quotas.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::wire::AwsError;

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// `ThrottlingException`.
    Throttled,
    /// Status 500, `InternalFailure`.
    Internal,
    /// Status 503, `ServiceUnavailable`.
    Unavailable,
    /// `LimitExceededException`, which no retry gets over.
    LimitExceeded,
    /// `AccessDeniedException`.
    AccessDenied,
    /// `ConcurrentModificationException`.
    Concurrent,
    /// The call is carried out, but the connection breaks before the answer.
    AnswerLost,
}

impl Fault {
    /// The error instead of the call.
    pub(crate) fn error(self, operation: &str) -> Option<AwsError> {
        let (status, code) = match self {
            Self::Throttled => (400, "ThrottlingException"),
            Self::Internal => (500, "InternalFailure"),
            Self::Unavailable => (503, "ServiceUnavailable"),
            Self::LimitExceeded => (400, "LimitExceededException"),
            Self::AccessDenied => (400, "AccessDeniedException"),
            Self::Concurrent => (400, "ConcurrentModificationException"),
            Self::AnswerLost => return None,
        };
        Some(AwsError {
            status,
            code,
            message: format!("{operation} fails on demand"),
        })
    }
}

/// Faults to come, and the calls of the current second.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    queued: BTreeMap<String, Vec<Fault>>,
    calls: BTreeMap<String, (i64, u32)>,
}

impl Faults {
    pub(crate) fn queue(&mut self, operation: &str, faults: &[Fault]) {
        self.queued
            .entry(operation.to_owned())
            .or_default()
            .extend(faults);
    }

    pub(crate) fn clear(&mut self) {
        self.queued.clear();
    }

    /// What happens to the next call of the operation.
    pub(crate) fn next(&mut self, operation: &str) -> Option<Fault> {
        let queue = self.queued.get_mut(operation)?;
        (!queue.is_empty()).then(|| queue.remove(0))
    }

    /// Whether the call is above the default rate of the operation, counted by the second.
    pub(crate) fn is_over_quota(&mut self, operation: &str, now: OffsetDateTime) -> bool {
        let rate = match operation {
            "IssueCertificate" => 25,
            "GetCertificate" => 75,
            "GetCertificateAuthorityCsr"
            | "ImportCertificateAuthorityCertificate"
            | "UpdateCertificateAuthority"
            | "DeleteCertificateAuthority" => 10,
            "CreateCertificateAuthority" | "CreateCertificateAuthorityAuditReport" => 1,
            _ => 20,
        };
        let second = now.unix_timestamp();
        let calls = self
            .calls
            .entry(operation.to_owned())
            .or_insert((second, 0));
        if calls.0 != second {
            *calls = (second, 0);
        }
        calls.1 += 1;
        calls.1 > rate
    }
}
