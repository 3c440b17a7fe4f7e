//! Software private keys: sign, agree on a secret, be stored.
//!
//! Keys of document signers and devices where no key store holds them, and ephemeral keys of sessions
//! (ISO/IEC 18013-5, 9.1.1.4). Secrets are zeroized when dropped and never printed.

use crate::{Curve, PublicKey, Signature, UnsupportedCurve, pkcs8_key, rust_crypto::SecretKey};
use rand_core::CryptoRng;
use std::fmt;
use zeroize::Zeroizing;

/// A private key in memory, with its public key.
#[derive(Clone)]
pub struct PrivateKey {
    secret: SecretKey,
    public: PublicKey,
    #[cfg(feature = "aws-lc-rs")]
    fast: Option<crate::aws_lc::SigningKey>,
}

impl PrivateKey {
    /// A fresh key. The same generator state gives the same key on every platform and backend.
    #[must_use]
    pub fn generate<R: CryptoRng + ?Sized>(curve: Curve, rng: &mut R) -> Self {
        let mut scalar = Zeroizing::new(vec![0; curve.field_len()]);
        loop {
            rng.fill_bytes(&mut scalar);
            if curve == Curve::P521 {
                // 521 bits: without this, one draw in 128 would be below the order.
                scalar[0] &= 1;
            }
            if let Ok(key) = Self::from_scalar(curve, &scalar) {
                return key;
            }
        }
    }

    /// A key from its scalar, big-endian and [`Curve::field_len`] bytes, or from its Ed25519 seed.
    ///
    /// # Errors
    /// [`InvalidPrivateKey::Scalar`] for another length, and for zero or a number not below the order.
    pub fn from_scalar(curve: Curve, scalar: &[u8]) -> Result<Self, InvalidPrivateKey> {
        let secret =
            SecretKey::from_scalar(curve, scalar).ok_or(InvalidPrivateKey::Scalar(curve))?;
        Self::new(secret)
    }

    /// A key from an unencrypted DER `PrivateKeyInfo` (PKCS#8, RFC 5958), with nothing after it.
    ///
    /// # Errors
    /// [`InvalidPrivateKey::Unsupported`] and [`InvalidPrivateKey::KeyType`] say what kind of key it is;
    /// [`InvalidPrivateKey::Pkcs8`] is a malformed one, or one whose public key belongs to another.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, InvalidPrivateKey> {
        Self::new(pkcs8_key::decode(der)?)
    }

    /// A key from `-----BEGIN PRIVATE KEY-----`.
    ///
    /// # Errors
    /// [`InvalidPrivateKey::Encrypted`] and [`InvalidPrivateKey::PemLabel`] for other PEM,
    /// [`InvalidPrivateKey::Pem`] for what is not PEM, then as [`from_pkcs8_der`](Self::from_pkcs8_der).
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, InvalidPrivateKey> {
        Self::from_pkcs8_der(&pkcs8_key::from_pem(pem)?)
    }

    /// The DER `PrivateKeyInfo`, as OpenSSL reads it.
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        pkcs8_key::encode(&self.secret, &self.public)
    }

    /// The `PrivateKeyInfo` as PEM.
    #[must_use]
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        pkcs8_key::to_pem(&self.to_pkcs8_der())
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The curve.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        self.public.curve()
    }

    /// Signs `message`, which is not yet hashed, with the algorithm of the curve.
    ///
    /// With the `aws-lc-rs` backend, ECDSA nonces on the NIST curves come from the generator of AWS-LC, and two
    /// signatures of one message differ. Everywhere else this is [`sign_deterministic`](Self::sign_deterministic).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        #[cfg(feature = "aws-lc-rs")]
        if let Some(signature) = self.fast.as_ref().and_then(|key| key.sign(message)) {
            return signature;
        }
        self.sign_deterministic(message)
    }

    /// Signs `message` so that the same key and message give the same signature on every backend: RFC 6979
    /// for ECDSA; Ed25519 is like this by itself.
    #[must_use]
    pub fn sign_deterministic(&self, message: &[u8]) -> Signature {
        self.secret.sign(message)
    }

    /// ECDH: the x coordinate of the shared point (ISO/IEC 18013-5, 9.1.1.4; NIST SP 800-56A, 5.7.1.2).
    ///
    /// # Errors
    /// [`AgreementError::CurveMismatch`] for a peer on another curve, [`AgreementError::NotForAgreement`] for
    /// Ed25519 keys.
    pub fn diffie_hellman(&self, peer: &PublicKey) -> Result<SharedSecret, AgreementError> {
        let curve = self.curve();
        if curve != peer.curve() {
            return Err(AgreementError::CurveMismatch {
                own: curve,
                peer: peer.curve(),
            });
        }
        self.secret
            .diffie_hellman(peer.key_bits())
            .map(SharedSecret)
            .ok_or(AgreementError::NotForAgreement(curve))
    }

    fn new(secret: SecretKey) -> Result<Self, InvalidPrivateKey> {
        let curve = secret.curve();
        let key_bits = secret.public_key_bits();
        let public = if curve.is_edwards() {
            PublicKey::from_edwards(curve, &key_bits)
        } else {
            PublicKey::from_sec1(curve, &key_bits)
        }
        // No scalar in range has a public key that is refused, but that is for the backend to know.
        .map_err(|_| InvalidPrivateKey::Scalar(curve))?;
        Ok(Self {
            #[cfg(feature = "aws-lc-rs")]
            fast: crate::aws_lc::SigningKey::new(curve, &secret.to_scalar(), &key_bits),
            secret,
            public,
        })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// The result of ECDH: the x coordinate, [`Curve::field_len`] bytes. Zeroized when dropped. To be put through
/// a key derivation, never used as a key itself.
pub struct SharedSecret(Zeroizing<Vec<u8>>);

impl SharedSecret {
    /// The x coordinate, big-endian.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

/// Why there is no private key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPrivateKey {
    /// A curve that we cannot use.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedCurve),
    /// A key of another kind than elliptic-curve keys, by its object identifier.
    #[error("key type {0} is not an elliptic-curve signing key")]
    KeyType(String),
    /// Wrong length, zero, or not below the order of the curve.
    #[error("scalar is not a private key of {0}")]
    Scalar(Curve),
    /// Not the DER of an unencrypted `PrivateKeyInfo`, or one that contradicts itself.
    #[error("not an unencrypted PKCS#8 private key")]
    Pkcs8,
    /// PEM of an encrypted key: a passphrase is needed first.
    #[error("private key is encrypted")]
    Encrypted,
    /// PEM of something else, with its label.
    #[error("PEM holds a {0}, not a PRIVATE KEY (PKCS#8)")]
    PemLabel(String),
    /// Not PEM at all.
    #[error("not PEM")]
    Pem,
}

/// Why two keys give no shared secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AgreementError {
    /// The keys are on different curves.
    #[error("{own} key cannot agree with a {peer} key")]
    CurveMismatch {
        /// The curve of the private key.
        own: Curve,
        /// The curve of the other's public key.
        peer: Curve,
    },
    /// Keys of this curve sign only.
    #[error("{0} keys cannot agree on a secret")]
    NotForAgreement(Curve),
}
