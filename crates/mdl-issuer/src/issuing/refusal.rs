//! Why a request gets no batch.

use std::error::Error;

use mdl_mdoc::data_elements::GateReport;
use mdl_signer::quota::Busy;
use mdl_signer::{GuardError, SignError};
use time::Duration;

use super::IssueRequest;
use super::batch::SignBatchError;
use super::reason::Reason;
use crate::record::RecordSourceError;
use crate::record::refusal::reasons;
use crate::seal::SealError;
use crate::store::StoreError;
use crate::tenant::DocumentSigner;

/// Why no batch leaves. The `code` is for logs and for the operator: stable, and without personal data. What the wallet
/// is told follows from the variant alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The `c_nonce` was used by another request: `invalid_nonce`.
    #[error("the c_nonce was used by another request")]
    NonceUsed,
    /// The DPoP proof came again: `invalid_dpop_proof`.
    #[error("a value that counts once came again")]
    Replayed,
    /// The access token is gone, expired or of another tenant: `invalid_token`.
    #[error("the grant is over")]
    GrantOver,
    /// Not for this person, this key or this grant, now or ever: `credential_request_denied`.
    #[error("denied: {code}")]
    Denied {
        /// The operator's reason.
        code: &'static str,
    },
    /// Something that the service needs is away; the same request may be repeated: 503 and `Retry-After`.
    #[error("not available: {code}")]
    Unavailable {
        /// The operator's reason.
        code: &'static str,
        /// When to try again.
        retry_after: Duration,
    },
    /// The key store has more to sign than it may; the same request may be repeated: 429 and `Retry-After`.
    #[error("busy: {code}")]
    Busy {
        /// The operator's reason.
        code: &'static str,
        /// When to try again.
        retry_after: Duration,
    },
    /// A fault of the service or its configuration: 500.
    #[error("fault: {code}")]
    Fault {
        /// The operator's reason.
        code: &'static str,
    },
}

/// A reason with what led to it, for the log.
#[derive(Debug)]
pub(super) struct Refusal {
    reason: Reason,
    /// What was found, without personal data.
    cause: Option<String>,
    /// When to try again, if that is known better than the reason says.
    retry_after: Option<Duration>,
}

/// The longest that a wallet is told to wait for a source of record, which comes back by itself.
const LONGEST_WAIT: Duration = Duration::HOUR;

impl Refusal {
    pub(super) fn because(reason: Reason, cause: &dyn Error) -> Self {
        let mut text = cause.to_string();
        let mut source = cause.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self {
            cause: Some(text),
            ..Self::from(reason)
        }
    }

    /// `does_not_open` unless the key-encryption key is merely away.
    pub(super) fn sealing(does_not_open: Reason, cause: &SealError) -> Self {
        let reason = match cause {
            SealError::Unavailable(_) => Reason::SealerUnavailable,
            SealError::DoesNotOpen => does_not_open,
        };
        Self::because(reason, cause)
    }

    /// The findings name rules and elements, never a value.
    pub(super) fn gate(report: GateReport) -> Self {
        const MOST: usize = 20;
        let named: Vec<_> = reasons(&report)
            .iter()
            .take(MOST)
            .map(ToString::to_string)
            .collect();
        Self {
            cause: Some(named.join("; ")),
            ..Self::from(Reason::RecordRefused)
        }
    }

    pub(super) fn error(&self) -> IssueError {
        match (self.reason.error(), self.retry_after) {
            (IssueError::Busy { code, .. }, Some(retry_after)) => {
                IssueError::Busy { code, retry_after }
            }
            (IssueError::Unavailable { code, .. }, Some(retry_after)) => {
                IssueError::Unavailable { code, retry_after }
            }
            (error, _) => error,
        }
    }

    /// The operator's reason.
    pub(super) const fn code(&self) -> &'static str {
        self.reason.code()
    }

    /// Whether another document signer may do better.
    pub(super) const fn is_of_document_signer(&self) -> bool {
        matches!(
            self.reason,
            Reason::DocumentSignerGone
                | Reason::KeyStoreBusy
                | Reason::SignerUnavailable
                | Reason::SignerRefused
        )
    }

    /// For the operator: another document signer signs, and this is why.
    pub(super) fn log_hand_over(&self, request: &IssueRequest<'_>, to: &DocumentSigner) {
        tracing::warn!(
            code = "document-signer-changed",
            reason = self.reason.code(),
            request = hex::encode(request.request),
            tenant = request.tenant.name,
            to = hex::encode(&to.id.0[..8]),
            cause = self.cause.as_deref().unwrap_or_default(),
        );
    }

    /// For the operator, under the identifier of the request.
    pub(super) fn log(&self, request: &IssueRequest<'_>) {
        let code = self.reason.code();
        let id = hex::encode(request.request);
        let (tenant, cause) = (
            &request.tenant.name,
            self.cause.as_deref().unwrap_or_default(),
        );
        match self.error() {
            IssueError::Fault { .. } => tracing::error!(code, request = id, tenant, cause),
            IssueError::Unavailable { .. } | IssueError::Busy { .. } => {
                tracing::warn!(code, request = id, tenant, cause);
            }
            IssueError::NonceUsed
            | IssueError::Replayed
            | IssueError::GrantOver
            | IssueError::Denied { .. } => {
                tracing::info!(code, request = id, tenant, cause);
            }
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            cause: None,
            retry_after: None,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let reason = match &error {
            StoreError::Unavailable(_) => Reason::StoreUnavailable,
            StoreError::Corrupt(_) => Reason::StoreCorrupt,
        };
        Self::because(reason, &error)
    }
}

impl From<RecordSourceError> for Refusal {
    fn from(error: RecordSourceError) -> Self {
        let reason = match &error {
            RecordSourceError::NotFound => Reason::RecordNotFound,
            RecordSourceError::Unusable(_) => Reason::RecordUnusable,
            RecordSourceError::Unavailable(_) => Reason::RecordSourceUnavailable,
        };
        let refusal = Self::because(reason, &error);
        let retry_after = error.retry_after().map(|wait| {
            // To the next whole second: Retry-After knows no others.
            let seconds = wait.as_secs_f64().ceil();
            Duration::seconds_f64(seconds.min(LONGEST_WAIT.as_seconds_f64()))
        });
        Self {
            cause: refusal
                .cause
                .map(|text| format!("{}: {text}", error.code())),
            retry_after,
            ..refusal
        }
    }
}

impl From<Busy> for Refusal {
    fn from(busy: Busy) -> Self {
        let retry_after = Duration::try_from(busy.retry_after).ok();
        Self {
            retry_after,
            ..Self::from(Reason::KeyStoreBusy)
        }
    }
}

impl From<SignBatchError> for Refusal {
    fn from(error: SignBatchError) -> Self {
        let reason = match &error {
            SignBatchError::Busy(busy) => return Self::from(*busy),
            SignBatchError::Guard(guard) => guard_reason(guard),
            SignBatchError::Attach(_) => Reason::SignerRefused,
        };
        Self::because(reason, &error)
    }
}

fn guard_reason(error: &GuardError) -> Reason {
    match error {
        GuardError::Revoked
        | GuardError::NotApproved
        | GuardError::NotYetValid { .. }
        | GuardError::Expired { .. }
        | GuardError::StoppedSigning { .. } => Reason::DocumentSignerGone,
        GuardError::Signer(SignError::Unavailable(_)) => Reason::SignerUnavailable,
        GuardError::Signer(SignError::Refused(_)) | GuardError::BadSignature(_) => {
            Reason::SignerRefused
        }
        // Whatever else the guard objects to is in the document.
        _ => Reason::GuardRefused,
    }
}
