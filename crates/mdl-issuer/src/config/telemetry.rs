//! The tables `[log]` and `[traces]`.

use url::Url;

use super::quantity::text;
use super::section::Section;

pub(super) const LOG: &[&str] = &["format", "level"];
pub(super) const TRACES: &[&str] = &["endpoint", "service_name"];

/// How log lines look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For a person at a terminal.
    Text,
}

/// What is logged and how.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// JSON or text.
    pub format: LogFormat,
    /// The least severe level that is logged.
    pub level: tracing::Level,
}

/// Where traces go.
#[derive(Clone, Debug)]
pub struct TraceSettings {
    /// OTLP over HTTP: the full address, such as `http://127.0.0.1:4318/v1/traces`.
    pub endpoint: Url,
    /// What this service is called there.
    pub service_name: String,
}

pub(super) fn read_log(section: &Section<'_>) -> Option<LogSettings> {
    let format = section.or("format", LogFormat::Json, |value| {
        match text(value)?.as_str() {
            "json" => Ok(LogFormat::Json),
            "text" => Ok(LogFormat::Text),
            other => Err(format!("expected \"json\" or \"text\", found {other:?}")),
        }
    });
    let level = section.or("level", tracing::Level::INFO, |value| {
        match text(value)?.as_str() {
            "error" => Ok(tracing::Level::ERROR),
            "warn" => Ok(tracing::Level::WARN),
            "info" => Ok(tracing::Level::INFO),
            "debug" => Ok(tracing::Level::DEBUG),
            other => Err(format!(
                "expected error, warn, info or debug, found {other:?}"
            )),
        }
    });
    Some(LogSettings {
        format: format?,
        level: level?,
    })
}

pub(super) fn read_traces(section: &Section<'_>) -> Option<TraceSettings> {
    let endpoint = section.required("endpoint", |value| {
        let text = text(value)?;
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
            _ => Err(format!("expected an http or https address, found {text:?}")),
        }
    });
    let service_name = section.or("service_name", "mdl-issuer".to_owned(), text);
    Some(TraceSettings {
        endpoint: endpoint?,
        service_name: service_name?,
    })
}
