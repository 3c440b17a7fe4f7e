//! Public keys: validated once, then cheap to verify with.
//!
//! ISO/IEC 18013-5, 9.1.2.4 and 9.1.3.6; RFC 9053, 2. A [`PublicKey`] exists only for a point that is on its
//! curve and not the identity, so whoever holds one need not check again. The algorithm of a header must fit
//! the curve of the key: a mismatch is an error of its own, not a bad signature.

use crate::{
    Algorithm, Curve, Digest, HashAlgorithm, UnsupportedCurve,
    hash::write_hex,
    rust_crypto, signature,
    spki::{self, key_bits_len},
};
use std::fmt;

/// Longest `key_bits`: the uncompressed point of P-521.
const MAX_KEY_BITS_LEN: usize = 133;

/// A public key: a point on its curve, neither the identity nor (Ed25519) of small order.
#[derive(Clone)]
pub struct PublicKey {
    curve: Curve,
    key_bits: [u8; MAX_KEY_BITS_LEN],
    backend: Backend,
}

/// Who verifies. Chosen by curve when the key is decoded, so that a point is decoded once.
#[derive(Clone)]
enum Backend {
    RustCrypto(rust_crypto::VerifyingKey),
    #[cfg(feature = "aws-lc-rs")]
    AwsLc(crate::aws_lc::VerifyingKey),
}

impl PublicKey {
    /// A key from a SEC1 point: `04 || x || y`, or `02 || x` and `03 || x`. For Ed25519, see
    /// [`from_edwards`](Self::from_edwards).
    ///
    /// # Errors
    /// [`InvalidKey::Length`], [`InvalidKey::PointFormat`], [`InvalidKey::NotOnCurve`]; the identity is
    /// among the point formats that are refused. [`InvalidKey::WrongKind`] for Ed25519.
    pub fn from_sec1(curve: Curve, point: &[u8]) -> Result<Self, InvalidKey> {
        if curve.is_edwards() {
            return Err(InvalidKey::WrongKind(curve));
        }
        let expected = match point.first() {
            Some(4) => key_bits_len(curve),
            Some(2 | 3) => 1 + curve.field_len(),
            _ => return Err(InvalidKey::PointFormat),
        };
        if point.len() != expected {
            return Err(InvalidKey::Length {
                curve,
                expected,
                actual: point.len(),
            });
        }
        if point[0] == 4 {
            return Self::decode(curve, point);
        }
        let uncompressed = rust_crypto::VerifyingKey::decode(curve, point)?.key_bits();
        Self::decode(curve, &uncompressed)
    }

    /// A key from its coordinates, each [`Curve::field_len`] bytes, big-endian.
    ///
    /// # Errors
    /// [`InvalidKey::Length`], [`InvalidKey::NotOnCurve`], [`InvalidKey::WrongKind`] for Ed25519.
    pub fn from_coordinates(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, InvalidKey> {
        if curve.is_edwards() {
            return Err(InvalidKey::WrongKind(curve));
        }
        let field = coordinate_len(curve, x)?;
        coordinate_len(curve, y)?;
        let mut point = [4; MAX_KEY_BITS_LEN];
        point[1..=field].copy_from_slice(x);
        point[1 + field..=2 * field].copy_from_slice(y);
        Self::decode(curve, &point[..=2 * field])
    }

    /// A key from its x coordinate and the sign of y, as a `COSE_Key` with a boolean `y` has it.
    ///
    /// # Errors
    /// [`InvalidKey::Length`], [`InvalidKey::NotOnCurve`], [`InvalidKey::WrongKind`] for Ed25519.
    pub fn from_compressed(curve: Curve, x: &[u8], y_is_odd: bool) -> Result<Self, InvalidKey> {
        if curve.is_edwards() {
            return Err(InvalidKey::WrongKind(curve));
        }
        let field = coordinate_len(curve, x)?;
        let mut point = [2 + u8::from(y_is_odd); MAX_KEY_BITS_LEN];
        point[1..=field].copy_from_slice(x);
        Self::from_sec1(curve, &point[..=field])
    }

    /// A key from the encoding of an Edwards point, RFC 8032, 5.1.2.
    ///
    /// # Errors
    /// [`InvalidKey::Length`]; [`InvalidKey::NotOnCurve`], also for an encoding that RFC 8032 does not allow;
    /// [`InvalidKey::SmallOrder`] for the keys with which anybody can forge; [`InvalidKey::WrongKind`] for
    /// curves that are not Edwards curves.
    pub fn from_edwards(curve: Curve, point: &[u8]) -> Result<Self, InvalidKey> {
        if !curve.is_edwards() {
            return Err(InvalidKey::WrongKind(curve));
        }
        coordinate_len(curve, point)?;
        Self::decode(curve, point)
    }

    /// A key from a DER `SubjectPublicKeyInfo`: named curve and uncompressed point, or Ed25519 without
    /// parameters, and nothing after it.
    ///
    /// # Errors
    /// [`InvalidKey::Unsupported`] names a curve that we lack, [`InvalidKey::KeyType`] a key that is not on an
    /// elliptic curve; [`InvalidKey::CompressedPoint`] and [`InvalidKey::ExplicitParameters`] are what the
    /// standard excludes; [`InvalidKey::Spki`] is everything else before the point; then as
    /// [`from_sec1`](Self::from_sec1) and [`from_edwards`](Self::from_edwards).
    pub fn from_spki_der(der: &[u8]) -> Result<Self, InvalidKey> {
        let (curve, key_bits) = spki::decode(der)?;
        if curve.is_edwards() {
            Self::from_edwards(curve, key_bits)
        } else {
            Self::from_sec1(curve, key_bits)
        }
    }

    /// The DER `SubjectPublicKeyInfo`, in the one form that the standard allows.
    #[must_use]
    pub fn to_spki_der(&self) -> Vec<u8> {
        spki::encode(self.curve, self.key_bits())
    }

    /// The curve.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        self.curve
    }

