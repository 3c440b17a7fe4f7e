//! Personal data at rest: encrypted by the service before it reaches the store.
//!
//! Whoever reads the database, its log or a backup of it learns nothing without the key-encryption key.

mod envelope;
mod key_encryption;
#[cfg(feature = "aws")]
mod kms;

use std::fmt;

use async_trait::async_trait;
use zeroize::Zeroizing;

pub use envelope::EnvelopeSealer;
pub use key_encryption::{DataKey, KeyEncryption, LocalKey};
#[cfg(feature = "aws")]
pub(crate) use kms::PURPOSE;

/// Encrypts small values under data keys that a key-encryption key wraps.
#[async_trait]
pub trait Sealer: fmt::Debug + Send + Sync {
    /// Encrypts `plain`. `context` (purpose, tenant, identifier of the row) is authenticated: a value cannot be moved
    /// to another row.
    async fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError>;

    /// Decrypts what [`seal`](Self::seal) made with the same context.
    async fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError>;
}

/// Why a value was not sealed or opened.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The value was changed, belongs elsewhere, or was sealed under another key.
    #[error("the sealed value does not open")]
    DoesNotOpen,
    /// The key-encryption key cannot be reached: worth a retry.
    #[error("the key-encryption key is not available: {0}")]
    Unavailable(String),
}
