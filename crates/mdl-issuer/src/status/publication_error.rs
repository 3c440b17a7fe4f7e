//! Why a list was not published.

use mdl_iaca::certificate::DerError;
use mdl_mdoc::status_list::{EntryError, StatusAttachError, StatusJwtAttachError, UnusableClaims};
use mdl_signer::SignError;

use crate::store::StoreError;

/// Why a list was not published. Nothing is lost: it stays due.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum PublicationError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system has no random numbers.
    #[error("no random numbers")]
    Randomness(#[from] getrandom::Error),
    /// The status signer's certificate cannot be read.
    #[error("the status signer's certificate cannot be read")]
    Certificate(#[from] DerError),
    /// It is before or after the validity of the status signer's certificate.
    #[error("the status signer's certificate is not valid now")]
    SignerNotValid,
    /// The store gave out a position beyond the list.
    #[error("a position beyond the list")]
    Position,
    /// The service is shutting down, or compressing the entries failed.
    #[error("the entries were not compressed")]
    Compress(#[from] tokio::task::JoinError),
    /// An entry was not set.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The tenant's policy makes no token.
    #[error(transparent)]
    Claims(#[from] UnusableClaims),
    /// The status signer's key gave no signature.
    #[error("the status signer gave no signature")]
    Signer(#[from] SignError),
    /// Its signature was not attached to the CWT.
    #[error(transparent)]
    Cwt(#[from] StatusAttachError),
    /// Its signature was not attached to the JWT.
    #[error(transparent)]
    Jwt(#[from] StatusJwtAttachError),
}