    /// The x coordinate, [`Curve::field_len`] bytes; for Ed25519 the whole key, as `x` of a `COSE_Key` has it.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        let field = self.curve.field_len();
        if self.curve.is_edwards() {
            &self.key_bits[..field]
        } else {
            &self.key_bits[1..=field]
        }
    }

    /// The y coordinate, [`Curve::field_len`] bytes; `None` for Ed25519.
    #[must_use]
    pub fn y(&self) -> Option<&[u8]> {
        let field = self.curve.field_len();
        (!self.curve.is_edwards()).then(|| &self.key_bits[1 + field..=2 * field])
    }

    /// The content of the BIT STRING of `SubjectPublicKeyInfo`, over which key identifiers are computed:
    /// `04 || x || y`, or the 32 bytes of Ed25519.
    #[must_use]
    pub fn key_bits(&self) -> &[u8] {
        &self.key_bits[..key_bits_len(self.curve)]
    }

    /// Checks the fixed-width `signature` of `message`, which is not yet hashed.
    ///
    /// # Errors
    /// [`VerifyError::AlgorithmMismatch`] if `algorithm` is not the one of the curve,
    /// [`VerifyError::SignatureLength`], [`VerifyError::BadSignature`]; `r` or `s` of zero, or not below the
    /// order of the curve, are bad signatures.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        self.check_form(algorithm, signature)?;
        let good = match &self.backend {
            Backend::RustCrypto(key) => match algorithm.hash() {
                Some(hash) => key.verify_digest(&hash.digest(message), signature),
                None => key.verify_message(message, signature),
            },
            #[cfg(feature = "aws-lc-rs")]
            Backend::AwsLc(key) => key.verify(message, signature),
        };
        good.then_some(()).ok_or(VerifyError::BadSignature)
    }

    /// As [`verify`](Self::verify), for a `message` whose SHA-256 is known, so that algorithms with that hash need not
    /// take it again.
    pub(crate) fn verify_hashed(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        sha256: &Digest,
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        if algorithm.hash() != Some(HashAlgorithm::Sha256) {
            return self.verify(algorithm, message, signature);
        }
        self.check_form(algorithm, signature)?;
        let good = match &self.backend {
            Backend::RustCrypto(key) => key.verify_digest(sha256, signature),
            #[cfg(feature = "aws-lc-rs")]
            Backend::AwsLc(key) => key.verify_digest(sha256, signature),
        };
        good.then_some(()).ok_or(VerifyError::BadSignature)
    }

    fn check_form(&self, algorithm: Algorithm, signature: &[u8]) -> Result<(), VerifyError> {
        if algorithm != self.curve.algorithm() {
            return Err(VerifyError::AlgorithmMismatch {
                algorithm,
                curve: self.curve,
            });
        }
        if signature.len() != self.curve.signature_len() {
            return Err(VerifyError::SignatureLength {
                expected: self.curve.signature_len(),
                actual: signature.len(),
            });
        }
        Ok(())
    }

    /// Checks an `Ecdsa-Sig-Value`, as in certificates, where the hash is not tied to the curve.
    ///
    /// # Errors
    /// [`VerifyError::NotEcdsa`] for an Ed25519 key, [`VerifyError::SignatureEncoding`] unless the signature
    /// is strict DER with integers that fit the curve, [`VerifyError::BadSignature`].
    pub fn verify_ecdsa_der(
        &self,
        hash: HashAlgorithm,
        message: &[u8],
        der_signature: &[u8],
    ) -> Result<(), VerifyError> {
        if self.curve.is_edwards() {
            return Err(VerifyError::NotEcdsa(self.curve));
        }
        let signature = signature::Signature::from_der(self.curve, der_signature)
            .map_err(|_| VerifyError::SignatureEncoding)?;
        let good = match &self.backend {
            Backend::RustCrypto(key) => {
                key.verify_digest(&hash.digest(message), signature.as_bytes())
            }
            #[cfg(feature = "aws-lc-rs")]
            Backend::AwsLc(key) => key.verify_der(hash, message, der_signature),
        };
        if good {
            Ok(())
        } else {
            Err(VerifyError::BadSignature)
        }
    }

    /// `point` has the length of the curve's `key_bits`.
    fn decode(curve: Curve, point: &[u8]) -> Result<Self, InvalidKey> {
        let mut key_bits = [0; MAX_KEY_BITS_LEN];
        key_bits[..point.len()].copy_from_slice(point);
        Ok(Self {
            curve,
            key_bits,
            backend: Backend::decode(curve, point)?,
        })
    }
}

