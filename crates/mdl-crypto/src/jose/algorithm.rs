//! Algorithm names of JOSE, RFC 7518, 3.1, RFC 8037, 3.1 and RFC 9864, 2.2.

use crate::{Algorithm, Curve};

impl Algorithm {
    /// The algorithm that `alg` of a JWS names: `ES256`, `ES384`, `ES512`, `EdDSA`, or `Ed25519`, which RFC 9864 puts
    /// in the place of `EdDSA`. Names are case-sensitive. [`name`](Self::name) is the way back.
    ///
    /// # Errors
    /// [`UnsupportedJoseAlgorithm`] for every other name, `none` and the MACs among them.
    pub fn from_jose(alg: &str) -> Result<Self, UnsupportedJoseAlgorithm> {
        Ok(match alg {
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return Err(UnsupportedJoseAlgorithm),
        })
    }
}

/// A name of `alg` that is none of an asymmetric signature of this crate. The name is not repeated: it is the sender's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("alg is not ES256, ES384, ES512, EdDSA or Ed25519")]
pub struct UnsupportedJoseAlgorithm;

/// Whether JOSE knows the curve. It ties `ES256` to P-256, where COSE leaves the curve to the key.
pub(super) const fn has_jwk(curve: Curve) -> bool {
    !matches!(curve, Curve::BrainpoolP256r1 | Curve::BrainpoolP384r1)
}
