//! A service of the authority that gives records over HTTPS.
//!
//! One request asks for one record: `GET` with the subject reference and the document type in headers, or `POST` with
//! both in a JSON body. Neither is ever part of the address, which ends up in logs on the way. The answer is a record
//! as in [`file`](super::file), as `application/json`, without files: images are in base64. 404 and 410 say that there
//! is none.
//!
//! The service proves who it is by a client certificate or by an access token, and trusts the roots it is given and no
//! others. It waits for a bounded time and reads a bounded answer; it asks again only where asking again is safe and
//! can help, at random intervals and within the same deadline; it leaves a source alone that keeps failing; and it
//! connects to public addresses only, unless told otherwise.

pub(crate) mod backoff;
mod circuit_breaker;
mod client_credentials;
pub(crate) mod failure;
pub(crate) mod tls;

use std::fmt;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use mdl_fetch::address::{PublicOnly, literal_is_allowed};
use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::data_elements::Schema;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use serde_json::json;
use url::Url;
use zeroize::Zeroizing;

use self::backoff::full_jitter;
use self::circuit_breaker::CircuitBreaker;
use self::client_credentials::Tokens;
use self::failure::{body, of_request};
use super::file::MAX_RECORD_BYTES;
use super::sql::elements_of;
use super::{RecordSource, RecordSourceError, SourceUnavailable, SubjectReference};

pub use circuit_breaker::BreakerLimits;
pub use client_credentials::ClientCredentials;

/// The header with the document type.
const DOC_TYPE: HeaderName = HeaderName::from_static("x-document-type");

/// Where and how to ask for records.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The address, `https`.
    pub url: Url,
    /// Where the subject reference goes.
    pub subject: SubjectPlace,
    /// The roots that the certificates of the source and of its authorization server may end in: PEM.
    pub trusted_roots: Vec<u8>,
    /// How the service proves who it is.
    pub authentication: Authentication,
    /// Whether addresses may be private, local or reserved.
    pub allow_private_addresses: bool,
    /// Times and sizes.
    pub limits: HttpLimits,
    /// When the source is left alone.
    pub breaker: BreakerLimits,
}

/// Where the subject reference goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SubjectPlace {
    /// `GET`, in this header; everything but visible ASCII, and `%`, as `%XX` of its UTF-8.
    Header(HeaderName),
    /// `POST`, as `{"subject": …, "doc_type": …}`.
    Body,
}

/// How the service proves who it is to the source.
#[derive(Clone)]
pub enum Authentication {
    /// By a client certificate (mutual TLS).
    Certificate {
        /// The certificate and those between it and the root: PEM.
        chain: Vec<u8>,
        /// Its private key: PEM.
        key: Zeroizing<Vec<u8>>,
    },
    /// By an access token, for which it asks the source's authorization server.
    ClientCredentials(ClientCredentials),
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate { .. } => f.write_str("Certificate(..)"),
            Self::ClientCredentials(credentials) => credentials.fmt(f),
        }
    }
}

/// Bounds on one record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HttpLimits {
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for one answer, to its last byte.
    pub attempt_timeout: Duration,
    /// Longest wait for the record, all attempts and the waits between them included.
    pub deadline: Duration,
    /// Most attempts.
    pub attempts: u32,
    /// The largest answer, in bytes; never more than a record file may be.
    pub max_bytes: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(2),
            attempt_timeout: Duration::from_secs(3),
            deadline: Duration::from_secs(8),
            attempts: 3,
            max_bytes: MAX_RECORD_BYTES,
        }
    }
}

