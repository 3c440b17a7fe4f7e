//! The contract between everything that gets signed and the keys that sign it.
//!
//! Certificates, CRLs and mobile security objects are built unsigned, handed over as bytes, and take the
//! signature back. What is easy to get wrong in a backend: to hash twice or not at all, to return DER, to drop
//! leading zeros, to stop at 4,096 bytes. [`behaviour`](crate::behaviour) looks for all of these.

use async_trait::async_trait;
use mdl_crypto::{Algorithm, PublicKey, Signature};
use std::{error::Error, fmt, sync::Arc};

/// A key that signs without being readable: in a key management service, a hardware module, or memory.
#[async_trait]
pub trait Signer: fmt::Debug + Send + Sync {
    /// The signature algorithm, which is the one of the key's curve.
    fn algorithm(&self) -> Algorithm;

    /// The public key, known without asking the backend.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message`, which is not yet hashed: the implementation applies the hash of
    /// [`algorithm`](Self::algorithm). Returns fixed-width `r || s` (RFC 9053, 2.1), whatever the backend speaks.
    ///
    /// # Errors
    /// [`SignError::Unavailable`] may succeed if retried; [`SignError::Refused`] will not.
    async fn sign(&self, message: &[u8]) -> Result<Signature, SignError>;

    /// Whether the key could be asked to sign now, found out without a signature: a signature is something to account
    /// for. For readiness checks; a key may fail the next moment all the same.
    ///
    /// # Errors
    /// As [`sign`](Self::sign) would fail.
    async fn check(&self) -> Result<(), SignError>;
}

#[async_trait]
impl<S: Signer + ?Sized> Signer for Arc<S> {
    fn algorithm(&self) -> Algorithm {
        (**self).algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        (**self).public_key()
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        (**self).sign(message).await
    }

    async fn check(&self) -> Result<(), SignError> {
        (**self).check().await
    }
}

#[async_trait]
impl<S: Signer + ?Sized> Signer for Box<S> {
    fn algorithm(&self) -> Algorithm {
        (**self).algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        (**self).public_key()
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        (**self).sign(message).await
    }

    async fn check(&self) -> Result<(), SignError> {
        (**self).check().await
    }
}

/// Why a backend gave no signature. The cause is chained and says what the backend said.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Not now: the network, a quota, a backend that restarts. The same call may succeed later.
    #[error("signing key cannot be reached")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Not ever: a disabled or deleted key, a missing permission, a message the backend does not take.
    #[error("signing key refused to sign")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}
