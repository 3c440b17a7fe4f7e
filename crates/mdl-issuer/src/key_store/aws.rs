//! Keys in AWS KMS.

use mdl_crypto::Curve;
use mdl_signer::key_uri::{KeyUri, KmsUri};
use mdl_signer_aws::{
    AwsAccess, AwsSettings, CreateKeyError, DataKeyError, KeyArn, KmsDataKeys, KmsSigner,
    create_key,
};

use super::{AwsOptions, KeyStoreError, KeyStores, OpenedKey};

impl AwsOptions {
    fn settings(&self) -> AwsSettings {
        let default = AwsSettings::default();
        AwsSettings {
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            attempt_timeout: self.attempt_timeout.unwrap_or(default.attempt_timeout),
            call_timeout: self.call_timeout.unwrap_or(default.call_timeout),
        }
    }
}

impl KeyStores {
    async fn aws(&self) -> AwsAccess {
        AwsAccess::load(&self.aws.settings()).await
    }

    pub(super) async fn open_in_kms(&self, uri: &KmsUri) -> Result<OpenedKey, KeyStoreError> {
        let arn = arn(uri)?;
        let mut regions = vec![arn.clone()];
        for region in &uri.replica_regions {
            regions.push(arn.replica(region).map_err(KeyStoreError::refused)?);
        }
        let signer = KmsSigner::open(&self.aws().await, &regions).await;
        let signer = signer.map_err(|error| match error.may_pass() {
            true => KeyStoreError::unavailable(error),
            false => KeyStoreError::refused(error),
        })?;
        Ok(OpenedKey {
            signer: Box::new(signer),
            custody: "in AWS KMS, from which it cannot be read".to_owned(),
        })
    }

    pub(super) async fn create_in_kms(
        &self,
        place: &KmsUri,
        curve: Curve,
        name: &str,
    ) -> Result<KeyUri, KeyStoreError> {
        if place.arn.is_some() {
            return Err(KeyStoreError::Incomplete(
                "KMS chooses the ARN of a new key: write awskms: alone",
            ));
        }
        let made = create_key(&self.aws().await, curve, name, false).await;
        let arn = made.map_err(|error| match &error {
            CreateKeyError::Call(call) if call.may_pass() => KeyStoreError::unavailable(error),
            _ => KeyStoreError::refused(error),
        })?;
        Ok(KeyUri::Kms(KmsUri {
            arn: Some(arn.to_string()),
            replica_regions: Vec::new(),
        }))
    }

    /// Data keys under a symmetric key of KMS.
    pub(crate) async fn data_keys(
        &self,
        uri: &KmsUri,
        purpose: &str,
    ) -> Result<KmsDataKeys, KeyStoreError> {
        Ok(KmsDataKeys::new(&self.aws().await, arn(uri)?, purpose))
    }
}

impl KeyStoreError {
    /// Whether it may pass, of a data key.
    pub(crate) fn data_key(error: DataKeyError) -> Self {
        match &error {
            DataKeyError::Call(call) if call.may_pass() => Self::unavailable(error),
            _ => Self::refused(error),
        }
    }
}

fn arn(uri: &KmsUri) -> Result<KeyArn, KeyStoreError> {
    let arn = uri.arn.as_deref().ok_or(KeyStoreError::Incomplete(
        "no key is named: expected awskms:///ARN",
    ))?;
    arn.parse().map_err(KeyStoreError::refused)
}
