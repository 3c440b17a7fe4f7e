//! The table `[tenants.records]`: where data elements come from.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use mdl_mdoc::data_elements::Schema;
use sqlx::postgres::PgConnectOptions;
use time::Duration;
use url::Url;
use zeroize::Zeroizing;

use super::quantity::{boolean, duration, number, text};
use super::secret_source;
use super::section::Section;
use super::store::check_protection;
use crate::record::RecordSource;
use crate::record::folder::FolderSource;
use crate::record::http::{
    Authentication, BreakerLimits, ClientCredentials, HttpLimits, HttpSettings, HttpSettingsError,
    HttpSource, SubjectPlace,
};
use crate::record::sql::{SqlLimits, SqlSource, ViewName};
use crate::record::table::CsvSource;

pub(super) const RECORDS: &[&str] = &[
    "kind",
    "path",
    "url",
    "password_file",
    "password_env",
    "view",
    "connections",
    "statement_time",
    "deadline",
    "subject",
    "trusted_roots",
    "allow_private_addresses",
    "attempts",
    "client_certificate",
    "client_key",
    "token_endpoint",
    "client_id",
    "client_secret_file",
    "client_secret_env",
    "scope",
];
const FOLDER_OR_TABLE: &[&str] = &["kind", "path"];
const SQL: &[&str] = &[
    "kind",
    "url",
    "password_file",
    "password_env",
    "view",
    "connections",
    "statement_time",
    "deadline",
];
const HTTP: &[&str] = &[
    "kind",
    "url",
    "subject",
    "trusted_roots",
    "allow_private_addresses",
    "attempts",
    "deadline",
    "client_certificate",
    "client_key",
    "token_endpoint",
    "client_id",
    "client_secret_file",
    "client_secret_env",
    "scope",
];

/// A source of record as configured.
#[derive(Clone, Debug)]
pub enum RecordSettings {
    /// Files in a folder.
    Folder(PathBuf),
    /// Lines of a CSV file.
    Table(PathBuf),
    /// A view in PostgreSQL.
    Sql {
        /// The database.
        connection: Box<PgConnectOptions>,
        /// The view.
        view: ViewName,
        /// Bounds.
        limits: SqlLimits,
    },
    /// A service of the authority.
    Http(Box<HttpSettings>),
}

impl RecordSettings {
    /// The source. Nothing is connected before the first record is asked for.
    ///
    /// # Errors
    /// [`HttpSettingsError`] for roots, certificates or addresses that cannot be used.
    pub fn connect(&self, schema: Schema) -> Result<Arc<dyn RecordSource>, HttpSettingsError> {
        Ok(match self {
            Self::Folder(path) => Arc::new(FolderSource::new(path, schema)),
            Self::Table(path) => Arc::new(CsvSource::new(path, schema)),
            Self::Sql {
                connection,
                view,
                limits,
            } => {
                let connection = PgConnectOptions::clone(connection);
                Arc::new(SqlSource::new(connection, view.clone(), *limits, schema))
            }
            Self::Http(settings) => {
                Arc::new(HttpSource::new(HttpSettings::clone(settings), schema)?)
            }
        })
    }
}

pub(super) fn read(section: &Section<'_>) -> Option<RecordSettings> {
    let kind = section.required("kind", text)?;
    let (keys, settings) = match kind.as_str() {
        "folder" => (
            FOLDER_OR_TABLE,
            section.required_path("path").map(RecordSettings::Folder),
        ),
        "table" => (
            FOLDER_OR_TABLE,
            section.required_path("path").map(RecordSettings::Table),
        ),
        "sql" => (SQL, read_sql(section)),
        "http" => (HTTP, read_http(section)),
        other => {
            section.problem(
                "kind",
                format!("expected folder, table, sql or http, found {other:?}"),
            );
            return None;
        }
    };
    for key in RECORDS
        .iter()
        .filter(|key| section.has(key) && !keys.contains(key))
    {
        section.problem(key, format!("is no key of a source of kind {kind}"));
    }
    settings
}

fn deadline(section: &Section<'_>, default: std::time::Duration) -> Option<std::time::Duration> {
    let bounds = Duration::milliseconds(100)..=Duration::MINUTE;
    let default = Duration::try_from(default).unwrap_or(Duration::MINUTE);
    section
        .or("deadline", default, duration(bounds))
        .map(|duration| duration.unsigned_abs())
}

