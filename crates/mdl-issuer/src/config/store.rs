//! The table `[store]`: where the durable state is.

use std::path::PathBuf;

use url::Url;

use super::quantity::{number, text};
use super::secret_source;
use super::section::Section;
use zeroize::Zeroizing;

pub(super) const STORE: &[&str] = &["url", "password_file", "password_env", "connections"];

/// The durable state as configured.
#[derive(Clone)]
pub enum StoreSettings {
    /// One file, for one process.
    Sqlite(PathBuf),
    /// A PostgreSQL database, for any number of replicas.
    Postgres {
        /// Its address, without a password.
        url: Url,
        /// The password, where one is asked for.
        password: Option<Zeroizing<String>>,
        /// Most connections of this process.
        connections: u32,
    },
}

impl std::fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres { url, .. } => f
                .debug_struct("Postgres")
                .field("url", &url.as_str())
                .finish_non_exhaustive(),
        }
    }
}

pub(super) fn read(section: &Section<'_>) -> Option<StoreSettings> {
    let url = section.required("url", text);
    let password = secret_source::optional(section, "password");
    let connections = section.or("connections", 16, number(2..=1000));
    let url = url?;
    if let Some(path) = url.strip_prefix("sqlite:") {
        if section.has("password_file") || section.has("password_env") {
            section.problem("url", "SQLite has no password");
        }
        if path.is_empty() || path.starts_with("//") || path.contains('?') {
            section.problem("url", "expected \"sqlite:\" and the path of a file");
            return None;
        }
        return Some(StoreSettings::Sqlite(section.document.folder().join(path)));
    }
    let parsed = match Url::parse(&url) {
        Ok(parsed) if matches!(parsed.scheme(), "postgres" | "postgresql") => parsed,
        // The address is not repeated: it may hold a password.
        _ => {
            section.problem(
                "url",
                "expected \"sqlite:FILE\" or \"postgres://USER@HOST/DATABASE\"",
            );
            return None;
        }
    };
    if parsed.password().is_some()
        || parsed
            .query()
            .is_some_and(|query| query.contains("password"))
    {
        section.problem(
            "url",
            "holds a password: move it to password_file or password_env",
        );
        return None;
    }
    Some(StoreSettings::Postgres {
        url: parsed,
        password,
        connections: connections?,
    })
}
