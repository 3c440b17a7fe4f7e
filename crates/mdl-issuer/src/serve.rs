//! The service on its two addresses, from the first check to the last signature in flight.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, map_request, map_response};
use axum::response::Response;
use axum::{Json, RequestExt, Router};
use axum_server::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower_http::catch_panic::CatchPanicLayer;

use crate::config::{ConfigSource, RequestLimits, ServeSettings, TlsFiles};
use crate::http::internal::{self, Internal};
use crate::http::public;
use crate::operations::admission::{Admission, admit};
use crate::operations::authority_files;
use crate::operations::client_certificate::NotingAcceptor;
use crate::operations::connection_limit::{ConnectionLimit, OfClient};
use crate::operations::jobs::{self, Jobs};
use crate::operations::metrics;
use crate::operations::observe::{Listener, observe};
use crate::operations::problem::{Problem, as_oauth_error};
use crate::operations::rate_limit::RateLimit;
use crate::operations::readiness::Readiness;
use crate::operations::request_id;
use crate::operations::tls::{self, ClientCertificates, Tls, TlsError};
use crate::service::Service;

/// How often clients that have not come for a while are forgotten.
const FORGET_CLIENTS: Duration = Duration::from_secs(60);

/// Why the service does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address is taken or not ours.
    #[error("{address} cannot be listened on")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No TLS.
    #[error("no TLS")]
    Tls(#[from] TlsError),
    /// A listener ended by itself.
    #[error("a listener ended")]
    Ended(#[source] io::Error),
    /// Signals cannot be waited for.
    #[error("signals cannot be waited for")]
    Signals(#[source] io::Error),
}

/// A service that runs. Dropping it does not stop it; [`stop`](Self::stop) does.
#[derive(Debug)]
pub struct Running {
    /// The service.
    pub service: Arc<Service>,
    /// Whether it can work.
    pub readiness: Arc<Readiness>,
    public: Server,
    internal: Server,
    jobs: Jobs,
    holder: String,
    source: Option<Arc<ConfigSource>>,
    stop: watch::Sender<bool>,
    grace: Duration,
}

#[derive(Debug)]
struct Server {
    address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
    tls: Option<Arc<Tls>>,
}

impl Running {
    /// The address for wallets and readers.
    #[must_use]
    pub const fn public_address(&self) -> SocketAddr {
        self.public.address
    }

    /// The address for operators.
    #[must_use]
    pub const fn internal_address(&self) -> SocketAddr {
        self.internal.address
    }

    /// Takes over what changes about the authorities: looks at their files again and again.
    pub fn follow(&mut self, source: Arc<ConfigSource>) {
        jobs::follow_authorities(&mut self.jobs, &self.service, &source);
        self.source = Some(source);
    }

    /// Reads the files of TLS and of the authorities again.
    pub async fn reload(&self) {
        for tls in [&self.public.tls, &self.internal.tls].into_iter().flatten() {
            jobs::reload(tls);
        }
        if let Some(source) = &self.source {
            authority_files::reload(&self.service, source).await;
        }
    }

    /// Takes no new connections, finishes the requests in work within the grace, then the jobs.
    ///
    /// # Errors
    /// [`ServeError::Ended`] if a listener had failed.
    pub async fn stop(self) -> Result<(), ServeError> {
        let _ = self.stop.send(true);
        self.public.handle.graceful_shutdown(Some(self.grace));
        self.internal.handle.graceful_shutdown(Some(self.grace));
        let public = finish(self.public.task).await;
        let internal = finish(self.internal.task).await;
        let jobs = async {
            self.jobs.finish().await;
            jobs::release_leases(&self.service, &self.holder).await;
        };
        if tokio::time::timeout(self.grace, jobs).await.is_err() {
            tracing::warn!(code = "jobs-cut-off");
        }
        tracing::info!(code = "stopped");
        public.and(internal)
    }
}

async fn finish(task: JoinHandle<io::Result<()>>) -> Result<(), ServeError> {
    task.await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(ServeError::Ended)
}

/// Starts the service on its addresses.
///
/// # Errors
/// [`ServeError`].
pub async fn start(service: Arc<Service>, settings: ServeSettings) -> Result<Running, ServeError> {
    tls::install_provider();
    metrics::install();
    let public_listener = listen(settings.public.address)?;
    let internal_listener = listen(settings.internal.address)?;
    let [public_tls, internal_tls] = tls_of(&settings)?;

    let readiness = Arc::new(Readiness::new(Arc::clone(&service)));
    let (stop, stopped) = watch::channel(false);
    let mut jobs = Jobs::new(stopped);
    let holder = holder();
    jobs::start(&mut jobs, &service, &holder, &settings);
    jobs::follow_approvals(&mut jobs, &service);
    for tls in [&public_tls, &internal_tls].into_iter().flatten() {
        jobs::follow_tls(&mut jobs, tls);
    }

    let limits = &settings.public.limits;
    let admission = Admission::new(limits, Some(RateLimit::new(&settings.public.rate_limit)));
    let admission = Arc::new(admission);
    let idle = Arc::clone(&admission);
    jobs.every("forget-clients", FORGET_CLIENTS, move || {
        idle.forget_idle();
        std::future::ready("done")
    });
    let reports: Arc<dyn public::Readiness> = readiness.clone();
    let router = around(
        public::router(&service, reports).route(
            "/openapi.json",
            axum::routing::get(async || Json(public::openapi())),
        ),
        Listener::Public,
        admission,
    );
    let of_client = OfClient {
        most: settings.public.rate_limit.connections,
        proxies: settings.public.rate_limit.proxies.clone(),
    };
    let connections = ConnectionLimit::new(Listener::Public, limits.connections, Some(of_client));
    let public = spawn(public_listener, router, public_tls, limits, connections)?;

    let limits = &settings.internal.limits;
    let router = internal::router(Internal {
        service: Arc::clone(&service),
        readiness: Arc::clone(&readiness),
        operators: settings.internal.operators.clone().into(),
        dual_control: Arc::new(settings.internal.dual_control.clone()),
    });
    let router = around(
        router,
        Listener::Internal,
        Arc::new(Admission::new(limits, None)),
    );
    let connections = ConnectionLimit::new(Listener::Internal, limits.connections, None);
    let internal = spawn(internal_listener, router, internal_tls, limits, connections)?;

    let (public_address, internal_address) = (public.address, internal.address);
    tracing::info!(code = "started", public = %public_address, internal = %internal_address);
    Ok(Running {
        service,
        readiness,
        public,
        internal,
        jobs,
        holder,
        source: None,
        stop,
        grace: settings.shutdown_grace,
    })
}

/// TLS of the public and the internal listener.
fn tls_of(settings: &ServeSettings) -> Result<[Option<Arc<Tls>>; 2], TlsError> {
    let clients = match &settings.internal.client_ca {
        None => ClientCertificates::NotAsked,
        Some(path) if settings.internal.operators.is_empty() => {
            ClientCertificates::Required(path.clone())
        }
        Some(path) => ClientCertificates::Optional(path.clone()),
    };
    let of = |files: &Option<TlsFiles>, clients| {
        let tls = files
            .clone()
            .map(|files| Tls::new(files, clients))
            .transpose()?;
        Ok::<_, TlsError>(tls.map(Arc::new))
    };
    Ok([
        of(&settings.public.tls, ClientCertificates::NotAsked)?,
        of(&settings.internal.tls, clients)?,
    ])
}

/// The signals of the system, from the moment that they are asked for. Until then SIGTERM ends a process where it
/// stands, so this comes before the store is opened.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Takes the signals over.
    ///
    /// # Errors
    /// [`ServeError::Signals`].
    pub fn take() -> Result<Self, ServeError> {
        use tokio::signal::unix::{SignalKind, signal};
        let take = |kind| signal(kind).map_err(ServeError::Signals);
        Ok(Self {
            terminate: take(SignalKind::terminate())?,
            interrupt: take(SignalKind::interrupt())?,
            hang_up: take(SignalKind::hangup())?,
        })
    }

    /// Waits for SIGTERM or SIGINT.
    pub async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// SIGTERM or SIGINT end the service; SIGHUP reads the files of TLS and of the authorities again.
    async fn stop_or_reload(&mut self, running: &Running) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = self.hang_up.recv() => running.reload().await,
            }
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Signals(());

#[cfg(not(unix))]
impl Signals {
    /// Takes the signals over.
    ///
    /// # Errors
    /// None on this system.
    pub const fn take() -> Result<Self, ServeError> {
        Ok(Self(()))
    }

    /// Waits for Ctrl-C.
    pub async fn stop(&mut self) {
        // Without the handler the process ends by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn stop_or_reload(&mut self, _: &Running) {
        self.stop().await;
    }
}

/// Runs until SIGTERM or SIGINT; SIGHUP reads the files of TLS and of the authorities again.
///
/// # Errors
/// [`ServeError`].
pub async fn until_signal(running: Running, mut signals: Signals) -> Result<(), ServeError> {
    signals.stop_or_reload(&running).await;
    tracing::info!(code = "stopping");
    running.stop().await
}

/// Names this process among the replicas, for leases.
fn holder() -> String {
    request_id::RequestId::random().to_string()
}

fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).map_err(|source| ServeError::Listen { address, source })
}

