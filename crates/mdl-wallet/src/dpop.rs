//! DPoP: proofs that the sender of a request holds the key that its access token is bound to.
//!
//! RFC 9449. Authorization server and resource server hand out nonces of their own (8.2), so they are kept apart.

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::jose::{Jwk, JwkThumbprint};
use mdl_crypto::{Curve, HashAlgorithm, PrivateKey};
use rand_core::CryptoRng;
use serde_json::json;
use time::OffsetDateTime;
use url::Url;

use crate::proof::{UnusableKey, sign_jwt};

/// The key that a wallet's access token is bound to, and the nonces it was last given.
#[derive(Debug)]
pub struct DpopKey {
    key: PrivateKey,
    jwk: Jwk,
    nonces: [Option<String>; 2],
}

/// Whose nonce counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Server {
    /// The token endpoint's.
    Authorization,
    /// That of everything which takes the access token.
    Resource,
}

impl DpopKey {
    /// A fresh P-256 key.
    ///
    /// # Errors
    /// None in practice: JOSE knows the curve.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Result<Self, UnusableKey> {
        Self::of(PrivateKey::generate(Curve::P256, rng))
    }

    /// A key that was used before.
    ///
    /// # Errors
    /// [`UnusableKey::Curve`].
    pub fn of(key: PrivateKey) -> Result<Self, UnusableKey> {
        let jwk = Jwk::try_from(key.public_key().clone())?;
        Ok(Self {
            key,
            jwk,
            nonces: [None, None],
        })
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// `jkt`: what the token is bound to.
    #[must_use]
    pub fn thumbprint(&self) -> JwkThumbprint {
        self.jwk.thumbprint()
    }

    /// Keeps the nonce of an answer, if it has one.
    pub fn keep_nonce(&mut self, server: Server, nonce: Option<String>) {
        if nonce.is_some() {
            self.nonces[server as usize] = nonce;
        }
    }

    /// A proof for one `POST` to `url` (4.2). Query and fragment of the URL do not count.
    ///
    /// # Errors
    /// None in practice, as above.
    pub fn proof<R: CryptoRng + ?Sized>(
        &self,
        server: Server,
        url: &Url,
        access_token: Option<&str>,
        now: OffsetDateTime,
        rng: &mut R,
    ) -> Result<String, UnusableKey> {
        let mut htu = url.clone();
        htu.set_query(None);
        htu.set_fragment(None);
        let mut jti = [0; 16];
        rng.fill_bytes(&mut jti);
        let mut claims = json!({
            "jti": Base64UrlUnpadded::encode_string(&jti),
            "htm": "POST",
            "htu": htu.as_str(),
            "iat": now.unix_timestamp(),
        });
        if let Some(token) = access_token {
            let hash = HashAlgorithm::Sha256.digest(token.as_bytes());
            claims["ath"] = json!(Base64UrlUnpadded::encode_string(hash.as_ref()));
        }
        if let Some(nonce) = &self.nonces[server as usize] {
            claims["nonce"] = json!(nonce);
        }
        sign_jwt("dpop+jwt", &self.key, &self.jwk, &claims)
    }
}

#[cfg(test)]
mod tests {
    use mdl_crypto::jose::{CompactJws, JwsLimits};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn proof_names_request_token_and_the_nonce_of_its_server() {
        let mut rng = ChaCha20Rng::from_seed([7; 32]);
        let mut key = DpopKey::generate(&mut rng).unwrap();
        key.keep_nonce(Server::Resource, Some("n1".into()));
        key.keep_nonce(Server::Resource, None);
        let url = Url::parse("https://dmv.example/credential?x=1").unwrap();
        let now = datetime!(2026-06-15 12:00 UTC);
        let mut claims = |server, token| {
            let proof = key.proof(server, &url, token, now, &mut rng).unwrap();
            let jws = CompactJws::parse(&proof, &JwsLimits::DEFAULT).unwrap();
            assert_eq!(jws.typ(), Some("dpop+jwt"));
            let jwk = Jwk::parse(&jws.header()["jwk"]).unwrap();
            assert_eq!(jwk.thumbprint(), key.thumbprint());
            jws.verify(jwk.public_key()).unwrap();
            jws.claims().unwrap()
        };
        let resource = claims(Server::Resource, Some("token"));
        assert_eq!(resource["htu"], "https://dmv.example/credential");
        assert_eq!(resource["htm"], "POST");
        assert_eq!(resource["iat"], now.unix_timestamp());
        assert_eq!(resource["nonce"], "n1");
        // SHA-256 of "token".
        assert_eq!(
            resource["ath"],
            "PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A"
        );
        let authorization = claims(Server::Authorization, None);
        assert!(!authorization.contains_key("nonce") && !authorization.contains_key("ath"));
        assert_ne!(resource["jti"], authorization["jti"]);
    }
}
