//! OpenID for Verifiable Credential Issuance 1.0, without HTTP.
//!
//! Everything here is a function of what it is given: the request, the tenant, the time. [`http::public`](crate::http)
//! puts it behind addresses; [`offer`] and the listeners are the only places that touch the store.
//!
//! Section numbers without a name are those of OpenID4VCI 1.0. What is easy to get wrong is the *order* of checks: the
//! first that fails decides the code, and a request that fails uses up neither code nor nonce.

pub mod access_token;
pub mod authorization_details;
pub mod authorization_server_metadata;
pub mod credential_request;
pub mod credential_response;
pub mod did_key;
pub mod dpop;
pub mod endpoint;
pub mod error_code;
pub mod issuer_metadata;
pub mod key_attestation;
pub mod nonce;
pub mod notification;
pub mod offer;
pub mod offer_link;
pub mod proof;
pub mod token_request;
pub mod token_response;

use mdl_crypto::Curve;

/// Names of the signature algorithms that proofs and DPoP may use (RFC 7518, 3.1; RFC 9864, 2.2).
pub const JOSE_ALGORITHMS: [&str; 5] = ["ES256", "ES384", "ES512", "Ed25519", "EdDSA"];

/// Curves of device keys and DPoP keys: those that [`JOSE_ALGORITHMS`] sign with.
pub const CURVES: [Curve; 4] = [Curve::P256, Curve::P384, Curve::P521, Curve::Ed25519];

/// The grant type of a pre-authorized code (4.1.1).
pub const PRE_AUTHORIZED_CODE: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
