//! Why a source gave no record, in codes that operators and their monitors can rely on.
//!
//! A wallet hears nothing of this: it gets the code of OpenID4VCI. Nothing here holds the value of an element or a
//! subject reference, so all of it may be logged.

use std::time::Duration;

/// Why a source gave no record.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordSourceError {
    /// The source does not know the person, or has no licence of this type for them.
    #[error("no record for this subject and document type")]
    NotFound,
    /// What the source has cannot become data elements: an error of the source, not of the person.
    #[error("the record is not usable")]
    Unusable(#[from] UnusableRecord),
    /// The source is away, slow or shedding load: worth a retry.
    #[error("the source of record is not available")]
    Unavailable(#[from] SourceUnavailable),
}

impl RecordSourceError {
    /// The stable code, in kebab-case, for the log field `code` and the operator's listener.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "record-not-found",
            Self::Unusable(reason) => reason.code(),
            Self::Unavailable(reason) => reason.code(),
        }
    }

    /// When to try again: `None` if the same request will fail the same way.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotFound | Self::Unusable(_) => None,
            Self::Unavailable(SourceUnavailable::CircuitOpen { retry_after }) => Some(*retry_after),
            Self::Unavailable(_) => Some(Duration::from_secs(5)),
        }
    }
}

/// Why what a source has is no record.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableRecord {
    /// Larger than is read: the record, its portrait, or what the source sent.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The most that is read.
        limit: usize,
    },
    /// Not in the form of [`file`](super::file). The text names element and expectation, never a value.
    #[error("{problem}")]
    Malformed {
        /// Element, what was expected and the kind of thing that is there.
        problem: String,
    },
    /// A record of another document type than the one asked for.
    #[error("the record is of another document type")]
    OtherDocType,
    /// More than one record for one subject and document type.
    #[error("more than one record for one subject and document type")]
    Ambiguous,
}

impl UnusableRecord {
    /// See [`RecordSourceError::code`].
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "record-too-large",
            Self::Malformed { .. } => "record-malformed",
            Self::OtherDocType => "record-other-doc-type",
            Self::Ambiguous => "record-ambiguous",
        }
    }
}

/// Why a source does not answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceUnavailable {
    /// No answer within the deadline.
    #[error("no answer in time")]
    TimedOut,
    /// No connection, or one that broke; a folder or file that cannot be read.
    #[error("not reachable: {cause}")]
    Unreachable {
        /// What the operating system or the protocol says.
        cause: String,
    },
    /// The name of the source leads to an address that it must not have.
    #[error("its name leads to an address that is not allowed")]
    AddressRefused,
    /// TLS was not agreed on: the source's certificate, or ours.
    #[error("TLS failed: {cause}")]
    Tls {
        /// What TLS says.
        cause: String,
    },
    /// The source does not accept who we are, or its authorization server does not.
    #[error("our credentials are not accepted (HTTP status {status})")]
    Credentials {
        /// The status of the answer.
        status: u16,
    },
    /// An HTTP status that is no answer.
    #[error("HTTP status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// An answer that is not what the interface promises.
    #[error("its answer is not understood: {problem}")]
    Answer {
        /// What is wrong with it.
        problem: String,
    },
    /// Too many failures lately: the source is left alone for a while.
    #[error("left alone after repeated failures")]
    CircuitOpen {
        /// When it will be tried again.
        retry_after: Duration,
    },
    /// The database refused the query.
    #[error("the database refused the query (SQLSTATE {state})")]
    Query {
        /// The five characters of SQLSTATE.
        state: String,
    },
}

impl SourceUnavailable {
    /// See [`RecordSourceError::code`].
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TimedOut => "source-timeout",
            Self::Unreachable { .. } => "source-unreachable",
            Self::AddressRefused => "source-address-refused",
            Self::Tls { .. } => "source-tls",
            Self::Credentials { .. } => "source-credentials",
            Self::Status { .. } => "source-status",
            Self::Answer { .. } => "source-answer",
            Self::CircuitOpen { .. } => "source-circuit-open",
            Self::Query { .. } => "source-query",
        }
    }
}

/// A source that is not what its interface promises.
pub(super) fn malformed(problem: impl Into<String>) -> RecordSourceError {
    UnusableRecord::Malformed {
        problem: problem.into(),
    }
    .into()
}

/// A source that cannot be reached.
pub(super) fn unreachable(cause: impl ToString) -> RecordSourceError {
    SourceUnavailable::Unreachable {
        cause: cause.to_string(),
    }
    .into()
}
