//! The elliptic curves of keys and signatures.
//!
//! ISO/IEC 18013-5, 9.1.2.5 and Annex B; numbers from the IANA "COSE Elliptic Curves" registry.
//! A curve here fixes the signature algorithm and its hash, as in the standard; certificates alone may
//! pair a curve with another hash, see [`PublicKey::verify_ecdsa_der`](crate::PublicKey::verify_ecdsa_der).

use crate::{Algorithm, HashAlgorithm};
use std::fmt;

/// A curve whose keys can be used with this crate.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Curve {
    /// NIST P-256, secp256r1.
    P256,
    /// NIST P-384, secp384r1.
    P384,
    /// NIST P-521, secp521r1.
    P521,
    /// RFC 5639, 256 bits.
    BrainpoolP256r1,
    /// RFC 5639, 384 bits.
    BrainpoolP384r1,
    /// RFC 8032; for document signers and devices, never for a certification authority.
    Ed25519,
}

impl Curve {
    /// Every supported curve.
    pub const ALL: [Self; 6] = [
        Self::P256,
        Self::P384,
        Self::P521,
        Self::BrainpoolP256r1,
        Self::BrainpoolP384r1,
        Self::Ed25519,
    ];

    /// The curve with a number of the COSE registry, the value of `crv` in a `COSE_Key`.
    ///
    /// # Errors
    /// [`UnsupportedCurve`], which names the curve where the registry does.
    pub fn from_cose(crv: i64) -> Result<Self, UnsupportedCurve> {
        Ok(match crv {
            1 => Self::P256,
            2 => Self::P384,
            3 => Self::P521,
            6 => Self::Ed25519,
            256 => Self::BrainpoolP256r1,
            258 => Self::BrainpoolP384r1,
            4 => return Err(UnsupportedCurve::Named("X25519")),
            5 => return Err(UnsupportedCurve::Named("X448")),
            7 => return Err(UnsupportedCurve::Named("Ed448")),
            8 => return Err(UnsupportedCurve::Named("secp256k1")),
            257 => return Err(UnsupportedCurve::Named("brainpoolP320r1")),
            259 => return Err(UnsupportedCurve::Named("brainpoolP512r1")),
            other => return Err(UnsupportedCurve::Cose(other)),
        })
    }

    /// The number of the COSE registry.
    #[must_use]
    pub const fn cose(self) -> i64 {
        match self {
            Self::P256 => 1,
            Self::P384 => 2,
            Self::P521 => 3,
            Self::BrainpoolP256r1 => 256,
            Self::BrainpoolP384r1 => 258,
            Self::Ed25519 => 6,
        }
    }

    /// The name in the COSE registry, such as `P-256` or `brainpoolP256r1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::BrainpoolP256r1 => "brainpoolP256r1",
            Self::BrainpoolP384r1 => "brainpoolP384r1",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// Bytes of one coordinate; also of a private scalar and of half a signature.
    #[must_use]
    pub const fn field_len(self) -> usize {
        match self {
            Self::P256 | Self::BrainpoolP256r1 | Self::Ed25519 => 32,
            Self::P384 | Self::BrainpoolP384r1 => 48,
            Self::P521 => 66,
        }
    }

    /// Bytes of a fixed-width signature: 64, 96 or 132.
    #[must_use]
    pub const fn signature_len(self) -> usize {
        2 * self.field_len()
    }

    /// The one signature algorithm that the standard pairs with the curve.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 | Self::BrainpoolP256r1 => Algorithm::Es256,
            Self::P384 | Self::BrainpoolP384r1 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
            Self::Ed25519 => Algorithm::EdDsa,
        }
    }

    /// Whether keys are Edwards points (`kty` OKP) and not pairs of coordinates (`kty` EC2).
    #[must_use]
    pub const fn is_edwards(self) -> bool {
        matches!(self, Self::Ed25519)
    }

    /// The hash of [`algorithm`](Self::algorithm); SHA-512 is part of Ed25519 itself.
    pub(crate) const fn hash(self) -> HashAlgorithm {
        match self {
            Self::P256 | Self::BrainpoolP256r1 => HashAlgorithm::Sha256,
            Self::P384 | Self::BrainpoolP384r1 => HashAlgorithm::Sha384,
            Self::P521 | Self::Ed25519 => HashAlgorithm::Sha512,
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A curve that this crate cannot use, named as precisely as its identifier allows.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsupportedCurve {
    /// A curve known by name.
    #[error("curve {0} is not supported")]
    Named(&'static str),
    /// A number that we do not know.
    #[error("COSE curve {0} is not supported")]
    Cose(i64),
    /// An object identifier that we do not know, in dotted form.
    #[error("curve with object identifier {0} is not supported")]
    ObjectIdentifier(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_is_found_by_its_number() {
        for curve in Curve::ALL {
            assert_eq!(Curve::from_cose(curve.cose()), Ok(curve));
        }
    }

    #[test]
    fn curves_of_the_standard_that_we_lack_are_named() {
        for (crv, name) in [
            (257, "brainpoolP320r1"),
            (259, "brainpoolP512r1"),
            (7, "Ed448"),
        ] {
            let error = Curve::from_cose(crv).unwrap_err();
            assert_eq!(error.to_string(), format!("curve {name} is not supported"));
        }
        for crv in [0, -1, 9, 255, 260, i64::MIN, i64::MAX] {
            assert_eq!(Curve::from_cose(crv), Err(UnsupportedCurve::Cose(crv)));
        }
    }
}
