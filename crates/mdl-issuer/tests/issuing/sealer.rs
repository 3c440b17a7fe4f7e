//! AES-256-GCM under one key that lasts as long as the test.

use std::sync::Arc;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use async_trait::async_trait;
use mdl_issuer::seal::{SealError, Sealer};
use zeroize::Zeroizing;

const NONCE: usize = 12;

struct OneKey(Aes256Gcm);

pub(crate) fn sealer() -> Arc<dyn Sealer> {
    Arc::new(OneKey(Aes256Gcm::new(&[3; 32].into())))
}

#[async_trait]
impl Sealer for OneKey {
    async fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).unwrap();
        let payload = Payload {
            msg: plain,
            aad: context,
        };
        let sealed = self.0.encrypt(&nonce.into(), payload);
        Ok([nonce.to_vec(), sealed.unwrap()].concat())
    }

    async fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE>()
            .ok_or(SealError::DoesNotOpen)?;
        let payload = Payload {
            msg: sealed,
            aad: context,
        };
        let plain = self.0.decrypt(&(*nonce).into(), payload);
        plain
            .map(Zeroizing::new)
            .map_err(|_| SealError::DoesNotOpen)
    }
}

impl std::fmt::Debug for OneKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneKey")
    }
}
