//! A webhook: telling a program elsewhere that something happened.
//!
//! A message is a `POST` of JSON over HTTPS, signed as Standard Webhooks 1.0 has it: `webhook-id` names the message,
//! `webhook-timestamp` is the time of sending in seconds, and `webhook-signature` is `v1,` and the base64 of the HMAC-SHA256
//! over `ID.TIMESTAMP.BODY`. A receiver checks the signature, refuses old times, and takes an id it has seen for a
//! repetition: a message whose answer was lost comes again.
//!
//! What is easy to get wrong: whoever may say where messages go could make this program knock at doors inside. Addresses
//! are held against the same rules as those of a source of record ([`record::http`](crate::record::http)), and redirects
//! are not followed.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding};
use mdl_crypto::hmac_sha256;
use mdl_fetch::address::{PublicOnly, literal_is_allowed};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, redirect};
use time::OffsetDateTime;
use url::Url;
use zeroize::Zeroizing;

use crate::operations::tls::install_provider;
use crate::record::SourceUnavailable;
use crate::record::http::HttpSettingsError;
use crate::record::http::backoff::full_jitter;
use crate::record::http::failure::of_request;
use crate::record::http::{retry_after, tls};

/// Fewer bytes than that can be guessed in time.
const SHORTEST_SECRET: usize = 24;
const LONGEST_SECRET: usize = 64;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// For one message with all its attempts and the waits between them.
const DEADLINE: Duration = Duration::from_secs(40);
const ATTEMPTS: u32 = 5;

/// The secret that sender and receiver share: 24 to 64 bytes, in hexadecimal, or in base64 after `whsec_`.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

/// Not such a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "expected 24 to 64 random bytes, in hexadecimal (openssl rand -hex 32) or in base64 after whsec_"
)]
pub struct NotAWebhookSecret;

impl FromStr for WebhookSecret {
    type Err = NotAWebhookSecret;

    fn from_str(text: &str) -> Result<Self, NotAWebhookSecret> {
        let bytes = match text.strip_prefix("whsec_") {
            Some(base64) => Base64::decode_vec(base64).map_err(|_| NotAWebhookSecret)?,
            None => hex::decode(text).map_err(|_| NotAWebhookSecret)?,
        };
        let bytes = Zeroizing::new(bytes);
        match (SHORTEST_SECRET..=LONGEST_SECRET).contains(&bytes.len()) {
            true => Ok(Self(bytes)),
            false => Err(NotAWebhookSecret),
        }
    }
}

/// Where messages go.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// The address, `https`.
    pub url: Url,
    /// What messages are signed with.
    pub secret: WebhookSecret,
    /// The roots that the receiver's certificate may end in, PEM; otherwise those of the system.
    pub trusted_roots: Option<Vec<u8>>,
    /// Whether its address may be private, local or reserved.
    pub allow_private_addresses: bool,
}

/// Why a message was not delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The receiver does not answer, or not as one that took it; also an address that is not allowed.
    #[error(transparent)]
    Receiver(#[from] SourceUnavailable),
    /// A time that has no timestamp.
    #[error("the time is before 1970")]
    Time,
}

impl WebhookError {
    /// Whether the same message may be delivered later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Receiver(SourceUnavailable::TimedOut | SourceUnavailable::Unreachable { .. }) => {
                true
            }
            Self::Receiver(SourceUnavailable::Status { status }) => {
                *status >= 500 || [408, 429].contains(status)
            }
            Self::Receiver(_) | Self::Time => false,
        }
    }
}

/// A receiver of messages.
#[derive(Debug)]
pub struct Webhook {
    client: Client,
    url: Url,
    secret: WebhookSecret,
}

impl Webhook {
    /// A receiver with these settings. Connects to nothing yet.
    ///
    /// # Errors
    /// See [`HttpSettingsError`].
    pub fn new(settings: WebhookSettings) -> Result<Self, HttpSettingsError> {
        let WebhookSettings { url, secret, .. } = settings;
        if url.scheme() != "https" {
            return Err(HttpSettingsError::NotHttps { url: origin(url) });
        }
        if !settings.allow_private_addresses && !literal_is_allowed(&url) {
            return Err(HttpSettingsError::AddressRefused { url: origin(url) });
        }
        install_provider();
        let mut client = Client::builder()
            .https_only(true)
            .redirect(redirect::Policy::none())
            // A proxy would resolve the name where nobody looks at the address.
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ATTEMPT_TIMEOUT);
        if let Some(roots) = &settings.trusted_roots {
            client = client.tls_backend_preconfigured(tls::client(roots, None)?);
        }
        if !settings.allow_private_addresses {
            client = client.dns_resolver(PublicOnly);
        }
        Ok(Self {
            client: client.build().map_err(HttpSettingsError::Client)?,
            url,
            secret,
        })
    }

    /// Delivers one message, the JSON `body`; `id` is the same for a message that is sent again. `at` is now: receivers
    /// refuse messages that say another time.
    ///
    /// # Errors
    /// [`WebhookError`] of the last attempt. The message may have arrived all the same.
    pub async fn send(
        &self,
        id: &str,
        at: OffsetDateTime,
        body: &[u8],
    ) -> Result<(), WebhookError> {
        let seconds = at.unix_timestamp();
        if seconds < 0 {
            return Err(WebhookError::Time);
        }
        let timestamp = seconds.to_string();
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        let mac = hmac_sha256(&self.secret.0, &signed);
        let signature = format!("v1,{}", Base64::encode_string(&mac));
        let deadline = Instant::now() + DEADLINE;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let request = self
                .client
                .post(self.url.clone())
                .header(CONTENT_TYPE, "application/json")
                .header("webhook-id", id)
                .header("webhook-timestamp", &timestamp)
                .header("webhook-signature", &signature)
                .body(body.to_vec());
            let (error, asked_for) = match request.send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => (of_status(answer.status()), retry_after(answer.headers())),
                Err(error) => (of_request(error).into(), None),
            };
            let mut random = [0; 4];
            // Without random numbers the longest wait is as good as any.
            let random =
                getrandom::fill(&mut random).map_or(u32::MAX, |()| u32::from_ne_bytes(random));
            let wait = full_jitter(attempt, random).max(asked_for.unwrap_or_default());
            let in_time = Instant::now() + wait < deadline;
            if !error.may_pass() || attempt >= ATTEMPTS || !in_time {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
        }
    }
}

/// The part of an address that may be shown: with some receivers, whoever has all of it may write to them.
fn origin(mut url: Url) -> Url {
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    // Addresses that cannot have them have none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

fn of_status(status: StatusCode) -> WebhookError {
    let status = status.as_u16();
    SourceUnavailable::Status { status }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_24_to_64_bytes_and_is_not_shown() {
        let in_base64 = format!("whsec_{}", Base64::encode_string(&[7; 24]));
        for good in ["07".repeat(24), "07".repeat(64), in_base64] {
            let secret: WebhookSecret = good.parse().expect("a secret");
            assert!(secret.0.iter().all(|byte| *byte == 7));
            assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
        }
        for wrong in [
            "07".repeat(23),
            "07".repeat(65),
            "whsec_".to_owned(),
            "0".repeat(49),
            "x".repeat(48),
        ] {
            assert!(wrong.parse::<WebhookSecret>().is_err(), "{wrong}");
        }
    }
}
