//! The fast backend: AWS-LC, for the NIST curves and SHA-2.
//!
//! ECDSA uses the leftmost bits of a digest, as many as the order of the curve has, and takes a shorter digest
//! as the smaller number that it is (FIPS 186-5, 6.4). So a digest of another length than the curve's own can
//! be cut or filled with leading zeros to that length without changing its meaning, and one parsed key serves
//! every hash.

use crate::{Curve, HashAlgorithm, Signature, public_key::InvalidKey, signature::DerSignature};
use aws_lc_rs::{
    digest::{self, SHA256, SHA384, SHA512},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_ASN1,
        ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, ParsedPublicKey,
    },
};

/// The digest of `data`, on the stack.
pub(crate) fn digest(hash: HashAlgorithm, data: &[u8]) -> digest::Digest {
    digest::digest(algorithm(hash), data)
}

const fn algorithm(hash: HashAlgorithm) -> &'static digest::Algorithm {
    match hash {
        HashAlgorithm::Sha256 => &SHA256,
        HashAlgorithm::Sha384 => &SHA384,
        HashAlgorithm::Sha512 => &SHA512,
    }
}

/// A decoded public key on a NIST curve.
#[derive(Clone)]
pub(crate) struct VerifyingKey {
    /// The hash that belongs to the curve, and to which `parsed` is bound.
    hash: HashAlgorithm,
    parsed: ParsedPublicKey,
}

impl VerifyingKey {
    /// `point` is an uncompressed SEC1 point whose length fits `curve`; `None` for curves that AWS-LC lacks.
    pub(crate) fn decode(curve: Curve, point: &[u8]) -> Option<Result<Self, InvalidKey>> {
        let algorithm = match curve {
            Curve::P256 => &ECDSA_P256_SHA256_ASN1,
            Curve::P384 => &ECDSA_P384_SHA384_ASN1,
            Curve::P521 => &ECDSA_P521_SHA512_ASN1,
            // Ed25519 stays with the portable backend: the two differ on keys and signatures with a
            // small-order part, and there must be one answer.
            Curve::BrainpoolP256r1 | Curve::BrainpoolP384r1 | Curve::Ed25519 => return None,
        };
        let parsed = ParsedPublicKey::new(algorithm, point);
        Some(match parsed {
            Ok(parsed) => Ok(Self {
                hash: curve.hash(),
                parsed,
            }),
            Err(_) => Err(InvalidKey::NotOnCurve(curve)),
        })
    }

    /// Whether `signature` (`r || s`, of the curve's width) signs `message` under the curve's own hash.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let der = DerSignature::from_fixed(signature);
        self.parsed
            .verify_digest_sig(&digest(self.hash, message), der.as_bytes())
            .is_ok()
    }

    /// Whether the DER `signature` signs `message` under `hash`.
    pub(crate) fn verify_der(&self, hash: HashAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let digest = digest(hash, message);
        if hash == self.hash {
            return self.parsed.verify_digest_sig(&digest, signature).is_ok();
        }
        let (digest, own) = (digest.as_ref(), self.hash.digest_len());
        let mut fitted = [0; 64];
        let taken = digest.len().min(own);
        fitted[own - taken..own].copy_from_slice(&digest[..taken]);
        digest::Digest::import_less_safe(&fitted[..own], algorithm(self.hash))
            .and_then(|fitted| self.parsed.verify_digest_sig(&fitted, signature))
            .is_ok()
    }
}

/// A private key on a NIST curve. AWS-LC zeroizes its numbers when they are freed.
#[derive(Clone)]
pub(crate) struct SigningKey {
    curve: Curve,
    pair: EcdsaKeyPair,
}

impl SigningKey {
    /// `None` for curves that AWS-LC lacks.
    pub(crate) fn new(curve: Curve, scalar: &[u8], point: &[u8]) -> Option<Self> {
        let algorithm = match curve {
            Curve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            Curve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            Curve::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
            Curve::BrainpoolP256r1 | Curve::BrainpoolP384r1 | Curve::Ed25519 => return None,
        };
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, point).ok()?;
        Some(Self { curve, pair })
    }

    /// A signature with a nonce from the system's generator; `None` if AWS-LC fails, which its documentation
    /// leaves open.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Signature> {
        let signature = self.pair.sign(&SystemRandom::new(), message).ok()?;
        Signature::from_bytes(self.curve, signature.as_ref()).ok()
    }
}
