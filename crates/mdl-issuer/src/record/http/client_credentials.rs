//! An access token for the source of record: OAuth 2.0 client credentials (RFC 6749, 4.4).
//!
//! The token is kept until shortly before it expires, and one request fetches it for all that wait.

use std::fmt;
use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding};
use mdl_crypto::jose::{JsonLimits, parse_json_object};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use super::failure::{body, of_request};
use crate::record::{RecordSourceError, SourceUnavailable};

/// Who the service is to the authorization server of the source.
#[derive(Clone)]
pub struct ClientCredentials {
    /// Its token endpoint, `https`.
    pub token_endpoint: Url,
    /// The client identifier.
    pub client_id: String,
    /// The client secret, sent by HTTP Basic (2.3.1).
    pub client_secret: Zeroizing<String>,
    /// The scope to ask for.
    pub scope: Option<String>,
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("token_endpoint", &self.token_endpoint.as_str())
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// A token is not used in the last moments of its life: it could expire on the way.
const MARGIN: Duration = Duration::from_secs(30);
/// The life of a token that says nothing of it.
const DEFAULT_LIFE: Duration = Duration::from_secs(90);
/// The longest that a token is kept, whatever it says.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);

/// The present token.
pub(super) struct Tokens {
    credentials: ClientCredentials,
    present: Mutex<Option<Token>>,
}

struct Token {
    header: HeaderValue,
    good_until: Instant,
}

impl Tokens {
    pub(super) fn new(credentials: ClientCredentials) -> Self {
        Self {
            credentials,
            present: Mutex::new(None),
        }
    }

    /// The value of the header `Authorization`.
    pub(super) async fn header(&self, client: &Client) -> Result<HeaderValue, RecordSourceError> {
        let mut present = self.present.lock().await;
        if let Some(token) = &*present
            && token.good_until > Instant::now()
        {
            return Ok(token.header.clone());
        }
        let token = self.fetch(client).await?;
        let header = token.header.clone();
        *present = Some(token);
        Ok(header)
    }

    /// Forgets a token that the source does not accept, unless there is a newer one.
    pub(super) async fn forget(&self, refused: &HeaderValue) {
        let mut present = self.present.lock().await;
        if present
            .as_ref()
            .is_some_and(|token| token.header == *refused)
        {
            *present = None;
        }
    }

    async fn fetch(&self, client: &Client) -> Result<Token, RecordSourceError> {
        /// What a token answer may be, in bytes.
        const LIMIT: usize = 64 << 10;
        let asked_at = Instant::now();
        let mut form = vec![("grant_type", "client_credentials")];
        if let Some(scope) = &self.credentials.scope {
            form.push(("scope", scope));
        }
        let request = client
            .post(self.credentials.token_endpoint.clone())
            .header(AUTHORIZATION, self.basic()?)
            .form(&form);
        let response = request.send().await.map_err(of_request)?;
        match response.status() {
            StatusCode::OK => {}
            status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                let status = status.as_u16();
                return Err(SourceUnavailable::Credentials { status }.into());
            }
            status => {
                let status = status.as_u16();
                return Err(SourceUnavailable::Status { status }.into());
            }
        }
        let answer = Zeroizing::new(body(response, LIMIT).await?);
        parse(&answer, asked_at).ok_or_else(|| {
            let problem = "the token answer has no bearer token".to_owned();
            SourceUnavailable::Answer { problem }.into()
        })
    }

    /// Identifier and secret are form-encoded first (2.3.1), so that neither can hold the colon between them.
    fn basic(&self) -> Result<HeaderValue, RecordSourceError> {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Zeroizing::new(format!(
            "{}:{}",
            encoded(&self.credentials.client_id),
            encoded(&self.credentials.client_secret)
        ));
        secret_header(&format!("Basic {}", Base64::encode_string(pair.as_bytes())))
    }
}

fn parse(answer: &[u8], asked_at: Instant) -> Option<Token> {
    let answer = parse_json_object(answer, &JsonLimits::DEFAULT).ok()?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let is_bearer = text("token_type")?.eq_ignore_ascii_case("Bearer");
    let token = text("access_token").filter(|token| is_bearer && !token.is_empty())?;
    let life = match answer.get("expires_in") {
        None => DEFAULT_LIFE,
        Some(seconds) => Duration::from_secs(seconds.as_u64()?).min(LONGEST_LIFE),
    };
    Some(Token {
        header: secret_header(&format!("Bearer {token}")).ok()?,
        good_until: asked_at + life.saturating_sub(MARGIN),
    })
}

/// A header that no log shows.
fn secret_header(value: &str) -> Result<HeaderValue, RecordSourceError> {
    let mut header = HeaderValue::from_str(value).map_err(|_| {
        let problem = "a credential that no header can hold".to_owned();
        SourceUnavailable::Answer { problem }
    })?;
    header.set_sensitive(true);
    Ok(header)
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tokens").field(&self.credentials).finish()
    }
}
