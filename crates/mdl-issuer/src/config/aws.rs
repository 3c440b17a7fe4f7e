//! The table `[aws]`: how AWS is reached where the environment does not say.

use mdl_signer::key_uri::KmsUri;
use time::Duration;
use toml::de::DeValue;

use super::quantity::{Expected, duration, text};
use super::section::Section;
use crate::key_store::AwsOptions;

pub(super) const AWS: &[&str] = &["region", "endpoint_url", "attempt_timeout", "call_timeout"];

pub(super) fn read(section: &Section<'_>) -> Option<AwsOptions> {
    let endpoint_url = section.optional("endpoint_url", |value| {
        let address = text(value)?;
        match url::Url::parse(&address) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(address),
            _ => Err(format!(
                "expected an http or https address, found {address:?}"
            )),
        }
    });
    let time = |key| {
        let time = section.optional(key, duration(Duration::SECOND..=Duration::MINUTE));
        time.map(Duration::unsigned_abs)
    };
    let (attempt_timeout, call_timeout) = (time("attempt_timeout"), time("call_timeout"));
    if let (Some(attempt), Some(call)) = (attempt_timeout, call_timeout)
        && attempt > call
    {
        section.problem("attempt_timeout", "is longer than call_timeout");
        return None;
    }
    Some(AwsOptions {
        region: section.optional("region", text),
        endpoint_url,
        attempt_timeout,
        call_timeout,
    })
}

/// A key of KMS.
pub(super) fn kms_key(value: &DeValue<'_>) -> Expected<KmsUri> {
    let uri = text(value)?;
    match uri.parse::<KmsUri>() {
        Ok(uri) if uri.arn.is_some() && uri.replica_regions.is_empty() => Ok(uri),
        _ => Err(format!(
            "expected awskms:///ARN of a symmetric key, found {uri:?}"
        )),
    }
}