/// Why settings are not those of a source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpSettingsError {
    /// An address that is not `https`.
    #[error("{url}: not an https address")]
    NotHttps {
        /// The address.
        url: Url,
    },
    /// An address with a private, local or reserved IP address for a host.
    #[error("{url}: the address is private, local or reserved, which is not allowed")]
    AddressRefused {
        /// The address.
        url: Url,
    },
    /// PEM without a certificate or a key, or with a wrong one.
    #[error("{what}: {problem}")]
    Pem {
        /// Which of the settings.
        what: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The client cannot be made.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// Records from an HTTPS service.
#[derive(Debug)]
pub struct HttpSource {
    client: Client,
    url: Url,
    subject: SubjectPlace,
    tokens: Option<Tokens>,
    limits: HttpLimits,
    breaker: CircuitBreaker,
    schema: Schema,
}

impl HttpSource {
    /// A source with these settings, whose records are read by `schema`. Connects to nothing yet.
    ///
    /// # Errors
    /// See [`HttpSettingsError`].
    pub fn new(settings: HttpSettings, schema: Schema) -> Result<Self, HttpSettingsError> {
        let (certificate, tokens) = match settings.authentication {
            Authentication::Certificate { chain, key } => (Some((chain, key)), None),
            Authentication::ClientCredentials(credentials) => (None, Some(credentials)),
        };
        let token_endpoint = tokens
            .as_ref()
            .map(|credentials| &credentials.token_endpoint);
        for url in [&settings.url].into_iter().chain(token_endpoint) {
            if url.scheme() != "https" {
                return Err(HttpSettingsError::NotHttps { url: url.clone() });
            }
            if !settings.allow_private_addresses && !literal_is_allowed(url) {
                return Err(HttpSettingsError::AddressRefused { url: url.clone() });
            }
        }
        let identity = certificate.as_ref().map(|(chain, key)| (&**chain, &***key));
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls::client(&settings.trusted_roots, identity)?)
            .https_only(true)
            .redirect(redirect::Policy::none())
            // A proxy would resolve the name where nobody looks at the address.
            .no_proxy()
            .connect_timeout(settings.limits.connect_timeout)
            .timeout(settings.limits.attempt_timeout);
        if !settings.allow_private_addresses {
            client = client.dns_resolver(PublicOnly);
        }
        Ok(Self {
            client: client.build().map_err(HttpSettingsError::Client)?,
            url: settings.url,
            subject: settings.subject,
            tokens: tokens.map(Tokens::new),
            limits: settings.limits,
            breaker: CircuitBreaker::new(settings.breaker),
            schema,
        })
    }

    /// Attempts until there is an answer, asking again cannot help, or time is up.
    async fn ask(&self, subject: &str, doc_type: &str) -> Result<ElementSet, RecordSourceError> {
        let deadline = Instant::now() + self.limits.deadline;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let failure = match self.attempt(subject, doc_type, deadline).await {
                Ok(json) => return elements_of(&json, doc_type, &self.schema),
                Err(failure) => failure,
            };
            let mut random = [0; 4];
            let wait = match getrandom::fill(&mut random) {
                Ok(()) => full_jitter(attempt, u32::from_ne_bytes(random)),
                Err(_) => return Err(failure.error),
            };
            let wait = wait.max(failure.retry_after.unwrap_or_default());
            let in_time = Instant::now() + wait < deadline;
            let may_help = failure.is_outage() || failure.token_refused;
            if !may_help || attempt >= self.limits.attempts || !in_time {
                return Err(failure.error);
            }
            tracing::debug!(
                code = failure.error.code(),
                attempt,
                "source of record: again"
            );
            tokio::time::sleep(wait).await;
        }
    }

    /// One attempt, as far as the breaker lets it.
    async fn attempt(
        &self,
        subject: &str,
        doc_type: &str,
        deadline: Instant,
    ) -> Result<Vec<u8>, Failure> {
        let admission = self
            .breaker
            .admit(Instant::now())
            .map_err(|retry_after| SourceUnavailable::CircuitOpen { retry_after })?;
        let answer = tokio::time::timeout_at(deadline.into(), self.request(subject, doc_type))
            .await
            .unwrap_or_else(|_| Err(SourceUnavailable::TimedOut.into()));
        match &answer {
            Err(failure) if failure.is_outage() => admission.failed(Instant::now()),
            _ => admission.succeeded(),
        }
        answer
    }

    async fn request(&self, subject: &str, doc_type: &str) -> Result<Vec<u8>, Failure> {
        let request = match &self.subject {
            SubjectPlace::Header(name) => self
                .client
                .get(self.url.clone())
                .header(name, in_header(subject)?)
                .header(DOC_TYPE, in_header(doc_type)?),
            SubjectPlace::Body => self
                .client
                .post(self.url.clone())
                .json(&json!({ "subject": subject, "doc_type": doc_type })),
        };
        let response = self.send(request).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                return Err(RecordSourceError::NotFound.into());
            }
            _ => return Err(Failure::of_status(&response)),
        }
        let is_json = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"));
        if !is_json {
            let problem = "the media type is not application/json".to_owned();
            return Err(SourceUnavailable::Answer { problem }.into());
        }
        let limit = self.limits.max_bytes.min(MAX_RECORD_BYTES);
        Ok(body(response, limit).await?)
    }

    /// Sends with our credentials; a token that is not accepted is thrown away for the next attempt.
    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let request = request.header(ACCEPT, "application/json");
        let Some(tokens) = &self.tokens else {
            return Ok(request.send().await.map_err(of_request)?);
        };
        let token = tokens.header(&self.client).await?;
        let response = request
            .header(AUTHORIZATION, token.clone())
            .send()
            .await
            .map_err(of_request)?;
        if response.status() == StatusCode::UNAUTHORIZED {
            tokens.forget(&token).await;
            return Err(Failure {
                token_refused: true,
                ..Failure::of_status(&response)
            });
        }
        Ok(response)
    }
}

