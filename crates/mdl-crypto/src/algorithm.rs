//! Signature algorithms by their COSE numbers.
//!
//! ISO/IEC 18013-5, 9.1.2.4 and 9.1.3.6; RFC 9053. `ES256` says which hash is used, not which curve: the
//! curve comes from the key, and both have to fit.

use crate::HashAlgorithm;
use std::fmt;

/// An algorithm of `alg` in a protected header.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Algorithm {
    /// ECDSA with SHA-256.
    Es256,
    /// ECDSA with SHA-384.
    Es384,
    /// ECDSA with SHA-512.
    Es512,
    /// EdDSA; here always Ed25519.
    EdDsa,
}

impl Algorithm {
    /// The algorithm with a number of the COSE registry: −7, −35, −36 or −8.
    ///
    /// # Errors
    /// [`UnsupportedAlgorithm`] for every other number.
    pub fn from_cose(alg: i64) -> Result<Self, UnsupportedAlgorithm> {
        Ok(match alg {
            -7 => Self::Es256,
            -35 => Self::Es384,
            -36 => Self::Es512,
            -8 => Self::EdDsa,
            other => return Err(UnsupportedAlgorithm(other)),
        })
    }

    /// The number of the COSE registry.
    #[must_use]
    pub const fn cose(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::Es384 => -35,
            Self::Es512 => -36,
            Self::EdDsa => -8,
        }
    }

    /// The name in the COSE registry, such as `ES256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The hash applied to the message before signing; `None` for EdDSA, which signs the message itself.
    #[must_use]
    pub const fn hash(self) -> Option<HashAlgorithm> {
        match self {
            Self::Es256 => Some(HashAlgorithm::Sha256),
            Self::Es384 => Some(HashAlgorithm::Sha384),
            Self::Es512 => Some(HashAlgorithm::Sha512),
            Self::EdDsa => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An algorithm number outside the standard's list.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("COSE algorithm {0} is not one of the signature algorithms of the standard")]
pub struct UnsupportedAlgorithm(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_found_by_its_number() {
        for algorithm in [
            Algorithm::Es256,
            Algorithm::Es384,
            Algorithm::Es512,
            Algorithm::EdDsa,
        ] {
            assert_eq!(Algorithm::from_cose(algorithm.cose()), Ok(algorithm));
        }
    }

    #[test]
    fn other_numbers_are_refused() {
        // HMAC 256/256, ES256K, RS256, no algorithm at all.
        for alg in [5, -47, -257, 0, i64::MAX] {
            assert_eq!(Algorithm::from_cose(alg), Err(UnsupportedAlgorithm(alg)));
        }
    }
}
