//! The documents of a batch: one record, a key each, and nothing that links one to another.
//!
//! Salts, digest identifiers and decoys come from the seed, a stream of its own for each document, so that the same
//! seed gives the same documents and two documents share nothing (ISO/IEC 18013-5, E.8.4 and E.9). Times are coarse
//! before they come here, and status references unrelated.

use std::fmt;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use mdl_crypto::{Algorithm, CheckedSignature, PublicKey, hmac_sha256};
use mdl_mdoc::builder::{
    AttachError, BuildError, ElementSet, MdocBuilder, StatusReference, UnsignedMdoc, Validity,
};
use mdl_signer::quota::{Admission, Answer, Busy};
use mdl_signer::{Examined, GuardError, Proposal, SignError};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use time::OffsetDateTime;

use crate::store::Hash;
use crate::tenant::DocumentSigner;

/// Signatures of one batch that are waited for at a time: enough to hide the way to a remote key, few enough for a
/// batch not to crowd out the others.
const SIGNATURES_IN_FLIGHT: usize = 16;

/// Everything that makes the documents what they are but the issuer's signature.
pub struct Batch<'a> {
    /// The document type.
    pub doc_type: &'a str,
    /// What every document holds, encoded once.
    pub elements: &'a ElementSet,
    /// The times of every document.
    pub validity: Validity,
    /// One document for each.
    pub device_keys: Vec<&'a PublicKey>,
    /// One for each device key, or none at all.
    pub status: Vec<StatusReference>,
    /// The secret random beginning of all salts and digest identifiers.
    pub seed: &'a [u8; 32],
}

/// Documents that lack only their signatures.
pub struct UnsignedBatch {
    documents: Vec<UnsignedMdoc>,
    to_be_signed: Vec<Hash>,
}

/// Why a batch was not signed. No document of it may leave.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignBatchError {
    /// The document signer's guard gave no signature.
    #[error("no signature")]
    Guard(#[from] GuardError),
    /// The key store stopped answering while the batch waited for its turn.
    #[error("no turn")]
    Busy(#[from] Busy),
    /// A signature was not attached.
    #[error("no document")]
    Attach(#[from] AttachError),
}

impl Batch<'_> {
    /// Salts and digests all documents.
    ///
    /// # Errors
    /// Settings that make no document.
    pub fn build(&self, algorithm: Algorithm) -> Result<UnsignedBatch, BuildError> {
        let key = hmac_sha256(self.seed, &[b"documents"]);
        let documents: Vec<_> = (0_u64..)
            .zip(&self.device_keys)
            .enumerate()
            .map(|(number, (stream, device_key))| {
                let mut rng = ChaCha20Rng::from_seed(key);
                rng.set_stream(stream);
                let builder =
                    MdocBuilder::new(self.doc_type, self.elements, device_key, self.validity);
                match self.status.get(number) {
                    Some(status) => builder.status(status),
                    None => builder,
                }
                .build(algorithm, &mut rng)
            })
            .collect::<Result<_, _>>()?;
        let to_be_signed = documents
            .iter()
            .map(|document| Hash::taken(document.to_be_signed_sha256()))
            .collect();
        Ok(UnsignedBatch {
            documents,
            to_be_signed,
        })
    }
}

impl UnsignedBatch {
    /// SHA-256 of the bytes to be signed, one for each document.
    #[must_use]
    pub fn to_be_signed(&self) -> &[Hash] {
        &self.to_be_signed
    }

    /// SHA-256 over [`to_be_signed`](Self::to_be_signed): what tells this batch from any other.
    #[must_use]
    pub fn digest(&self) -> Hash {
        let hashes: Vec<u8> = self.to_be_signed.iter().flat_map(|hash| hash.0).collect();
        Hash::of(&hashes)
    }

    /// Has every document signed through the guard: all of them, or none leaves. Each waits for its turn at the key store
    /// if that is limited.
    ///
    /// # Errors
    /// The first that was refused.
    pub async fn sign(
        self,
        signer: &DocumentSigner,
        admission: Option<&Admission>,
        now: OffsetDateTime,
    ) -> Result<Vec<Vec<u8>>, SignBatchError> {
        let proposals: Vec<_> = self
            .documents
            .iter()
            .map(|document| {
                Proposal::new(document.to_be_signed(), document.name_spaces())
                    .out_of(document)
                    .hashed(document.to_be_signed_sha256())
            })
            .collect();
        let examined = signer.guard.examine_batch(&proposals, now)?;
        // Not in a closure, which the compiler takes for one of any lifetime, and then not for Send.
        let mut turns = Vec::with_capacity(examined.len());
        for examined in examined {
            turns.push(sign_in_turn(examined, admission));
        }
        let signatures: Vec<_> = stream::iter(turns)
            .buffered(SIGNATURES_IN_FLIGHT)
            .try_collect()
            .await?;
        let key = signer.guard.public_key();
        let chain = [signer.certificate.as_slice()];
        let signed = self.documents.into_iter().zip(&signatures);
        signed
            .map(|(document, signature)| Ok(document.attach_checked(signature, key, &chain)?))
            .collect()
    }
}

/// A software key keeps the processor busy all along; other requests get their turn between documents.
async fn sign_in_turn(
    examined: Examined<'_, '_>,
    admission: Option<&Admission>,
) -> Result<CheckedSignature, SignBatchError> {
    tokio::task::yield_now().await;
    let turn = match admission {
        Some(admission) => Some(admission.turn().await?),
        None => None,
    };
    let signature = examined.sign().await;
    if let Some(turn) = turn {
        turn.report(answer(&signature));
    }
    Ok(signature?)
}

/// Whether the key store did its part. What the guard itself refuses never comes to it.
const fn answer<T>(signed: &Result<T, GuardError>) -> Answer {
    match signed {
        Err(GuardError::Signer(SignError::Unavailable(_))) => Answer::Missing,
        _ => Answer::Given,
    }
}

impl fmt::Debug for UnsignedBatch {
    /// Without the documents, which are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsignedBatch")
            .field("documents", &self.documents.len())
            .finish_non_exhaustive()
    }
}
