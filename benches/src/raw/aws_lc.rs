use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
    ParsedPublicKey,
};

/// A private key, decoded.
pub struct SigningKey(EcdsaKeyPair);

/// A public key, decoded and known to be on the curve, for signatures of one form.
pub struct VerifyingKey(ParsedPublicKey);

impl SigningKey {
    /// From the scalar and the uncompressed point.
    pub fn new(scalar: &[u8], point: &[u8]) -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        Self(
            EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, point)
                .expect("the scalar belongs to the point"),
        )
    }

    /// Signs `message`; `r || s`.
    pub fn sign(&self, message: &[u8]) -> impl AsRef<[u8]> + use<> {
        self.0
            .sign(&SystemRandom::new(), message)
            .expect("AWS-LC signs")
    }
}

impl VerifyingKey {
    /// Decodes an uncompressed point, for signatures as `r || s`.
    pub fn decode(point: &[u8]) -> Self {
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        Self(key.expect("a point of the curve"))
    }

    /// Decodes an uncompressed point, for signatures in DER.
    pub fn decode_for_der(point: &[u8]) -> Self {
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
        Self(key.expect("a point of the curve"))
    }

    /// Verifies a signature of the form that the key was decoded for.
    pub fn verify(&self, message: &[u8], signature: &[u8]) {
        self.0
            .verify_sig(message, signature)
            .expect("the signature is good");
    }
}

/// SHA-256 of `data`.
pub fn sha256(data: &[u8]) -> impl AsRef<[u8]> + use<> {
    digest::digest(&digest::SHA256, data)
}
