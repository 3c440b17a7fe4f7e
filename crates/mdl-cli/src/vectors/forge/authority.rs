//! The issuing authority of the vectors: an IACA, a document signer below it, and their keys.

use mdl_crypto::{Curve, HashAlgorithm, PrivateKey, PublicKey};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::certificate::{Certificate, Name};
use super::crl::Crl;

/// The key of this name: always the same, because its seed is the SHA-256 of the name.
pub(crate) fn key(name: &str, curve: Curve) -> PrivateKey {
    PrivateKey::generate(curve, &mut ChaCha20Rng::from_seed(sha256(name.as_bytes())))
}

/// SHA-256 as an array, for seeds and salts.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(HashAlgorithm::Sha256.digest(data).as_ref());
    digest
}

/// An IACA with its key.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    pub(crate) name: Name,
    pub(crate) key: PrivateKey,
}

impl Authority {
    /// The IACA of the vectors, on P-256.
    pub(crate) fn utopia() -> Self {
        Self::on(Curve::P256)
    }

    /// The same IACA with a key on another curve.
    pub(crate) fn on(curve: Curve) -> Self {
        Self {
            name: Name::new("US", "US-UT", "Utopia IACA"),
            key: key("iaca", curve),
        }
    }

    /// Somebody else, who has taken the name of the IACA.
    pub(crate) fn impostor() -> Self {
        Self {
            name: Name::new("US", "US-UT", "Utopia IACA"),
            key: key("impostor", Curve::P256),
        }
    }

    /// Its certificate, unsigned.
    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::iaca(&self.name, self.key.public_key())
    }

    /// Its certificate.
    pub(crate) fn root(&self) -> Vec<u8> {
        self.certificate().sign(&self.key)
    }

    /// A document signer's certificate for a key, unsigned.
    pub(crate) fn document_signer(&self, key: &PublicKey) -> Certificate {
        let subject = Name::new("US", "US-UT", "Utopia DS 1");
        Certificate::document_signer(&self.name, self.key.public_key(), &subject, key)
    }

    /// An empty CRL, unsigned.
    pub(crate) fn crl(&self) -> Crl {
        Crl::new(&self.name, self.key.public_key())
    }
}
