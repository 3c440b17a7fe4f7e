//! Logs: one line per event on standard error, as JSON or as text, each with a stable `code`; and traces, if they go
//! anywhere.

use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::traces::Traces;
use crate::config::{LogFormat, LogSettings};

/// Starts to log. Without effect if the process logs already.
pub fn install(settings: &LogSettings, traces: Option<&Traces>) {
    // Our own events at the level asked for; of the crates below only what is wrong, because what they say at length
    // (statements, headers) is not theirs to decide.
    let own = Targets::new()
        .with_default(tracing::Level::WARN)
        .with_target("mdl_issuer", settings.level)
        .with_target("mdl_cli", settings.level)
        // Of each key store too: targets are compared by their beginning.
        .with_target("mdl_signer", settings.level);
    let lines = match settings.format {
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_writer(std::io::stderr)
            .boxed(),
        LogFormat::Text => fmt::layer()
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .boxed(),
    };
    let registry = tracing_subscriber::registry().with(lines.with_filter(own));
    let spans = traces.map(|traces| {
        let only_ours = Targets::new().with_target("mdl_issuer", tracing::Level::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(traces.tracer())
            .with_filter(only_ours)
    });
    if registry.with(spans).try_init().is_err() {
        tracing::debug!(code = "log-installed-before");
    }
}
