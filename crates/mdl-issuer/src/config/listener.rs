//! The tables `[public]` and `[internal]`: where the service listens, under which limits.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use mdl_crypto::HashAlgorithm;
use time::Duration;

use super::quantity::{address, duration, number, size, text};
use super::secret_source;
use super::section::Section;
use crate::dual_control::{ControlledOperation, DualControl};
use crate::operations::rate_limit::{Proxies, RateLimitSettings};

pub(super) const PUBLIC: &[&str] = &[
    "address",
    "tls_certificate",
    "tls_key",
    "limits",
    "rate_limit",
];
pub(super) const INTERNAL: &[&str] = &[
    "address",
    "tls_certificate",
    "tls_key",
    "client_ca",
    "operators",
    "second_person",
    "approval_time",
    "limits",
];
pub(super) const LIMITS: &[&str] = &[
    "header_size",
    "body_size",
    "header_time",
    "request_time",
    "concurrent_requests",
    "connections",
];
pub(super) const RATE_LIMIT: &[&str] = &[
    "requests_per_minute",
    "burst",
    "concurrent_requests",
    "connections",
    "clients",
    "trusted_proxies",
    "client_address_header",
];
pub(super) const OPERATOR: &[&str] = &["name", "role", "token_file", "token_env"];

/// Where wallets and readers come.
#[derive(Clone, Debug)]
pub struct PublicListener {
    /// Where it listens.
    pub address: SocketAddr,
    /// Certificate and key; without them a terminator in front does TLS.
    pub tls: Option<TlsFiles>,
    /// Bounds of a request.
    pub limits: RequestLimits,
    /// Bounds of a client.
    pub rate_limit: RateLimitSettings,
}

/// Where operators and the authority's own systems come.
#[derive(Clone, Debug)]
pub struct InternalListener {
    /// Where it listens.
    pub address: SocketAddr,
    /// Certificate and key.
    pub tls: Option<TlsFiles>,
    /// Certificates (PEM) that client certificates must lead to.
    pub client_ca: Option<PathBuf>,
    /// Who comes with a token.
    pub operators: Vec<Operator>,
    /// What needs a second operator.
    pub dual_control: DualControl,
    /// Bounds of a request.
    pub limits: RequestLimits,
}

/// Certificate chain and key, in PEM. Read again when they change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsFiles {
    /// The certificate, and those that lead to its root.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Bounds of one request, and of all at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RequestLimits {
    /// Bytes of request line and headers.
    pub header_size: usize,
    /// Bytes of the body.
    pub body_size: usize,
    /// From the first byte to the end of the headers.
    pub header_time: std::time::Duration,
    /// From the headers to the end of the answer.
    pub request_time: std::time::Duration,
    /// Requests in work; more are turned away at once.
    pub concurrent_requests: u32,
    /// Open connections; more are closed at once. Each takes a file descriptor.
    pub connections: u32,
}

/// Somebody who may use the internal listener, as the ledger of changes names them.
#[derive(Clone)]
pub struct Operator {
    /// The name, in records of what was changed.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// SHA-256 of the token: the token itself is not kept.
    pub token: [u8; 32],
}

/// What somebody may do on the internal listener: each may do what those before it may.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Read metrics, and the description of the listener.
    Monitor,
    /// Report what happens to records, as their source does.
    Records,
    /// Everything: offer licences, find and revoke them.
    Operator,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operator")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl Operator {
    /// The shortest token, in characters.
    pub const MIN_TOKEN: usize = 24;

    /// An operator who comes with `token` and may do everything.
    #[must_use]
    pub fn new(name: impl Into<String>, token: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(HashAlgorithm::Sha256.digest(token.as_bytes()).as_ref());
        Self {
            name: name.into(),
            role: Role::Operator,
            token: hash,
        }
    }

    /// With another role.
    #[must_use]
    pub fn with_role(self, role: Role) -> Self {
        Self { role, ..self }
    }
}

