//! HTTP as a wallet speaks it: few endpoints, small answers, no redirects, and TLS.
//!
//! OpenID4VCI, 3 and 14 ask for TLS everywhere. Plain HTTP is for a service on this very machine, and only when asked for.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use mdl_crypto::jose::{JsonLimits, JsonObjectError, parse_json_object};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::{Map, Value};
use url::{Host, Url};

use crate::json_member::MemberError;

/// Larger than a batch of a hundred documents with portraits.
const MAX_ANSWER_BYTES: usize = 16 << 20;
const JSON_LIMITS: JsonLimits = JsonLimits {
    max_bytes: MAX_ANSWER_BYTES,
    max_depth: 24,
};
/// The media type of all answers but status lists.
pub(crate) const JSON: &str = "application/json";
/// Of an error code or description; servers send words, not pages.
const MAX_REASON_CHARS: usize = 300;

/// How to reach servers.
#[derive(Clone, Debug)]
pub struct ConnectionOptions {
    /// Roots to trust (DER) in place of those of the machine.
    pub roots: Vec<Vec<u8>>,
    /// Whether plain HTTP to this machine is allowed.
    pub allow_loopback_http: bool,
    /// Bound on one request, connecting included.
    pub timeout: Duration,
}

impl Default for ConnectionOptions {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            allow_loopback_http: false,
            timeout: Duration::from_secs(30),
        }
    }
}

/// A pool of connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connection {
    client: Client,
    allow_loopback_http: bool,
}

impl Connection {
    /// Connects nowhere yet.
    ///
    /// # Errors
    /// A root that is no certificate, or a machine without usable roots.
    pub fn new(options: &ConnectionOptions) -> Result<Self, ConnectionError> {
        // Somebody who installed another provider knows why.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = Client::builder()
            .timeout(options.timeout)
            // A redirect would take the token, or the checks of an identifier, elsewhere.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("mdl-wallet/", env!("CARGO_PKG_VERSION")));
        if !options.roots.is_empty() {
            let roots = options.roots.iter();
            let roots = roots.map(|der| reqwest::Certificate::from_der(der));
            let roots: Vec<_> = roots
                .collect::<Result<_, _>>()
                .map_err(ConnectionError::Root)?;
            builder = builder.tls_certs_only(roots);
        }
        Ok(Self {
            client: builder.build().map_err(ConnectionError::Client)?,
            allow_loopback_http: options.allow_loopback_http,
        })
    }

    /// An address of `endpoint` that may be asked: `https`, or allowed plain HTTP to this machine, and no fragment.
    pub(crate) fn address(&self, endpoint: Endpoint, address: &str) -> Result<Url, RequestError> {
        let refused = |why| RequestError::Address { endpoint, why };
        let url = Url::parse(address).map_err(|_| refused(AddressFault::NotAUrl))?;
        if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(refused(AddressFault::Superfluous));
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if self.allow_loopback_http && is_loopback(&url) => Ok(url),
            _ => Err(refused(AddressFault::NotHttps)),
        }
    }

    pub(crate) async fn get(
        &self,
        endpoint: Endpoint,
        url: &Url,
        accept: &str,
    ) -> Result<Answer, RequestError> {
        send(
            endpoint,
            self.client.get(url.clone()).header("accept", accept),
        )
        .await
    }

    pub(crate) async fn post(
        &self,
        endpoint: Endpoint,
        url: &Url,
        headers: HeaderMap,
        body: Body<'_>,
    ) -> Result<Answer, RequestError> {
        let request = self.client.post(url.clone()).headers(headers);
        let request = request.header("accept", JSON);
        let request = match body {
            Body::Empty => request.header("content-length", "0"),
            Body::Form(pairs) => request.form(pairs),
            Body::Json(value) => request.json(value),
        };
        send(endpoint, request).await
    }
}

/// What a request carries.
#[derive(Clone, Copy)]
pub(crate) enum Body<'b> {
    Empty,
    Form(&'b [(&'b str, &'b str)]),
    Json(&'b Value),
}

/// Who was asked for what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Endpoint {
    /// `credential_offer_uri`.
    CredentialOffer,
    /// `/.well-known/openid-credential-issuer`.
    IssuerMetadata,
    /// `/.well-known/oauth-authorization-server`.
    AuthorizationServerMetadata,
    /// The token endpoint.
    Token,
    /// The nonce endpoint.
    Nonce,
    /// The credential endpoint.
    Credential,
    /// The notification endpoint.
    Notification,
    /// A status list.
    StatusList,
    /// Offers on a service's internal listener, which no wallet but a load generator asks.
    InternalOffers,
}

