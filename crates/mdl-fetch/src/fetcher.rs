use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use mdl_reader::NeededEvidence;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Response, redirect};
use url::Url;

use crate::address::{PublicOnly, literal_is_allowed};

/// Redirects that are followed: publishers of status lists may move them (draft-ietf-oauth-status-list, 8).
const MAX_REDIRECTS: usize = 3;
/// Fetches at a time.
const AT_A_TIME: usize = 4;
/// More entries than this are not kept.
const MAX_CACHED: usize = 256;
/// Half a million entries of a CRL, as the reader takes at most.
const MAX_CRL_BYTES: usize = 20 << 20;
const MAX_OCSP_BYTES: usize = 64 << 10;
const MAX_STATUS_TOKEN_BYTES: usize = 4 << 20;

/// How evidence is fetched.
#[derive(Clone, Copy, Debug)]
pub struct FetchOptions {
    /// Bound on one fetch, from connecting to the last byte.
    pub timeout: Duration,
    /// How long what was fetched is used again without asking.
    pub keep_for: Duration,
    /// Whether private, local and reserved addresses may be connected to: for rehearsals on one machine.
    pub allow_private_addresses: bool,
}

impl Default for FetchOptions {
    /// 10 seconds; 10 minutes; public addresses only.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            keep_for: Duration::from_secs(600),
            allow_private_addresses: false,
        }
    }
}

/// The TLS stack cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("HTTP cannot be set up on this machine")]
pub struct NoClient(#[from] reqwest::Error);

/// Why something was not fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Not an http or https URI.
    #[error("not an http or https URI")]
    Uri,
    /// The host has a private, local or reserved address.
    #[error("the address is private, local or reserved")]
    Address,
    /// No answer, or none in time.
    #[error("no answer")]
    Connection(#[source] reqwest::Error),
    /// Another status than success.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// More bytes than such a thing may have.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// The limit in force, in bytes.
        limit: usize,
    },
    /// A kind of evidence that this version does not know.
    #[error("unknown kind of evidence")]
    UnknownKind,
}

/// Fetches evidence and keeps it for a while.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
    options: FetchOptions,
    kept: Mutex<HashMap<(String, Vec<u8>), Kept>>,
}

#[derive(Debug)]
struct Kept {
    at: Instant,
    bytes: Vec<u8>,
}

/// What to send, and how much to take.
struct Order<'n> {
    /// The body of a POST; `None` for a GET.
    request: Option<&'n [u8]>,
    accept: &'static str,
    limit: usize,
}

impl Fetcher {
    /// Connects nowhere yet.
    ///
    /// # Errors
    /// A machine without usable TLS.
    pub fn new(options: &FetchOptions) -> Result<Self, NoClient> {
        // Somebody who installed another provider knows why.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let allow_private = options.allow_private_addresses;
        let follow = redirect::Policy::custom(move |attempt| {
            let is_allowed = allow_private || literal_is_allowed(attempt.url());
            if attempt.previous().len() > MAX_REDIRECTS || !is_allowed {
                attempt.stop()
            } else {
                attempt.follow()
            }
        });
        let mut client = Client::builder()
            .redirect(follow)
            // A proxy would resolve the name where nobody looks at the address.
            .no_proxy()
            .connect_timeout(options.timeout)
            .timeout(options.timeout)
            .user_agent(concat!("mdl-fetch/", env!("CARGO_PKG_VERSION")));
        if !allow_private {
            client = client.dns_resolver(PublicOnly);
        }
        Ok(Self {
            client: client.build()?,
            options: *options,
            kept: Mutex::default(),
        })
    }

    /// Fetches everything that is needed, a few at a time, in the order of `needed`.
    pub async fn fetch_all(
        &self,
        needed: &[NeededEvidence],
    ) -> Vec<(NeededEvidence, Result<Vec<u8>, FetchError>)> {
        stream::iter(needed.to_vec())
            .map(|evidence| async move {
                let fetched = self.fetch(&evidence).await;
                (evidence, fetched)
            })
            .buffered(AT_A_TIME)
            .collect()
            .await
    }

    /// Fetches one piece of evidence, or gives what was fetched shortly before.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn fetch(&self, needed: &NeededEvidence) -> Result<Vec<u8>, FetchError> {
        let order = Order::of(needed)?;
        let url = Url::parse(needed.uri()).map_err(|_| FetchError::Uri)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Uri);
        }
        if !self.options.allow_private_addresses && !literal_is_allowed(&url) {
            return Err(FetchError::Address);
        }
        let key = (url.to_string(), order.request.unwrap_or_default().to_vec());
        if let Some(bytes) = self.kept(&key) {
            return Ok(bytes);
        }
        let bytes = self.get(url, &order).await?;
        self.keep(key, &bytes);
        Ok(bytes)
    }

    async fn get(&self, url: Url, order: &Order<'_>) -> Result<Vec<u8>, FetchError> {
        let request = match order.request {
            None => self.client.get(url),
            Some(body) => self
                .client
                .post(url)
                .header(CONTENT_TYPE, "application/ocsp-request")
                .body(body.to_vec()),
        };
        let response = request.header(ACCEPT, order.accept).send().await;
        let response = response.map_err(connection_error)?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        body(response, order.limit).await
    }

    fn kept(&self, key: &(String, Vec<u8>)) -> Option<Vec<u8>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(key)?;
        (found.at.elapsed() < self.options.keep_for).then(|| found.bytes.clone())
    }

    fn keep(&self, key: (String, Vec<u8>), bytes: &[u8]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, old| old.at.elapsed() < self.options.keep_for);
        if kept.len() < MAX_CACHED {
            let (at, bytes) = (Instant::now(), bytes.to_vec());
            kept.insert(key, Kept { at, bytes });
        }
    }
}

impl<'n> Order<'n> {
    fn of(needed: &'n NeededEvidence) -> Result<Self, FetchError> {
        let (request, accept, limit) = match needed {
            NeededEvidence::Crl { .. } => (None, "application/pkix-crl, */*", MAX_CRL_BYTES),
            NeededEvidence::OcspResponse { request, .. } => (
                Some(request.as_slice()),
                "application/ocsp-response",
                MAX_OCSP_BYTES,
            ),
            NeededEvidence::StatusList { .. } => (
                None,
                "application/statuslist+cwt, application/identifierlist+cwt, application/statuslist+jwt",
                MAX_STATUS_TOKEN_BYTES,
            ),
            _ => return Err(FetchError::UnknownKind),
        };
        Ok(Self {
            request,
            accept,
            limit,
        })
    }
}

/// The body, as long as it stays within the limit, announced or not.
async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(connection_error)? {
        if bytes.len() + chunk.len() > limit {
            return Err(FetchError::TooLarge { limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The resolver's refusal is an answer of ours and not of the network.
fn connection_error(error: reqwest::Error) -> FetchError {
    let mut source: Option<&dyn std::error::Error> = Some(&error);
    while let Some(cause) = source {
        if cause.is::<crate::address::AddressRefused>() {
            return FetchError::Address;
        }
        source = cause.source();
    }
    FetchError::Connection(error)
}