pub(super) fn read_public(section: &Section<'_>) -> Option<PublicListener> {
    let address = section.required("address", address);
    let tls = read_tls(section);
    let limits = read_limits(&section.section("limits", LIMITS));
    let rate_limit = read_rate_limit(&section.section("rate_limit", RATE_LIMIT));
    Some(PublicListener {
        address: address?,
        tls: tls?,
        limits: limits?,
        rate_limit: rate_limit?,
    })
}

pub(super) fn read_internal(section: &Section<'_>) -> Option<InternalListener> {
    let address = section.required("address", address);
    let tls = read_tls(section);
    let client_ca = section.optional_path("client_ca");
    let operators = read_operators(section);
    let dual_control = read_dual_control(section);
    let limits = read_limits(&section.section("limits", LIMITS));
    let (address, tls, operators) = (address?, tls?, operators?);
    let dual_control = dual_control?;
    let people = operators
        .iter()
        .filter(|known| known.role == Role::Operator);
    if !dual_control.operations.is_empty() && client_ca.is_none() && people.count() < 2 {
        section.problem(
            "second_person",
            "there is no second person: give two [[internal.operators]] with the role operator, or client_ca",
        );
    }
    if !section.has("client_ca") && !section.has("operators") {
        section.problem(
            "operators",
            "nobody would be asked who they are: give [[internal.operators]] with a token each, or client_ca",
        );
    }
    if client_ca.is_some() && tls.is_none() {
        section.problem(
            "client_ca",
            "client certificates need tls_certificate and tls_key",
        );
    }
    if tls.is_none() && !address.ip().is_loopback() {
        section.problem(
            "address",
            "without tls_certificate and tls_key tokens would cross the network in the clear: \
             use TLS, or a loopback address",
        );
    }
    Some(InternalListener {
        address,
        tls,
        client_ca,
        operators,
        dual_control,
        limits: limits?,
    })
}

fn read_dual_control(section: &Section<'_>) -> Option<DualControl> {
    let operations = section.list("second_person", |value| {
        let name = text(value)?;
        let known = ControlledOperation::ALL.iter();
        let found = known.clone().find(|(known, _)| *known == name);
        found.map(|(_, operation)| *operation).ok_or_else(|| {
            let names: Vec<_> = known.map(|(name, _)| *name).collect();
            format!("expected one of {}, found {name:?}", names.join(", "))
        })
    });
    let bounds = Duration::MINUTE..=Duration::days(30);
    let time = section.or("approval_time", Duration::DAY, duration(bounds));
    if section.has("approval_time") && !section.has("second_person") {
        section.problem("approval_time", "says nothing without second_person");
    }
    Some(DualControl {
        operations: operations?.into_iter().collect(),
        time: time?,
    })
}

/// `None` is noted; `Some(None)` is a listener without TLS.
fn read_tls(section: &Section<'_>) -> Option<Option<TlsFiles>> {
    let certificate = section.optional_path("tls_certificate");
    let key = section.optional_path("tls_key");
    match (section.has("tls_certificate"), section.has("tls_key")) {
        (false, false) => Some(None),
        (true, false) => {
            section.problem("tls_key", "is missing beside tls_certificate");
            None
        }
        (false, true) => {
            section.problem("tls_certificate", "is missing beside tls_key");
            None
        }
        (true, true) => {
            let files = TlsFiles {
                certificate: certificate?,
                key: key?,
            };
            for (key, file) in [
                ("tls_certificate", &files.certificate),
                ("tls_key", &files.key),
            ] {
                if let Err(error) = std::fs::File::open(file) {
                    section.problem(key, format!("{} cannot be read: {error}", file.display()));
                }
            }
            Some(Some(files))
        }
    }
}

