//! New keys in KMS.

use aws_sdk_kms::types::{KeySpec, KeyUsageType, Tag};
use mdl_crypto::Curve;

use super::key_arn::KeyArn;
use crate::{client::AwsAccess, retry::CallError};

/// Creates a key that signs, on P-256, P-384 or P-521, in the Region of `access`, and gives its ARN. `name` becomes the
/// tag `Name`. The key policy is the default one of the account: IAM decides who may use the key.
///
/// The call is made once: KMS has no way to recognise a repetition, and a key made twice is paid for twice.
///
/// # Errors
/// [`CreateKeyError`].
pub async fn create_key(
    access: &AwsAccess,
    curve: Curve,
    name: &str,
    multi_region: bool,
) -> Result<KeyArn, CreateKeyError> {
    let specification = match curve {
        Curve::P256 => KeySpec::EccNistP256,
        Curve::P384 => KeySpec::EccNistP384,
        Curve::P521 => KeySpec::EccNistP521,
        _ => return Err(CreateKeyError::Curve(curve)),
    };
    let region = access.region().ok_or(CreateKeyError::NoRegion)?;
    let tag = Tag::builder()
        .tag_key("Name")
        .tag_value(name)
        .build()
        .map_err(|source| CreateKeyError::Name(source.into()))?;
    let client = access.kms(region);
    let request = client
        .create_key()
        .key_spec(specification)
        .key_usage(KeyUsageType::SignVerify)
        .multi_region(multi_region)
        .description(name)
        .tags(tag);
    let answer = access
        .call_once("kms:CreateKey", name, request.send())
        .await?;
    let arn = answer.key_metadata().and_then(|key| key.arn());
    arn.and_then(|arn| arn.parse().ok())
        .ok_or(CreateKeyError::Answer)
}

/// Why there is no new key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateKeyError {
    /// KMS refused or did not answer. After a time-out there may be a key all the same.
    #[error("KMS made no key")]
    Call(#[from] CallError),
    /// Not a curve that KMS and the standard share.
    #[error("KMS has no keys on {0} that sign: choose P-256, P-384 or P-521")]
    Curve(Curve),
    /// Nothing says in which Region.
    #[error("no Region: set AWS_REGION or name one")]
    NoRegion,
    /// KMS takes no such name as a tag.
    #[error("not a name for a key")]
    Name(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// KMS made a key and does not say which.
    #[error("KMS does not say which key it made")]
    Answer,
}