/// A failed attempt.
#[derive(Debug)]
struct Failure {
    error: RecordSourceError,
    /// Whether another access token may fare better.
    token_refused: bool,
    /// How long the source wants to be left alone.
    retry_after: Option<Duration>,
}

impl Failure {
    fn of_status(response: &Response) -> Self {
        let status = response.status();
        let code = status.as_u16();
        let reason = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                SourceUnavailable::Credentials { status: code }
            }
            _ => SourceUnavailable::Status { status: code },
        };
        Self {
            retry_after: retry_after(response.headers()),
            ..reason.into()
        }
    }

    /// Whether the source is down or overloaded: then the same request, which changes nothing there, may fare better
    /// a little later. Anything else would fail the same way again.
    fn is_outage(&self) -> bool {
        match &self.error {
            RecordSourceError::NotFound | RecordSourceError::Unusable(_) => false,
            RecordSourceError::Unavailable(reason) => match reason {
                SourceUnavailable::TimedOut | SourceUnavailable::Unreachable { .. } => true,
                SourceUnavailable::Status { status } => *status >= 500 || *status == 429,
                SourceUnavailable::AddressRefused
                | SourceUnavailable::Tls { .. }
                | SourceUnavailable::Credentials { .. }
                | SourceUnavailable::Answer { .. }
                | SourceUnavailable::CircuitOpen { .. }
                | SourceUnavailable::Query { .. } => false,
            },
        }
    }
}

impl From<RecordSourceError> for Failure {
    fn from(error: RecordSourceError) -> Self {
        Self {
            error,
            token_refused: false,
            retry_after: None,
        }
    }
}

impl From<SourceUnavailable> for Failure {
    fn from(reason: SourceUnavailable) -> Self {
        RecordSourceError::from(reason).into()
    }
}

/// `Retry-After` in seconds; as a date it is not understood.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Text as the value of a header that no log shows.
fn in_header(text: &str) -> Result<HeaderValue, Failure> {
    let mut value = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            value.push(char::from(byte));
        } else {
            value.push_str(&format!("%{byte:02X}"));
        }
    }
    let mut value = HeaderValue::from_str(&value).map_err(|_| RecordSourceError::NotFound)?;
    value.set_sensitive(true);
    Ok(value)
}

#[async_trait]
impl RecordSource for HttpSource {
    async fn fetch(
        &self,
        subject: &SubjectReference,
        doc_type: &str,
    ) -> Result<ElementSet, RecordSourceError> {
        self.ask(subject.expose(), doc_type).await
    }

    /// Whether the source is not being left alone and answers a `HEAD` without a subject, whatever it answers.
    async fn check(&self) -> Result<(), RecordSourceError> {
        let admission = self
            .breaker
            .admit(Instant::now())
            .map_err(|retry_after| SourceUnavailable::CircuitOpen { retry_after })?;
        drop(admission);
        let request = self.client.head(self.url.clone());
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(of_request(error).into()),
        }
    }
}
