//! How AWS is reached: Region, credentials, endpoint, time-outs, and who repeats a call that failed.
//!
//! Region, credentials and endpoints come from the SDK's default chain (environment, shared files, container or
//! instance role), so what works for the `aws` command works here, `AWS_ENDPOINT_URL_KMS` included.
//!
//! What is easy to get wrong: the SDK repeats failed calls by itself, up to three times. Every attempt has a request id
//! of its own and may leave its own record in CloudTrail, but only the last one comes out. So the SDK's repetition is
//! off and calls are repeated here, each attempt written to the log with its request id.

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_types::service_config::ServiceConfigKey;
use std::{sync::Arc, time::Duration};

use crate::retry::RetryBudget;

/// What differs from the SDK's default chain, and how long a call may take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AwsSettings {
    /// The Region of what has no ARN that names one; otherwise the default chain's.
    pub region: Option<String>,
    /// Where every service is, for a private endpoint or tests; otherwise the default chain's.
    pub endpoint_url: Option<String>,
    /// How long one attempt may take.
    pub attempt_timeout: Duration,
    /// How long a call may take with all its attempts and the waits between them.
    pub call_timeout: Duration,
}

impl Default for AwsSettings {
    /// Two seconds for an attempt, six for a call.
    fn default() -> Self {
        Self {
            region: None,
            endpoint_url: None,
            attempt_timeout: Duration::from_secs(2),
            call_timeout: Duration::from_secs(6),
        }
    }
}

/// The way to AWS, shared by all clients of a process: one set of credentials, one connection pool, one budget for
/// repetitions.
#[derive(Clone, Debug)]
pub struct AwsAccess {
    config: SdkConfig,
    pub(crate) attempt_timeout: Duration,
    pub(crate) call_timeout: Duration,
    pub(crate) budget: Arc<RetryBudget>,
}

impl AwsAccess {
    /// Looks for Region and credentials. Nothing is asked of AWS yet, and missing credentials show at the first call.
    pub async fn load(settings: &AwsSettings) -> Self {
        let mut loader =
            aws_config::defaults(BehaviorVersion::latest()).retry_config(RetryConfig::disabled());
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &settings.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        Self::with_config(loader.load().await, settings)
    }

    /// With a configuration of the program's own. Region and endpoint of `settings` are not looked at: `config` has
    /// them.
    #[must_use]
    pub fn with_config(config: SdkConfig, settings: &AwsSettings) -> Self {
        let config = config
            .into_builder()
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            config,
            attempt_timeout: settings.attempt_timeout,
            call_timeout: settings.call_timeout,
            budget: Arc::default(),
        }
    }

    /// The Region of what has no ARN that names one.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(Region::as_ref)
    }

    /// What a client of another service is made from; its own repetition is off.
    #[must_use]
    pub const fn sdk_config(&self) -> &SdkConfig {
        &self.config
    }

    /// Where the service with this id is, if it is not where its Region says: for everything, or in
    /// `AWS_ENDPOINT_URL_ID` and the like.
    pub(crate) fn endpoint_url(&self, service_id: &str) -> Option<String> {
        let key = ServiceConfigKey::builder()
            .service_id(service_id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok();
        let of_service = self.config.service_config().zip(key);
        of_service
            .and_then(|(config, key)| config.load_config(key))
            .or_else(|| self.config.endpoint_url().map(str::to_owned))
    }

    /// A client of KMS in `region`.
    pub(crate) fn kms(&self, region: &str) -> aws_sdk_kms::Client {
        let config = aws_sdk_kms::config::Builder::from(&self.config)
            .region(Region::new(region.to_owned()))
            .build();
        aws_sdk_kms::Client::from_conf(config)
    }
}