fn read_sql(section: &Section<'_>) -> Option<RecordSettings> {
    let defaults = SqlLimits::default();
    let url = section.required("url", text);
    let password = secret_source::optional(section, "password");
    let view = section.required("view", |value| {
        let name = text(value)?;
        ViewName::new(&name).ok_or_else(|| format!("expected the name of a view, found {name:?}"))
    });
    let connections = section.or("connections", defaults.connections, number(1..=100));
    let statement = Duration::try_from(defaults.statement_timeout).unwrap_or(Duration::SECOND);
    let statement = section.or(
        "statement_time",
        statement,
        duration(Duration::SECOND..=Duration::MINUTE),
    );
    let deadline = deadline(section, defaults.deadline);
    let url = Url::parse(&url?)
        .ok()
        .filter(|url| matches!(url.scheme(), "postgres" | "postgresql"));
    let Some(url) = url else {
        // The address is not repeated: it may hold a password.
        section.problem("url", "expected \"postgres://USER@HOST/DATABASE\"");
        return None;
    };
    if url.password().is_some() || url.query().is_some_and(|query| query.contains("password")) {
        section.problem(
            "url",
            "holds a password: move it to password_file or password_env",
        );
        return None;
    }
    check_protection(section, &url);
    let connection = PgConnectOptions::from_str(url.as_str())
        .map_err(|_| section.problem("url", "is no address of a database"))
        .ok()?;
    let connection = match password {
        Some(password) => connection.password(&password),
        None => connection,
    };
    Some(RecordSettings::Sql {
        connection: Box::new(connection),
        view: view?,
        limits: SqlLimits {
            connections: connections?,
            statement_timeout: statement?.unsigned_abs(),
            deadline: deadline?,
        },
    })
}

fn read_http(section: &Section<'_>) -> Option<RecordSettings> {
    let defaults = HttpLimits::default();
    let url = section.required("url", address);
    let subject = section.or("subject", SubjectPlace::Body, |value| {
        match text(value)?.as_str() {
            "body" => Ok(SubjectPlace::Body),
            header => match header
                .strip_prefix("header:")
                .map(axum::http::HeaderName::from_str)
            {
                Some(Ok(name)) => Ok(SubjectPlace::Header(name)),
                _ => Err(format!(
                    "expected \"body\" or \"header:NAME\", found {header:?}"
                )),
            },
        }
    });
    let trusted_roots = section
        .required_path("trusted_roots")
        .and_then(|path| file(section, "trusted_roots", &path));
    let allow_private_addresses = section.or("allow_private_addresses", false, boolean);
    let attempts = section.or("attempts", defaults.attempts, number(1..=10));
    let deadline = deadline(section, defaults.deadline);
    let authentication = read_authentication(section);
    let settings = HttpSettings {
        url: url?,
        subject: subject?,
        trusted_roots: trusted_roots?,
        authentication: authentication?,
        allow_private_addresses: allow_private_addresses?,
        limits: HttpLimits {
            deadline: deadline?,
            attempts: attempts?,
            ..defaults
        },
        breaker: BreakerLimits::default(),
    };
    // Made once for nothing, so that what cannot be used is said with everything else that is wrong.
    if let Err(error) = HttpSource::new(settings.clone(), Schema::mdl()) {
        section.problem("url", error.to_string());
        return None;
    }
    Some(RecordSettings::Http(Box::new(settings)))
}

fn address(value: &toml::de::DeValue<'_>) -> Result<Url, String> {
    let text = text(value)?;
    Url::parse(&text).map_err(|error| format!("expected an https address, found {text:?}: {error}"))
}

fn read_authentication(section: &Section<'_>) -> Option<Authentication> {
    let by_certificate = section.has("client_certificate") || section.has("client_key");
    let by_token = section.has("token_endpoint") || section.has("client_id");
    match (by_certificate, by_token) {
        (true, false) => {
            let chain = section
                .required_path("client_certificate")
                .and_then(|path| file(section, "client_certificate", &path));
            let key = section
                .required_path("client_key")
                .and_then(|path| file(section, "client_key", &path));
            Some(Authentication::Certificate {
                chain: chain?,
                key: Zeroizing::new(key?),
            })
        }
        (false, true) => {
            let token_endpoint = section.required("token_endpoint", address);
            let client_id = section.required("client_id", text);
            let client_secret = secret_source::required(section, "client_secret");
            Some(Authentication::ClientCredentials(ClientCredentials {
                token_endpoint: token_endpoint?,
                client_id: client_id?,
                client_secret: client_secret?,
                scope: section.optional("scope", text),
            }))
        }
        _ => {
            let what = "expected client_certificate and client_key, or token_endpoint and client_id, \
                        and not both: the source must know who asks";
            section.problem("client_certificate", what);
            None
        }
    }
}

fn file(section: &Section<'_>, key: &str, path: &std::path::Path) -> Option<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| {
            section.problem(key, format!("{} cannot be read: {error}", path.display()))
        })
        .ok()
}