impl Backend {
    fn decode(curve: Curve, point: &[u8]) -> Result<Self, InvalidKey> {
        #[cfg(feature = "aws-lc-rs")]
        if let Some(key) = crate::aws_lc::VerifyingKey::decode(curve, point) {
            return key.map(Self::AwsLc);
        }
        rust_crypto::VerifyingKey::decode(curve, point).map(Self::RustCrypto)
    }
}

fn coordinate_len(curve: Curve, coordinate: &[u8]) -> Result<usize, InvalidKey> {
    let expected = curve.field_len();
    if coordinate.len() == expected {
        Ok(expected)
    } else {
        Err(InvalidKey::Length {
            curve,
            expected,
            actual: coordinate.len(),
        })
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.curve == other.curve && self.key_bits() == other.key_bits()
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, ", self.curve)?;
        write_hex(f, self.key_bits())?;
        f.write_str(")")
    }
}

/// Why bytes are not a public key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// A curve that we cannot use.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedCurve),
    /// A key of another kind than elliptic-curve keys, by its object identifier.
    #[error("key type {0} is not an elliptic-curve key")]
    KeyType(String),
    /// An Edwards key where a point with two coordinates is due, or the other way round.
    #[error("{0} keys do not have this form")]
    WrongKind(Curve),
    /// A point or coordinate of the wrong length.
    #[error("{actual} bytes where {curve} needs {expected}")]
    Length {
        /// The curve of the key.
        curve: Curve,
        /// Bytes needed.
        expected: usize,
        /// Bytes received.
        actual: usize,
    },
    /// Neither 02, 03 nor 04 in front of a point; also the identity, which is written 00.
    #[error("point does not begin with 02, 03 or 04")]
    PointFormat,
    /// A point that is not on the curve, or coordinates not below the prime.
    #[error("point is not on {0}")]
    NotOnCurve(Curve),
    /// An Ed25519 key of small order: every message has a signature that anybody can compute.
    #[error("Ed25519 key of small order")]
    SmallOrder,
    /// A compressed point in a `SubjectPublicKeyInfo`.
    #[error("point of a SubjectPublicKeyInfo is compressed")]
    CompressedPoint,
    /// Curve parameters in a `SubjectPublicKeyInfo` that are not a named curve.
    #[error("SubjectPublicKeyInfo does not name its curve")]
    ExplicitParameters,
    /// Not a DER `SubjectPublicKeyInfo` of a supported curve.
    #[error("not the DER SubjectPublicKeyInfo of an elliptic-curve key")]
    Spki,
}

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The algorithm does not belong to the key's curve.
    #[error("algorithm {algorithm} does not fit a {curve} key")]
    AlgorithmMismatch {
        /// What the header names.
        algorithm: Algorithm,
        /// The curve of the key.
        curve: Curve,
    },
    /// Not the fixed width of the key's curve.
    #[error("signature has {actual} bytes instead of {expected}")]
    SignatureLength {
        /// [`Curve::signature_len`].
        expected: usize,
        /// Bytes received.
        actual: usize,
    },
    /// Not a strict DER `Ecdsa-Sig-Value`.
    #[error("signature is not a DER Ecdsa-Sig-Value that fits the curve")]
    SignatureEncoding,
    /// ECDSA was asked of an Edwards key.
    #[error("{0} keys do not make ECDSA signatures")]
    NotEcdsa(Curve),
    /// The signature is not the key's signature of the message.
    #[error("signature does not verify")]
    BadSignature,
}