impl Endpoint {
    /// What the specifications call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CredentialOffer => "credential offer",
            Self::IssuerMetadata => "issuer metadata",
            Self::AuthorizationServerMetadata => "authorization server metadata",
            Self::Token => "token endpoint",
            Self::Nonce => "nonce endpoint",
            Self::Credential => "credential endpoint",
            Self::Notification => "notification endpoint",
            Self::StatusList => "status list",
            Self::InternalOffers => "internal offers",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A 2xx answer.
#[derive(Debug)]
pub(crate) struct Answer {
    endpoint: Endpoint,
    pub(crate) headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn into_body(self) -> Vec<u8> {
        self.body
    }

    pub(crate) fn json(&self) -> Result<Map<String, Value>, RequestError> {
        parse_json_object(&self.body, &JSON_LIMITS).map_err(|source| RequestError::Json {
            endpoint: self.endpoint,
            source,
        })
    }
}

/// Why an answer was a refusal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `error` of the body, else of `WWW-Authenticate`.
    pub code: Option<String>,
    /// `error_description`.
    pub description: Option<String>,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// `DPoP-Nonce`.
    pub(crate) dpop_nonce: Option<String>,
}

impl Refusal {
    /// The server's error code, or the status where it gave none.
    #[must_use]
    pub fn name(&self) -> String {
        self.code
            .clone()
            .unwrap_or_else(|| format!("HTTP {}", self.status))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if let Some(description) = &self.description {
            write!(f, " ({description})")?;
        }
        Ok(())
    }
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressFault {
    /// Not a URL.
    #[error("it is not a URL")]
    NotAUrl,
    /// It has a fragment, a user name or a password.
    #[error("it has a fragment, a user name or a password")]
    Superfluous,
    /// Plain HTTP, or another scheme.
    #[error("it is not https, and plain http is for this machine only and has to be allowed")]
    NotHttps,
}

/// Why a request has no usable answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Not asked at all.
    #[error("address of the {endpoint} is not acceptable: {why}")]
    Address {
        /// What was to be asked.
        endpoint: Endpoint,
        /// Why not.
        why: AddressFault,
    },
    /// No answer, or half of one: the server may have acted or not.
    #[error("no answer from the {endpoint}")]
    Lost {
        /// What was asked.
        endpoint: Endpoint,
        /// What the connection said.
        source: reqwest::Error,
    },
    /// An answer beyond all bounds.
    #[error("answer of the {endpoint} is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLong {
        /// What was asked.
        endpoint: Endpoint,
    },
    /// The server said no.
    #[error("{endpoint} refused: {refusal}")]
    Refused {
        /// What was asked.
        endpoint: Endpoint,
        /// What it said.
        refusal: Refusal,
    },
    /// Not an acceptable JSON object.
    #[error("answer of the {endpoint} cannot be read")]
    Json {
        /// What was asked.
        endpoint: Endpoint,
        /// Why not.
        source: JsonObjectError,
    },
    /// A member of the answer.
    #[error("answer of the {endpoint} cannot be used")]
    Member {
        /// What was asked.
        endpoint: Endpoint,
        /// Which one.
        source: MemberError,
    },
}

impl RequestError {
    /// What the server said, if it said no.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// Whether the same request may succeed later: nothing came back, the server failed, or it was busy.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Lost { .. } => true,
            Self::Refused { refusal, .. } => refusal.status == 429 || refusal.status >= 500,
            _ => false,
        }
    }

    /// A name to count failures by: the server's code, or what went wrong before there was one.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Address { .. } => "address".into(),
            Self::Lost { .. } => "no answer".into(),
            Self::TooLong { .. } => "too long".into(),
            Self::Refused { refusal, .. } => refusal.name(),
            Self::Json { .. } | Self::Member { .. } => "unusable answer".into(),
        }
    }
}

/// Attaches the endpoint to a member error.
pub(crate) const fn member_of(endpoint: Endpoint) -> impl Fn(MemberError) -> RequestError {
    move |source| RequestError::Member { endpoint, source }
}

