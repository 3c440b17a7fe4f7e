//! The exceptions.

use mdl_verifier::Verdict;

/// An argument that cannot be used, and why. Never about what the holder sent.
#[derive(Debug, thiserror::Error, uniffi::Error)]
#[uniffi(flat_error)]
pub enum InputError {
    /// A trusted certificate is neither DER nor PEM, or not certificates only.
    #[error("{0}")]
    Certificate(String),
    /// A trusted certificate cannot anchor trust.
    #[error("{0}")]
    TrustAnchor(String),
    /// The time is beyond the years that certificates and documents can name.
    #[error("{0}")]
    Time(String),
    /// Not a `SessionTranscript` array.
    #[error("{0}")]
    SessionTranscript(String),
    /// Engagement or reader key of a proximity session is no CBOR.
    #[error("{0}")]
    Engagement(String),
    /// Not a private key in PKCS#8.
    #[error("{0}")]
    ReaderKey(String),
    /// A thumbprint of another length than SHA-256's.
    #[error("{0}")]
    JwkThumbprint(String),
    /// Another argument.
    #[error("{0}")]
    Argument(String),
}

impl From<mdl_verifier::InputError> for InputError {
    fn from(error: mdl_verifier::InputError) -> Self {
        use mdl_verifier::InputError as Cause;
        let message = error.message();
        match error {
            Cause::Certificate { .. } => Self::Certificate(message),
            Cause::TrustAnchor { .. } => Self::TrustAnchor(message),
            Cause::Time(_) => Self::Time(message),
            Cause::SessionTranscript(_) => Self::SessionTranscript(message),
            Cause::Engagement { .. } => Self::Engagement(message),
            Cause::ReaderKey(_) => Self::ReaderKey(message),
            Cause::JwkThumbprint { .. } => Self::JwkThumbprint(message),
            // One that is added to `mdl_verifier`, which reserves the right.
            _ => Self::Argument(message),
        }
    }
}

/// The response, or the document that was asked for, is not valid, so there are no values to give out.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum NotVerified {
    /// Sound in itself as far as could be seen, but no trust anchor vouches for the issuer.
    #[error("no trust anchor vouches for the issuer: {}", failed.join(", "))]
    Untrusted {
        /// Ids of the checks that failed.
        failed: Vec<String>,
    },
    /// Something does not hold.
    #[error("not valid: {}", failed.join(", "))]
    Invalid {
        /// Ids of the checks that failed.
        failed: Vec<String>,
    },
}

impl From<mdl_verifier::NotVerified> for NotVerified {
    fn from(refusal: mdl_verifier::NotVerified) -> Self {
        let failed = refusal.failed;
        match refusal.verdict {
            Verdict::Untrusted => Self::Untrusted { failed },
            // A refusal never says valid; if it did, it would still be a refusal.
            Verdict::Invalid | Verdict::Valid => Self::Invalid { failed },
        }
    }
}
