//! The portable backend: RustCrypto, for every curve and every target.
//!
//! Points are validated when they are decoded; scalars of signatures are range-checked before use.

use crate::{Curve, Digest, InvalidKey, Signature};
use bp256::BrainpoolP256r1;
use bp384::BrainpoolP384r1;
use ecdsa::{EcdsaCurve, SignatureSize, hazmat, signature::hazmat::PrehashVerifier};
use ed25519_dalek::Signer as _;
use p256::{
    NistP256,
    elliptic_curve::{
        self, AffinePoint, CurveArithmetic, FieldBytesSize,
        array::ArraySize,
        sec1::{FromSec1Point, ModulusSize, ToSec1Point},
    },
};
use p384::NistP384;
use p521::NistP521;
use pkcs8::PrivateKeyInfoRef;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

/// A decoded public key, ready to verify.
#[derive(Clone)]
pub(crate) enum VerifyingKey {
    P256(ecdsa::VerifyingKey<NistP256>),
    P384(ecdsa::VerifyingKey<NistP384>),
    P521(ecdsa::VerifyingKey<NistP521>),
    BrainpoolP256r1(ecdsa::VerifyingKey<BrainpoolP256r1>),
    BrainpoolP384r1(ecdsa::VerifyingKey<BrainpoolP384r1>),
    Ed25519(ed25519_dalek::VerifyingKey),
}

impl VerifyingKey {
    /// `point` is a SEC1 point whose length fits `curve`, or the 32 bytes of an Ed25519 key.
    pub(crate) fn decode(curve: Curve, point: &[u8]) -> Result<Self, InvalidKey> {
        fn ecdsa<C>(curve: Curve, point: &[u8]) -> Result<ecdsa::VerifyingKey<C>, InvalidKey>
        where
            C: EcdsaCurve + CurveArithmetic,
            AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
            FieldBytesSize<C>: ModulusSize,
        {
            ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| InvalidKey::NotOnCurve(curve))
        }
        Ok(match curve {
            Curve::P256 => Self::P256(ecdsa(curve, point)?),
            Curve::P384 => Self::P384(ecdsa(curve, point)?),
            Curve::P521 => Self::P521(ecdsa(curve, point)?),
            Curve::BrainpoolP256r1 => Self::BrainpoolP256r1(ecdsa(curve, point)?),
            Curve::BrainpoolP384r1 => Self::BrainpoolP384r1(ecdsa(curve, point)?),
            Curve::Ed25519 => Self::Ed25519(decode_edwards(point)?),
        })
    }

    /// The SEC1 uncompressed point, or the 32 bytes of an Ed25519 key.
    pub(crate) fn key_bits(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => key.to_sec1_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.to_sec1_point(false).as_bytes().to_vec(),
            Self::P521(key) => key.to_sec1_point(false).as_bytes().to_vec(),
            Self::BrainpoolP256r1(key) => key.to_sec1_point(false).as_bytes().to_vec(),
            Self::BrainpoolP384r1(key) => key.to_sec1_point(false).as_bytes().to_vec(),
            Self::Ed25519(key) => key.to_bytes().to_vec(),
        }
    }

    /// Whether `signature` (`r || s`) is the key's signature of a message with this digest. False for
    /// Ed25519, which signs no digests.
    pub(crate) fn verify_digest(&self, digest: &Digest, signature: &[u8]) -> bool {
        fn ecdsa<C>(key: &ecdsa::VerifyingKey<C>, digest: &Digest, signature: &[u8]) -> bool
        where
            C: EcdsaCurve + CurveArithmetic,
            SignatureSize<C>: ArraySize,
        {
            // Refuses other widths, and `r` or `s` outside 1..n.
            ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(digest.as_ref(), &signature).is_ok())
        }
        match self {
            Self::P256(key) => ecdsa(key, digest, signature),
            Self::P384(key) => ecdsa(key, digest, signature),
            Self::P521(key) => ecdsa(key, digest, signature),
            Self::BrainpoolP256r1(key) => ecdsa(key, digest, signature),
            Self::BrainpoolP384r1(key) => ecdsa(key, digest, signature),
            Self::Ed25519(_) => false,
        }
    }

    /// Whether `signature` is the Ed25519 key's signature of `message`. False for other keys.
    pub(crate) fn verify_message(&self, message: &[u8], signature: &[u8]) -> bool {
        let Self::Ed25519(key) = self else {
            return false;
        };
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
    }
}

