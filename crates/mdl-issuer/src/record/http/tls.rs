//! The client's side of TLS: given roots, and a certificate of our own where that is how we are known.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::HttpSettingsError;

/// TLS 1.3 and 1.2 with these roots; `identity` is certificate chain and key, PEM.
pub(crate) fn client(
    trusted_roots: &[u8],
    identity: Option<(&[u8], &[u8])>,
) -> Result<ClientConfig, HttpSettingsError> {
    let mut roots = RootCertStore::empty();
    for root in certificates("trusted_roots", trusted_roots)? {
        roots.add(root).map_err(wrong("trusted_roots"))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(wrong("TLS"))?
        .with_root_certificates(roots);
    let Some((chain, key)) = identity else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates("client certificate", chain)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(wrong("client key"))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(wrong("client certificate"))
}

fn certificates(
    what: &'static str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, HttpSettingsError> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(wrong(what))?;
    if all.is_empty() {
        return Err(wrong(what)("no certificate in PEM"));
    }
    Ok(all)
}

fn wrong<E: ToString>(what: &'static str) -> impl FnOnce(E) -> HttpSettingsError {
    move |problem| HttpSettingsError::Pem {
        what,
        problem: problem.to_string(),
    }
}
