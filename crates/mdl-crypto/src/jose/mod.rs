//! Keys and signatures as JSON: JWK and compact JWS, for proofs, DPoP and status list tokens.
//!
//! And compact JWE, the receiver's side: encrypted responses of OpenID4VP.
//!
//! RFC 7515 (JWS), 7516 (JWE), 7517 and 7518 (JWK), 7638 (thumbprint), 8037 (Ed25519). Only asymmetric signatures exist here, so
//! `none` and the MACs cannot be asked for, and a key decides which algorithm it verifies with: the header can agree
//! or be wrong. JSON is read strictly: a member that occurs twice is an error, because two readers that pick different
//! ones of them disagree about what was signed.
//!
//! ```
//! use mdl_crypto::jose::{CompactJws, Jwk, JwsLimits, UnsignedJws};
//! use mdl_crypto::{Curve, PrivateKey};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = PrivateKey::from_scalar(Curve::P256, &[7; 32])?;
//! let jwk = Jwk::try_from(key.public_key().clone())?;
//! let header = json!({ "typ": "openid4vci-proof+jwt", "alg": "ES256", "jwk": jwk.to_json() });
//! let unsigned = UnsignedJws::new(&header, br#"{"aud":"https://issuer.example"}"#)?;
//! let signature = key.sign(unsigned.to_be_signed());
//! let token = unsigned.attach(&signature, key.public_key())?;
//!
//! let jws = CompactJws::parse(&token, &JwsLimits::DEFAULT)?;
//! let holder = Jwk::parse(&jws.header()["jwk"])?;
//! jws.verify(holder.public_key())?;
//! assert_eq!(jws.claims()?["aud"], "https://issuer.example");
//! # Ok(())
//! # }
//! ```

mod algorithm;
mod compact_jwe;
mod compact_jws;
mod json_object;
mod jwk;
mod unsigned_jws;
mod x5c;

pub use algorithm::UnsupportedJoseAlgorithm;
pub use compact_jwe::{CompactJwe, InvalidJwe, JweDecryptError, JweLimits};
pub use compact_jws::{CompactJws, InvalidJws, JwsLimits, JwsVerifyError};
pub use json_object::{JsonLimits, JsonObjectError, parse_json_object};
pub use jwk::{CurveWithoutJwk, InvalidJwk, Jwk, JwkThumbprint};
pub use unsigned_jws::{JwsAttachError, UnsignedJws, UnusableJwsHeader};
pub use x5c::{InvalidX5c, x5c_from_json, x5c_to_json};
