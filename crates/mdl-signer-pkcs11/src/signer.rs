//! Signatures of a key in a token.

use async_trait::async_trait;
use cryptoki::{mechanism::Mechanism, object::ObjectHandle, session::Session};
use mdl_crypto::{Algorithm, HashAlgorithm, PublicKey, Signature};
use mdl_signer::{SignError, Signer};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::{
    error::Pkcs11Error,
    key::{Custody, KeySelector, describe},
    token::{Access, Token},
};

/// How much a signer asks of its token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignerLimits {
    /// Sessions at once, each with one signature at a time.
    pub sessions: usize,
    /// How long a signature may take, waiting for a session included.
    pub timeout: Duration,
}

impl Default for SignerLimits {
    /// Four sessions, ten seconds.
    fn default() -> Self {
        Self {
            sessions: 4,
            timeout: Duration::from_secs(10),
        }
    }
}

/// Signs with a key in a PKCS#11 token, by `CKM_ECDSA` over the digest.
///
/// Sessions are kept and used again. When one is lost (module restarted, token pulled out and put back, login taken
/// away), the signature is tried once more in a new one. Signing needs a Tokio runtime, on whose blocking threads the
/// module is asked.
pub struct Pkcs11Signer {
    pool: Arc<Pool>,
    public_key: PublicKey,
    custody: Custody,
    hash: HashAlgorithm,
    timeout: Duration,
}

/// The sessions of one key.
struct Pool {
    token: Token,
    key: KeySelector,
    idle: Mutex<Vec<KeySession>>,
    permits: Arc<Semaphore>,
    /// One check at a time: one that hangs is not joined by others.
    checking: Arc<Semaphore>,
}

/// A session, with the key's handle in it.
struct KeySession {
    session: Session,
    key: ObjectHandle,
}

impl Pkcs11Signer {
    /// Finds `key` and reads its public key. This asks the module and blocks.
    ///
    /// # Errors
    /// [`Pkcs11Error`].
    pub fn open(
        token: &Token,
        key: KeySelector,
        limits: SignerLimits,
    ) -> Result<Self, Pkcs11Error> {
        let session = token.session(Access::Read)?;
        let description = describe(&session, &key)?;
        let curve = description.public_key.curve();
        let hash = curve.algorithm().hash();
        let first = KeySession {
            key: key.find_private(&session)?,
            session,
        };
        Ok(Self {
            pool: Arc::new(Pool {
                token: token.clone(),
                key,
                idle: Mutex::new(vec![first]),
                permits: Arc::new(Semaphore::new(limits.sessions.max(1))),
                checking: Arc::new(Semaphore::new(1)),
            }),
            public_key: description.public_key,
            custody: description.custody,
            hash: hash.ok_or(Pkcs11Error::NotMade(curve))?,
            timeout: limits.timeout,
        })
    }

    /// How the private key came to be and may leave, as the token says.
    #[must_use]
    pub const fn custody(&self) -> Custody {
        self.custody
    }

    async fn ask(&self, message: &[u8]) -> Result<Vec<u8>, Pkcs11Error> {
        let permits = self.pool.permits.clone();
        // Never closed.
        let permit = permits
            .acquire_owned()
            .await
            .map_err(|_| Pkcs11Error::BrokenOff)?;
        let digest = self.hash.digest(message);
        let pool = self.pool.clone();
        let asked = spawn_blocking(move || {
            // Goes with the call: one that hangs keeps its place, so that hanging calls do not pile up.
            let _permit = permit;
            pool.sign(digest.as_bytes())
        });
        asked.await.map_err(|_| Pkcs11Error::BrokenOff)?
    }

    /// Logs in and finds the key again, as a signature does that finds no session.
    async fn find(&self) -> Result<(), Pkcs11Error> {
        let turn = self.pool.checking.clone().acquire_owned().await;
        let turn = turn.map_err(|_| Pkcs11Error::BrokenOff)?;
        let pool = self.pool.clone();
        let found = spawn_blocking(move || {
            let _turn = turn;
            let session = pool.token.session(Access::Read)?;
            pool.key.find_private(&session).map(|_| ())
        });
        found.await.map_err(|_| Pkcs11Error::BrokenOff)?
    }
}

impl Pool {
    fn idle(&self) -> MutexGuard<'_, Vec<KeySession>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, Pkcs11Error> {
        let kept = self.idle().pop();
        if let Some(kept) = kept {
            match self.sign_in(kept, digest) {
                Err(error) if error.is_lost_session() => {
                    tracing::warn!(code = "pkcs11_session_lost", key = %self.key, %error, "opening a new session");
                    // What happened to one session has happened to all.
                    self.idle().clear();
                }
                outcome => return outcome,
            }
        }
        let session = self.token.session(Access::Read)?;
        let key = self.key.find_private(&session)?;
        self.sign_in(KeySession { session, key }, digest)
    }

    fn sign_in(&self, with: KeySession, digest: &[u8]) -> Result<Vec<u8>, Pkcs11Error> {
        let signature = with.session.sign(&Mechanism::Ecdsa, with.key, digest)?;
        self.idle().push(with);
        Ok(signature)
    }
}

#[async_trait]
impl Signer for Pkcs11Signer {
    fn algorithm(&self) -> Algorithm {
        self.public_key.curve().algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let answer = timeout(self.timeout, self.ask(message)).await;
        let signature = answer
            .unwrap_or(Err(Pkcs11Error::TimedOut))
            .and_then(|bytes| {
                Signature::from_bytes(self.public_key.curve(), &bytes)
                    .map_err(Pkcs11Error::Signature)
            });
        signature.map_err(Pkcs11Error::into_sign_error)
    }

    async fn check(&self) -> Result<(), SignError> {
        let found = timeout(self.timeout, self.find()).await;
        found
            .unwrap_or(Err(Pkcs11Error::TimedOut))
            .map_err(Pkcs11Error::into_sign_error)
    }
}

impl fmt::Debug for Pkcs11Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Signer")
            .field("key", &self.pool.key)
            .field("public_key", &self.public_key)
            .finish_non_exhaustive()
    }
}
