//! What holds for every public key: named curve, uncompressed point of that curve. Which curves a profile allows is the
//! profile's own rule.

use mdl_crypto::{InvalidKey, PublicKey};

use super::rule::{Report, SHALL, rules};
use crate::certificate::{Oid, SubjectPublicKeyInfo, oid};

rules! {
    NAMED_CURVE: "public-key-named-curve", Error, "B.1, every table",
        "an EC key names its curve by an object identifier", SHALL;
    EDWARDS_PARAMETERS: "public-key-edwards-parameters", Error, "RFC 8410, 3",
        "an Ed25519 or Ed448 key has no parameters", "the RFC that defines the key requires it";
    UNCOMPRESSED: "public-key-uncompressed", Error, "B.1, every table",
        "the point of an EC key is in uncompressed form", SHALL;
    POINT: "public-key-point", Error, "B.1, every table",
        "the key is a point of its curve", "nothing could be verified with it, or worse";
    NOT_CHECKED: "signature-not-checked", Warning, "B.3.1",
        "the key that signed is on a curve that can be computed with here",
        "the curve is allowed, so it is no deviation, but nobody has looked at the signature";
}

/// The seven curves for ECDSA that Annex B names.
pub(super) const EC_CURVES: &[Oid<'static>] = &[
    oid::SECP256R1,
    oid::SECP384R1,
    oid::SECP521R1,
    oid::BRAINPOOL_P256R1,
    oid::BRAINPOOL_P320R1,
    oid::BRAINPOOL_P384R1,
    oid::BRAINPOOL_P512R1,
];

/// Curves of document signer and reader keys: those for ECDSA and the two Edwards curves.
pub(super) const EC_AND_EDWARDS_CURVES: &[Oid<'static>] = &[
    oid::SECP256R1,
    oid::SECP384R1,
    oid::SECP521R1,
    oid::BRAINPOOL_P256R1,
    oid::BRAINPOOL_P320R1,
    oid::BRAINPOOL_P384R1,
    oid::BRAINPOOL_P512R1,
    oid::ED25519,
    oid::ED448,
];

/// Curves of OCSP signer keys: without brainpoolP320r1.
pub(super) const EC_CURVES_WITHOUT_P320: &[Oid<'static>] = &[
    oid::SECP256R1,
    oid::SECP384R1,
    oid::SECP521R1,
    oid::BRAINPOOL_P256R1,
    oid::BRAINPOOL_P384R1,
    oid::BRAINPOOL_P512R1,
];

pub(super) fn check(key: SubjectPublicKeyInfo<'_>, report: &mut Report) {
    let algorithm = key.algorithm();
    let bits = key.key_bits();
    let expected = match algorithm.oid() {
        oid::EC_PUBLIC_KEY => {
            let Some(curve) = algorithm.named_curve() else {
                let found = match algorithm.parameters() {
                    None => "no curve",
                    Some([0x30, ..]) => "explicit curve parameters",
                    Some(_) => "parameters that are no object identifier",
                };
                return report.add(&NAMED_CURVE, found);
            };
            let Some(field) = field_octets(curve) else {
                return;
            };
            if let Some(first @ (0x02 | 0x03)) = bits.first() {
                return report.add(&UNCOMPRESSED, format!("point begins with 0x{first:02x}"));
            }
            1 + 2 * field
        }
        edwards @ (oid::ED25519 | oid::ED448) => {
            if algorithm.parameters().is_some() {
                return report.add(&EDWARDS_PARAMETERS, "parameters are present");
            }
            if edwards == oid::ED25519 { 32 } else { 57 }
        }
        // No profile allows it; the profile's own rule says so.
        _ => return,
    };
    if bits.len() != expected {
        return report.add(
            &POINT,
            format!("{} octets instead of {expected}", bits.len()),
        );
    }
    // Keys on other curves are checked by length alone.
    if !is_on_unsupported_curve(key)
        && let Err(error) = key.public_key()
    {
        report.add(&POINT, error.to_string());
    }
}

/// Whether the key is on a curve that Annex B allows and the crypto crate does not carry.
fn is_on_unsupported_curve(key: SubjectPublicKeyInfo<'_>) -> bool {
    matches!(
        curve(key),
        Some(oid::BRAINPOOL_P320R1 | oid::BRAINPOOL_P512R1 | oid::ED448)
    )
}

/// The key to verify a signature with; `None`, with a finding, where it cannot be computed with.
pub(super) fn verification_key(
    key: SubjectPublicKeyInfo<'_>,
    report: &mut Report,
) -> Result<Option<PublicKey>, InvalidKey> {
    match key.public_key() {
        Ok(key) => Ok(Some(key)),
        Err(error) if is_on_unsupported_curve(key) => {
            report.add(&NOT_CHECKED, error.to_string());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What names the curve: the parameters of an EC key, the algorithm itself of an Edwards key.
pub(super) fn curve(key: SubjectPublicKeyInfo<'_>) -> Option<Oid<'_>> {
    let algorithm = key.algorithm();
    match algorithm.oid() {
        oid::EC_PUBLIC_KEY => algorithm.named_curve(),
        other => Some(other),
    }
}

fn field_octets(curve: Oid<'_>) -> Option<usize> {
    match curve {
        oid::SECP256R1 | oid::BRAINPOOL_P256R1 => Some(32),
        oid::BRAINPOOL_P320R1 => Some(40),
        oid::SECP384R1 | oid::BRAINPOOL_P384R1 => Some(48),
        oid::BRAINPOOL_P512R1 => Some(64),
        oid::SECP521R1 => Some(66),
        _ => None,
    }
}
