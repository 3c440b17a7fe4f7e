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
    /// `point` is `04` and two coordinates of `curve`, which the caller has checked because AWS-LC reads other
    /// forms too; `None` for curves that it lacks.
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

    /// As [`verify`](Self::verify), for the message whose digest under the curve's own hash is `digest`.
    pub(crate) fn verify_digest(&self, digest: &crate::Digest, signature: &[u8]) -> bool {
        let der = DerSignature::from_fixed(signature);
        digest::Digest::import_less_safe(digest.as_ref(), algorithm(self.hash))
            .and_then(|digest| self.parsed.verify_digest_sig(&digest, der.as_bytes()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rust_crypto;
    use rand_chacha::{
        ChaCha20Rng,
        rand_core::{Rng, SeedableRng},
    };

    const NIST: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];
    const HASHES: [HashAlgorithm; 3] = [
        HashAlgorithm::Sha256,
        HashAlgorithm::Sha384,
        HashAlgorithm::Sha512,
    ];

    /// A key pair in both backends.
    struct Pair {
        secret: rust_crypto::SecretKey,
        signing: SigningKey,
        fast: VerifyingKey,
        portable: rust_crypto::VerifyingKey,
    }

    fn pair(curve: Curve, rng: &mut ChaCha20Rng) -> Pair {
        let mut scalar = vec![0; curve.field_len()];
        rng.fill_bytes(&mut scalar);
        scalar[0] = 0;
        let secret = rust_crypto::SecretKey::from_scalar(curve, &scalar).unwrap();
        let point = secret.public_key_bits();
        Pair {
            signing: SigningKey::new(curve, &scalar, &point).unwrap(),
            fast: VerifyingKey::decode(curve, &point).unwrap().unwrap(),
            portable: rust_crypto::VerifyingKey::decode(curve, &point).unwrap(),
            secret,
        }
    }

    #[test]
    fn both_backends_give_the_same_verdict_on_damaged_signatures() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        for curve in NIST {
            let Pair {
                secret,
                signing,
                fast,
                portable,
            } = pair(curve, &mut rng);
            let digest = curve.hash().digest(b"message");
            let (mut good, mut bad) = (0, 0);
            for made in [secret.sign(b"message"), signing.sign(b"message").unwrap()] {
                for bit in 0..=8 * curve.signature_len() {
                    let mut signature = made.as_bytes().to_vec();
                    // One round more than there are bits: the signature as it was made.
                    if let Some(byte) = signature.get_mut(bit / 8) {
                        *byte ^= 1 << (bit % 8);
                    }
                    let verdict = fast.verify(b"message", &signature);
                    assert_eq!(
                        verdict,
                        portable.verify_digest(&digest, &signature),
                        "{bit}"
                    );
                    if verdict { good += 1 } else { bad += 1 }
                }
            }
            assert_eq!((good, bad), (2, 16 * curve.signature_len()), "{curve}");
        }
    }

    #[test]
    fn both_backends_pair_every_curve_with_every_hash() {
        let mut rng = ChaCha20Rng::from_seed([2; 32]);
        for curve in NIST {
            let Pair {
                secret,
                fast,
                portable,
                ..
            } = pair(curve, &mut rng);
            // A signature under the curve's hash serves the others only if they gave the same digest.
            let made = secret.sign(b"message");
            for hash in HASHES {
                let expected = hash == curve.hash();
                let digest = hash.digest(b"message");
                assert_eq!(portable.verify_digest(&digest, made.as_bytes()), expected);
                assert_eq!(fast.verify_der(hash, b"message", &made.to_der()), expected);
            }
        }
    }

    #[test]
    fn both_backends_accept_the_same_points() {
        let mut rng = ChaCha20Rng::from_seed([3; 32]);
        for curve in NIST {
            let good = pair(curve, &mut rng).secret.public_key_bits();
            // Not the first byte: AWS-LC reads the hybrid form 06 too, which no caller lets through.
            for bit in 8..8 * good.len() {
                let mut point = good.clone();
                point[bit / 8] ^= 1 << (bit % 8);
                let fast = VerifyingKey::decode(curve, &point).unwrap();
                let portable = rust_crypto::VerifyingKey::decode(curve, &point);
                assert_eq!(fast.is_ok(), portable.is_ok(), "{curve}, bit {bit}");
            }
        }
    }

    #[test]
    fn both_backends_compute_the_same_digests() {
        let data: Vec<u8> = (0..300u16).map(|number| number as u8).collect();
        for hash in HASHES {
            for len in 0..data.len() {
                let portable = hash.digest_parts(&[&data[..len / 2], &data[len / 2..len]]);
                assert_eq!(
                    digest(hash, &data[..len]).as_ref(),
                    portable.as_bytes(),
                    "{len}"
                );
            }
        }
    }
}
