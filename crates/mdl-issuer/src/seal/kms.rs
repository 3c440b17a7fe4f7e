//! A key-encryption key in AWS KMS.

use async_trait::async_trait;
use mdl_signer_aws::{DataKeyError, KmsDataKeys};
use zeroize::Zeroizing;

use super::SealError;
use super::key_encryption::{DataKey, KEY_BYTES, KeyEncryption};

/// What KMS binds the data keys of the store to.
pub(crate) const PURPOSE: &str = "mdl-issuer data key 1";

#[async_trait]
impl KeyEncryption for KmsDataKeys {
    async fn generate(&self) -> Result<DataKey, SealError> {
        let (plain, wrapped) = Self::generate(self).await.map_err(failed)?;
        Ok(DataKey { plain, wrapped })
    }

    async fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>, SealError> {
        self.open(wrapped).await.map_err(failed)
    }
}

/// A disabled key or a missing permission is for the operator to set right: what is sealed is not lost by it.
fn failed(error: DataKeyError) -> SealError {
    match error {
        DataKeyError::DoesNotOpen(_) => SealError::DoesNotOpen,
        error => SealError::Unavailable(error.to_string()),
    }
}
