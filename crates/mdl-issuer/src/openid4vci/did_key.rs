//! Keys that a `kid` spells out itself: the DID methods `jwk` and `key`.
//!
//! Wallets of older drafts name their key by such a DID where an `mso_mdoc` would have `jwk`. Nothing is resolved: the key
//! is in the name. did:jwk; did:key with the multicodec of P-256 (0x1200).

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::jose::{JsonLimits, Jwk, parse_json_object};
use mdl_crypto::{Curve, PublicKey};
use serde_json::Value;

/// The multicodec of a compressed P-256 key, as the variable length integer that precedes it.
const P256: [u8; 2] = [0x80, 0x24];
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// A longer name holds no key of ours.
const MAX_BYTES: usize = 1024;

/// The key in a DID or DID URL; `None` for other methods, other keys, and fragments that name something else.
#[must_use]
pub fn key_of(kid: &str) -> Option<Jwk> {
    if kid.len() > MAX_BYTES {
        return None;
    }
    let (did, fragment) = match kid.split_once('#') {
        Some((did, fragment)) => (did, Some(fragment)),
        None => (kid, None),
    };
    if let Some(encoded) = did.strip_prefix("did:jwk:") {
        let json = Base64UrlUnpadded::decode_vec(encoded).ok()?;
        let limits = JsonLimits {
            max_bytes: MAX_BYTES,
            max_depth: 4,
        };
        let jwk = parse_json_object(&json, &limits).ok()?;
        let jwk = Jwk::parse(&Value::Object(jwk)).ok()?;
        return fragment.is_none_or(|name| name == "0").then_some(jwk);
    }
    let multibase = did.strip_prefix("did:key:")?;
    let bytes = base58(multibase.strip_prefix('z')?)?;
    let point = bytes.strip_prefix(&P256)?;
    let key = PublicKey::from_sec1(Curve::P256, point).ok()?;
    let is_compressed = point.len() == 1 + Curve::P256.field_len();
    let is_named = fragment.is_none_or(|name| name == multibase);
    (is_compressed && is_named)
        .then(|| Jwk::try_from(key).ok())
        .flatten()
}

/// base58btc, the multibase `z`. `None` for other characters, and for more than a key and its multicodec need.
fn base58(text: &str) -> Option<Vec<u8>> {
    const MOST: usize = 64;
    let mut bytes: Vec<u8> = Vec::new();
    for character in text.bytes() {
        let digit = BASE58.iter().position(|known| *known == character)?;
        let mut carry = digit;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.insert(0, u8::try_from(carry & 0xff).ok()?);
            carry >>= 8;
        }
        if bytes.len() > MOST {
            return None;
        }
    }
    let zeros = text.bytes().take_while(|byte| *byte == b'1').count();
    Some([vec![0; zeros], bytes].concat())
}

#[cfg(test)]
mod tests {
    use mdl_crypto::PrivateKey;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    /// From the specification of did:key, its example of P-256.
    const EXAMPLE: &str = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169";

    fn encode(mut bytes: Vec<u8>) -> String {
        let mut digits = Vec::new();
        while bytes.iter().any(|byte| *byte != 0) {
            let mut rest = 0_u32;
            for byte in &mut bytes {
                rest = rest * 256 + u32::from(*byte);
                *byte = u8::try_from(rest / 58).unwrap();
                rest %= 58;
            }
            digits.push(BASE58[rest as usize]);
        }
        digits.reverse();
        String::from_utf8(digits).unwrap()
    }

    fn compressed(key: &PublicKey) -> Vec<u8> {
        let odd = key.y().unwrap().last().unwrap() & 1;
        [&[2 + odd], key.x()].concat()
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let jwk = key_of(EXAMPLE).unwrap();
        let name = encode([P256.to_vec(), compressed(jwk.public_key())].concat());
        assert_eq!(format!("did:key:z{name}"), EXAMPLE);
        assert!(key_of(&format!("{EXAMPLE}#z{name}")).is_some());
        assert!(key_of(&format!("{EXAMPLE}#0")).is_none());
    }

    #[test]
    fn a_key_is_read_from_its_own_name_and_from_nothing_like_it() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let key = PrivateKey::generate(Curve::P256, &mut rng);
        let jwk = Jwk::try_from(key.public_key().clone()).unwrap();
        let json = jwk.to_json().to_string();
        let name = Base64UrlUnpadded::encode_string(json.as_bytes());
        assert_eq!(key_of(&format!("did:jwk:{name}")), Some(jwk.clone()));
        assert_eq!(key_of(&format!("did:jwk:{name}#0")), Some(jwk.clone()));
        let point = compressed(key.public_key());
        let by_key = encode([P256.to_vec(), point.clone()].concat());
        assert_eq!(key_of(&format!("did:key:z{by_key}")), Some(jwk));

        let private = json.replacen('{', r#"{"d":"AA","#, 1);
        let secp256k1 = encode([vec![0xe7, 0x01], point.clone()].concat());
        let longer = encode([P256.to_vec(), point, vec![0]].concat());
        for wrong in [
            format!("did:jwk:{name}#1"),
            format!(
                "did:jwk:{}",
                Base64UrlUnpadded::encode_string(private.as_bytes())
            ),
            "did:jwk:e30".to_owned(),
            format!("did:key:{by_key}"),
            format!("did:key:z{secp256k1}"),
            format!("did:key:z{longer}"),
            format!("did:key:z{by_key}0"),
            format!("did:key:z{}", "z".repeat(1000)),
            "did:web:example.org".to_owned(),
            String::new(),
            "x".repeat(2000),
        ] {
            assert_eq!(key_of(&wrong), None, "{wrong}");
        }
    }
}
