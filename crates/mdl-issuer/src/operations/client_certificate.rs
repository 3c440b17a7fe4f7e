//! Who came with a client certificate: read off the TLS connection and put beside each of its requests.

use std::future::Future;
use std::io;
use std::pin::Pin;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use mdl_crypto::HashAlgorithm;
use mdl_iaca::certificate::CertificateView;
use tokio::net::TcpStream;
use tower::Layer;

use super::connection_limit::ConnectionLimit;

/// Whom the client's certificate names, if it came with one that leads to the roots.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientCertificate(pub(crate) Option<String>);

impl ClientCertificate {
    /// The common name of the subject, or else the start of the certificate's SHA-256.
    fn of(der: &[u8]) -> Self {
        let name = CertificateView::from_der(der)
            .ok()
            .and_then(|certificate| {
                certificate
                    .subject()
                    .common_name()
                    .map(|name| name.into_owned())
            })
            .filter(|name| name.len() <= 64 && !name.chars().any(char::is_control));
        let digest = || hex::encode(&HashAlgorithm::Sha256.digest(der).as_ref()[..8]);
        Self(Some(name.unwrap_or_else(|| format!("sha256:{}", digest()))))
    }
}

type Tls = RustlsAcceptor<ConnectionLimit>;

/// Accepts TLS, as far as there is a place for the connection, and notes the certificate.
#[derive(Clone)]
pub(crate) struct NotingAcceptor(Tls);

impl NotingAcceptor {
    pub(crate) fn new(config: RustlsConfig, limit: ConnectionLimit) -> Self {
        Self(RustlsAcceptor::new(config).acceptor(limit))
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for NotingAcceptor {
    type Stream = <Tls as Accept<TcpStream, S>>::Stream;
    type Service = AddExtension<<Tls as Accept<TcpStream, S>>::Service, ClientCertificate>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accepted = self.0.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            let (_, connection) = stream.get_ref();
            let certificate = connection
                .peer_certificates()
                .and_then(|chain| chain.first())
                .map_or_else(ClientCertificate::default, |der| ClientCertificate::of(der));
            Ok((stream, Extension(certificate).layer(service)))
        })
    }
}
