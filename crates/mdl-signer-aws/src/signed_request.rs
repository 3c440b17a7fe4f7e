//! Requests to services of which we need an operation or two, without an SDK for each: signed with the credentials of the
//! default chain (Signature Version 4), repeated and logged as the SDKs' calls are.

use std::time::{Duration, SystemTime};

use aws_sdk_kms::config::ProvideCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use reqwest::{Client, Method, redirect};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio::time::timeout;
use url::Url;

use crate::client::AwsAccess;
use crate::retry::{CallError, log, may_pass};

/// Errors are a few lines of XML.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// A client of one service in one Region.
#[derive(Clone, Debug)]
pub(crate) struct SignedClient {
    access: AwsAccess,
    http: Client,
    region: String,
    /// The service's name in signatures.
    service: &'static str,
}

/// What is to be sent. Its path and headers hold nothing that needs to be encoded.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// The largest answer that is read.
    pub(crate) max_answer: usize,
}

/// An answer that is no error.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) entity_tag: Option<String>,
    pub(crate) body: Vec<u8>,
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl SignedClient {
    pub(crate) fn new(
        access: &AwsAccess,
        service: &'static str,
        region: &str,
    ) -> Result<Self, reqwest::Error> {
        if CryptoProvider::get_default().is_none() {
            // Another thread may be the first: then it is its choice.
            let _ = aws_lc_rs::default_provider().install_default();
        }
        let http = Client::builder()
            // What is signed for one host is for no other.
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self {
            access: access.clone(),
            http,
            region: region.to_owned(),
            service,
        })
    }

    /// Sends until there is an answer; `subject` says in the log what it is about.
    pub(crate) async fn send(
        &self,
        operation: &'static str,
        subject: &str,
        request: &Request,
    ) -> Result<Answer, CallError> {
        let attempt = async |number: u32, longest: Duration| {
            let attempts = number + 1;
            match timeout(longest, self.attempt(operation, subject, attempts, request)).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    log(operation, subject, attempts, None, "timed out");
                    Err(CallError::TimedOut {
                        operation,
                        attempts,
                    })
                }
            }
        };
        self.access.repeat(attempt).await
    }

    async fn attempt(
        &self,
        operation: &'static str,
        subject: &str,
        attempts: u32,
        request: &Request,
    ) -> Result<Answer, CallError> {
        let unreachable = |source: Cause| {
            log(operation, subject, attempts, None, "no answer");
            CallError::Unreachable {
                operation,
                attempts,
                source,
            }
        };
        let signature = self
            .sign(request)
            .await
            .map_err(|error| error.of(operation, attempts))?;
        let mut call = self
            .http
            .request(request.method.clone(), request.url.clone())
            .body(request.body.clone());
        for (name, value) in request.headers.iter().chain(&signature) {
            call = call.header(*name, value);
        }
        let mut response = call
            .send()
            .await
            .map_err(|error| unreachable(error.into()))?;
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let request_id = header("x-amz-request-id").or_else(|| header("x-amzn-requestid"));
        let entity_tag = header("etag");
        let status = response.status();
        let most = match status.is_success() {
            true => request.max_answer,
            false => MAX_ERROR_BYTES,
        };
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| unreachable(error.into()))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > most {
                return Err(CallError::Request {
                    operation,
                    source: format!("the answer has more than {most} bytes").into(),
                });
            }
        }
        if status.is_success() {
            log(operation, subject, attempts, request_id.as_deref(), "done");
            return Ok(Answer { entity_tag, body });
        }
        let text = String::from_utf8_lossy(&body);
        let code = element(&text, "Code").map(str::to_owned);
        // An answer to HEAD, or of something between us and the service.
        let shown = code.clone().unwrap_or_else(|| format!("status {status}"));
        log(operation, subject, attempts, request_id.as_deref(), &shown);
        Err(CallError::Service {
            operation,
            message: element(&text, "Message").unwrap_or("no message").to_owned(),
            request_id: request_id.unwrap_or_else(|| "-".to_owned()),
            attempts,
            may_pass: may_pass(code.as_deref(), status.is_server_error()),
            code: shown,
        })
    }

    /// The headers that a signature consists of.
    async fn sign(&self, request: &Request) -> Result<Vec<(&'static str, String)>, NotSigned> {
        let impossible = |source: Cause| NotSigned::Impossible(source);
        let provider = self.access.sdk_config().credentials_provider();
        let provider = provider.ok_or_else(|| NotSigned::Credentials("no credentials".into()))?;
        let credentials = provider.provide_credentials().await;
        let identity = credentials
            .map_err(|error| NotSigned::Credentials(error.into()))?
            .into();
        // As S3 wants it; other services take it so, too, because our paths need no encoding.
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| impossible(error.into()))?
            .into();
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| (*name, &**value));
        let signable = SignableRequest::new(
            request.method.as_str(),
            request.url.as_str(),
            headers,
            SignableBody::Bytes(&request.body),
        )
        .map_err(|error| impossible(error.into()))?;
        let (instructions, _) = sign(signable, &parameters)
            .map_err(|error| impossible(error.into()))?
            .into_parts();
        let (headers, _) = instructions.into_parts();
        Ok(headers
            .iter()
            .map(|header| (header.name(), header.value().to_owned()))
            .collect())
    }
}

enum NotSigned {
    /// None, or they could not be fetched, which may pass.
    Credentials(Cause),
    Impossible(Cause),
}

impl NotSigned {
    fn of(self, operation: &'static str, attempts: u32) -> CallError {
        match self {
            Self::Credentials(source) => CallError::Unreachable {
                operation,
                attempts,
                source,
            },
            Self::Impossible(source) => CallError::Request { operation, source },
        }
    }
}

/// The host of a service: AWS in China has a domain of its own.
pub(crate) fn host(service: &str, region: &str) -> String {
    let domain = match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    format!("{service}.{region}.{domain}")
}

/// The text of the first element of this name in the XML of an error.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once('<')?;
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_of_both_services_are_read() {
        let s3 = "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>Not there.</Message></Error>";
        let sns = "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code></Error></ErrorResponse>";
        assert_eq!(element(s3, "Code"), Some("NoSuchKey"));
        assert_eq!(element(s3, "Message"), Some("Not there."));
        assert_eq!(element(sns, "Code"), Some("NotFound"));
        for without in [
            sns,
            "",
            "<Message>",
            "<Message></Message>",
            "<Message>cut off",
        ] {
            assert_eq!(element(without, "Message"), None, "{without}");
        }
    }

    #[test]
    fn a_service_has_its_host_in_the_domain_of_its_partition() {
        assert_eq!(host("s3", "eu-central-1"), "s3.eu-central-1.amazonaws.com");
        assert_eq!(host("sns", "cn-north-1"), "sns.cn-north-1.amazonaws.com.cn");
    }
}
