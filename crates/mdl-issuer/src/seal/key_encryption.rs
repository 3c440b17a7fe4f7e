//! The key that wraps data keys: in memory from a local file, or in a key management service.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use async_trait::async_trait;
use zeroize::Zeroizing;

use super::SealError;

/// Bytes of an AES-256 key.
pub(super) const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const DATA_KEY_CONTEXT: &[u8] = b"mdl-issuer data key 1";

/// A key that encrypts a few values, and the form of it that is kept beside them.
pub struct DataKey {
    /// The key.
    pub plain: Zeroizing<[u8; KEY_BYTES]>,
    /// The key as wrapped by the key-encryption key: at most 65,535 bytes.
    pub wrapped: Vec<u8>,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// A key-encryption key: two calls, as a key management service has them.
#[async_trait]
pub trait KeyEncryption: fmt::Debug + Send + Sync {
    /// Makes a data key.
    async fn generate(&self) -> Result<DataKey, SealError>;

    /// The plain form of a data key.
    async fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>, SealError>;
}

/// A key-encryption key in this process's memory. A wrapped key is nonce (12 bytes), ciphertext (32) and tag (16).
pub struct LocalKey(Zeroizing<[u8; KEY_BYTES]>);

impl LocalKey {
    /// From the 32 bytes of a key that is used for nothing else.
    #[must_use]
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(*key))
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKey(..)")
    }
}

#[async_trait]
impl KeyEncryption for LocalKey {
    async fn generate(&self) -> Result<DataKey, SealError> {
        let mut plain = Zeroizing::new([0; KEY_BYTES]);
        random(&mut *plain)?;
        let wrapped = encrypt(&self.0, DATA_KEY_CONTEXT, &*plain)?;
        Ok(DataKey { plain, wrapped })
    }

    async fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>, SealError> {
        let plain = decrypt(&self.0, DATA_KEY_CONTEXT, wrapped)?;
        let plain: &[u8; KEY_BYTES] = plain
            .as_slice()
            .try_into()
            .map_err(|_| SealError::DoesNotOpen)?;
        Ok(Zeroizing::new(*plain))
    }
}

/// AES-256-GCM under a random nonce, which comes first. One key may do this for 2³² values (NIST SP 800-38D, 8.3).
pub(super) fn encrypt(
    key: &[u8; KEY_BYTES],
    context: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; NONCE_BYTES];
    random(&mut nonce)?;
    let payload = Payload {
        msg: plain,
        aad: context,
    };
    let sealed = Aes256Gcm::new(&(*key).into()).encrypt(&Nonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| SealError::Unavailable("the value is too long".into()))?;
    Ok([&nonce[..], &sealed].concat())
}

pub(super) fn decrypt(
    key: &[u8; KEY_BYTES],
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, sealed) = sealed
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or(SealError::DoesNotOpen)?;
    let payload = Payload {
        msg: sealed,
        aad: context,
    };
    let plain = Aes256Gcm::new(&(*key).into()).decrypt(&Nonce::from(*nonce), payload);
    plain
        .map(Zeroizing::new)
        .map_err(|_| SealError::DoesNotOpen)
}

fn random(bytes: &mut [u8]) -> Result<(), SealError> {
    getrandom::fill(bytes)
        .map_err(|_| SealError::Unavailable("the system gives no random numbers".into()))
}
