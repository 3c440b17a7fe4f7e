//! Envelope encryption: values under data keys, data keys under the key-encryption key.
//!
//! A sealed value is self-contained, so that replicas and backups need nothing but the key-encryption key:
//!
//! | Octets | Field |
//! |---|---|
//! | 1 | version of the format: 1 |
//! | 2 | length of the wrapped data key, big endian |
//! | … | the wrapped data key, as the key-encryption key made it |
//! | 12 | nonce |
//! | … | AES-256-GCM ciphertext and its tag of 16 octets |
//!
//! The tag covers the version, the wrapped key and the caller's context.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::key_encryption::{DataKey, KEY_BYTES, KeyEncryption, LocalKey, decrypt, encrypt};
use super::{SealError, Sealer};

const VERSION: u8 = 1;
/// Values under one data key: far below what its random nonces allow.
const MAX_USES: u32 = 1 << 20;
/// Age of a data key that still seals.
const MAX_AGE: Duration = Duration::from_secs(3600);
/// Data keys that are kept unwrapped: those of the last hours on a few replicas.
const OPENED_KEYS: usize = 64;

/// Seals under data keys that it makes, uses for a while and replaces.
pub struct EnvelopeSealer {
    keys: Box<dyn KeyEncryption>,
    max_uses: u32,
    current: Mutex<Option<Current>>,
    opened: Mutex<VecDeque<Arc<DataKey>>>,
}

/// The data key that seals.
struct Current {
    key: Arc<DataKey>,
    uses: u32,
    made: Instant,
}

impl EnvelopeSealer {
    /// With a key-encryption key.
    #[must_use]
    pub fn new(keys: Box<dyn KeyEncryption>) -> Self {
        Self {
            keys,
            max_uses: MAX_USES,
            current: Mutex::new(None),
            opened: Mutex::new(VecDeque::new()),
        }
    }

    /// With a key-encryption key of 32 bytes in memory.
    #[must_use]
    pub fn with_local_key(key: &[u8; KEY_BYTES]) -> Self {
        Self::new(Box::new(LocalKey::new(key)))
    }

    /// The key to seal the next value with.
    async fn sealing_key(&self) -> Result<Arc<DataKey>, SealError> {
        if let Some(current) = &mut *lock(&self.current)
            && current.uses < self.max_uses
            && current.made.elapsed() < MAX_AGE
        {
            current.uses += 1;
            return Ok(Arc::clone(&current.key));
        }
        // Callers that come meanwhile make a key each, of which the last stays: no harm, and no lock across the call.
        let key = Arc::new(self.keys.generate().await?);
        *lock(&self.current) = Some(Current {
            key: Arc::clone(&key),
            uses: 1,
            made: Instant::now(),
        });
        self.keep(Arc::clone(&key));
        Ok(key)
    }

    async fn opening_key(&self, wrapped: &[u8]) -> Result<Arc<DataKey>, SealError> {
        let known = |key: &&Arc<DataKey>| key.wrapped == wrapped;
        if let Some(key) = lock(&self.opened).iter().find(known) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(DataKey {
            plain: self.keys.unwrap(wrapped).await?,
            wrapped: wrapped.to_vec(),
        });
        self.keep(Arc::clone(&key));
        Ok(key)
    }

    fn keep(&self, key: Arc<DataKey>) {
        let mut opened = lock(&self.opened);
        opened.push_front(key);
        opened.truncate(OPENED_KEYS);
    }
}

impl fmt::Debug for EnvelopeSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvelopeSealer")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Sealer for EnvelopeSealer {
    async fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = self.sealing_key().await?;
        let length = u16::try_from(key.wrapped.len())
            .map_err(|_| SealError::Unavailable("a wrapped data key is too long".into()))?;
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&length.to_be_bytes());
        sealed.extend_from_slice(&key.wrapped);
        let context = [&sealed, context].concat();
        sealed.extend(encrypt(&key.plain, &context, plain)?);
        Ok(sealed)
    }

    async fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let Some(([VERSION, high, low], rest)) = sealed.split_first_chunk() else {
            return Err(SealError::DoesNotOpen);
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (wrapped, value) = rest
            .split_at_checked(length)
            .ok_or(SealError::DoesNotOpen)?;
        let key = self.opening_key(wrapped).await?;
        let context = [&sealed[..3 + length], context].concat();
        decrypt(&key.plain, &context, value)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is in there is whole at any moment.
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(key: u8) -> EnvelopeSealer {
        EnvelopeSealer::with_local_key(&[key; 32])
    }

    #[tokio::test]
    async fn a_value_opens_in_its_context_on_every_replica() {
        let sealed = sealer(1).seal(b"offer 1", b"A123456").await.unwrap();
        for replica in [sealer(1), sealer(1)] {
            let plain = replica.open(b"offer 1", &sealed).await.unwrap();
            assert_eq!(plain.as_slice(), b"A123456");
            let elsewhere = replica.open(b"offer 2", &sealed).await;
            assert!(matches!(elsewhere, Err(SealError::DoesNotOpen)));
        }
        let another = sealer(2).open(b"offer 1", &sealed).await;
        assert!(matches!(another, Err(SealError::DoesNotOpen)));
        assert!(!sealed.windows(7).any(|window| window == b"A123456"));
    }

    #[tokio::test]
    async fn a_value_that_was_changed_anywhere_or_cut_does_not_open() {
        let sealer = sealer(1);
        let sealed = sealer.seal(b"context", b"plain").await.unwrap();
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(
                sealer.open(b"context", &changed).await.is_err(),
                "{position}"
            );
            let cut = sealer.open(b"context", &sealed[..position]).await;
            assert!(cut.is_err(), "{position}");
        }
    }

    #[tokio::test]
    async fn equal_values_are_sealed_differently() {
        let sealer = sealer(1);
        let one = sealer.seal(b"context", b"plain").await.unwrap();
        let two = sealer.seal(b"context", b"plain").await.unwrap();
        assert_ne!(one, two);
    }

    #[tokio::test]
    async fn a_data_key_is_replaced_after_its_uses() {
        let sealer = EnvelopeSealer {
            max_uses: 2,
            ..sealer(1)
        };
        let mut wrapped = Vec::new();
        let mut all = Vec::new();
        for _ in 0..5 {
            let sealed = sealer.seal(b"context", b"plain").await.unwrap();
            wrapped.push(sealed[..63].to_vec());
            all.push(sealed);
        }
        wrapped.dedup();
        assert_eq!(wrapped.len(), 3);
        for sealed in all {
            assert!(sealer.open(b"context", &sealed).await.is_ok());
        }
    }

    #[tokio::test]
    async fn a_data_key_is_replaced_when_it_is_old() {
        let sealer = sealer(1);
        let one = sealer.seal(b"context", b"plain").await.unwrap();
        // A machine that has run for less than the age has no such instant.
        let Some(long_ago) = Instant::now().checked_sub(MAX_AGE) else {
            return;
        };
        if let Some(current) = &mut *lock(&sealer.current) {
            current.made = long_ago;
        }
        let two = sealer.seal(b"context", b"plain").await.unwrap();
        assert_ne!(one[..63], two[..63]);
    }

    #[test]
    fn debug_shows_no_key() {
        let printed = format!("{:?}", sealer(171));
        assert!(
            !printed.contains("171") && !printed.contains("ab"),
            "{printed}"
        );
    }
}
