//! The configuration: one TOML file, checked as a whole before anything starts.
//!
//! [`Config::load`] reads the file and everything it names that can be judged without a network: certificates are held
//! against their profiles, keys against their certificates, limits against each other. It gives either exact types or
//! every problem at once, each with its line. `deploy/issuer.example.toml` describes every key.
//!
//! What is easy to get wrong: a secret in the file ends up in backups and tickets. The keys for secrets take the name
//! of a file or of a variable of the environment, and nothing else.

mod authority;
mod aws;
mod document_signers;
mod listener;
mod open;
mod problem;
mod quantity;
mod quota;
mod records;
mod secret_source;
mod section;
mod source;
mod store;
mod telemetry;
mod tenant;

use std::path::Path;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use toml::de::DeTable;
use zeroize::Zeroizing;

pub(crate) use authority::current_crl;
pub use listener::{InternalListener, Operator, PublicListener, RequestLimits, Role, TlsFiles};
pub use open::OpenError;
pub use problem::{ConfigError, Problem};
pub use records::RecordSettings;
pub use source::ConfigSource;
pub use store::StoreSettings;
pub use telemetry::{LogFormat, LogSettings, TraceSettings};
pub use tenant::TenantSettings;

use crate::key_store::KeyStores;
use crate::tenant::issuer_path;
use mdl_signer::key_uri::KmsUri;

use quantity::{boolean, duration};
use quota::Quotas;
use section::{Document, Section};

const ROOT: &[&str] = &[
    "service", "public", "internal", "store", "log", "traces", "aws", "quotas", "tenants",
];
const SERVICE: &[&str] = &[
    "secret_file",
    "secret_env",
    "sealing_key_file",
    "sealing_key_env",
    "sealing_key_kms",
    "allow_insecure_http",
    "shutdown_grace",
    "purge_interval",
    "checkpoint_interval",
];
/// A larger file is no configuration.
const MAX_BYTES: usize = 1 << 20;

/// Everything that a service is made of, checked.
pub struct Config {
    /// The secret that the replicas share.
    pub secret: Zeroizing<[u8; 32]>,
    /// The key-encryption key for personal data.
    pub sealing_key: SealingKey,
    /// Opens keys; relative paths start at the folder of the file.
    pub key_stores: KeyStores,
    /// Listeners and jobs.
    pub serve: ServeSettings,
    /// The durable state.
    pub store: StoreSettings,
    /// Logs.
    pub log: LogSettings,
    /// Traces, if they go anywhere.
    pub traces: Option<TraceSettings>,
    /// The credential issuers.
    pub tenants: Vec<TenantSettings>,
    /// Where all that came from.
    pub source: Arc<ConfigSource>,
}

/// The key-encryption key for personal data.
#[derive(Clone)]
pub enum SealingKey {
    /// 32 bytes in memory.
    Local(Zeroizing<[u8; 32]>),
    /// A symmetric key in AWS KMS.
    Kms(KmsUri),
}

