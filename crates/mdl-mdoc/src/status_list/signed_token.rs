//! A status token as received, in either form.

use mdl_crypto::{Algorithm, Curve, PublicKey, UnsupportedAlgorithm, VerifyError};

use super::{IDENTIFIER_LIST_CWT, RevocationList, STATUS_LIST_CWT, StatusClaims};
use crate::cbor::{Checker, DecodeError, DecodeErrorKind, Limits, MajorType, Reader};
use crate::cose::{AlgorithmId, CoseSign1, Critical};

/// Label of `typ` (RFC 9596).
const TYP: i64 = 16;
/// Nesting inside the payload and the protected header starts here, below the `COSE_Sign1`.
const EMBEDDED_LEVEL: u8 = 2;

/// What one status token may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StatusTokenLimits {
    /// Size of the token, in bytes.
    pub max_bytes: usize,
    /// Size of the list when inflated, in bytes.
    pub max_list_bytes: usize,
}

impl StatusTokenLimits {
    /// Tokens of 4 MiB, lists of 16 MiB: 134 million entries of one bit.
    pub const DEFAULT: Self = Self {
        max_bytes: 4 << 20,
        max_list_bytes: 16 << 20,
    };
}

/// How a token is encoded.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TokenForm {
    /// CBOR Web Token.
    Cwt,
    /// JSON Web Token.
    Jwt,
}

