//! The public key of the document signer.

use mdl_crypto::Curve;

use super::super::super::forge::{Authority, bit_string, key, oid, sequence, tlv};
use super::super::Layer;
use super::signer;

const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";

pub(super) fn add(layer: &mut Layer) {
    let point = || {
        key("document signer", Curve::P256)
            .public_key()
            .key_bits()
            .to_vec()
    };
    let on_p256 = |point: &[u8]| ec(&oid(P256), point);
    let mut off_curve = point();
    off_curve[64] ^= 1;
    let compressed = [&[2 + (point()[64] & 1)], &point()[1..33]].concat();
    let okp = |dotted: &str, key: &[u8]| sequence(&[&sequence(&[&oid(dotted)]), &bit_string(key)]);
    let rsa = sequence(&[
        &sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]),
        &bit_string(&sequence(&[&tlv(2, &[1; 128]), &[2, 1, 3]])),
    ]);
    for (id, comment, public_key_info) in [
        (
            "path-key-off-curve",
            "the point is not on the curve",
            on_p256(&off_curve),
        ),
        (
            "path-key-compressed",
            "the point is compressed",
            on_p256(&compressed),
        ),
        (
            "path-key-identity",
            "the identity, one zero byte",
            on_p256(&[0]),
        ),
        (
            "path-key-zero",
            "both coordinates are zero",
            on_p256(&[&[4][..], &[0; 64]].concat()),
        ),
        (
            "path-key-short",
            "the point lacks its last byte",
            on_p256(&point()[..64]),
        ),
        (
            "path-key-long",
            "a byte follows the point",
            on_p256(&[&point()[..], &[0]].concat()),
        ),
        (
            "path-key-hybrid",
            "the hybrid form of the point",
            on_p256(&[&[6 + (point()[64] & 1)], &point()[1..]].concat()),
        ),
        ("path-key-empty", "no bits in the key", on_p256(&[])),
        (
            "path-key-explicit-parameters",
            "the curve by its parameters and not by its name",
            ec(&sequence(&[&tlv(2, &[1])]), &point()),
        ),
        (
            "path-key-without-parameters",
            "no curve at all",
            ec(&[], &point()),
        ),
        (
            "path-key-on-p384",
            "the curve says P-384, the point is of P-256",
            ec(&oid("1.3.132.0.34"), &point()),
        ),
        (
            "path-key-secp256k1",
            "secp256k1, which the standard does not have",
            ec(&oid("1.3.132.0.10"), &point()),
        ),
        ("path-key-rsa", "an RSA key", rsa),
        (
            "path-key-x25519",
            "X25519, which cannot sign",
            okp("1.3.101.110", &[9; 32]),
        ),
        (
            "path-key-ed25519-small-order",
            "an Ed25519 key of small order, for which anybody can sign",
            okp("1.3.101.112", &[&[1][..], &[0; 31]].concat()),
        ),
        (
            "path-key-ed25519-short",
            "an Ed25519 key of 31 bytes",
            okp("1.3.101.112", &[9; 31]),
        ),
    ] {
        let response = signer(|certificate| certificate.public_key_info = public_key_info);
        layer
            .response(id, "Key", comment, response)
            .fails(["ds-public-key"]);
    }
    let of_iaca = signer(|certificate| {
        certificate.public_key_info = Authority::utopia().key.public_key().to_spki_der();
    });
    layer
        .response(
            "path-key-of-another",
            "Key",
            "the certificate is for another key than the one that signed the MSO",
            of_iaca,
        )
        .fails(["issuer-signature"]);
}

/// `SubjectPublicKeyInfo` with id-ecPublicKey.
fn ec(parameters: &[u8], point: &[u8]) -> Vec<u8> {
    sequence(&[
        &sequence(&[&oid(EC_PUBLIC_KEY), parameters]),
        &bit_string(point),
    ])
}