fn read_limits(section: &Section<'_>) -> Option<RequestLimits> {
    let seconds = |least, most| duration(Duration::seconds(least)..=Duration::seconds(most));
    let header_size = section.or("header_size", 16 << 10, size(1 << 10..=256 << 10));
    let body_size = section.or("body_size", 256 << 10, size(1 << 10..=16 << 20));
    let header_time = section.or("header_time", Duration::seconds(10), seconds(1, 120));
    let request_time = section.or("request_time", Duration::seconds(30), seconds(1, 600));
    let concurrent_requests = section.or("concurrent_requests", 512, number(1..=100_000));
    // With what else is open, within the 1,024 file descriptors that many systems give a process.
    let connections = section.or("connections", 900, number(1..=1_000_000));
    Some(RequestLimits {
        header_size: header_size?,
        body_size: body_size?,
        header_time: header_time?.unsigned_abs(),
        request_time: request_time?.unsigned_abs(),
        concurrent_requests: concurrent_requests?,
        connections: connections?,
    })
}

fn read_rate_limit(section: &Section<'_>) -> Option<RateLimitSettings> {
    let requests_per_minute = section.or("requests_per_minute", 600, number(1..=1_000_000));
    let burst = section.or("burst", 100, number(1..=100_000));
    let concurrent_requests = section.or("concurrent_requests", 32, number(1..=100_000));
    let connections = section.or("connections", 100, number(1..=100_000));
    let clients = section.or("clients", 100_000, number(100..=10_000_000));
    let trusted = section.list("trusted_proxies", |value| {
        let text = text(value)?;
        Proxies::parse_network(&text).ok_or_else(|| {
            format!("expected an address or a network such as \"10.0.0.0/8\", found {text:?}")
        })
    });
    let header = section.or(
        "client_address_header",
        "x-forwarded-for".to_owned(),
        |value| {
            let name = text(value)?.to_ascii_lowercase();
            if name == "forwarded" {
                return Err("Forwarded (RFC 7239) is not understood: have the proxies send addresses only, as in \
                            x-forwarded-for".to_owned());
            }
            axum::http::HeaderName::try_from(name.as_str())
                .map(|_| name)
                .map_err(|_| "expected the name of a header".to_owned())
        },
    );
    let trusted: Vec<(IpAddr, u8)> = trusted?;
    if section.has("client_address_header") && trusted.is_empty() {
        section.problem(
            "client_address_header",
            "is believed from trusted_proxies only, and there are none",
        );
    }
    Some(RateLimitSettings {
        requests_per_minute: requests_per_minute?,
        burst: burst?,
        concurrent_requests: concurrent_requests?,
        connections: connections?,
        clients: clients?,
        proxies: Proxies {
            trusted,
            header: header?,
        },
    })
}

fn read_operators(section: &Section<'_>) -> Option<Vec<Operator>> {
    let mut operators: Vec<Operator> = Vec::new();
    let mut complete = true;
    for section in section.sections("operators", OPERATOR) {
        let name = section.required("name", text);
        let role = section.or("role", Role::Operator, |value| {
            match text(value)?.as_str() {
                "operator" => Ok(Role::Operator),
                "records" => Ok(Role::Records),
                "monitor" => Ok(Role::Monitor),
                other => Err(format!(
                    "expected operator, records or monitor, found {other:?}"
                )),
            }
        });
        let token = secret_source::required(&section, "token");
        let (Some(name), Some(role), Some(token)) = (name, role, token) else {
            complete = false;
            continue;
        };
        if name.len() > 64 || name.chars().any(char::is_control) {
            section.problem("name", "expected at most 64 characters on one line");
        }
        if operators.iter().any(|known| known.name == name) {
            section.problem("name", format!("there are two operators named {name:?}"));
        }
        if token.chars().count() < Operator::MIN_TOKEN {
            let key = if section.has("token_file") {
                "token_file"
            } else {
                "token_env"
            };
            let what = format!(
                "the token is shorter than {} characters",
                Operator::MIN_TOKEN
            );
            section.problem(key, what);
        }
        operators.push(Operator::new(name, &token).with_role(role));
    }
    complete.then_some(operators)
}