/// Decodes an Ed25519 key. Keys of small order would make every message verify; encodings that RFC 8032,
/// 5.1.3, does not allow (`y` not below the prime) are accepted by some libraries and not by others.
fn decode_edwards(point: &[u8]) -> Result<ed25519_dalek::VerifyingKey, InvalidKey> {
    let not_on_curve = || InvalidKey::NotOnCurve(Curve::Ed25519);
    let bytes: &[u8; 32] = point.try_into().map_err(|_| not_on_curve())?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| not_on_curve())?;
    if key.is_weak() {
        return Err(InvalidKey::SmallOrder);
    }
    if key.to_edwards().compress().as_bytes() != bytes {
        return Err(not_on_curve());
    }
    Ok(key)
}

/// A private scalar, or the seed of an Ed25519 key. Zeroized when dropped, by the types it holds.
#[derive(Clone)]
pub(crate) enum SecretKey {
    P256(elliptic_curve::SecretKey<NistP256>),
    P384(elliptic_curve::SecretKey<NistP384>),
    P521(elliptic_curve::SecretKey<NistP521>),
    BrainpoolP256r1(elliptic_curve::SecretKey<BrainpoolP256r1>),
    BrainpoolP384r1(elliptic_curve::SecretKey<BrainpoolP384r1>),
    Ed25519(ed25519_dalek::SigningKey),
}

