use mdl_crypto::{Algorithm, HashAlgorithm, PublicKey, VerifyError};

use super::unsigned::key_identifier;
use super::{TRUST_BUNDLE_TYPE, TrustBundleContent};
use crate::cbor::{Checker, DecodeError, DecodeErrorKind, Limits, Reader};
use crate::cose::CoseSign1;

/// Nesting inside the payload and the protected header starts here, below the `COSE_Sign1`.
const EMBEDDED_LEVEL: u8 = 2;

/// What one trust bundle may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TrustBundleLimits {
    /// Size of the bundle, in bytes.
    pub max_bytes: usize,
    /// Trust anchors.
    pub max_anchors: usize,
    /// CRLs.
    pub max_crls: usize,
    /// Status tokens.
    pub max_status_tokens: usize,
}

impl TrustBundleLimits {
    /// 64 MiB; 2,000 anchors, 2,000 CRLs, 2,000 status tokens.
    pub const DEFAULT: Self = Self {
        max_bytes: 64 << 20,
        max_anchors: 2_000,
        max_crls: 2_000,
        max_status_tokens: 2_000,
    };
}

/// A trust bundle whose signature was not verified yet.
#[derive(Clone, Debug)]
pub struct SignedTrustBundle {
    algorithm: Algorithm,
    key_identifier: [u8; 32],
    content: TrustBundleContent,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// Why bytes are not a trust bundle.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTrustBundle {
    /// Not a `COSE_Sign1` with this content.
    #[error("not a trust bundle")]
    Decode(#[from] DecodeError),
    /// Tag 18 is missing.
    #[error("tag 18 is missing")]
    Untagged,
    /// Another encoding than the deterministic one.
    #[error("{id} at byte {offset}: the encoding is not the deterministic one")]
    Encoding {
        /// Id of the deviation.
        id: &'static str,
        /// Where it was seen first.
        offset: usize,
    },
    /// The protected header has other parameters than alg, kid and typ, or the unprotected header has any.
    #[error("the headers are not alg, kid and typ, all protected")]
    Headers,
    /// `alg` is none of the standard's.
    #[error("the protected header names no algorithm of the standard")]
    Algorithm,
    /// `typ` is that of something else.
    #[error("typ is not that of a trust bundle")]
    Type,
    /// The payload is detached.
    #[error("the payload is detached")]
    PayloadDetached,
}

impl SignedTrustBundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// See [`InvalidTrustBundle`].
    pub fn decode(bytes: &[u8], limits: &TrustBundleLimits) -> Result<Self, InvalidTrustBundle> {
        let cbor_limits = Limits {
            max_bytes: limits.max_bytes,
            ..Limits::DEFAULT
        };
        let mut checker = Checker::new(bytes, &cbor_limits)?;
        let mut reader = Reader::new(bytes, 0);
        let sign1 = CoseSign1::decode(&mut reader, &mut checker)?;
        reader.finish()?;
        if !sign1.is_tagged {
            return Err(InvalidTrustBundle::Untagged);
        }
        let header = ProtectedHeader::read(sign1.protected_bytes, &checker)?;
        if !sign1.unprotected.labels.is_empty() || !sign1.unprotected.text_labels.is_empty() {
            return Err(InvalidTrustBundle::Headers);
        }
        let algorithm =
            Algorithm::from_cose(header.algorithm).map_err(|_| InvalidTrustBundle::Algorithm)?;
        if header.typ != TRUST_BUNDLE_TYPE {
            return Err(InvalidTrustBundle::Type);
        }
        let payload = sign1.payload.ok_or(InvalidTrustBundle::PayloadDetached)?;
        checker.check_embedded(payload, EMBEDDED_LEVEL)?;
        let mut reader = Reader::new(payload, checker.offset_of(payload));
        let content = TrustBundleContent::read(&mut reader, limits)?;
        if let Some(deviation) = checker.deviations().iter().next() {
            return Err(InvalidTrustBundle::Encoding {
                id: deviation.kind.id(),
                offset: deviation.offset,
            });
        }
        Ok(Self {
            algorithm,
            key_identifier: header.key_identifier,
            content,
            signed: sign1.sig_structure(&[], payload),
            signature: sign1.signature.to_vec(),
        })
    }

    /// `alg` of the protected header.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `kid`: SHA-256 of the SubjectPublicKeyInfo of the key that is said to have signed.
    pub fn key_identifier(&self) -> &[u8; 32] {
        &self.key_identifier
    }

    /// Whether `kid` is that of `key`: for explaining why a signature does not verify.
    pub fn names_key(&self, key: &PublicKey) -> bool {
        self.key_identifier == key_identifier(key)
    }

    /// SHA-256 over what is signed, headers and content: the same for the same bundle signed once more.
    pub fn sha256(&self) -> [u8; 32] {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(HashAlgorithm::Sha256.digest(&self.signed).as_ref());
        sha256
    }

    /// The content although nothing vouches for it: for showing a bundle, never for trusting what is in it.
    pub fn dangerous_unverified_content(&self) -> &TrustBundleContent {
        &self.content
    }

    /// The content, if `publisher` signed it. Whether it is current is still to be judged.
    ///
    /// # Errors
    /// The signature is not the publisher's, or the algorithm does not fit its key.
    pub fn verify(self, publisher: &PublicKey) -> Result<TrustBundleContent, VerifyError> {
        publisher.verify(self.algorithm, &self.signed, &self.signature)?;
        Ok(self.content)
    }
}

struct ProtectedHeader<'a> {
    algorithm: i64,
    key_identifier: [u8; 32],
    typ: &'a str,
}

impl<'a> ProtectedHeader<'a> {
    fn read(protected: &'a [u8], checker: &Checker<'a>) -> Result<Self, InvalidTrustBundle> {
        let mut reader = Reader::new(protected, checker.offset_of(protected));
        let (mut algorithm, mut key_identifier, mut typ) = (None, None, None);
        let mut entries = reader.map("COSE header")?;
        while reader.has_entry(&mut entries) {
            match reader.integer("COSE header label")? {
                1 => algorithm = Some(reader.integer("alg")?),
                4 => {
                    let at = reader.clone();
                    let kid = <[u8; 32]>::try_from(reader.bytes("kid")?).map_err(|_| {
                        at.error(DecodeErrorKind::OutOfRange {
                            member: "kid",
                            rule: "not 32 bytes",
                        })
                    })?;
                    key_identifier = Some(kid);
                }
                16 => typ = Some(reader.text("typ")?),
                _ => return Err(InvalidTrustBundle::Headers),
            }
        }
        match (algorithm, key_identifier, typ) {
            (Some(algorithm), Some(key_identifier), Some(typ)) => Ok(Self {
                algorithm,
                key_identifier,
                typ,
            }),
            _ => Err(InvalidTrustBundle::Headers),
        }
    }
}
