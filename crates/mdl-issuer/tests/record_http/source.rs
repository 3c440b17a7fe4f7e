//! A source of record that the tests run: HTTPS on a free port, answering as each test wants it to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Request, Response, StatusCode, header};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::certificates::CERTIFICATES;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

impl Arrived {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.parts.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// A running source; stopped when dropped.
pub(crate) struct Source {
    pub(crate) address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    handle: Handle<SocketAddr>,
}

impl Source {
    /// Answers with `answer`, which gets the number of the request (from 1) and the request.
    pub(crate) async fn start<F, A>(client_certificate: bool, answer: F) -> Self
    where
        F: Fn(usize, Arrived) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response<Body>> + Send + 'static,
    {
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&arrived);
        let router = Router::new().fallback(move |request: Request<Body>| {
            let (seen, answer) = (Arc::clone(&seen), answer.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
                let request = Arrived { parts, body };
                let number = {
                    let mut seen = seen.lock().expect("a list");
                    seen.push(request.clone());
                    seen.len()
                };
                answer(number, request).await
            }
        });
        let handle = Handle::new();
        let tls = RustlsConfig::from_config(Arc::new(server_config(client_certificate)));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("not blocking");
        let server = axum_server::from_tcp_rustls(listener, tls)
            .expect("a server")
            .handle(handle.clone());
        tokio::spawn(server.serve(router.into_make_service()));
        let address = handle.listening().await.expect("listening");
        Self {
            address,
            arrived,
            handle,
        }
    }

    /// The requests up to now.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().expect("a list").clone()
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

fn server_config(client_certificate: bool) -> ServerConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("TLS");
    let builder = if client_certificate {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(&CERTIFICATES.read("root.pem")).expect("PEM");
        roots.add(root).expect("a root");
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
        builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
    } else {
        builder.with_no_client_auth()
    };
    let certificate = CertificateDer::from_pem_slice(&CERTIFICATES.read("server.pem"));
    let key = PrivateKeyDer::from_pem_slice(&CERTIFICATES.read("server.key"));
    builder
        .with_single_cert(vec![certificate.expect("PEM")], key.expect("PEM"))
        .expect("a certificate with its key")
}

/// 200 with this JSON.
pub(crate) fn json(content: impl Into<Body>) -> Response<Body> {
    Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .body(content.into())
        .expect("a response")
}

/// A status and nothing else.
pub(crate) fn status(status: StatusCode) -> Response<Body> {
    Response::builder()
        .status(status)
        .body(Body::empty())
        .expect("a response")
}