/// Why no connection could be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// One of the roots is not a certificate.
    #[error("a TLS root is not a certificate")]
    Root(#[source] reqwest::Error),
    /// TLS cannot be set up.
    #[error("no TLS on this machine")]
    Client(#[source] reqwest::Error),
}

async fn send(endpoint: Endpoint, request: RequestBuilder) -> Result<Answer, RequestError> {
    // The address of an offer is a secret, and all others are known from the endpoint.
    let lost = |source: reqwest::Error| RequestError::Lost {
        endpoint,
        source: source.without_url(),
    };
    let response = request.send().await.map_err(lost)?;
    let status = response.status();
    let headers = response.headers().clone();
    let body = read(endpoint, response).await?;
    if status.is_success() {
        return Ok(Answer {
            endpoint,
            headers,
            body,
        });
    }
    Err(RequestError::Refused {
        endpoint,
        refusal: refusal(status.as_u16(), &headers, &body),
    })
}

async fn read(endpoint: Endpoint, mut response: Response) -> Result<Vec<u8>, RequestError> {
    let mut body = Vec::new();
    loop {
        let chunk = response
            .chunk()
            .await
            .map_err(|source| RequestError::Lost {
                endpoint,
                source: source.without_url(),
            })?;
        let Some(chunk) = chunk else {
            return Ok(body);
        };
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(RequestError::TooLong { endpoint });
        }
        body.extend_from_slice(&chunk);
    }
}

fn refusal(status: u16, headers: &HeaderMap, body: &[u8]) -> Refusal {
    let body = parse_json_object(body, &JSON_LIMITS).unwrap_or_default();
    let member = |name| body.get(name).and_then(Value::as_str).map(printable);
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    Refusal {
        status,
        code: member("error").or_else(|| text(WWW_AUTHENTICATE).and_then(challenge_error)),
        description: member("error_description"),
        retry_after: text(reqwest::header::RETRY_AFTER).and_then(|value| value.parse().ok()),
        dpop_nonce: dpop_nonce(headers),
    }
}

/// `DPoP-Nonce` of an answer (RFC 9449, 8).
pub(crate) fn dpop_nonce(headers: &HeaderMap) -> Option<String> {
    let value: &HeaderValue = headers.get("dpop-nonce")?;
    value.to_str().ok().map(str::to_owned)
}

/// The `error` of a challenge such as `DPoP error="invalid_token", algs="ES256"` (RFC 6750, 3).
fn challenge_error(challenge: &str) -> Option<String> {
    let (_, rest) = challenge.split_once("error=\"")?;
    let (code, _) = rest.split_once('"')?;
    Some(printable(code))
}

/// A server's words go to terminals and logs: no control characters, no novels.
fn printable(text: &str) -> String {
    let text = text.chars().filter(|character| !character.is_control());
    text.take(MAX_REASON_CHARS).collect()
}

/// Whether an address is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(allow: bool, address: &str) -> Option<AddressFault> {
        let options = ConnectionOptions {
            allow_loopback_http: allow,
            ..ConnectionOptions::default()
        };
        match Connection::new(&options)
            .unwrap()
            .address(Endpoint::Token, address)
        {
            Err(RequestError::Address { why, .. }) => Some(why),
            other => {
                other.unwrap();
                None
            }
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_and_has_to_be_allowed() {
        assert_eq!(fault(false, "https://dmv.example/token"), None);
        assert_eq!(fault(true, "http://127.0.0.1:8080/token"), None);
        assert_eq!(fault(true, "http://[::1]:8080/token"), None);
        let not_https = Some(AddressFault::NotHttps);
        assert_eq!(fault(false, "http://127.0.0.1:8080/token"), not_https);
        assert_eq!(fault(true, "http://dmv.example/token"), not_https);
        assert_eq!(fault(true, "http://127.0.0.1.example/token"), not_https);
        assert_eq!(fault(true, "file:///token"), not_https);
        let superfluous = Some(AddressFault::Superfluous);
        assert_eq!(fault(true, "https://dmv.example/#x"), superfluous);
        assert_eq!(fault(true, "https://user@dmv.example/"), superfluous);
        assert_eq!(fault(true, "token"), Some(AddressFault::NotAUrl));
    }

    #[test]
    fn error_code_comes_from_the_body_or_the_challenge() {
        let mut headers = HeaderMap::new();
        let challenge = HeaderValue::from_static("DPoP error=\"use_dpop_nonce\", algs=\"ES256\"");
        headers.insert(WWW_AUTHENTICATE, challenge);
        headers.insert("dpop-nonce", HeaderValue::from_static("n"));
        headers.insert("retry-after", HeaderValue::from_static("3"));
        let bare = refusal(401, &headers, b"");
        assert_eq!(bare.code.as_deref(), Some("use_dpop_nonce"));
        assert_eq!(
            (bare.retry_after, bare.dpop_nonce.as_deref()),
            (Some(3), Some("n"))
        );
        let body = br#"{"error":"invalid_\u0007proof","error_description":"typ"}"#;
        let told = refusal(400, &headers, body);
        assert_eq!(told.to_string(), "HTTP 400 invalid_proof (typ)");
        assert_eq!(
            refusal(502, &HeaderMap::new(), b"<html>").name(),
            "HTTP 502"
        );
    }
}
