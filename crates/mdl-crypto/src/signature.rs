//! Signatures in the fixed-width form of COSE and in the DER form of certificates.
//!
//! RFC 9053, 2.1 (`r || s`, each as wide as the field) and RFC 3279, 2.2.3 (`Ecdsa-Sig-Value`). DER is read
//! strictly: a signature has one encoding only, so what is accepted is what would be written.

use crate::{Curve, hash::write_hex};
use std::fmt;

/// Longest fixed-width signature: P-521.
pub(crate) const MAX_FIXED_LEN: usize = 132;
/// Longest DER signature: two integers of 66 bytes and a sign byte each, with their headers.
const MAX_DER_LEN: usize = 141;

/// A signature of fixed width: `r || s`, or the 64 bytes of Ed25519. Not checked against any key.
#[derive(Clone, Copy)]
pub struct Signature {
    curve: Curve,
    bytes: [u8; MAX_FIXED_LEN],
}

impl Signature {
    /// A signature of a key on `curve` from its fixed-width form. Only the length is checked here.
    ///
    /// # Errors
    /// [`InvalidSignature::Length`].
    pub fn from_bytes(curve: Curve, signature: &[u8]) -> Result<Self, InvalidSignature> {
        if signature.len() != curve.signature_len() {
            return Err(InvalidSignature::Length {
                curve,
                expected: curve.signature_len(),
                actual: signature.len(),
            });
        }
        Ok(Self::new(curve, signature))
    }

    /// A signature of a key on `curve` from `Ecdsa-Sig-Value`, which many key stores speak.
    ///
    /// # Errors
    /// [`InvalidSignature::Der`] unless `der` is exactly the DER encoding of two positive integers that fit
    /// the curve; [`InvalidSignature::NotEcdsa`] for Ed25519, whose signatures have no DER form.
    pub fn from_der(curve: Curve, der: &[u8]) -> Result<Self, InvalidSignature> {
        let (r, s) = split_der(curve, der)?;
        let mut bytes = [0; MAX_FIXED_LEN];
        let field = curve.field_len();
        bytes[field - r.len()..field].copy_from_slice(r);
        bytes[2 * field - s.len()..2 * field].copy_from_slice(s);
        Ok(Self { curve, bytes })
    }

    /// `fixed` is what a backend made for a key on `curve`.
    pub(crate) fn new(curve: Curve, fixed: &[u8]) -> Self {
        let mut bytes = [0; MAX_FIXED_LEN];
        bytes[..fixed.len()].copy_from_slice(fixed);
        Self { curve, bytes }
    }

    /// The curve of the key that made it.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        self.curve
    }

    /// The fixed-width form, [`Curve::signature_len`] bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.curve.signature_len()]
    }

    /// What stands in the `signatureValue` of a certificate: `Ecdsa-Sig-Value`, or for Ed25519 the 64 bytes
    /// as they are (RFC 8410, 6).
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        if self.curve.is_edwards() {
            return self.as_bytes().to_vec();
        }
        DerSignature::from_fixed(self.as_bytes())
            .as_bytes()
            .to_vec()
    }
}

impl AsRef<[u8]> for Signature {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Signature {
    fn eq(&self, other: &Self) -> bool {
        self.curve == other.curve && self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Signature {}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({}, ", self.curve)?;
        write_hex(f, self.as_bytes())?;
        f.write_str(")")
    }
}

/// Why bytes are no signature of a curve.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSignature {
    /// Not the fixed width of the curve.
    #[error("signature has {actual} bytes where {curve} needs {expected}")]
    Length {
        /// The curve of the key.
        curve: Curve,
        /// [`Curve::signature_len`].
        expected: usize,
        /// Bytes received.
        actual: usize,
    },
    /// Not the DER encoding of two positive integers that fit the curve.
    #[error("signature is not a DER Ecdsa-Sig-Value of two positive integers that fit the curve")]
    Der,
    /// The DER form exists for ECDSA only.
    #[error("{0} signatures have no Ecdsa-Sig-Value form")]
    NotEcdsa(Curve),
}

/// The magnitudes of `r` and `s`, without leading zeros, out of a strict `Ecdsa-Sig-Value`.
pub(crate) fn split_der(curve: Curve, der: &[u8]) -> Result<(&[u8], &[u8]), InvalidSignature> {
    if curve.is_edwards() {
        return Err(InvalidSignature::NotEcdsa(curve));
    }
    let body = match *der {
        [0x30, len @ 0..=0x7f, ref body @ ..] if body.len() == usize::from(len) => body,
        [0x30, 0x81, len @ 0x80..=0xff, ref body @ ..] if body.len() == usize::from(len) => body,
        _ => return Err(InvalidSignature::Der),
    };
    let (r, rest) = split_integer(body, curve.field_len())?;
    let (s, rest) = split_integer(rest, curve.field_len())?;
    if rest.is_empty() {
        Ok((r, s))
    } else {
        Err(InvalidSignature::Der)
    }
}

/// Splits a positive, shortest-form INTEGER of at most `max` bytes of magnitude off the front.
fn split_integer(der: &[u8], max: usize) -> Result<(&[u8], &[u8]), InvalidSignature> {
    let (content, rest) = match *der {
        // An integer of these curves has at most 67 bytes, so its length always takes one byte.
        [0x02, len @ 1..=0x7f, ref rest @ ..] => rest
            .split_at_checked(usize::from(len))
            .ok_or(InvalidSignature::Der)?,
        _ => return Err(InvalidSignature::Der),
    };
    let magnitude = match *content {
        [0, ref magnitude @ ..] if magnitude.first().is_some_and(|&first| first >= 0x80) => {
            magnitude
        }
        [1..=0x7f, ..] => content,
        // Zero, negative, or a leading zero too many.
        _ => return Err(InvalidSignature::Der),
    };
    if magnitude.len() > max {
        Err(InvalidSignature::Der)
    } else {
        Ok((magnitude, rest))
    }
}

/// An `Ecdsa-Sig-Value` on the stack, because verification must not allocate for it.
pub(crate) struct DerSignature {
    bytes: [u8; MAX_DER_LEN],
    len: usize,
}

impl DerSignature {
    /// Encodes `r || s`; `fixed` has the even length of a curve's signatures, at most 132 bytes.
    pub(crate) fn from_fixed(fixed: &[u8]) -> Self {
        let (r, s) = fixed.split_at(fixed.len() / 2);
        let (r, s) = (strip_zeros(r), strip_zeros(s));
        let body_len = integer_len(r) + integer_len(s);

        let mut der = Self {
            bytes: [0; MAX_DER_LEN],
            len: 0,
        };
        der.push(&[0x30]);
        if body_len > 0x7f {
            der.push(&[0x81]);
        }
        der.push(&[body_len as u8]);
        for integer in [r, s] {
            let sign = &[0][..sign_len(integer)];
            der.push(&[0x02, (sign.len() + integer.len()) as u8]);
            der.push(sign);
            der.push(integer);
        }
        der
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}

/// Drops leading zero bytes but keeps one byte, so that zero stays an integer.
fn strip_zeros(integer: &[u8]) -> &[u8] {
    let zeros = integer.iter().take_while(|&&byte| byte == 0).count();
    &integer[zeros.min(integer.len() - 1)..]
}

fn sign_len(integer: &[u8]) -> usize {
    usize::from(integer[0] >= 0x80)
}

fn integer_len(integer: &[u8]) -> usize {
    2 + sign_len(integer) + integer.len()
}
