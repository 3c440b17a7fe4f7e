//! TLS of the listeners: rustls on AWS-LC, TLS 1.2 and 1.3 with the suites that BCP 195 (RFC 9325) recommends.
//!
//! Certificates are short-lived and renewed by a machine. So the files are looked at again and again, and a new pair
//! takes the place of the old one for new connections. A pair that cannot be used changes nothing and is reported.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum_server::tls_rustls::RustlsConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::config::TlsFiles;

/// Whether clients must have a certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClientCertificates {
    /// Nobody is asked.
    NotAsked,
    /// Who has one is let in by it; others by a token.
    Optional(PathBuf),
    /// Nobody gets in without one.
    Required(PathBuf),
}

/// Why there is no TLS. Holds no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file holds no PEM of its kind.
    #[error("{} holds no {expected} in PEM", path.display())]
    NoPem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        expected: &'static str,
    },
    /// Certificate and key cannot be used together, or at all.
    #[error("certificate and key cannot be used")]
    Unusable(#[source] rustls::Error),
    /// The roots for client certificates cannot be used.
    #[error("{} cannot be used for client certificates: {reason}", path.display())]
    ClientRoots {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The TLS side of a listener, which follows its files.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    clients: ClientCertificates,
    config: RustlsConfig,
    seen: Mutex<Vec<Option<SystemTime>>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(files: TlsFiles, clients: ClientCertificates) -> Result<Self, TlsError> {
        let seen = modified(&files, &clients);
        let config = server_config(&files, &clients)?;
        Ok(Self {
            config: RustlsConfig::from_config(Arc::new(config)),
            files,
            clients,
            seen: Mutex::new(seen),
        })
    }

    /// What the acceptor uses for new connections.
    pub(crate) fn config(&self) -> RustlsConfig {
        self.config.clone()
    }

    /// Reads the files again. On an error the old pair stays.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn reload(&self) -> Result<(), TlsError> {
        let seen = modified(&self.files, &self.clients);
        *self
            .seen
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = seen;
        let config = server_config(&self.files, &self.clients)?;
        self.config.reload_from_config(Arc::new(config));
        Ok(())
    }

    /// Whether a file changed since it was read.
    pub fn has_changed(&self) -> bool {
        let seen = self
            .seen
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *seen != modified(&self.files, &self.clients)
    }
}

fn modified(files: &TlsFiles, clients: &ClientCertificates) -> Vec<Option<SystemTime>> {
    let roots = match clients {
        ClientCertificates::NotAsked => None,
        ClientCertificates::Optional(path) | ClientCertificates::Required(path) => Some(path),
    };
    [Some(&files.certificate), Some(&files.key), roots]
        .into_iter()
        .flatten()
        .map(|path| {
            path.metadata()
                .and_then(|metadata| metadata.modified())
                .ok()
        })
        .collect()
}

/// Makes AWS-LC the cryptography of every connection of this process, also of those that go out.
pub fn install_provider() {
    // Whoever came first chose for all; there is no other provider in this workspace.
    if aws_lc_rs::default_provider().install_default().is_err() {
        tracing::debug!(code = "tls-provider-installed-before");
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn server_config(files: &TlsFiles, clients: &ClientCertificates) -> Result<ServerConfig, TlsError> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(|_| TlsError::NoPem {
        path: files.key.clone(),
        expected: "private key",
    })?;
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(TlsError::Unusable)?;
    let builder = match clients {
        ClientCertificates::NotAsked => builder.with_no_client_auth(),
        ClientCertificates::Optional(path) | ClientCertificates::Required(path) => {
            let refused = |reason: String| TlsError::ClientRoots {
                path: path.clone(),
                reason,
            };
            let mut roots = RootCertStore::empty();
            for root in certificates(path)? {
                roots
                    .add(root)
                    .map_err(|error| refused(error.to_string()))?;
            }
            let mut verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
            if matches!(clients, ClientCertificates::Optional(_)) {
                verifier = verifier.allow_unauthenticated();
            }
            builder.with_client_cert_verifier(
                verifier
                    .build()
                    .map_err(|error| refused(error.to_string()))?,
            )
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let content = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(TlsError::NoPem {
            path: path.to_owned(),
            expected: "certificate",
        }),
    }
}
