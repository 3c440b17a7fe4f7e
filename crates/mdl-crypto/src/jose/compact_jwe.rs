//! Compact JWE as received (RFC 7516, 5.2), encrypted by ECDH-ES directly (RFC 7518, 4.6) with A128GCM or A256GCM.
//!
//! The encrypted responses of OpenID4VP (`direct_post.jwt`, `dc_api.jwt`). Nothing else is taken: no key wrapping, no
//! compression, no password-based encryption. Anybody may have encrypted, so what comes out is as trustworthy as what
//! its own signatures prove.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::json_object::{JsonLimits, JsonObjectError, parse_json_object};
use super::jwk::{InvalidJwk, Jwk};
use crate::aes_gcm::{NotAuthentic, open_aes_gcm};
use crate::{AgreementError, HashAlgorithm, PrivateKey};

/// What one encrypted response may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct JweLimits {
    /// Size of the whole JWE, in bytes.
    pub max_bytes: usize,
    /// Size of the decoded header, in bytes.
    pub max_header_bytes: usize,
}

impl JweLimits {
    /// 8 MiB, which holds a response of the reader's own limit; 8 KiB of header.
    pub const DEFAULT: Self = Self {
        max_bytes: 8 << 20,
        max_header_bytes: 8 << 10,
    };
}

/// A JWE in compact form that nobody has decrypted yet.
#[derive(Clone, Debug)]
pub struct CompactJwe<'t> {
    protected: &'t str,
    header: Map<String, Value>,
    encryption: &'static Encryption,
    sender: Jwk,
    /// `apu` and `apv`, decoded; empty where absent.
    party_info: [Vec<u8>; 2],
    nonce: [u8; 12],
    /// Ciphertext and tag.
    encrypted: Vec<u8>,
}

#[derive(Debug)]
struct Encryption {
    name: &'static str,
    key_bytes: usize,
}

const ENCRYPTIONS: [Encryption; 2] = [
    Encryption {
        name: "A128GCM",
        key_bytes: 16,
    },
    Encryption {
        name: "A256GCM",
        key_bytes: 32,
    },
];

