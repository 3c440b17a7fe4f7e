//! OpenTelemetry traces: one span per request, sent over OTLP/HTTP in JSON.
//!
//! Spans hold what log lines hold: route, status, request id. A collector that is away costs its spans and nothing else.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::http::{Request, Response};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;

use super::tls;
use crate::config::TraceSettings;

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends spans until it is flushed and dropped.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

/// Why there are no traces.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent: {0}")]
pub struct TracesError(String);

impl Traces {
    /// Spans go to the endpoint from now on. To be called on the runtime that will send them.
    ///
    /// # Errors
    /// [`TracesError`] if the exporter cannot be built. That nobody listens is found out later, and only logged.
    pub fn new(settings: &TraceSettings) -> Result<Self, TracesError> {
        let failed = |error: &dyn fmt::Display| TracesError(error.to_string());
        let client = OnRuntime::new().map_err(|error| failed(&error))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(settings.endpoint.as_str())
            .with_protocol(Protocol::HttpJson)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| failed(&error))?;
        let resource = Resource::builder_empty()
            .with_service_name(settings.service_name.clone())
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .build();
        Ok(Self { provider })
    }

    pub(super) fn tracer(&self) -> SdkTracer {
        self.provider.tracer("mdl-issuer")
    }

    /// Sends what is left, for at most a few seconds. Blocks.
    pub fn flush(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(code = "traces-not-sent", cause = %error);
        }
    }
}

/// Sends on the runtime of the service: the exporter calls from a thread of its own.
#[derive(Clone, Debug)]
struct OnRuntime {
    client: reqwest::Client,
    runtime: Handle,
}

impl OnRuntime {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        tls::install_provider();
        Ok(Self {
            client: reqwest::Client::builder().timeout(PATIENCE).build()?,
            runtime: Handle::try_current()?,
        })
    }
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let response = client
                .execute(request.try_into()?)
                .await?
                .error_for_status()?;
            let status = response.status();
            let mut answer = Response::new(response.bytes().await?);
            *answer.status_mut() = status;
            Ok::<_, reqwest::Error>(answer)
        });
        Ok(sent.await??)
    }
}
