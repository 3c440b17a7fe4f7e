//! AWS Private CA as its documentation describes it: a server for tests, never for anything else.
//!
//! It speaks AWS JSON 1.1, keeps everything in memory, and publishes CRLs under `http://HOST/crl/ID.crl`. It is as
//! strict as the documentation lets one be, and where the documented behaviour is a trap (an hour more validity,
//! precedence of templates, reason codes in CRLs, tokens that stand for five minutes) it springs it. What a careful
//! caller would not have sent is carried out as documented and noted in [`Emulator::complaints`]. The README says what
//! it cannot prove.
//!
//! ```no_run
//! # async fn start() -> std::io::Result<()> {
//! let emulator = private_ca_emulator::Emulator::start(Default::default()).await?;
//! println!("endpoint: {}", emulator.url());
//! # Ok(())
//! # }
//! ```

mod audit_report;
mod certificate;
mod crl;
mod der;
mod faults;
mod issue;
mod service;
mod shapes;
mod subject;
mod wire;

pub use faults::Fault;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use base64ct::{Base64, Encoding};
use mdl_iaca::certificate::DocumentKind;
use rand_core::SeedableRng;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use service::Service;
use wire::AwsError;

/// How the service behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen; port 0 takes any.
    pub listen: SocketAddr,
    /// Region in ARNs and host names.
    pub region: String,
    /// How often an authority or certificate in the making is looked at before it is finished.
    pub polls: u32,
    /// From a revocation, or the first certificate, to the list that says so. The real service takes minutes.
    pub crl_delay: Duration,
    /// Extensions, in dotted form, that certificates lack whatever was asked for.
    pub leave_out: Vec<String>,
    /// Issuing is accepted and then fails.
    pub issuance_fails: bool,
    /// Authorities on a page of a list; the service never gives more than 100.
    pub page: usize,
    /// Whether the default quotas of an account hold.
    pub quotas: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            region: "us-west-2".to_owned(),
            polls: 2,
            crl_delay: Duration::ZERO,
            leave_out: Vec::new(),
            issuance_fails: false,
            page: 100,
            quotas: true,
        }
    }
}

/// One call that reached the service.
#[derive(Clone, Debug)]
pub struct Call {
    /// Such as `IssueCertificate`.
    pub operation: String,
    /// What was sent.
    pub body: Value,
    /// Code of the error, if it was answered with one.
    pub error: Option<&'static str>,
    /// The `x-amzn-requestid` of the answer.
    pub request_id: String,
}

/// A running emulator; it stops when dropped.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    service: Service,
    journal: Vec<Call>,
    /// How far the service's clock is ahead.
    ahead: Duration,
    /// Where it stands, if it does not run.
    stopped: Option<OffsetDateTime>,
}

impl Shared {
    fn now(&self) -> OffsetDateTime {
        self.stopped.unwrap_or_else(OffsetDateTime::now_utc) + self.ahead
    }
}

