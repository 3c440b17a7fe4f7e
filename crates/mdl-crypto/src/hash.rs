//! The hashes of digests and signatures.
//!
//! ISO/IEC 18013-5, 9.1.2.5: an MSO names one of SHA-256, SHA-384 and SHA-512, spelt exactly like that.

use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::fmt;

/// A hash of the SHA-2 family that an MSO or a signature may use.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum HashAlgorithm {
    /// 32 bytes.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 64 bytes.
    Sha512,
}

impl HashAlgorithm {
    /// The hash with a name of `digestAlgorithm`; case and hyphen matter.
    ///
    /// # Errors
    /// [`UnsupportedHash`] for every other name.
    pub fn from_name(name: &str) -> Result<Self, UnsupportedHash> {
        match name {
            "SHA-256" => Ok(Self::Sha256),
            "SHA-384" => Ok(Self::Sha384),
            "SHA-512" => Ok(Self::Sha512),
            _ => Err(UnsupportedHash),
        }
    }

    /// The name in `digestAlgorithm`, such as `SHA-256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// Bytes of a digest: 32, 48 or 64.
    #[must_use]
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of `data`. Allocates nothing.
    #[must_use]
    pub fn digest(self, data: &[u8]) -> Digest {
        #[cfg(feature = "aws-lc-rs")]
        return Digest::new(crate::aws_lc::digest(self, data).as_ref());
        #[cfg(not(feature = "aws-lc-rs"))]
        self.digest_parts(&[data])
    }

    /// The digest of `parts`, one after the other. Allocates nothing. Always the portable backend: AWS-LC keeps
    /// the state of a hash in pieces on its heap, and gains nothing where the processor has SHA instructions.
    #[must_use]
    pub fn digest_parts(self, parts: &[&[u8]]) -> Digest {
        match self {
            Self::Sha256 => hash_parts::<Sha256>(parts),
            Self::Sha384 => hash_parts::<Sha384>(parts),
            Self::Sha512 => hash_parts::<Sha512>(parts),
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A digest, kept inline. Compare with `==`; digests in an MSO are public, so time does not matter.
#[derive(Clone, Copy)]
pub struct Digest {
    bytes: [u8; 64],
    len: u8,
}

impl Digest {
    /// 32, 48 or 64 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn new(digest: &[u8]) -> Self {
        let mut bytes = [0; 64];
        bytes[..digest.len()].copy_from_slice(digest);
        Self {
            bytes,
            len: digest.len() as u8,
        }
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(")?;
        write_hex(f, self.as_bytes())?;
        f.write_str(")")
    }
}

/// SHA-1 of `data`, only for key identifiers (RFC 5280, 4.2.1.2), where collisions do no harm.
#[must_use]
pub fn sha1(data: &[u8]) -> [u8; 20] {
    sha1::Sha1::digest(data).into()
}

/// A name of `digestAlgorithm` that is none of the three.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("digest algorithm is none of SHA-256, SHA-384 and SHA-512")]
pub struct UnsupportedHash;

/// Writes `bytes` as lower-case hexadecimal, for the `Debug` of public values.
pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn hash_parts<D: sha2::Digest>(parts: &[&[u8]]) -> Digest {
    let mut hasher = D::new();
    for part in parts {
        hasher.update(part);
    }
    Digest::new(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 examples for "abc".
    const ABC: [(HashAlgorithm, &str); 3] = [
        (
            HashAlgorithm::Sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            HashAlgorithm::Sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
             8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            HashAlgorithm::Sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ];

    #[test]
    fn digests_of_abc() {
        for (hash, expected) in ABC {
            assert_eq!(hex::encode(hash.digest(b"abc")), expected, "{hash}");
            assert_eq!(hash.digest(b"abc"), hash.digest_parts(&[b"a", b"", b"bc"]));
            assert_eq!(hash.digest(b"abc").as_bytes().len(), hash.digest_len());
        }
        assert_eq!(
            hex::encode(sha1(b"abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
    }

    #[test]
    fn names_are_exact() {
        for (hash, _) in ABC {
            assert_eq!(HashAlgorithm::from_name(hash.name()), Ok(hash));
        }
        for name in ["SHA256", "sha-256", "SHA-1", "SHA-256 ", ""] {
            assert_eq!(
                HashAlgorithm::from_name(name),
                Err(UnsupportedHash),
                "{name:?}"
            );
        }
    }
}
