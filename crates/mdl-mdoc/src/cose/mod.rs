//! COSE structures as 18013-5 uses them: `COSE_Sign1` and `COSE_Mac0` with one signer, `COSE_Key` with a public key.
//!
//! Decoded structures borrow from the input; the bytes that a signature covers are assembled around the received
//! protected header and payload, never around a re-encoding of them (RFC 9052, 4.4 and 6.3).

mod header;
mod key;
mod mac0;
mod sign1;

pub(crate) use header::write_x5chain;
pub use header::{AlgorithmId, Critical, Header};
pub use key::{CoseKey, CoseKeyError, YCoordinate, encode_cose_key};
pub use mac0::{CoseMac0, HMAC_256_256, mac_structure};
pub(crate) use sign1::encode_protected_header;
pub use sign1::{CoseSign1, sig_structure};
