//! The table `[store]`: where the durable state is.

use std::net::IpAddr;
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
    check_protection(section, &parsed);
    Some(StoreSettings::Postgres {
        url: parsed,
        password,
        connections: connections?,
    })
}

/// Notes an address that leaves it to chance whether others can read along.
pub(super) fn check_protection(section: &Section<'_>, url: &Url) {
    if !says_who_reads_along(url) {
        section.problem(
            "url",
            "does not say how the connection is protected: add ?sslmode=verify-full, \
             or sslmode=disable where nobody else is on the network",
        );
    }
}

/// Whether the database is on this machine, or the address says whether there is TLS. Without a word about it, or with
/// `prefer`, a client takes a connection in the clear from whoever offers no other.
fn says_who_reads_along(url: &Url) -> bool {
    let parameter = |names: &[&str]| {
        let found = url
            .query_pairs()
            .filter(|(name, _)| names.contains(&&**name));
        found.last().map(|(_, value)| value.into_owned())
    };
    let host = parameter(&["host", "hostaddr"]);
    let host = host.or_else(|| url.host_str().map(|host| host.replace("%2F", "/")));
    let is_here = host.is_none_or(|host| {
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host.is_empty()
            || host.starts_with('/')
            || host == "localhost"
            || address.is_ok_and(|address| address.is_loopback())
    });
    let mode = parameter(&["sslmode", "ssl-mode"]);
    let is_said = mode.is_some_and(|mode| {
        ["verify-full", "verify-ca", "require", "disable"].contains(&mode.as_str())
    });
    is_here || is_said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_elsewhere_says_whether_there_is_tls() {
        let says = |url: &str| says_who_reads_along(&Url::parse(url).unwrap());
        for good in [
            "postgres:///mdl",
            "postgres://mdl@localhost/mdl",
            "postgres://mdl@127.0.0.1:5432/mdl",
            "postgres://mdl@[::1]/mdl",
            "postgres://mdl@%2Frun%2Fpostgresql/mdl",
            "postgres:///mdl?host=/run/postgresql&user=mdl",
            "postgres://mdl@db/mdl?sslmode=verify-full",
            "postgres://mdl@db/mdl?x=y&sslmode=disable",
        ] {
            assert!(says(good), "{good}");
        }
        for silent in [
            "postgres://mdl@db/mdl",
            "postgres://mdl@10.0.0.1/mdl",
            "postgres://mdl@db/mdl?sslmode=prefer",
            "postgres://mdl@db/mdl?sslmode=verify-full&sslmode=prefer",
            "postgres://mdl@localhost/mdl?host=db",
        ] {
            assert!(!says(silent), "{silent}");
        }
    }
}
