use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{self, DerSignature, Signature};
use sha2::{Digest, Sha256};

/// A private key, decoded.
pub struct SigningKey(ecdsa::SigningKey);

/// A public key, decoded and known to be on the curve, for signatures of one form.
pub struct VerifyingKey {
    key: ecdsa::VerifyingKey,
    is_der: bool,
}

impl SigningKey {
    /// From the scalar; the point is not needed.
    pub fn new(scalar: &[u8], _point: &[u8]) -> Self {
        Self(ecdsa::SigningKey::from_slice(scalar).expect("a scalar of the curve"))
    }

    /// Signs `message`; `r || s`.
    pub fn sign(&self, message: &[u8]) -> impl AsRef<[u8]> + use<> {
        let signature: Signature = self.0.sign(message);
        signature.to_bytes()
    }
}

impl VerifyingKey {
    /// Decodes an uncompressed point, for signatures as `r || s`.
    pub fn decode(point: &[u8]) -> Self {
        Self {
            key: ecdsa::VerifyingKey::from_sec1_bytes(point).expect("a point of the curve"),
            is_der: false,
        }
    }

    /// Decodes an uncompressed point, for signatures in DER.
    pub fn decode_for_der(point: &[u8]) -> Self {
        Self {
            is_der: true,
            ..Self::decode(point)
        }
    }

    /// Verifies a signature of the form that the key was decoded for.
    pub fn verify(&self, message: &[u8], signature: &[u8]) {
        let verified = if self.is_der {
            let signature = DerSignature::try_from(signature).expect("a signature in DER");
            self.key.verify(message, &signature)
        } else {
            let signature = Signature::from_slice(signature).expect("a signature as r || s");
            self.key.verify(message, &signature)
        };
        verified.expect("the signature is good");
    }
}

/// SHA-256 of `data`.
pub fn sha256(data: &[u8]) -> impl AsRef<[u8]> + use<> {
    Sha256::digest(data)
}
