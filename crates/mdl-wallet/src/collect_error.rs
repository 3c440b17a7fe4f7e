//! Why nothing was collected: each step of a collection can fail in its own way.

use crate::connection::RequestError;
use crate::document::DocumentError;
use crate::metadata::MetadataError;
use crate::offer::OfferError;
use crate::proof::UnusableKey;

/// Why there is no batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// The offer cannot be read.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// The offer has no pre-authorized code.
    #[error("offer has no pre-authorized code, and this wallet knows no other grant")]
    NoPreAuthorizedCode,
    /// The offer asks for a transaction code.
    #[error("offer asks for a transaction code, and none was given")]
    TxCodeNeeded,
    /// The offer asks for none.
    #[error("a transaction code was given, and the offer asks for none")]
    TxCodeUnexpected,
    /// The configuration is not offered, or the issuer has it not for `mso_mdoc`.
    #[error("offer and issuer have no such mdoc configuration in common")]
    Configuration,
    /// The issuer takes no ES256 proofs.
    #[error("issuer takes no jwt proofs by ES256 keys")]
    ProofAlgorithm,
    /// A batch of none.
    #[error("a batch of no documents")]
    EmptyBatch,
    /// The issuer or its authorization server is not who the offer says, or not enough.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// An endpoint refused or could not be reached, also after repetitions.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The token is bound in a way that was not asked for.
    #[error("access token is of another type than was asked for")]
    TokenType,
    /// Not one document for each key.
    #[error("{received} documents for {keys} keys")]
    Count {
        /// Proofs sent.
        keys: usize,
        /// Documents received.
        received: usize,
    },
    /// A document is not base64url.
    #[error("document {index} is not base64url")]
    Encoding {
        /// Position in the batch, from 0.
        index: usize,
    },
    /// A document does not pass.
    #[error("document {index} is not kept")]
    Document {
        /// Position in the batch, from 0.
        index: usize,
        /// Why not.
        source: DocumentError,
    },
    /// The same document twice.
    #[error("document {index} was delivered twice")]
    Repeated {
        /// Position of the second one.
        index: usize,
    },
    /// A key makes no proofs.
    #[error(transparent)]
    Key(#[from] UnusableKey),
}

impl CollectError {
    /// The request that failed, if one did.
    #[must_use]
    pub const fn request(&self) -> Option<&RequestError> {
        match self {
            Self::Request(error) | Self::Metadata(MetadataError::Request(error)) => Some(error),
            _ => None,
        }
    }

    /// Whether the same offer may be collected later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.request().is_some_and(RequestError::may_pass)
    }
}
