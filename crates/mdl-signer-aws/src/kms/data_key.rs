//! Data keys under a symmetric key of KMS: envelope encryption.

use aws_sdk_kms::{Client, primitives::Blob, types::DataKeySpec};
use std::fmt;
use zeroize::Zeroizing;

use super::key_arn::KeyArn;
use crate::{client::AwsAccess, retry::CallError};

/// Bytes of an AES-256 key.
const KEY_BYTES: usize = 32;
/// Name of the one pair of the encryption context. CloudTrail shows it, so it says nothing about anybody.
const CONTEXT_NAME: &str = "purpose";

/// Makes and opens data keys under one key of KMS, for one purpose: what was made for another does not open.
#[derive(Clone)]
pub struct KmsDataKeys {
    access: AwsAccess,
    client: Client,
    key: KeyArn,
    purpose: String,
}

impl KmsDataKeys {
    /// With the symmetric key `key`. Nothing is asked of KMS yet.
    #[must_use]
    pub fn new(access: &AwsAccess, key: KeyArn, purpose: &str) -> Self {
        Self {
            access: access.clone(),
            client: access.kms(key.region()),
            key,
            purpose: purpose.to_owned(),
        }
    }

    /// A new data key, and the form of it that only KMS opens.
    ///
    /// # Errors
    /// [`DataKeyError`].
    pub async fn generate(&self) -> Result<(Zeroizing<[u8; KEY_BYTES]>, Vec<u8>), DataKeyError> {
        let answer = self
            .access
            .call("kms:GenerateDataKey", self.key.as_str(), |_| {
                self.client
                    .generate_data_key()
                    .key_id(self.key.as_str())
                    .key_spec(DataKeySpec::Aes256)
                    .encryption_context(CONTEXT_NAME, &self.purpose)
                    .send()
            })
            .await?;
        let plain = key_bytes(answer.plaintext)?;
        let wrapped = answer.ciphertext_blob.map(Blob::into_inner);
        match wrapped {
            Some(wrapped) if !wrapped.is_empty() => Ok((plain, wrapped)),
            _ => Err(DataKeyError::Answer),
        }
    }

    /// Opens what [`generate`](Self::generate) gave.
    ///
    /// # Errors
    /// [`DataKeyError`].
    pub async fn open(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>, DataKeyError> {
        let answer = self
            .access
            .call("kms:Decrypt", self.key.as_str(), |_| {
                self.client
                    .decrypt()
                    // Without it KMS would use whatever key the blob names.
                    .key_id(self.key.as_str())
                    .ciphertext_blob(Blob::new(wrapped))
                    .encryption_context(CONTEXT_NAME, &self.purpose)
                    .send()
            })
            .await;
        match answer {
            Ok(answer) => key_bytes(answer.plaintext),
            Err(error) => Err(match error.code() {
                Some("InvalidCiphertextException" | "IncorrectKeyException") => {
                    DataKeyError::DoesNotOpen(error)
                }
                _ => DataKeyError::Call(error),
            }),
        }
    }
}

impl fmt::Debug for KmsDataKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsDataKeys")
            .field("key", &self.key.as_str())
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

fn key_bytes(plain: Option<Blob>) -> Result<Zeroizing<[u8; KEY_BYTES]>, DataKeyError> {
    let plain = Zeroizing::new(plain.map(Blob::into_inner).unwrap_or_default());
    let plain: &[u8; KEY_BYTES] = plain
        .as_slice()
        .try_into()
        .map_err(|_| DataKeyError::Answer)?;
    Ok(Zeroizing::new(*plain))
}

/// Why there is no data key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataKeyError {
    /// No answer, or an error.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The wrapped key was changed, or is of another key or purpose.
    #[error("the wrapped data key does not open")]
    DoesNotOpen(#[source] CallError),
    /// The answer holds no key of 32 bytes.
    #[error("KMS gave no data key of 32 bytes")]
    Answer,
}
