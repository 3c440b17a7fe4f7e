//! Signatures that were found good.
//!
//! A signature is checked before it leaves. Where it then passes through several hands, the type says that this has
//! been done, for which message and key, so that nobody does it again or forgets it.

use crate::{Algorithm, Digest, HashAlgorithm, PublicKey, Signature, VerifyError};

/// A signature that verified, bound to the message and the key.
///
/// The only way to one is [`check`](Self::check).
#[derive(Clone, Debug)]
pub struct CheckedSignature {
    signature: Signature,
    algorithm: Algorithm,
    key: PublicKey,
    /// SHA-256 of the message: whoever could find another one with it could forge certificates as well.
    message: Digest,
}

impl CheckedSignature {
    /// Checks the `signature` of `message`, which is not yet hashed.
    ///
    /// # Errors
    /// See [`PublicKey::verify`].
    pub fn check(
        key: &PublicKey,
        algorithm: Algorithm,
        message: &[u8],
        signature: Signature,
    ) -> Result<Self, VerifyError> {
        let digest = HashAlgorithm::Sha256.digest(message);
        key.verify_hashed(algorithm, message, &digest, signature.as_bytes())?;
        Ok(Self {
            signature,
            algorithm,
            key: key.clone(),
            message: digest,
        })
    }

    /// As [`check`](Self::check), for a message whose SHA-256 the caller has taken, so that an algorithm with that hash
    /// need not take it again. Of another message's, the signature is not good; for other algorithms it is taken here.
    ///
    /// # Errors
    /// See [`PublicKey::verify`].
    pub fn check_hashed(
        key: &PublicKey,
        algorithm: Algorithm,
        message: &[u8],
        sha256: &Digest,
        signature: Signature,
    ) -> Result<Self, VerifyError> {
        if algorithm.hash() != Some(HashAlgorithm::Sha256) {
            return Self::check(key, algorithm, message, signature);
        }
        key.verify_hashed(algorithm, message, sha256, signature.as_bytes())?;
        Ok(Self {
            signature,
            algorithm,
            key: key.clone(),
            message: *sha256,
        })
    }

    /// Whether it is this key's signature of this very message.
    #[must_use]
    pub fn is_over(&self, key: &PublicKey, algorithm: Algorithm, message: &[u8]) -> bool {
        self.is_over_digest(key, algorithm, &HashAlgorithm::Sha256.digest(message))
    }

    /// As [`is_over`](Self::is_over), for a message that is known by its SHA-256.
    #[must_use]
    pub fn is_over_digest(&self, key: &PublicKey, algorithm: Algorithm, sha256: &Digest) -> bool {
        self.algorithm == algorithm && self.key == *key && self.message == *sha256
    }

    /// The signature.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Its fixed-width form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.signature.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Curve, PrivateKey};

    #[test]
    fn a_signature_is_bound_to_its_message_key_and_algorithm() {
        let key = PrivateKey::from_scalar(Curve::P256, &[7; 32]).unwrap();
        let other = PrivateKey::from_scalar(Curve::P256, &[8; 32]).unwrap();
        let public = key.public_key();
        let signature = key.sign(b"message");
        let checked =
            CheckedSignature::check(public, Algorithm::Es256, b"message", signature).unwrap();
        assert_eq!(checked.as_bytes(), signature.as_bytes());
        assert!(checked.is_over(public, Algorithm::Es256, b"message"));
        assert!(!checked.is_over(public, Algorithm::Es256, b"another"));
        assert!(!checked.is_over(public, Algorithm::Es384, b"message"));
        let digest = |message| HashAlgorithm::Sha256.digest(message);
        assert!(checked.is_over_digest(public, Algorithm::Es256, &digest(b"message")));
        assert!(!checked.is_over_digest(public, Algorithm::Es256, &digest(b"another")));
        assert!(!checked.is_over(other.public_key(), Algorithm::Es256, b"message"));
    }

    #[test]
    fn another_messages_digest_makes_no_signature_good_and_binds_none_to_that_message() {
        let digest = |message: &[u8]| HashAlgorithm::Sha256.digest(message);
        for curve in [Curve::P256, Curve::P384, Curve::Ed25519] {
            let key = PrivateKey::from_scalar(curve, &vec![7; curve.field_len()]).unwrap();
            let (public, algorithm) = (key.public_key(), curve.algorithm());
            let check = |sha256: Digest| {
                let signature = key.sign(b"message");
                CheckedSignature::check_hashed(public, algorithm, b"message", &sha256, signature)
            };
            let checked = check(digest(b"message")).unwrap();
            assert!(checked.is_over(public, algorithm, b"message"), "{curve}");
            match check(digest(b"another")) {
                Ok(checked) => {
                    assert_ne!(curve, Curve::P256, "it has this hash");
                    assert!(checked.is_over(public, algorithm, b"message"), "{curve}");
                }
                Err(error) => {
                    assert_eq!(curve, Curve::P256, "others take their own hash");
                    assert_eq!(error, VerifyError::BadSignature);
                }
            }
        }
    }

    #[test]
    fn there_is_none_of_a_bad_signature() {
        let key = PrivateKey::from_scalar(Curve::P256, &[7; 32]).unwrap();
        let signature = key.sign(b"message");
        let checked =
            CheckedSignature::check(key.public_key(), Algorithm::Es256, b"other", signature);
        assert_eq!(checked.unwrap_err(), VerifyError::BadSignature);
    }

    #[test]
    fn signatures_of_every_algorithm_are_checked() {
        for curve in [
            Curve::P256,
            Curve::P384,
            Curve::BrainpoolP256r1,
            Curve::Ed25519,
        ] {
            let scalar = vec![7; curve.field_len()];
            let key = PrivateKey::from_scalar(curve, &scalar).unwrap();
            let check = |message| {
                let (public, signature) = (key.public_key(), key.sign(b"message"));
                CheckedSignature::check(public, curve.algorithm(), message, signature)
            };
            assert!(check(b"message").is_ok(), "{curve}");
            assert_eq!(check(b"another").unwrap_err(), VerifyError::BadSignature);
        }
    }
}