/// How the service runs on this machine.
#[derive(Clone, Debug)]
pub struct ServeSettings {
    /// How long requests in work may take after the signal to stop.
    pub shutdown_grace: std::time::Duration,
    /// How often what is over is erased.
    pub purge_interval: std::time::Duration,
    /// How often the ledger is signed.
    pub checkpoint_interval: std::time::Duration,
    /// For wallets and readers.
    pub public: PublicListener,
    /// For operators.
    pub internal: InternalListener,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("serve", &self.serve)
            .field("store", &self.store)
            .field("tenants", &self.tenants)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Reads the file `path`. Relative paths in it start at its folder; certificates are judged at the time `now`.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`], [`ConfigError::Problems`].
    pub fn load(path: &Path, now: OffsetDateTime) -> Result<Self, ConfigError> {
        Self::load_with(path, now, &Quotas::new())
    }

    /// The same, with schedules that go on.
    fn load_with(path: &Path, now: OffsetDateTime, quotas: &Quotas) -> Result<Self, ConfigError> {
        let source = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source: Arc::new(source),
        })?;
        let environment = |name: &str| std::env::var(name).ok();
        Self::read_with(&source, path, &environment, now, quotas)
    }

    /// Reads the text of the file `path`, with variables from `environment`.
    ///
    /// # Errors
    /// [`ConfigError::Problems`].
    pub fn read(
        source: &str,
        path: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
        now: OffsetDateTime,
    ) -> Result<Self, ConfigError> {
        Self::read_with(source, path, environment, now, &Quotas::new())
    }

    fn read_with(
        source: &str,
        path: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
        now: OffsetDateTime,
        quotas: &Quotas,
    ) -> Result<Self, ConfigError> {
        let problems = |problems| ConfigError::Problems {
            path: path.to_owned(),
            problems,
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        let document = Document::new(source, folder, environment);
        if source.len() > MAX_BYTES {
            document.note(1, "file", format!("is over {MAX_BYTES} bytes"));
            return Err(problems(document.into_problems()));
        }
        let table = match DeTable::parse(source) {
            Ok(table) => table,
            Err(error) => {
                let line = document.line_at(error.span().map_or(0, |span| span.start));
                document.note(line, "TOML", error.message().replace('\n', ", "));
                return Err(problems(document.into_problems()));
            }
        };
        let config = read_document(&document, table.get_ref(), path, quotas, now);
        let found = document.into_problems();
        match config {
            Some(config) if found.is_empty() => Ok(config),
            _ => Err(problems(found)),
        }
    }
}

fn read_document<'d>(
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    path: &Path,
    known_quotas: &Quotas,
    now: OffsetDateTime,
) -> Option<Config> {
    let root = Section::root(document, table, ROOT);
    let service = root.section("service", SERVICE);
    let secret = secret_source::required_key(&service, "secret");
    let sealing_key = read_sealing_key(&service);
    if let (Some(secret), Some(SealingKey::Local(sealing_key))) = (&secret, &sealing_key)
        && secret == sealing_key
    {
        service.problem("sealing_key_file", "is the same as secret: make two");
    }
    let allow_insecure_http = service.or("allow_insecure_http", false, boolean);
    let seconds = |least, most| duration(Duration::seconds(least)..=Duration::seconds(most));
    let shutdown_grace = service.or("shutdown_grace", Duration::seconds(30), seconds(1, 600));
    let purge_interval = service.or("purge_interval", Duration::MINUTE, seconds(1, 86_400));
    let checkpoint_interval = service.or(
        "checkpoint_interval",
        Duration::HOUR,
        seconds(1, 86_400 * 7),
    );

    let public = listener::read_public(&root.section("public", listener::PUBLIC));
    let internal = listener::read_internal(&root.section("internal", listener::INTERNAL));
    if let (Some(public), Some(internal)) = (&public, &internal) {
        let (one, other) = (public.address, internal.address);
        let meet =
            one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
        // Port 0 is a free port of the system's choice, another one each time.
        if meet && one.port() == other.port() && one.port() != 0 {
            root.section("internal", listener::INTERNAL).problem(
                "address",
                "is the public address: give the internal listener a port of its own",
            );
        }
    }
    let store = store::read(&root.section("store", store::STORE));
    let log = telemetry::read_log(&root.section("log", telemetry::LOG));
    let traces = root.optional_section("traces", telemetry::TRACES);
    let traces = match traces {
        Some(section) => telemetry::read_traces(&section).map(Some),
        None => Some(None),
    };
    let aws = aws::read(&root.section("aws", aws::AWS));
    let key_stores = KeyStores::new(document.folder().to_owned(), aws.unwrap_or_default());
    let insecure_http = allow_insecure_http.unwrap_or_default();
    let quotas = quota::read(&root.sections("quotas", quota::QUOTA), known_quotas);
    let tenants = read_tenants(&root, insecure_http, &key_stores, &quotas, now);
    let dual_control = internal.as_ref().map(|internal| &internal.dual_control);
    if dual_control.is_some_and(|control| control.holds_document_signers()) {
        for tenant in tenants.iter().flatten() {
            for signer in &tenant.authority.document_signers {
                signer.guard.hold();
            }
        }
    }
    Some(Config {
        secret: secret?,
        sealing_key: sealing_key?,
        key_stores,
        serve: ServeSettings {
            shutdown_grace: shutdown_grace?.unsigned_abs(),
            purge_interval: purge_interval?.unsigned_abs(),
            checkpoint_interval: checkpoint_interval?.unsigned_abs(),
            public: public?,
            internal: internal?,
        },
        store: store?,
        log: log?,
        traces: traces?,
        tenants: tenants?,
        source: Arc::new(ConfigSource::new(path, document.take_followed(), quotas)),
    })
}

fn read_sealing_key(service: &Section<'_>) -> Option<SealingKey> {
    const KMS: &str = "sealing_key_kms";
    if !service.has(KMS) {
        return secret_source::required_key(service, "sealing_key").map(SealingKey::Local);
    }
    for other in ["sealing_key_file", "sealing_key_env"] {
        if service.has(other) {
            service.problem(KMS, format!("stands beside {other}: choose one of them"));
            return None;
        }
    }
    service.optional(KMS, aws::kms_key).map(SealingKey::Kms)
}

fn read_tenants(
    root: &Section<'_>,
    allow_insecure_http: bool,
    key_stores: &KeyStores,
    quotas: &Quotas,
    now: OffsetDateTime,
) -> Option<Vec<TenantSettings>> {
    let sections = root.sections("tenants", tenant::TENANT);
    if sections.is_empty() {
        root.problem("tenants", "is missing: there would be no credential issuer");
        return None;
    }
    let mut tenants: Vec<TenantSettings> = Vec::new();
    let mut complete = true;
    for section in &sections {
        let Some(tenant) = tenant::read(section, allow_insecure_http, key_stores, quotas, now)
        else {
            complete = false;
            continue;
        };
        if tenants.iter().any(|known| known.name == tenant.name) {
            section.problem(
                "name",
                format!("there are two tenants named {:?}", tenant.name),
            );
        }
        if tenants.iter().any(|known| known.issuer == tenant.issuer) {
            section.problem(
                "issuer",
                format!("there are two tenants with the issuer {}", tenant.issuer),
            );
        }
        // The router has one set of endpoints for each path; the host of a request chooses nothing.
        else if let Some(known) = tenants
            .iter()
            .find(|known| issuer_path(&known.issuer) == issuer_path(&tenant.issuer))
        {
            let path = match issuer_path(&tenant.issuer) {
                "" => "no path",
                path => path,
            };
            section.problem(
                "issuer",
                format!(
                    "tenants {:?} and {:?} both have {path}: give one of them a path of its own, requests are told \
                     apart by it and not by the host",
                    known.name, tenant.name
                ),
            );
        }
        tenants.push(tenant);
    }
    complete.then_some(tenants)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../deploy/issuer.example.toml");

    /// A key is described where it stands, in use or commented out, as a key of its own or as a table.
    fn is_described(key: &str) -> bool {
        EXAMPLE.lines().any(|line| {
            let line = line.trim_start_matches("# ");
            let is_key = line
                .strip_prefix(key)
                .is_some_and(|rest| rest.starts_with(" = "));
            let is_table = line.starts_with('[')
                && line.trim_matches(['[', ']']).rsplit('.').next() == Some(key);
            is_key
                || is_table
                || line.contains(&format!("{{ {key} = "))
                || line.contains(&format!(", {key} = "))
        })
    }

    #[test]
    fn the_example_describes_every_key() {
        let tables = [
            ROOT,
            SERVICE,
            listener::PUBLIC,
            listener::INTERNAL,
            listener::LIMITS,
            listener::RATE_LIMIT,
            listener::OPERATOR,
            store::STORE,
            telemetry::LOG,
            telemetry::TRACES,
            aws::AWS,
            quota::QUOTA,
            tenant::TENANT,
            tenant::DISPLAY,
            tenant::CREDENTIAL,
            tenant::CREDENTIAL_DISPLAY,
            tenant::CLAIM,
            tenant::CLAIM_DISPLAY,
            tenant::POLICY,
            tenant::KEY_ATTESTATION,
            tenant::LEGACY,
            authority::AUTHORITY,
            document_signers::DOCUMENT_SIGNER,
            document_signers::DOCUMENT_SIGNER_FOLDER,
            authority::STATUS_SIGNER,
            records::RECORDS,
        ];
        let missing: Vec<_> = tables
            .concat()
            .into_iter()
            .filter(|key| !is_described(key))
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
    }
}
