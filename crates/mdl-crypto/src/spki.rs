//! `SubjectPublicKeyInfo`: public keys as certificates carry them.
//!
//! ISO/IEC 18013-5, Annex B; RFC 5480 and RFC 8410. Keys of the standard have one encoding each: a named curve
//! and an uncompressed point, or Ed25519 without parameters. DER leaves no other choice, so everything before
//! the key bits is a constant per curve, and reading is comparing.

use crate::{Curve, InvalidKey, UnsupportedCurve};

/// Everything before the content of the BIT STRING, its unused-bits octet included.
const fn prefix(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => {
            b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"
        }
        Curve::P384 => {
            b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00"
        }
        Curve::P521 => {
            b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00"
        }
        Curve::BrainpoolP256r1 => {
            b"\x30\x5a\x30\x14\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x07\x03\x42\x00"
        }
        Curve::BrainpoolP384r1 => {
            b"\x30\x7a\x30\x14\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x0b\x03\x62\x00"
        }
        Curve::Ed25519 => b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
    }
}

/// The `AlgorithmIdentifier` of keys on `curve`, which lies within the prefix.
pub(crate) fn algorithm_identifier(curve: Curve) -> &'static [u8] {
    let prefix = prefix(curve);
    // After the outer header (three bytes for the long keys of P-521), up to the BIT STRING's.
    match curve {
        Curve::P521 => &prefix[3..prefix.len() - 4],
        _ => &prefix[2..prefix.len() - 3],
    }
}

/// Bytes of the BIT STRING content: `04 || x || y`, or the Ed25519 key.
pub(crate) const fn key_bits_len(curve: Curve) -> usize {
    if curve.is_edwards() {
        32
    } else {
        1 + 2 * curve.field_len()
    }
}

/// Encodes the key bits of a key on `curve`.
pub(crate) fn encode(curve: Curve, key_bits: &[u8]) -> Vec<u8> {
    [prefix(curve), key_bits].concat()
}

/// Splits a `SubjectPublicKeyInfo` into its curve and key bits. The point itself is not checked here.
pub(crate) fn decode(spki: &[u8]) -> Result<(Curve, &[u8]), InvalidKey> {
    for curve in Curve::ALL {
        if let Some(key_bits) = spki.strip_prefix(prefix(curve))
            && key_bits.len() == key_bits_len(curve)
        {
            return Ok((curve, key_bits));
        }
    }
    Err(explain(spki).unwrap_or(InvalidKey::Spki))
}

/// What to say about a `SubjectPublicKeyInfo` that is none of ours; `None` if it is not even well formed.
fn explain(spki: &[u8]) -> Option<InvalidKey> {
    let (body, rest) = element(spki, 0x30)?;
    let (algorithm, body) = element(body, 0x30)?;
    let (key_bits, after) = element(body, 0x03)?;
    if !rest.is_empty() || !after.is_empty() {
        return None;
    }
    let (key_type, parameters) = element(algorithm, 0x06)?;
    match key_type {
        EC_PUBLIC_KEY => {
            let Some((curve, rest)) = element(parameters, 0x06) else {
                return Some(InvalidKey::ExplicitParameters);
            };
            if !rest.is_empty() {
                return None;
            }
            match known_curve(curve) {
                Ok(_) if matches!(key_bits, [0, 2 | 3, ..]) => Some(InvalidKey::CompressedPoint),
                Ok(_) => None,
                Err(unsupported) => Some(unsupported.into()),
            }
        }
        [0x2b, 0x65, 0x70] => None,
        [0x2b, 0x65, 0x6e] => Some(UnsupportedCurve::Named("X25519").into()),
        [0x2b, 0x65, 0x6f] => Some(UnsupportedCurve::Named("X448").into()),
        [0x2b, 0x65, 0x71] => Some(UnsupportedCurve::Named("Ed448").into()),
        other => Some(InvalidKey::KeyType(dotted(other)?)),
    }
}

/// Content octets of id-ecPublicKey, 1.2.840.10045.2.1.
pub(crate) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// The curve with these object identifier octets.
pub(crate) fn known_curve(oid: &[u8]) -> Result<Curve, UnsupportedCurve> {
    Ok(match oid {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => Curve::P256,
        [0x2b, 0x81, 0x04, 0x00, 0x22] => Curve::P384,
        [0x2b, 0x81, 0x04, 0x00, 0x23] => Curve::P521,
        [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07] => Curve::BrainpoolP256r1,
        [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0b] => Curve::BrainpoolP384r1,
        [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x09] => {
            return Err(UnsupportedCurve::Named("brainpoolP320r1"));
        }
        [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0d] => {
            return Err(UnsupportedCurve::Named("brainpoolP512r1"));
        }
        [0x2b, 0x81, 0x04, 0x00, 0x0a] => return Err(UnsupportedCurve::Named("secp256k1")),
        [0x2b, 0x81, 0x04, 0x00, 0x21] => return Err(UnsupportedCurve::Named("P-224")),
        other => {
            let dotted = dotted(other).unwrap_or_else(|| "that is malformed".to_owned());
            return Err(UnsupportedCurve::ObjectIdentifier(dotted));
        }
    })
}

/// Content and rest of the DER element with this tag at the front; lengths below 2¹⁶ only.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (len, rest) = match *der {
        [t, len @ 0..=0x7f, ref rest @ ..] if t == tag => (usize::from(len), rest),
        [t, 0x81, len @ 0x80..=0xff, ref rest @ ..] if t == tag => (usize::from(len), rest),
        [t, 0x82, high @ 1..=0xff, low, ref rest @ ..] if t == tag => {
            (usize::from(u16::from_be_bytes([high, low])), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(len)
}

/// The dotted form of object identifier octets, for messages; `None` if malformed or absurdly long.
fn dotted(oid: &[u8]) -> Option<String> {
    if oid.is_empty() || oid.len() > 32 {
        return None;
    }
    let mut arcs = Vec::new();
    let mut arc: u64 = 0;
    for &byte in oid {
        arc = arc.checked_mul(128)? + u64::from(byte & 0x7f);
        if byte < 0x80 {
            if arcs.is_empty() {
                let first = (arc / 40).min(2);
                arcs.push(first);
                arc -= 40 * first;
            }
            arcs.push(arc);
            arc = 0;
        }
    }
    if oid.last()? >= &0x80 {
        return None;
    }
    Some(
        arcs.iter()
            .map(u64::to_string)
            .collect::<Vec<_>>()
            .join("."),
    )
}
