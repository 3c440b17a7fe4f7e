//! AES-256-GCM, which encrypts the messages of a session (ISO/IEC 18013-5, 9.1.1.5); and the receiver's side of AES-GCM
//! with additional data, for responses of the online flows.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm, Nonce};

/// A key of AES-256-GCM, with 96-bit nonces and 128-bit tags, and no additional data. Zeroized when dropped.
///
/// The caller sees to it that no nonce comes twice: two messages under one nonce give both away.
pub struct AesGcmKey(Box<Aes256Gcm>);

/// What was to be decrypted is not what was encrypted, or was encrypted with another key or nonce.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("message is not authentic")]
pub struct NotAuthentic;

impl AesGcmKey {
    /// Bytes of the tag, which is at the end of what is encrypted.
    pub const TAG_LEN: usize = 16;

    /// The key with these bytes.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Box::new(Aes256Gcm::new(key.into())))
    }

    /// Encrypts: ciphertext and tag.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "no message in memory is that long"
    )]
    pub fn encrypt(&self, nonce: &[u8; 12], message: &[u8]) -> Vec<u8> {
        self.0
            .encrypt(&Nonce::from(*nonce), message)
            .expect("GCM takes messages of up to 64 GiB")
    }

    /// Decrypts ciphertext and tag.
    ///
    /// # Errors
    /// [`NotAuthentic`], with nothing of what it would have been.
    pub fn decrypt(&self, nonce: &[u8; 12], encrypted: &[u8]) -> Result<Vec<u8>, NotAuthentic> {
        self.0
            .decrypt(&Nonce::from(*nonce), encrypted)
            .map_err(|_| NotAuthentic)
    }
}

impl fmt::Debug for AesGcmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesGcmKey(..)")
    }
}

/// Decrypts ciphertext and tag by AES-128-GCM or AES-256-GCM, as the key is long.
pub(crate) fn open_aes_gcm(
    key: &[u8],
    nonce: &[u8; 12],
    aad: &[u8],
    encrypted: &[u8],
) -> Result<Vec<u8>, NotAuthentic> {
    let nonce = Nonce::from(*nonce);
    let payload = Payload {
        msg: encrypted,
        aad,
    };
    let opened = match key.len() {
        16 => Aes128Gcm::new_from_slice(key)
            .map_err(|_| NotAuthentic)?
            .decrypt(&nonce, payload),
        _ => Aes256Gcm::new_from_slice(key)
            .map_err(|_| NotAuthentic)?
            .decrypt(&nonce, payload),
    };
    opened.map_err(|_| NotAuthentic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_case_14_of_the_specification_of_gcm() {
        // McGrew and Viega, appendix B: key, nonce and message of zeros.
        let key = AesGcmKey::new(&[0; 32]);
        let encrypted = key.encrypt(&[0; 12], &[0; 16]);
        assert_eq!(
            hex::encode(&encrypted),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        );
        assert_eq!(key.decrypt(&[0; 12], &encrypted), Ok(vec![0; 16]));
    }

    #[test]
    fn nothing_is_given_of_a_message_that_was_changed() {
        let key = AesGcmKey::new(&[1; 32]);
        let encrypted = key.encrypt(&[2; 12], b"message");
        for byte in 0..encrypted.len() {
            let mut changed = encrypted.clone();
            changed[byte] ^= 1;
            assert_eq!(key.decrypt(&[2; 12], &changed), Err(NotAuthentic));
        }
        assert_eq!(key.decrypt(&[3; 12], &encrypted), Err(NotAuthentic));
        assert_eq!(key.decrypt(&[2; 12], &encrypted[..15]), Err(NotAuthentic));
        let other = AesGcmKey::new(&[4; 32]);
        assert_eq!(other.decrypt(&[2; 12], &encrypted), Err(NotAuthentic));
    }
}
