//! The internal listener of the issuing service, as an operator asks it.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use mdl_issuer::operations::tls::install_provider;
use reqwest::{Certificate, Client, Identity, Method, StatusCode};
use serde_json::Value;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::failure::{Failure, Result};
use crate::input;
use crate::runtime::wait_for;

const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST_TOKEN: u64 = 4096;
const LARGEST_PEM: u64 = 1 << 20;

pub(super) struct Operator {
    service: Url,
    token: Option<Zeroizing<String>>,
    client: Client,
}

impl Operator {
    /// # Errors
    /// Exit code 2 for a file that cannot be used, and where a token would cross a network in the clear.
    pub(super) fn new(
        service: &Url,
        token: Option<&Path>,
        ca: Option<&Path>,
        certificate: Option<&Path>,
    ) -> Result<Self> {
        install_provider();
        let is_loopback = match service.host() {
            Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
            _ => false,
        };
        if service.scheme() != "https" && !(service.scheme() == "http" && is_loopback) {
            return Err(Failure::usage(format!("--service {service}"))
                .hint("expected https, or http on a loopback address"));
        }
        let unusable = |path: &Path, error: &dyn std::error::Error| {
            Failure::usage(format!("{} cannot be used", path.display())).because(error)
        };
        let token = match token {
            Some(path) => {
                let content = Zeroizing::new(input::read_at_most(path, LONGEST_TOKEN)?);
                let text = std::str::from_utf8(&content).map_err(|error| unusable(path, &error))?;
                Some(Zeroizing::new(text.trim().to_owned()))
            }
            None => None,
        };
        let mut builder = Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        if let Some(path) = ca {
            let pem = input::read_at_most(path, LARGEST_PEM)?;
            let roots =
                Certificate::from_pem_bundle(&pem).map_err(|error| unusable(path, &error))?;
            builder = builder.tls_certs_only(roots);
        }
        if let Some(path) = certificate {
            let pem = Zeroizing::new(input::read_at_most(path, LARGEST_PEM)?);
            let identity = Identity::from_pem(&pem).map_err(|error| unusable(path, &error))?;
            builder = builder.identity(identity);
        }
        let client = builder
            .build()
            .map_err(|error| Failure::usage("no way to ask the service").because(&error))?;
        let mut service = service.clone();
        if !service.path().ends_with('/') {
            service.set_path(&format!("{}/", service.path()));
        }
        Ok(Self {
            service,
            token,
            client,
        })
    }

    pub(super) fn get(&self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, None)
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask(Method::POST, path, Some(body))
    }

    /// # Errors
    /// Exit code 3 where the service does not answer or cannot, 2 where it refuses.
    fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let no_answer = |error: &dyn std::error::Error| {
            Failure::outside(format!("no answer from {}", self.service)).because(error)
        };
        let url = self.service.join(path).map_err(|error| no_answer(&error))?;
        let mut request = self.client.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.as_str());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answered = wait_for(async {
            let answer = request.send().await?;
            let status = answer.status();
            Ok::<_, reqwest::Error>((status, answer.bytes().await?))
        })?;
        let (status, content) = answered.map_err(|error| no_answer(&error.without_url()))?;
        let answer: Value = serde_json::from_slice(&content).unwrap_or_default();
        if status.is_success() {
            return Ok(answer);
        }
        let code = answer.get("code").and_then(Value::as_str);
        let what = format!("the service says {status} {}", code.unwrap_or_default());
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Failure::usage(what).hint("an operator's token or client certificate is needed")
            }
            StatusCode::NOT_FOUND => Failure::usage(what).hint(
                "does this service use that document signer? It knows those of its configuration, and those that signed \
                 something",
            ),
            status if status.is_client_error() => Failure::usage(what),
            _ => Failure::outside(what),
        })
    }
}