impl Emulator {
    /// Starts an emulator without authorities.
    ///
    /// # Errors
    /// The address is taken, or the system gives no random numbers.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        let service = Service {
            settings,
            authorities: BTreeMap::new(),
            tokens: BTreeMap::new(),
            objects: BTreeMap::new(),
            reports: BTreeMap::new(),
            complaints: Vec::new(),
            faults: faults::Faults::default(),
            rng: rand_chacha::ChaCha20Rng::from_seed(seed),
        };
        let shared = Arc::new(Mutex::new(Shared {
            service,
            journal: Vec::new(),
            ahead: Duration::ZERO,
            stopped: None,
        }));
        let router = Router::new()
            .fallback(handle)
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // It ends with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// Endpoint of the service.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Host and port, as `CustomCname` of CRLs that the emulator is to serve.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Every call so far.
    pub fn journal(&self) -> Vec<Call> {
        self.lock().journal.clone()
    }

    /// What was carried out as documented, and should not have been sent.
    pub fn complaints(&self) -> Vec<String> {
        self.lock().service.complaints.clone()
    }

    /// The next calls of an operation go wrong like this, one after the other.
    pub fn fail(&self, operation: &str, faults: &[Fault]) {
        self.lock().service.faults.queue(operation, faults);
    }

    /// No call goes wrong any more that would have.
    pub fn heal(&self) {
        self.lock().service.faults.clear();
    }

    /// How many authorities and how many certificates exist.
    pub fn created(&self) -> (usize, usize) {
        let shared = self.lock();
        let authorities = shared.service.authorities.values();
        (
            authorities.len(),
            authorities.map(|authority| authority.issued.len()).sum(),
        )
    }

    /// ARNs of all certificates, the oldest first.
    pub fn certificates(&self) -> Vec<String> {
        let shared = self.lock();
        let mut all: Vec<_> = shared
            .service
            .authorities
            .values()
            .flat_map(|authority| {
                authority.issued.iter().map(|(serial, issued)| {
                    (issued.at, format!("{}/certificate/{serial}", authority.arn))
                })
            })
            .collect();
        all.sort();
        all.into_iter().map(|(_, arn)| arn).collect()
    }

    /// Changes how it behaves from now on.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.lock().service.settings);
    }

    /// Lets time pass for the service.
    pub fn pass(&self, time: Duration) {
        self.lock().ahead += time;
    }

    /// Stops the service's clock; [`pass`](Self::pass) still moves it.
    pub fn stop_clock(&self) {
        self.lock().stopped = Some(OffsetDateTime::now_utc());
    }

    /// An object that the service wrote into a bucket.
    pub fn object(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let mut shared = self.lock();
        let now = shared.now();
        shared.service.publish_crls(now);
        let name = (bucket.to_owned(), key.to_owned());
        shared.service.objects.get(&name).cloned()
    }

    /// Puts an object into a bucket, as somebody who can write there.
    pub fn put(&self, bucket: &str, key: &str, content: Vec<u8>) {
        let name = (bucket.to_owned(), key.to_owned());
        self.lock().service.objects.insert(name, content);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn handle(
    State(shared): State<Arc<Mutex<Shared>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut shared = lock(&shared);
    let real = OffsetDateTime::now_utc();
    let now = shared.now();
    if method == Method::GET {
        return object(&mut shared.service, uri.path(), now);
    }
    let request_id = shared.service.uuid();
    // Some errors carry their name space in the body and some do not.
    let with_namespace = request_id.as_bytes()[0].is_multiple_of(2);
    let operation = match wire::operation(uri.path(), &headers, real) {
        Ok(operation) => operation,
        Err(error) => return wire::answer(&request_id, &Err(error), with_namespace),
    };
    let fault = shared.service.faults.next(&operation);
    let over =
        shared.service.settings.quotas && shared.service.faults.is_over_quota(&operation, now);
    let refusal = match fault.and_then(|fault| fault.error(&operation)) {
        None if over => Fault::Throttled.error(&operation),
        refusal => refusal,
    };
    let parsed = serde_json::from_slice::<Value>(&body);
    let result = match (refusal, &parsed) {
        (Some(refusal), _) => Err(refusal),
        (None, Err(_)) => Err(AwsError::new(
            "SerializationException",
            "the body is not JSON",
        )),
        (None, Ok(body)) => shared.service.call(&operation, body, now),
    };
    shared.journal.push(Call {
        operation,
        body: parsed.unwrap_or_default(),
        error: result.as_ref().err().map(|error| error.code),
        request_id: request_id.clone(),
    });
    if fault == Some(Fault::AnswerLost) {
        let lost = io::Error::new(
            io::ErrorKind::ConnectionReset,
            "the answer is lost on demand",
        );
        let stream = futures_util::stream::once(async move { Err::<Bytes, _>(lost) });
        return Response::new(Body::from_stream(stream));
    }
    wire::answer(&request_id, &result, with_namespace)
}

/// An object of any bucket, as a web server in front of the bucket gives it, or S3 by the bucket's name.
fn object(service: &mut Service, path: &str, now: OffsetDateTime) -> Response<Body> {
    service.publish_crls(now);
    let key = path.trim_start_matches('/');
    let found = service
        .objects
        .iter()
        .find(|((bucket, name), _)| name == key || key == format!("{bucket}/{name}"));
    let mut response = Response::new(match found {
        Some((_, content)) => Body::from(content.clone()),
        None => Body::from("<Error><Code>NoSuchKey</Code><Message>Not there.</Message></Error>"),
    });
    if found.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// PEM, lines of 64 characters.
fn pem(kind: DocumentKind, der: &[u8]) -> String {
    let base64 = Base64::encode_string(der);
    let label = kind.pem_label();
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in base64.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