impl SecretKey {
    /// The key with this scalar, big-endian and [`Curve::field_len`] bytes; `None` for another length and
    /// for a scalar outside 1..n.
    pub(crate) fn from_scalar(curve: Curve, scalar: &[u8]) -> Option<Self> {
        if scalar.len() != curve.field_len() {
            return None;
        }
        Some(match curve {
            Curve::P256 => Self::P256(elliptic_curve::SecretKey::from_slice(scalar).ok()?),
            Curve::P384 => Self::P384(elliptic_curve::SecretKey::from_slice(scalar).ok()?),
            Curve::P521 => Self::P521(elliptic_curve::SecretKey::from_slice(scalar).ok()?),
            Curve::BrainpoolP256r1 => {
                Self::BrainpoolP256r1(elliptic_curve::SecretKey::from_slice(scalar).ok()?)
            }
            Curve::BrainpoolP384r1 => {
                Self::BrainpoolP384r1(elliptic_curve::SecretKey::from_slice(scalar).ok()?)
            }
            Curve::Ed25519 => Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(
                scalar.try_into().ok()?,
            )),
        })
    }

    /// The key in a `PrivateKeyInfo` whose algorithm names `curve`; `None` if it is malformed or if it carries
    /// a public key that belongs to another.
    pub(crate) fn from_pkcs8(curve: Curve, info: PrivateKeyInfoRef<'_>) -> Option<Self> {
        Some(match curve {
            Curve::P256 => Self::P256(info.try_into().ok()?),
            Curve::P384 => Self::P384(info.try_into().ok()?),
            Curve::P521 => Self::P521(info.try_into().ok()?),
            Curve::BrainpoolP256r1 => Self::BrainpoolP256r1(info.try_into().ok()?),
            Curve::BrainpoolP384r1 => Self::BrainpoolP384r1(info.try_into().ok()?),
            Curve::Ed25519 => Self::Ed25519(info.try_into().ok()?),
        })
    }

    /// What [`from_scalar`](Self::from_scalar) takes.
    pub(crate) fn to_scalar(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::P256(key) => Zeroizing::new(key.to_bytes()).to_vec(),
            Self::P384(key) => Zeroizing::new(key.to_bytes()).to_vec(),
            Self::P521(key) => Zeroizing::new(key.to_bytes()).to_vec(),
            Self::BrainpoolP256r1(key) => Zeroizing::new(key.to_bytes()).to_vec(),
            Self::BrainpoolP384r1(key) => Zeroizing::new(key.to_bytes()).to_vec(),
            Self::Ed25519(key) => key.as_bytes().to_vec(),
        })
    }

    /// The SEC1 uncompressed public point, or the 32 bytes of an Ed25519 public key.
    pub(crate) fn public_key_bits(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => VerifyingKey::P256(key.public_key().into()),
            Self::P384(key) => VerifyingKey::P384(key.public_key().into()),
            Self::P521(key) => VerifyingKey::P521(key.public_key().into()),
            Self::BrainpoolP256r1(key) => VerifyingKey::BrainpoolP256r1(key.public_key().into()),
            Self::BrainpoolP384r1(key) => VerifyingKey::BrainpoolP384r1(key.public_key().into()),
            Self::Ed25519(key) => VerifyingKey::Ed25519(key.verifying_key()),
        }
        .key_bits()
    }

    /// The RFC 6979 (or Ed25519) signature, fixed width, with the hash that the standard pairs with the curve.
    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        fn ecdsa<C, D>(
            key: &elliptic_curve::SecretKey<C>,
            curve: Curve,
            message: &[u8],
        ) -> Signature
        where
            C: EcdsaCurve + CurveArithmetic,
            D: sha2::Digest + sha2::digest::common::BlockSizeUser,
            SignatureSize<C>: ArraySize,
        {
            let scalar = Zeroizing::new(key.to_nonzero_scalar());
            let digest = curve.hash().digest(message);
            let (signature, _) =
                hazmat::sign_prehashed_rfc6979::<C, D>(&scalar, digest.as_ref(), &[]);
            Signature::new(curve, &signature.to_bytes())
        }
        let curve = self.curve();
        match self {
            Self::P256(key) => ecdsa::<_, Sha256>(key, curve, message),
            Self::P384(key) => ecdsa::<_, Sha384>(key, curve, message),
            Self::P521(key) => ecdsa::<_, Sha512>(key, curve, message),
            Self::BrainpoolP256r1(key) => ecdsa::<_, Sha256>(key, curve, message),
            Self::BrainpoolP384r1(key) => ecdsa::<_, Sha384>(key, curve, message),
            Self::Ed25519(key) => Signature::new(curve, &key.sign(message).to_bytes()),
        }
    }

    /// The x coordinate of the shared point with the peer whose uncompressed point is `peer`; `None` for
    /// Ed25519 and for a point that is not on this key's curve.
    pub(crate) fn diffie_hellman(&self, peer: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        fn agree<C>(key: &elliptic_curve::SecretKey<C>, peer: &[u8]) -> Option<Zeroizing<Vec<u8>>>
        where
            C: CurveArithmetic,
            AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
            FieldBytesSize<C>: ModulusSize,
        {
            let peer = elliptic_curve::PublicKey::<C>::from_sec1_bytes(peer).ok()?;
            Some(Zeroizing::new(
                key.diffie_hellman(&peer).raw_secret_bytes().to_vec(),
            ))
        }
        match self {
            Self::P256(key) => agree(key, peer),
            Self::P384(key) => agree(key, peer),
            Self::P521(key) => agree(key, peer),
            Self::BrainpoolP256r1(key) => agree(key, peer),
            Self::BrainpoolP384r1(key) => agree(key, peer),
            Self::Ed25519(_) => None,
        }
    }

    pub(crate) const fn curve(&self) -> Curve {
        match self {
            Self::P256(_) => Curve::P256,
            Self::P384(_) => Curve::P384,
            Self::P521(_) => Curve::P521,
            Self::BrainpoolP256r1(_) => Curve::BrainpoolP256r1,
            Self::BrainpoolP384r1(_) => Curve::BrainpoolP384r1,
            Self::Ed25519(_) => Curve::Ed25519,
        }
    }
}
