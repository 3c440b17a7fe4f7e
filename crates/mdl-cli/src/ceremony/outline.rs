//! The hash of a to-be-signed structure, also before its keys are known.
//!
//! Public keys are in a structure twice: as the bits of `subjectPublicKey`, and as key identifiers, which are the SHA-1
//! of these bits (RFC 5280, 4.2.1.2, method 1). The outline of a structure is the structure with both replaced by as
//! many zeros wherever they stand. All keys of a curve have the same length, so that a structure has the same outline
//! whatever its keys are. Where every key is known the outline is the structure itself.

use mdl_crypto::{HashAlgorithm, PublicKey, sha1};

/// SHA-256 of the structure with these keys and their identifiers replaced by zeros, in hexadecimal.
pub(super) fn hash<'k>(
    to_be_signed: &[u8],
    unknown: impl IntoIterator<Item = &'k PublicKey>,
) -> String {
    let mut outline = to_be_signed.to_vec();
    for key in unknown {
        blank(&mut outline, key.key_bits());
        blank(&mut outline, &sha1(key.key_bits()));
    }
    sha256(&outline)
}

/// SHA-256 in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(HashAlgorithm::Sha256.digest(bytes).as_bytes())
}

fn blank(bytes: &mut [u8], part: &[u8]) {
    let mut start = 0;
    while let Some(window) = bytes.get_mut(start..start + part.len()) {
        if window == part {
            window.fill(0);
            start += part.len();
        } else {
            start += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use mdl_crypto::{Curve, PrivateKey};
    use mdl_iaca::profile::{Contact, DistinguishedName, IacaProfile, SerialNumber, Validity};
    use time::macros::datetime;

    use super::*;
    use crate::randomness::generator;

    fn root(name: &str, curve: Curve) -> (Vec<u8>, PublicKey) {
        let key = PrivateKey::generate(curve, &mut generator(None, "test").unwrap());
        let key = key.public_key().clone();
        let root = IacaProfile::new(
            key.clone(),
            DistinguishedName::new(name).country("UT"),
            Validity::days(datetime!(2026-06-01 0:00 UTC), 3650).unwrap(),
            Contact::email("iaca@dmv.example"),
            "https://dmv.example/iaca.crl",
        )
        .build(&SerialNumber::from_be_bytes(&[7; 20]).unwrap())
        .unwrap();
        (root.to_be_signed().to_vec(), key)
    }

    #[test]
    fn structures_that_differ_only_in_unknown_keys_have_one_outline() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let (one, one_key) = root("Utopia IACA", curve);
            let (other, other_key) = root("Utopia IACA", curve);
            assert_eq!(hash(&one, [&one_key]), hash(&other, [&other_key]));
            assert_ne!(hash(&one, []), hash(&other, []));
            assert_ne!(hash(&one, [&other_key]), hash(&other, [&other_key]));
            let (renamed, key) = root("Utopia IACB", curve);
            assert_ne!(hash(&renamed, [&key]), hash(&one, [&one_key]));
            assert_eq!(hash(&one, []), sha256(&one));
        }
    }
}