/// Why text is not a JWE that is taken here.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidJwe {
    /// Longer than the limit.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// The limit in force, in bytes.
        limit: usize,
    },
    /// Not five parts.
    #[error("not header.key.iv.ciphertext.tag")]
    Parts,
    /// A part that is not base64url without padding, or of another length than it must have.
    #[error("{0} is not base64url of the right length")]
    Encoding(&'static str),
    /// The header is not a JSON object.
    #[error("the header")]
    Header(#[from] JsonObjectError),
    /// `alg` is not ECDH-ES.
    #[error("alg is not ECDH-ES")]
    Algorithm,
    /// `enc` is neither A128GCM nor A256GCM.
    #[error("enc is neither A128GCM nor A256GCM")]
    Encryption,
    /// `crit` or `zip`, which nothing here understands.
    #[error("header parameter {0} is not understood")]
    NotUnderstood(&'static str),
    /// There is an encrypted key, where ECDH-ES derives it.
    #[error("an encrypted key, where there is none to encrypt")]
    EncryptedKey,
    /// `epk` is absent or no usable public key.
    #[error("epk is absent or not usable")]
    EphemeralKey(#[source] Option<InvalidJwk>),
}

/// Why a JWE was not decrypted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JweDecryptError {
    /// The keys do not go together.
    #[error("the ephemeral key and the recipient's do not go together")]
    Agreement(#[from] AgreementError),
    /// Encrypted for another key, or changed on the way.
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
}

impl<'t> CompactJwe<'t> {
    /// Reads `header.key.iv.ciphertext.tag`.
    ///
    /// # Errors
    /// See [`InvalidJwe`].
    pub fn parse(jwe: &'t str, limits: &JweLimits) -> Result<Self, InvalidJwe> {
        if jwe.len() > limits.max_bytes {
            let limit = limits.max_bytes;
            return Err(InvalidJwe::TooLong { limit });
        }
        let mut parts = jwe.split('.');
        let mut part = || parts.next().ok_or(InvalidJwe::Parts);
        let (protected, key, iv) = (part()?, part()?, part()?);
        let (ciphertext, tag) = (part()?, part()?);
        if parts.next().is_some() {
            return Err(InvalidJwe::Parts);
        }
        let header_limits = JsonLimits {
            max_bytes: limits.max_header_bytes,
            max_depth: 4,
        };
        let header = parse_json_object(&decode(protected, "header")?, &header_limits)?;
        for name in ["crit", "zip"] {
            if header.contains_key(name) {
                return Err(InvalidJwe::NotUnderstood(name));
            }
        }
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        if text("alg") != Some("ECDH-ES") {
            return Err(InvalidJwe::Algorithm);
        }
        let encryption = ENCRYPTIONS
            .iter()
            .find(|known| Some(known.name) == text("enc"));
        let encryption = encryption.ok_or(InvalidJwe::Encryption)?;
        if !key.is_empty() {
            return Err(InvalidJwe::EncryptedKey);
        }
        let sender = header.get("epk").ok_or(InvalidJwe::EphemeralKey(None))?;
        let sender = Jwk::parse(sender).map_err(|error| InvalidJwe::EphemeralKey(Some(error)))?;
        let party_info = [party_info(&header, "apu")?, party_info(&header, "apv")?];
        let nonce = decode(iv, "iv")?;
        let mut encrypted = decode(ciphertext, "ciphertext")?;
        let tag = decode(tag, "tag")?;
        if tag.len() != 16 {
            return Err(InvalidJwe::Encoding("tag"));
        }
        encrypted.extend_from_slice(&tag);
        Ok(Self {
            protected,
            encryption,
            sender,
            party_info,
            nonce: nonce.try_into().map_err(|_| InvalidJwe::Encoding("iv"))?,
            encrypted,
            header,
        })
    }

    /// The protected header, unauthenticated until [`decrypt`](Self::decrypt) succeeded.
    #[must_use]
    pub const fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// `kid` of the header: which key of the recipient.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.header.get("kid")?.as_str()
    }

    /// `apu`, decoded; empty where it is absent. In ISO/IEC TS 18013-7, Annex B, the wallet's nonce.
    #[must_use]
    pub fn party_u_info(&self) -> &[u8] {
        &self.party_info[0]
    }

    /// `apv`, decoded; empty where it is absent. In ISO/IEC TS 18013-7, Annex B, the nonce of the request.
    #[must_use]
    pub fn party_v_info(&self) -> &[u8] {
        &self.party_info[1]
    }

    /// The plaintext.
    ///
    /// # Errors
    /// See [`JweDecryptError`].
    pub fn decrypt(&self, recipient: &PrivateKey) -> Result<Vec<u8>, JweDecryptError> {
        let z = recipient.diffie_hellman(self.sender.public_key())?;
        let key = self.derive(z.as_bytes());
        let aad = self.protected.as_bytes();
        Ok(open_aes_gcm(&key, &self.nonce, aad, &self.encrypted)?)
    }

    /// Concat KDF with SHA-256 (NIST SP 800-56A, 5.8.1; RFC 7518, 4.6.2): one round gives all the key there is.
    fn derive(&self, z: &[u8]) -> Zeroizing<Vec<u8>> {
        let length = |bytes: &[u8]| (bytes.len() as u32).to_be_bytes();
        let name = self.encryption.name.as_bytes();
        let [apu, apv] = &self.party_info;
        let bits = (self.encryption.key_bytes as u32 * 8).to_be_bytes();
        let digest = HashAlgorithm::Sha256.digest_parts(&[
            &1u32.to_be_bytes(),
            z,
            &length(name),
            name,
            &length(apu),
            apu,
            &length(apv),
            apv,
            &bits,
        ]);
        let digest = Zeroizing::new(digest.as_bytes().to_vec());
        Zeroizing::new(digest[..self.encryption.key_bytes].to_vec())
    }
}

fn party_info(header: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, InvalidJwe> {
    match header.get(name) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => decode(text, name),
        Some(_) => Err(InvalidJwe::Encoding(name)),
    }
}

fn decode(part: &str, what: &'static str) -> Result<Vec<u8>, InvalidJwe> {
    Base64UrlUnpadded::decode_vec(part).map_err(|_| InvalidJwe::Encoding(what))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Curve;

    /// Encrypted by jwcrypto 1.6.1 for keys with the scalar 7, 7, …
    const A128GCM: &str = "eyJhbGciOiJFQ0RILUVTIiwiYXB1IjoiZDJGc2JHVjBJRzV2Ym1ObCIsImFwdiI6ImNtVnhkV1Z6ZENCdWIyNWpaUSIs\
        ImVuYyI6IkExMjhHQ00iLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJrdHkiOiJFQyIsIngiOiI5b19Db0RCczlZNTZ2SVVU\
        Ri1JNmI2aC1OZi02WXJzdlVXQTY2YkJQaDc4IiwieSI6IkZtYkUtbDJZVkNqa0lFcW0zbUpDbXNkaEZURW11MTUyY1Nk\
        dUZEdjdNemMifSwia2lkIjoiMSJ9..kwpa2kafvqdbXBuG.G7TlFeJENm-QsOioTO04g8fvtcciK9Bprtffr9oc82cPY\
        0bKQu4RApj4vuSPDJ0NiEOzwF8.L9KfG8abVcpHoJszqH4i2g";
    const A256GCM: &str = "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSIsImVwayI6eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6\
        InJDUUp5cGVpQmlQT1M3X1BYa3draXppUzBfSzBUVG8tLUNVRk5TYkQxWlkiLCJ5IjoiZjI1YmxPanYxWjY1V1Z1a1li\
        SXEtaUJCNldzbHRkcE5LWEF2dGh4cXhMcyJ9fQ..uczhxVGuyelgNCXO.U48PR6Gm5CYZvDdEK0mId1kKuEbmgQVz-fC\
        Pwo1918vVA78GWDamUMwsWp8T0NoSskcuKn4.t56v0LtcwNgbmGJTwbpH4Q";
    const ON_P384: &str = "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSIsImVwayI6eyJjcnYiOiJQLTM4NCIsImt0eSI6IkVDIiwieCI6\
        Ikl5Sk1Ja1B3VXRSV1p0elgzLU5xT2MzbGh3RFdNZVZYMUlKMUFrTUl1alo5ZGpNQ3FrQ3VBemlRN0Vzb0VqUXEiLCJ5\
        IjoiZ1NVbVQybnptUTRPYmRhOVJsVnY5eWtBVTZaMGFLNC1ycjFZS0VRamE5R2dYdjBIY1puNFEtay03dlFEWUdUbCJ9\
        fQ..ZK5ezWrGKGgaUyo2.QAvUwKDFT4C2edA0wxmmYzXg1xxm8PtZoQzrGWQ_5PoDaUoMwmtlnr06b0yVVGGIXow6I0A\
        .ixUevQzNxdaL2li3_pgszA";
    const PLAINTEXT: &[u8] = br#"{"vp_token":{"mdl":["omd2ZXJzaW9uYzEuMGZzdGF0dXMA"]}}"#;

    fn key(curve: Curve) -> PrivateKey {
        PrivateKey::from_scalar(curve, &vec![7; curve.field_len()]).unwrap()
    }

    fn parse(jwe: &str) -> Result<CompactJwe<'_>, InvalidJwe> {
        CompactJwe::parse(jwe, &JweLimits::DEFAULT)
    }

    #[test]
    fn what_another_library_encrypted_is_decrypted() {
        for (jwe, curve) in [
            (A128GCM, Curve::P256),
            (A256GCM, Curve::P256),
            (ON_P384, Curve::P384),
        ] {
            let decrypted = parse(jwe).unwrap().decrypt(&key(curve));
            assert_eq!(decrypted, Ok(PLAINTEXT.to_vec()));
        }
        let jwe = parse(A128GCM).unwrap();
        assert_eq!(jwe.key_id(), Some("1"));
        assert_eq!(jwe.party_u_info(), b"wallet nonce");
        assert_eq!(jwe.party_v_info(), b"request nonce");
        assert_eq!(parse(A256GCM).unwrap().party_u_info(), b"");
    }

    #[test]
    fn nothing_is_given_of_what_was_changed_or_is_for_another_key() {
        let not_authentic = Err(JweDecryptError::NotAuthentic(NotAuthentic));
        let other = PrivateKey::from_scalar(Curve::P256, &[8; 32]).unwrap();
        assert_eq!(parse(A256GCM).unwrap().decrypt(&other), not_authentic);
        let on_another_curve = parse(A256GCM).unwrap().decrypt(&key(Curve::P384));
        assert!(matches!(
            on_another_curve,
            Err(JweDecryptError::Agreement(_))
        ));
        for part in [2, 3, 4] {
            let mut parts: Vec<String> = A256GCM.split('.').map(str::to_owned).collect();
            let mut bytes = Base64UrlUnpadded::decode_vec(&parts[part]).unwrap();
            bytes[0] ^= 1;
            parts[part] = Base64UrlUnpadded::encode_string(&bytes);
            let changed = parts.join(".");
            let decrypted = parse(&changed).unwrap().decrypt(&key(Curve::P256));
            assert_eq!(decrypted, not_authentic);
        }
        // The header is covered as it is written.
        let changed = with_header(A256GCM, |header| {
            header["kid"] = json!("2");
        });
        let decrypted = parse(&changed).unwrap().decrypt(&key(Curve::P256));
        assert_eq!(decrypted, not_authentic);
    }

    fn with_header(jwe: &str, change: impl FnOnce(&mut Value)) -> String {
        let (header, rest) = jwe.split_once('.').unwrap();
        let header = Base64UrlUnpadded::decode_vec(header).unwrap();
        let mut header: Value = serde_json::from_slice(&header).unwrap();
        change(&mut header);
        let header = Base64UrlUnpadded::encode_string(header.to_string().as_bytes());
        format!("{header}.{rest}")
    }

    #[test]
    fn other_algorithms_and_forms_are_refused() {
        let refused = |name: &str, value: Value| {
            let changed = with_header(A128GCM, |header| header[name] = value);
            parse(&changed).unwrap_err()
        };
        for alg in [
            "ECDH-ES+A128KW",
            "RSA-OAEP",
            "dir",
            "PBES2-HS256+A128KW",
            "ecdh-es",
        ] {
            assert_eq!(refused("alg", json!(alg)), InvalidJwe::Algorithm, "{alg}");
        }
        for enc in ["A192GCM", "A128CBC-HS256"] {
            assert_eq!(refused("enc", json!(enc)), InvalidJwe::Encryption, "{enc}");
        }
        assert_eq!(
            refused("zip", json!("DEF")),
            InvalidJwe::NotUnderstood("zip")
        );
        assert_eq!(
            refused("crit", json!(["b64"])),
            InvalidJwe::NotUnderstood("crit")
        );
        assert_eq!(refused("apu", json!(1)), InvalidJwe::Encoding("apu"));
        assert_eq!(refused("apv", json!("=")), InvalidJwe::Encoding("apv"));
        let point = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" });
        assert!(matches!(
            refused("epk", point),
            InvalidJwe::EphemeralKey(Some(_))
        ));
        assert_eq!(
            refused("epk", Value::Null),
            InvalidJwe::EphemeralKey(Some(InvalidJwk::NotAnObject))
        );

        let parts: Vec<&str> = A128GCM.split('.').collect();
        let with = |at: usize, part: &str| {
            let mut parts = parts.clone();
            parts[at] = part;
            parse(&parts.join(".")).unwrap_err()
        };
        assert_eq!(with(1, "AAAA"), InvalidJwe::EncryptedKey);
        assert_eq!(with(2, "AAAA"), InvalidJwe::Encoding("iv"));
        assert_eq!(with(3, "A"), InvalidJwe::Encoding("ciphertext"));
        assert_eq!(with(4, "AAAA"), InvalidJwe::Encoding("tag"));
        assert!(matches!(with(0, "AAAA"), InvalidJwe::Header(_)));
        assert_eq!(parse(&parts[..4].join(".")).unwrap_err(), InvalidJwe::Parts);
        assert_eq!(
            parse(&format!("{A128GCM}.")).unwrap_err(),
            InvalidJwe::Parts
        );
        let limits = JweLimits {
            max_bytes: 100,
            ..JweLimits::DEFAULT
        };
        let long = CompactJwe::parse(A128GCM, &limits).unwrap_err();
        assert_eq!(long, InvalidJwe::TooLong { limit: 100 });
    }
}
