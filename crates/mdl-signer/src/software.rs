//! A signer whose key is in this process's memory.
//!
//! For laptops, tests and small authorities; others keep the key of a certification authority or document
//! signer in a key store. The key is zeroized when dropped; on disk it belongs into a [`key_file`](crate::key_file).

use crate::{SignError, Signer};
use async_trait::async_trait;
use mdl_crypto::{Algorithm, PrivateKey, PublicKey, Signature};

/// Signs with a [`PrivateKey`].
#[derive(Clone, Debug)]
pub struct SoftwareSigner {
    key: PrivateKey,
    nonces: Nonces,
}

/// Where the nonces of ECDSA come from.
#[derive(Clone, Copy, Debug)]
enum Nonces {
    /// As the crypto backend does it best, see [`PrivateKey::sign`].
    Backend,
    /// RFC 6979 on every backend.
    Reproducible,
}

impl SoftwareSigner {
    /// A signer for production and tests alike.
    #[must_use]
    pub const fn new(key: PrivateKey) -> Self {
        Self {
            key,
            nonces: Nonces::Backend,
        }
    }

    /// A signer that gives the same signature for the same message, on every platform and crypto backend: for
    /// test vectors and demonstrations whose bytes are compared. Everything else uses [`new`](Self::new).
    #[must_use]
    pub const fn reproducible(key: PrivateKey) -> Self {
        Self {
            key,
            nonces: Nonces::Reproducible,
        }
    }
}

#[async_trait]
impl Signer for SoftwareSigner {
    fn algorithm(&self) -> Algorithm {
        self.key.curve().algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        Ok(match self.nonces {
            Nonces::Backend => self.key.sign(message),
            Nonces::Reproducible => self.key.sign_deterministic(message),
        })
    }

    async fn check(&self) -> Result<(), SignError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mdl_crypto::Curve;

    #[test]
    fn reproducible_signatures_are_those_of_rfc_6979() {
        let key = PrivateKey::from_scalar(Curve::P256, &[7; 32]).unwrap();
        let signer = SoftwareSigner::reproducible(key.clone());
        let signature = pollster::block_on(signer.sign(b"message")).unwrap();
        assert_eq!(signature, key.sign_deterministic(b"message"));
    }
}
