use mdl_iaca::authority::AuthorityError;
use mdl_iaca::certificate::{DerError, ReadError, SignatureError};
use mdl_iaca::csr::RequestError;
use mdl_iaca::profile::{AcceptError, IssuerError, LintRefusal, ProfileError};

use super::state::StateError;
use super::{Doubt, InvalidArn};
use crate::retry::CallError;

/// Why Private CA gave no root, certificate or CRL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateCaError {
    /// Neither the program nor the default chain names a Region.
    #[error("no Region is given")]
    NoRegion,
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// What was begun is not finished yet.
    #[error("{0} is not finished yet")]
    NotYet(&'static str),
    /// The authority is not in a state in which this can be done.
    #[error("the certificate authority is in state {found}, {expected} is needed")]
    State {
        /// What it says.
        found: String,
        /// What it should say.
        expected: &'static str,
    },
    /// An audit report is none, or lists too much.
    #[error("the audit report cannot be used: {0}")]
    Report(String),
    /// An answer lacks something that the service always gives.
    #[error("the answer to {operation} has no {member}")]
    Incomplete {
        /// The operation.
        operation: &'static str,
        /// What it lacks.
        member: &'static str,
    },
    /// An ARN of the service, or of the state file, is none.
    #[error(transparent)]
    Arn(#[from] InvalidArn),
    /// PEM of the service cannot be read.
    #[error("the service returned something that is no PEM")]
    Pem(#[from] ReadError),
    /// The authority's request for its root certificate is not good.
    #[error("the request of the authority is refused")]
    Request(#[from] RequestError),
    /// The authority has another key, subject or CRL than was asked for.
    #[error("the certificate authority has {found}; {asked} was asked for")]
    OtherAuthority {
        /// What it has.
        found: String,
        /// What it should have.
        asked: String,
    },
    /// The profile refuses what is asked for; nothing was created for it.
    #[error("the profile refuses it")]
    Profile(#[from] ProfileError),
    /// A root that was made by other means breaks the profile.
    #[error("the root certificate is refused")]
    Lint(#[source] LintRefusal),
    /// What was issued is not what was asked for. It was neither imported nor taken into use, and is still there.
    #[error("the certificate that the service issued is refused, and not taken into use")]
    Accept(#[from] AcceptError),
    /// The service's root certificate cannot issue.
    #[error("the root certificate cannot issue others")]
    Issuer(#[from] IssuerError),
    /// Keys that Private CA does not have, or that sign no certificates.
    #[error("Private CA has no keys on {}: choose P-256, P-384 or P-521", .0.name())]
    Curve(mdl_crypto::Curve),
    /// A CRL that would last longer than the profile allows.
    #[error(
        "a CRL of {0} days: choose 1 to 89, because the service dates it back an hour and 90 days is the limit"
    )]
    CrlLife(u32),
    /// A certificate was asked for, and the answer never came.
    #[error("{0}")]
    InDoubt(Doubt),
    /// The state file cannot be used.
    #[error(transparent)]
    StateFile(#[from] StateError),
    /// The published CRL cannot be fetched.
    #[error("the CRL at {url} cannot be fetched")]
    CrlFetch {
        /// Where it should be.
        url: String,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The published CRL cannot be read.
    #[error("the published CRL cannot be read")]
    Crl(#[from] DerError),
    /// The published CRL is not signed by this authority.
    #[error("the published CRL is not signed by this authority")]
    CrlSignature(#[source] SignatureError),
    /// The certificate asked for names another CRL than the authority publishes.
    #[error(
        "the certificate is to name another CRL than the root does, and the authority decides that"
    )]
    CrlPoint,
}

impl From<PrivateCaError> for AuthorityError {
    fn from(error: PrivateCaError) -> Self {
        match error {
            PrivateCaError::Accept(error) => Self::Accept(error),
            error if error.may_pass() => Self::Unavailable(error.into()),
            error => Self::Refused(error.into()),
        }
    }
}

impl PrivateCaError {
    /// Whether the same run may succeed later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Call(call) => {
                call.may_pass() || call.code() == Some("ConcurrentModificationException")
            }
            Self::NotYet(_) | Self::CrlFetch { .. } => true,
            _ => false,
        }
    }
}
