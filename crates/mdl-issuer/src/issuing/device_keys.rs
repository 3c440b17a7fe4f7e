//! The device keys of a request, in an order of their own.
//!
//! A wallet may repeat a request with its proofs in another order. The batch is the same, so documents are numbered by
//! the keys, and only the answer follows the order of the proofs.

use mdl_crypto::{HashAlgorithm, PublicKey};

use super::reason::Reason;
use crate::secret::{Purpose, ServiceSecret};
use crate::store::Hash;

/// Distinct keys, sorted by the SHA-256 of their SubjectPublicKeyInfo.
#[derive(Debug)]
pub(super) struct DeviceKeys<'a> {
    sorted: Vec<DeviceKey<'a>>,
}

#[derive(Debug)]
struct DeviceKey<'a> {
    fingerprint: Hash,
    key: &'a PublicKey,
    /// Its place among the proofs.
    proof: usize,
}

impl<'a> DeviceKeys<'a> {
    /// # Errors
    /// No key or more than `most`, or one twice.
    pub(super) fn new(keys: &'a [PublicKey], most: u32) -> Result<Self, Reason> {
        if keys.is_empty() || keys.len() > most as usize {
            return Err(Reason::BatchSize);
        }
        let mut sorted: Vec<_> = keys
            .iter()
            .enumerate()
            .map(|(proof, key)| DeviceKey {
                fingerprint: Hash::of(&key.to_spki_der()),
                key,
                proof,
            })
            .collect();
        sorted.sort_unstable_by_key(|key| key.fingerprint);
        let is_twice = |pair: &[DeviceKey<'_>]| pair[0].fingerprint == pair[1].fingerprint;
        if sorted.windows(2).any(is_twice) {
            return Err(Reason::DeviceKeyTwice);
        }
        Ok(Self { sorted })
    }

    /// The keys in the order of the documents.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &'a PublicKey> {
        self.sorted.iter().map(|key| key.key)
    }

    /// What identifies a request for these keys under its grant.
    pub(super) fn request_key(&self, configuration_id: &str) -> Hash {
        let mut request = Vec::with_capacity(32 * self.sorted.len() + configuration_id.len());
        for key in &self.sorted {
            request.extend_from_slice(&key.fingerprint.0);
        }
        let keys = HashAlgorithm::Sha256.digest(&request);
        Hash::of(&[keys.as_ref(), configuration_id.as_bytes()].concat())
    }

    /// As the store knows them, so that it can tell when one comes again, and nobody can tell whose they are.
    pub(super) fn look_up_hashes(&self, secret: &ServiceSecret) -> Vec<Hash> {
        let hash = |key: &DeviceKey<'_>| secret.mac(Purpose::DeviceKey, &[&key.fingerprint.0]);
        self.sorted.iter().map(|key| Hash(hash(key))).collect()
    }

    /// Puts one thing per document into the order of the proofs.
    pub(super) fn in_order_of_proofs<T>(&self, of_documents: Vec<T>) -> Vec<T> {
        let mut placed: Vec<_> = self.sorted.iter().zip(of_documents).collect();
        placed.sort_unstable_by_key(|(key, _)| key.proof);
        placed.into_iter().map(|(_, document)| document).collect()
    }
}

#[cfg(test)]
mod tests {
    use mdl_crypto::{Curve, PrivateKey};

    use super::*;

    fn keys<const N: usize>(scalars: [u8; N]) -> [PublicKey; N] {
        scalars.map(|scalar| {
            let key = PrivateKey::from_scalar(Curve::P256, &[scalar; 32]).unwrap();
            key.public_key().clone()
        })
    }

    #[test]
    fn the_order_of_the_proofs_changes_the_answer_and_not_the_request() {
        let (one, other) = (keys([1, 2, 3]), keys([3, 1, 2]));
        let (one, other) = (
            DeviceKeys::new(&one, 3).unwrap(),
            DeviceKeys::new(&other, 3).unwrap(),
        );
        assert_eq!(one.request_key("mdl"), other.request_key("mdl"));
        assert_ne!(one.request_key("mdl"), one.request_key("other"));
        assert!(one.iter().eq(other.iter()));
        let documents: Vec<_> = one.iter().collect();
        assert_eq!(
            one.in_order_of_proofs(documents.clone()),
            keys([1, 2, 3]).each_ref()
        );
        assert_eq!(
            other.in_order_of_proofs(documents),
            keys([3, 1, 2]).each_ref()
        );
    }

    #[test]
    fn none_too_many_and_the_same_key_twice_are_refused() {
        let refused = |keys: &[PublicKey]| DeviceKeys::new(keys, 2).err();
        assert_eq!(refused(&[]), Some(Reason::BatchSize));
        assert_eq!(refused(&keys([1, 2, 3])), Some(Reason::BatchSize));
        assert_eq!(refused(&keys([1, 1])), Some(Reason::DeviceKeyTwice));
        assert_eq!(refused(&keys([1, 2])), None);
    }

    #[test]
    fn other_keys_are_another_request() {
        let (one, other) = (keys([1, 2]), keys([1, 3]));
        let request = |keys| DeviceKeys::new(keys, 9).unwrap().request_key("mdl");
        assert_ne!(request(&one), request(&other));
    }
}