/// What every request goes through on its way in and out; the outermost comes last.
fn around(router: Router, listener: Listener, admission: Arc<Admission>) -> Router {
    router
        .layer(CatchPanicLayer::custom(
            |_: Box<dyn std::any::Any + Send>| {
                // What a panic says may hold anything; that there was one is enough to find it by its request.
                tracing::error!(code = "panic");
                axum::response::IntoResponse::into_response(Problem::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                ))
            },
        ))
        // For handlers that read bodies themselves; extractors keep to the limit anyway.
        .layer(map_request(async |request: Request| {
            request.with_limited_body()
        }))
        .layer(DefaultBodyLimit::max(admission.body_size()))
        .layer(from_fn(move |request: Request, next: Next| {
            admit(Arc::clone(&admission), request, next)
        }))
        .layer(map_response(move |response: Response| {
            std::future::ready(match listener {
                Listener::Public => as_oauth_error(response),
                Listener::Internal => response,
            })
        }))
        .layer(from_fn(move |request: Request, next: Next| {
            observe(listener, request, next)
        }))
        .layer(from_fn(request_id::number))
}

fn spawn(
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<Tls>>,
    limits: &RequestLimits,
    connections: ConnectionLimit,
) -> Result<Server, ServeError> {
    let ended = ServeError::Ended;
    let address = listener.local_addr().map_err(ended)?;
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener)
        .map_err(ended)?
        .handle(handle.clone())
        .first_request_timeout(limits.header_time);
    let http = server.http_builder();
    http.http1()
        .header_read_timeout(limits.header_time)
        .max_buf_size(limits.header_size.max(8192));
    let header_list = u32::try_from(limits.header_size).unwrap_or(u32::MAX);
    http.http2()
        .max_header_list_size(header_list)
        .max_concurrent_streams(128)
        .keep_alive_interval(Some(Duration::from_secs(30)));
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let task = match &tls {
        Some(tls) => tokio::spawn(
            server
                .acceptor(NotingAcceptor::new(tls.config(), connections))
                .serve(router),
        ),
        None => tokio::spawn(server.acceptor(connections).serve(router)),
    };
    Ok(Server {
        address,
        handle,
        task,
        tls,
    })
}