/// A status token whose signature was not verified yet.
#[derive(Clone, Debug)]
pub struct SignedStatusToken {
    pub(super) form: TokenForm,
    pub(super) algorithm: Algorithm,
    pub(super) x5chain: Vec<Vec<u8>>,
    pub(super) claims: StatusClaims,
    pub(super) signed: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// Why bytes are not a status token.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidStatusToken {
    /// Not a CWT, or one of another structure.
    #[error("not a status token in CWT form")]
    Cwt(#[from] DecodeError),
    /// `typ` is absent or of something else than the list in the token.
    #[error("typ is not that of the list in the token")]
    Type,
    /// The protected header names no algorithm of the standard. There is no MAC among them.
    #[error("the protected header names no algorithm of the standard")]
    Algorithm(#[source] Option<UnsupportedAlgorithm>),
    /// A header parameter that must be understood and is not, or one that stands in both headers.
    #[error("crit is not understood, or a label stands in both headers")]
    Headers,
    /// The payload is detached.
    #[error("the payload is detached")]
    PayloadDetached,
    /// A JWT, and reading those was not compiled in.
    #[error("a JWT, which this build does not read")]
    JwtNotSupported,
    /// Not a signed JWT.
    #[cfg(feature = "jwt")]
    #[error("not a signed JWT")]
    Jwt(#[from] mdl_crypto::jose::InvalidJws),
    /// The claims are no JSON object.
    #[cfg(feature = "jwt")]
    #[error("the claims cannot be read")]
    Json(#[from] mdl_crypto::jose::JsonObjectError),
    /// `x5c` cannot be read.
    #[cfg(feature = "jwt")]
    #[error(transparent)]
    X5c(#[from] mdl_crypto::jose::InvalidX5c),
    /// A claim is absent, of another type or out of range.
    #[cfg(feature = "jwt")]
    #[error("claim {0} is absent, of another type or out of range")]
    Claim(&'static str),
}

impl SignedStatusToken {
    /// Reads a token in either form. Tag 18 may be absent; a token under the CWT tag 61 or with a MAC is refused.
    ///
    /// # Errors
    /// See [`InvalidStatusToken`].
    pub fn decode(token: &[u8], limits: &StatusTokenLimits) -> Result<Self, InvalidStatusToken> {
        // A JWT begins with the base64url of `{"`; in CBOR that would be a text string.
        if token.starts_with(b"ey") {
            return Self::decode_jwt(token, limits);
        }
        Self::decode_cwt(token, limits)
    }

    #[cfg(not(feature = "jwt"))]
    fn decode_jwt(_: &[u8], _: &StatusTokenLimits) -> Result<Self, InvalidStatusToken> {
        Err(InvalidStatusToken::JwtNotSupported)
    }

    #[cfg(feature = "jwt")]
    fn decode_jwt(token: &[u8], limits: &StatusTokenLimits) -> Result<Self, InvalidStatusToken> {
        super::jwt::decode(token, limits)
    }

    fn decode_cwt(token: &[u8], limits: &StatusTokenLimits) -> Result<Self, InvalidStatusToken> {
        let limits = Limits {
            max_bytes: limits.max_bytes,
            max_items: 400_000,
            ..Limits::DEFAULT
        };
        let mut checker = Checker::new(token, &limits)?;
        let mut reader = Reader::new(token, 0);
        let sign1 = CoseSign1::decode(&mut reader, &mut checker)?;
        reader.finish()?;
        let (protected, unprotected) = (&sign1.protected, &sign1.unprotected);
        let is_twice = protected
            .labels
            .iter()
            .any(|label| unprotected.labels.contains(label));
        if is_twice
            || protected.critical == Critical::NotUnderstood
            || unprotected.critical != Critical::Absent
        {
            return Err(InvalidStatusToken::Headers);
        }
        let algorithm = match protected.algorithm {
            Some(AlgorithmId::Number(number)) => Algorithm::from_cose(number)
                .map_err(|error| InvalidStatusToken::Algorithm(Some(error)))?,
            _ => return Err(InvalidStatusToken::Algorithm(None)),
        };
        let typ = read_typ(sign1.protected_bytes, &checker)?;
        let payload = sign1.payload.ok_or(InvalidStatusToken::PayloadDetached)?;
        checker.check_embedded(payload, EMBEDDED_LEVEL)?;
        let mut reader = Reader::new(payload, checker.offset_of(payload));
        let claims = StatusClaims::read(&mut reader)?;
        let expected = match claims.list {
            RevocationList::Status(_) => STATUS_LIST_CWT,
            RevocationList::Identifiers(_) => IDENTIFIER_LIST_CWT,
        };
        if typ != Some(expected) {
            return Err(InvalidStatusToken::Type);
        }
        let x5chain = match protected.x5chain.as_slice() {
            [] => unprotected.x5chain.as_slice(),
            chain => chain,
        };
        Ok(Self {
            form: TokenForm::Cwt,
            algorithm,
            x5chain: x5chain.iter().map(|der| der.to_vec()).collect(),
            claims,
            signed: sign1.sig_structure(&[], payload),
            signature: sign1.signature.to_vec(),
        })
    }

    /// The form.
    pub fn form(&self) -> TokenForm {
        self.form
    }

    /// `alg` of the protected header.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The signer's certificates in DER, its own first; empty if the token has none. The standard wants them in the
    /// protected header; the other one is read as well, since the path decides about them, not their place.
    pub fn x5chain(&self) -> &[Vec<u8>] {
        &self.x5chain
    }

    /// `sub`, unverified: good for finding the token of a list, not for believing it.
    pub fn claimed_subject(&self) -> &str {
        &self.claims.subject
    }

    /// The claims although nothing vouches for them: for showing a token, never for acting on it.
    pub fn dangerous_unverified_claims(&self) -> &StatusClaims {
        &self.claims
    }

    /// The claims, if `signer` signed them. Whether they are about the right list and current is still to be judged.
    ///
    /// # Errors
    /// The signature is not the signer's, or the algorithm does not fit its key.
    pub fn verify(&self, signer: &PublicKey) -> Result<&StatusClaims, VerifyError> {
        // JOSE ties an algorithm to a curve of NIST, where COSE leaves the curve to the key.
        let is_brainpool = matches!(
            signer.curve(),
            Curve::BrainpoolP256r1 | Curve::BrainpoolP384r1
        );
        if self.form == TokenForm::Jwt && is_brainpool {
            return Err(VerifyError::AlgorithmMismatch {
                algorithm: self.algorithm,
                curve: signer.curve(),
            });
        }
        signer.verify(self.algorithm, &self.signed, &self.signature)?;
        Ok(&self.claims)
    }
}

/// `typ` of the protected header, if it is text.
fn read_typ<'a>(
    protected: &'a [u8],
    checker: &Checker<'a>,
) -> Result<Option<&'a str>, DecodeError> {
    if protected.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader::new(protected, checker.offset_of(protected));
    let mut entries = reader.map("COSE header")?;
    while reader.has_entry(&mut entries) {
        if reader.peek()? == MajorType::Text {
            reader.skip()?;
        } else if reader.integer("COSE header label")? == TYP {
            return match reader.peek()? {
                MajorType::Text => reader.text("typ").map(Some),
                // A number of the CoAP registry, which has none for these lists yet.
                MajorType::Unsigned => Ok(None),
                found => Err(reader.error(DecodeErrorKind::WrongType {
                    member: "typ",
                    expected: "text",
                    found: found.name(),
                })),
            };
        }
        reader.skip()?;
    }
    Ok(None)
}
