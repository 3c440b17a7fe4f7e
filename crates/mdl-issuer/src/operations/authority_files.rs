//! Certificates, keys and lists of the authorities, taken over while the service runs.
//!
//! A new document signer signs without a restart, and one that is retired, stopped or revoked no longer does. Everything
//! is read and checked before any of it counts; what cannot be used leaves all as it was and is reported. Only the CRL
//! counts whatever else is wrong: a document signer that it lists stops at once.

use std::sync::Arc;

use mdl_iaca::certificate::{CertificateView, CrlView};

use super::metrics;
use crate::config::{ConfigError, ConfigSource, TenantSettings, current_crl};
use crate::service::Service;
use crate::store::Hash;
use crate::tenant::{Authority, Tenant};

/// Reads everything again, and says what became of it.
pub(crate) async fn reload(service: &Arc<Service>, source: &Arc<ConfigSource>) -> &'static str {
    let (reader, now) = (Arc::clone(source), service.clock.now());
    let at_work = Arc::clone(service);
    let read = tokio::task::spawn_blocking(move || {
        for tenant in &at_work.tenants {
            obey_crl(tenant);
        }
        reader.read(now)
    });
    let outcome = match read.await {
        Ok(Ok(settings)) => take_over(service, settings),
        Ok(Err(error)) => {
            tracing::error!(code = "authority-not-reloaded", cause = %one_line(&error));
            "failed"
        }
        Err(_) => {
            tracing::error!(code = "authority-not-reloaded", cause = "broken off");
            "failed"
        }
    };
    metrics::authorities_are_current(outcome == "done");
    outcome
}

/// Stops the document signers that the authority's list has. A list that is not the authority's says nothing.
fn obey_crl(tenant: &Tenant) {
    let authority = tenant.authority.get();
    for path in &authority.crls {
        if let Ok(content) = current_crl(path, &authority.iacas)
            && let Ok(crl) = CrlView::from_der(&content)
        {
            obey(&crl, tenant, &authority);
        }
    }
}

fn obey(crl: &CrlView<'_>, tenant: &Tenant, authority: &Authority) {
    for signer in &authority.document_signers {
        let is_listed = CertificateView::from_der(&signer.certificate).is_ok_and(|certificate| {
            crl.issuer() == certificate.issuer() && crl.find(certificate.serial()).is_some()
        });
        if is_listed && !signer.guard.is_revoked() {
            tenant.authority.revoke(signer.id);
            let (code, signer) = ("document-signer-revoked", short(signer.id));
            tracing::warn!(code, tenant = tenant.name, signer, by = "crl");
        }
    }
}

fn take_over(service: &Service, mut settings: Vec<TenantSettings>) -> &'static str {
    // All of it or nothing.
    let mut replacements = Vec::new();
    for tenant in &service.tenants {
        let place = settings.iter().position(|new| new.name == tenant.name);
        let Some(new) = place.map(|place| settings.swap_remove(place)) else {
            tracing::error!(
                code = "authority-not-reloaded",
                tenant = tenant.name,
                cause = "the tenant is not in the configuration any more: restart the service",
            );
            return "failed";
        };
        if !outlive(&new.authority, tenant.policy.validity) {
            tracing::error!(
                code = "authority-not-reloaded",
                tenant = tenant.name,
                cause = "longest_mso_life is less than the policy.validity that is in force: restart the service",
            );
            return "failed";
        }
        replacements.push((tenant, new.authority));
    }
    for (tenant, authority) in replacements {
        let before = tenant.authority.get();
        let (added, left) = (beyond(&authority, &before), beyond(&before, &authority));
        let document_signers = authority.document_signers.len();
        tenant.authority.replace(authority);
        tracing::info!(
            code = "authority-reloaded",
            tenant = tenant.name,
            document_signers,
            added = added.join(","),
            left = left.join(","),
        );
    }
    "done"
}

/// Whether documents of that life can be signed by every document signer.
fn outlive(authority: &Authority, validity: time::Duration) -> bool {
    let mut signers = authority.document_signers.iter();
    signers.all(|signer| signer.guard.window().longest_mso_life() >= validity)
}

/// The document signers of one that the other does not have.
fn beyond(one: &Authority, other: &Authority) -> Vec<String> {
    let has = |id| other.document_signers.iter().any(|signer| signer.id == id);
    let signers = one.document_signers.iter();
    let beyond = signers.filter(|signer| !has(signer.id));
    beyond.map(|signer| short(signer.id)).collect()
}

/// As in metrics.
fn short(id: Hash) -> String {
    hex::encode(&id.0[..8])
}

/// All problems; a log has one line for them.
fn one_line(error: &ConfigError) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("; ")
}
