//! PKCS#8: private keys as files carry them.
//!
//! RFC 5958, with RFC 5915 inside for ECDSA keys and RFC 8410 for Ed25519. What we write is version 1, without
//! a second copy of the public key, because OpenSSL before 3.5 refuses Ed25519 keys that have one.

use crate::{
    Curve, PublicKey, UnsupportedCurve,
    private_key::InvalidPrivateKey,
    rust_crypto::SecretKey,
    spki::{self, EC_PUBLIC_KEY},
};
use pkcs8::{
    PrivateKeyInfoRef,
    der::{Decode, pem},
};
use zeroize::Zeroizing;

const LABEL: &str = "PRIVATE KEY";

/// Reads an unencrypted `PrivateKeyInfo`.
pub(crate) fn decode(der: &[u8]) -> Result<SecretKey, InvalidPrivateKey> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| InvalidPrivateKey::Pkcs8)?;
    let curve = match info.algorithm.oid.as_bytes() {
        EC_PUBLIC_KEY => {
            let named = info
                .algorithm
                .parameters_oid()
                .map_err(|_| InvalidPrivateKey::Pkcs8)?;
            spki::known_curve(named.as_bytes())?
        }
        [0x2b, 0x65, 0x70] => Curve::Ed25519,
        [0x2b, 0x65, 0x6e] => return Err(UnsupportedCurve::Named("X25519").into()),
        [0x2b, 0x65, 0x6f] => return Err(UnsupportedCurve::Named("X448").into()),
        [0x2b, 0x65, 0x71] => return Err(UnsupportedCurve::Named("Ed448").into()),
        _ => return Err(InvalidPrivateKey::KeyType(info.algorithm.oid.to_string())),
    };
    SecretKey::from_pkcs8(curve, info).ok_or(InvalidPrivateKey::Pkcs8)
}

/// Writes a `PrivateKeyInfo`.
pub(crate) fn encode(secret: &SecretKey, public: &PublicKey) -> Zeroizing<Vec<u8>> {
    let scalar = secret.to_scalar();
    let curve = secret.curve();
    let key = if curve.is_edwards() {
        octet_string(&scalar)
    } else {
        // ECPrivateKey: version 1, scalar, and [1] the public point.
        let point = tlv(0x03, &[&[0], public.key_bits()]);
        tlv(
            0x30,
            &[
                &[0x02, 0x01, 0x01],
                &octet_string(&scalar),
                &tlv(0xa1, &[&point]),
            ],
        )
    };
    tlv(
        0x30,
        &[
            &[0x02, 0x01, 0x00],
            spki::algorithm_identifier(curve),
            &octet_string(&key),
        ],
    )
}

/// The DER out of `-----BEGIN PRIVATE KEY-----`.
pub(crate) fn from_pem(pem: &str) -> Result<Zeroizing<Vec<u8>>, InvalidPrivateKey> {
    let (label, der) = pem::decode_vec(pem.as_bytes()).map_err(|_| InvalidPrivateKey::Pem)?;
    let der = Zeroizing::new(der);
    match label {
        LABEL => Ok(der),
        "ENCRYPTED PRIVATE KEY" => Err(InvalidPrivateKey::Encrypted),
        other => Err(InvalidPrivateKey::PemLabel(other.to_owned())),
    }
}

/// `der` as `-----BEGIN PRIVATE KEY-----`, lines ending in LF.
pub(crate) fn to_pem(der: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(
        pem::encode_string(LABEL, pem::LineEnding::LF, der)
            .expect("a private key of some hundred bytes is within the limits of PEM"),
    )
}

fn octet_string(content: &[u8]) -> Zeroizing<Vec<u8>> {
    tlv(0x04, &[content])
}

/// A DER element; the contents here stay below 64 KiB.
fn tlv(tag: u8, contents: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let len: usize = contents.iter().map(|content| content.len()).sum();
    let [high, low] = (len as u16).to_be_bytes();
    // Room for all from the start: growing would leave copies of the secret behind.
    let mut der = Zeroizing::new(Vec::with_capacity(4 + len));
    der.push(tag);
    match len {
        0..=0x7f => der.push(low),
        0x80..=0xff => der.extend([0x81, low]),
        _ => der.extend([0x82, high, low]),
    }
    for content in contents {
        der.extend_from_slice(content);
    }
    der
}
