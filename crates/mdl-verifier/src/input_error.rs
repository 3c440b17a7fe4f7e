use mdl_crypto::InvalidPrivateKey;
use mdl_iaca::certificate::ReadError;
use mdl_iaca::trust_anchor::TrustAnchorError;
use mdl_mdoc::cbor::DecodeError;

/// Which of the caller's own arguments cannot be used. Never about what the holder sent.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// Neither DER nor PEM, or not certificates only.
    #[error("trusted certificate {index}: expected certificates in PEM or DER")]
    Certificate {
        /// Its place in the list, from 0.
        index: usize,
        /// Why it cannot be read; `None` if it is of another kind.
        source: Option<ReadError>,
    },
    /// A certificate that cannot anchor trust.
    #[error("trusted certificate {index} cannot be a trust anchor")]
    TrustAnchor {
        /// Its place in the list, from 0.
        index: usize,
        /// Why not.
        source: TrustAnchorError,
    },
    /// The time is beyond the years that certificates and documents can name.
    #[error("{0} seconds since 1970 are not within the years 1 to 9999")]
    Time(i64),
    /// Not a `SessionTranscript` array.
    #[error("the session transcript is not a CBOR array of three elements")]
    SessionTranscript(#[from] DecodeError),
    /// Engagement or reader key of a proximity session is no CBOR.
    #[error("{what} is not CBOR")]
    Engagement {
        /// Which of the two.
        what: &'static str,
        /// Where it goes wrong.
        source: DecodeError,
    },
    /// Not a private key in PKCS#8.
    #[error("the reader's key is not a private key in PKCS#8 (DER)")]
    ReaderKey(#[from] InvalidPrivateKey),
    /// A thumbprint of another length than SHA-256's.
    #[error("a JWK thumbprint of {length} bytes: expected the 32 of SHA-256")]
    JwkThumbprint {
        /// Its length in bytes.
        length: usize,
    },
}

impl InputError {
    /// What went wrong with everything that caused it, in one line: for exceptions of other languages.
    pub fn message(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        text
    }
}
