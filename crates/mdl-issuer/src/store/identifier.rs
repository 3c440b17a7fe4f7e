//! Identifiers and hashes as the store keeps them.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::{Digest, HashAlgorithm};
use rand_core::CryptoRng;

/// 32 bytes: a SHA-256 digest, or a keyed hash of something that could be guessed.
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// SHA-256.
    #[must_use]
    pub fn of(data: &[u8]) -> Self {
        Self::taken(&HashAlgorithm::Sha256.digest(data))
    }

    /// A SHA-256 digest that was taken elsewhere.
    ///
    /// # Panics
    /// A digest of another hash, which is of another length.
    pub(crate) fn taken(sha256: &Digest) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(sha256.as_ref());
        Self(bytes)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0[..4]))
    }
}

/// An identifier of 16 random bytes, written in base64url without padding (22 characters).
macro_rules! identifier {
    ($name:ident, $of:literal) => {
        #[doc = concat!("Identifies ", $of, ": 16 random bytes, written as 22 base64url characters.")]
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// A new one.
            pub fn random(rng: &mut impl CryptoRng) -> Self {
                let mut bytes = [0; 16];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }

            /// Reads the 22 characters; `None` for anything else.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let mut bytes = [0; 16];
                let decoded = Base64UrlUnpadded::decode(text, &mut bytes).ok()?;
                (decoded.len() == 16).then_some(Self(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&Base64UrlUnpadded::encode_string(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

identifier!(OfferId, "a credential offer");
identifier!(GrantId, "a grant: what an access token stands for");
identifier!(IssuanceId, "an issuance: one batch of documents");
identifier!(StatusListId, "a status list");
identifier!(ApprovalId, "a request for approval");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read_as_written_and_nothing_else_is() {
        let id = OfferId(*b"0123456789abcdef");
        assert_eq!(OfferId::parse(&id.to_string()), Some(id));
        for wrong in [
            "",
            "MDEyMzQ1Njc4OWFiY2RlZg==",
            "MDEyMzQ1Njc4OWFiY2Rl",
            "MDEyMzQ1Njc4OWFiY2RlZgA",
            "!",
        ] {
            assert_eq!(OfferId::parse(wrong), None, "{wrong}");
        }
    }
}
