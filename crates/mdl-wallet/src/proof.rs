//! `jwt` proofs: that the wallet holds the device keys it wants documents for.
//!
//! OpenID4VCI, 8.2.1.1 and appendix F.1. One proof for each key, all with the same `c_nonce`.

use mdl_crypto::PrivateKey;
use mdl_crypto::jose::{CurveWithoutJwk, Jwk, JwsAttachError, UnsignedJws, UnusableJwsHeader};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// A proof for one device key. `iss` is left out: the token came without a client identifier.
///
/// # Errors
/// See [`UnusableKey`].
pub fn jwt_proof(
    device_key: &PrivateKey,
    credential_issuer: &str,
    c_nonce: Option<&str>,
    now: OffsetDateTime,
) -> Result<String, UnusableKey> {
    let jwk = Jwk::try_from(device_key.public_key().clone())?;
    let mut claims = json!({ "aud": credential_issuer, "iat": now.unix_timestamp() });
    if let Some(nonce) = c_nonce {
        claims["nonce"] = json!(nonce);
    }
    sign_jwt("openid4vci-proof+jwt", device_key, &jwk, &claims)
}

/// A compact JWS with the key in its header.
pub(crate) fn sign_jwt(
    typ: &str,
    key: &PrivateKey,
    jwk: &Jwk,
    claims: &Value,
) -> Result<String, UnusableKey> {
    let alg = key.curve().algorithm().name();
    let header = json!({ "typ": typ, "alg": alg, "jwk": jwk.to_json() });
    let unsigned = UnsignedJws::new(&header, claims.to_string().as_bytes())?;
    let signature = key.sign(unsigned.to_be_signed());
    Ok(unsigned.attach(&signature, key.public_key())?)
}

/// Why a key makes no proofs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableKey {
    /// JOSE does not know its curve.
    #[error(transparent)]
    Curve(#[from] CurveWithoutJwk),
    /// JOSE does not know its algorithm.
    #[error(transparent)]
    Header(#[from] UnusableJwsHeader),
    /// Its signature does not verify.
    #[error(transparent)]
    Signature(#[from] JwsAttachError),
}

#[cfg(test)]
mod tests {
    use mdl_crypto::Curve;
    use mdl_crypto::jose::{CompactJws, JwsLimits};
    use time::macros::datetime;

    use super::*;

    #[test]
    fn proof_is_for_one_issuer_nonce_and_key() {
        let key = PrivateKey::from_scalar(Curve::P384, &[7; 48]).unwrap();
        let now = datetime!(2026-06-15 12:00 UTC);
        let proof = jwt_proof(&key, "https://dmv.example/t", Some("n"), now).unwrap();
        let jws = CompactJws::parse(&proof, &JwsLimits::DEFAULT).unwrap();
        assert_eq!(jws.typ(), Some("openid4vci-proof+jwt"));
        jws.verify(key.public_key()).unwrap();
        let header: Vec<_> = jws.header().keys().collect();
        assert_eq!(header, ["typ", "alg", "jwk"]);
        let claims = Value::Object(jws.claims().unwrap());
        let expected =
            json!({ "aud": "https://dmv.example/t", "iat": now.unix_timestamp(), "nonce": "n" });
        assert_eq!(claims, expected);
    }

    #[test]
    fn brainpool_keys_make_no_proof() {
        let key = PrivateKey::from_scalar(Curve::BrainpoolP256r1, &[7; 32]).unwrap();
        let proof = jwt_proof(
            &key,
            "https://dmv.example",
            None,
            datetime!(2026-06-15 12:00 UTC),
        );
        assert!(matches!(proof, Err(UnusableKey::Curve(_))));
    }
}
