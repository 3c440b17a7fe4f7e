//! HPKE (RFC 9180), the receiver's side: base mode with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM, one
//! message for one key.
//!
//! ISO/IEC TS 18013-7, Annex C, and second edition, 12.6 encrypt responses with exactly this suite. In base mode
//! anybody may have encrypted: what comes out is as trustworthy as what its own signatures prove.

use zeroize::Zeroizing;

use crate::aes_gcm::{NotAuthentic, open_aes_gcm};
use crate::{AgreementError, Curve, InvalidKey, PrivateKey, PublicKey, hmac_sha256};

/// `"KEM" || I2OSP(kem_id, 2)`: DHKEM(P-256, HKDF-SHA256) is 0x0010.
const KEM: &[u8] = b"KEM\x00\x10";
/// `"HPKE" || kem_id || kdf_id || aead_id`.
const SUITE: &[u8] = b"HPKE\x00\x10\x00\x01\x00\x01";
const VERSION: &[u8] = b"HPKE-v1";
const MODE_BASE: u8 = 0;

/// Why a message was not opened.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HpkeError {
    /// The encapsulated key is not a point of P-256.
    #[error("the encapsulated key")]
    Encapsulated(#[from] InvalidKey),
    /// The recipient's key is not on P-256.
    #[error("the recipient's key is not on P-256")]
    Key(#[from] AgreementError),
    /// Encrypted for another key, with other `info` or `aad`, or changed on the way.
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
}

/// Opens `ciphertext` (with its tag) for `recipient`: `OpenBase` of RFC 9180, 6.1.
///
/// `encapsulated` is `enc`, the sender's ephemeral key as an uncompressed point.
///
/// # Errors
/// See [`HpkeError`].
pub fn hpke_open(
    recipient: &PrivateKey,
    encapsulated: &[u8],
    info: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Vec<u8>, HpkeError> {
    let sender = PublicKey::from_sec1(Curve::P256, encapsulated)?;
    let z = recipient.diffie_hellman(&sender)?;
    // RFC 9180, 7.1.1: both as uncompressed points.
    let kem_context = [sender.key_bits(), recipient.public_key().key_bits()].concat();
    let prk = labeled_extract(KEM, &[], b"eae_prk", z.as_bytes());
    let shared_secret = labeled_expand::<32>(KEM, &prk, b"shared_secret", &kem_context);

    let psk_id_hash = labeled_extract(SUITE, &[], b"psk_id_hash", &[]);
    let info_hash = labeled_extract(SUITE, &[], b"info_hash", info);
    let context = [&[MODE_BASE][..], &*psk_id_hash, &*info_hash].concat();
    let secret = labeled_extract(SUITE, &*shared_secret, b"secret", &[]);
    let key = labeled_expand::<16>(SUITE, &secret, b"key", &context);
    let nonce = labeled_expand::<12>(SUITE, &secret, b"base_nonce", &context);
    Ok(open_aes_gcm(&*key, &nonce, aad, ciphertext)?)
}

fn labeled_extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(hmac_sha256(salt, &[VERSION, suite, label, ikm]))
}

/// At most 32 bytes: one block of HKDF-Expand.
fn labeled_expand<const N: usize>(
    suite: &[u8],
    prk: &[u8; 32],
    label: &[u8],
    info: &[u8],
) -> Zeroizing<[u8; N]> {
    let length = (N as u16).to_be_bytes();
    let parts = [&length[..], VERSION, suite, label, info, &[1]];
    let block = Zeroizing::new(hmac_sha256(prk, &parts));
    let mut out = Zeroizing::new([0; N]);
    out.copy_from_slice(&block[..N]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex::decode(hex).unwrap()
    }

    /// Encrypted by pyhpke 0.6.5 for the key with the scalar 7, 7, …
    const ENCAPSULATED: &str = "04665ed1da2d606f03bd5db114dc6516685bc4888fa494a7fffa65e227171b2cf7\
        b1c51a2ccc22eeaecd027bc651e80cac8a3090cf25c5a0d418a0a5f763bc3551";
    const CIPHERTEXT: &str = "a8ca72a94a6e647b3e6d1b8c9dca03a004b8adc2e544e4";

    #[test]
    fn what_another_library_encrypted_is_opened_and_nothing_else() {
        let key = PrivateKey::from_scalar(Curve::P256, &[7; 32]).unwrap();
        let (encapsulated, ciphertext) = (bytes(ENCAPSULATED), bytes(CIPHERTEXT));
        let open = |info: &[u8], aad: &[u8], ciphertext: &[u8]| {
            hpke_open(&key, &encapsulated, info, aad, ciphertext)
        };
        assert_eq!(open(b"info", b"aad", &ciphertext), Ok(b"message".to_vec()));
        let not_authentic = Err(HpkeError::NotAuthentic(NotAuthentic));
        assert_eq!(open(b"other", b"aad", &ciphertext), not_authentic);
        assert_eq!(open(b"info", b"other", &ciphertext), not_authentic);
        assert_eq!(open(b"info", b"aad", &ciphertext[..15]), not_authentic);
        for byte in 0..ciphertext.len() {
            let mut changed = ciphertext.clone();
            changed[byte] ^= 1;
            assert_eq!(open(b"info", b"aad", &changed), not_authentic);
        }
        let other = PrivateKey::from_scalar(Curve::P256, &[8; 32]).unwrap();
        let opened = hpke_open(&other, &encapsulated, b"info", b"aad", &ciphertext);
        assert_eq!(opened, not_authentic);
    }

    #[test]
    fn keys_of_other_curves_and_other_bytes_are_no_keys() {
        let key = PrivateKey::from_scalar(Curve::P256, &[7; 32]).unwrap();
        for encapsulated in [vec![], vec![4; 65], bytes(ENCAPSULATED)[..64].to_vec()] {
            let opened = hpke_open(&key, &encapsulated, b"", b"", &[0; 16]);
            assert!(
                matches!(opened, Err(HpkeError::Encapsulated(_))),
                "{opened:?}"
            );
        }
        let p384 = PrivateKey::from_scalar(Curve::P384, &[7; 48]).unwrap();
        let opened = hpke_open(&p384, &bytes(ENCAPSULATED), b"", b"", &[0; 16]);
        assert!(matches!(opened, Err(HpkeError::Key(_))), "{opened:?}");
    }
}
