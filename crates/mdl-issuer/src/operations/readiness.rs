//! Whether the service can do its work now: database, ledger, keys, certificates, status lists, source of record.
//!
//! *Ready* means that a credential request would be answered; a replica that is not ready gets no traffic. The answer
//! is kept for a moment, so that nobody can load the parts behind it by asking.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use mdl_iaca::certificate::CertificateView;
use mdl_signer::SignError;
use serde::Serialize;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::http::public;
use crate::service::Service;
use crate::store::{Hash, LedgerHead, StatusList, StoreError};
use crate::tenant::Tenant;

/// How long an answer is kept.
const FRESH: Duration = Duration::from_secs(2);
/// How long it is believed of a key that it signs.
const KEY_FRESH: Duration = Duration::from_secs(30);
/// A part that takes longer to answer is away.
const PATIENCE: Duration = Duration::from_secs(3);

/// One check.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadinessCheck {
    /// `store`, `ledger`, `document-signer`, `status-signer`, `status-lists`, `record-source`.
    pub id: &'static str,
    /// Whose, if it is not about the whole service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Why it failed; absent when it passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<&'static str>,
}

/// All of them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadinessReport {
    /// Whether none failed.
    pub ready: bool,
    /// One entry per check and tenant.
    pub checks: Vec<ReadinessCheck>,
}

/// Answers whether the service is ready.
#[derive(Debug)]
pub struct Readiness {
    service: Arc<Service>,
    last: Mutex<Option<(Instant, ReadinessReport)>>,
    /// When which key was last found to sign.
    keys: Mutex<HashMap<Hash, Instant>>,
}

impl Readiness {
    /// Of this service.
    #[must_use]
    pub fn new(service: Arc<Service>) -> Self {
        Self {
            service,
            last: Mutex::new(None),
            keys: Mutex::default(),
        }
    }

    /// The checks, at most two seconds old.
    pub async fn report(&self) -> ReadinessReport {
        // Who comes meanwhile waits for the answer of the first instead of asking again.
        let mut last = self.last.lock().await;
        if let Some((at, report)) = &*last
            && at.elapsed() < FRESH
        {
            return report.clone();
        }
        let report = self.examine().await;
        if !report.ready {
            for check in report.checks.iter().filter(|check| check.failure.is_some()) {
                let (code, id, tenant) = ("not-ready", check.id, check.tenant.as_deref());
                tracing::warn!(code, check = id, tenant, reason = check.failure);
            }
        }
        *last = Some((Instant::now(), report.clone()));
        report
    }

    async fn examine(&self) -> ReadinessReport {
        let service = &*self.service;
        let mut checks = vec![
            check(
                "store",
                None,
                stored(timeout(PATIENCE, service.store.check()).await),
            ),
            check(
                "ledger",
                None,
                stored(timeout(PATIENCE, self.ledger()).await),
            ),
        ];
        let now = service.clock.now();
        for tenant in &service.tenants {
            let name = Some(tenant.name.as_str());
            let document_signer = self.document_signer(tenant, now).await;
            checks.push(check("document-signer", name, document_signer));
            let status_signer = self.status_signer(tenant, now).await;
            checks.push(check("status-signer", name, status_signer));
            checks.push(check(
                "status-lists",
                name,
                self.status_lists(tenant, now).await,
            ));
            let source = match timeout(PATIENCE, tenant.records.check()).await {
                Ok(Ok(())) => None,
                Ok(Err(_)) => Some("unavailable"),
                Err(_) => Some("timed-out"),
            };
            checks.push(check("record-source", name, source));
        }
        ReadinessReport {
            ready: checks.iter().all(|check| check.failure.is_none()),
            checks,
        }
    }

    /// What would be signed next is chained to an entry that is there.
    async fn ledger(&self) -> Result<(), StoreError> {
        let store = &self.service.store;
        let head = store.ledger_head().await?;
        if head == LedgerHead::default() {
            return Ok(());
        }
        let newest = store.ledger(head.sequence, 1).await?;
        match newest.first() {
            Some(row) if row.sequence == head.sequence && row.hash == head.hash => Ok(()),
            _ => Err(StoreError::Corrupt(
                "the newest ledger entry is not there".into(),
            )),
        }
    }

    /// One that signs is enough: the others may be retired or not begun, or their keys be away.
    async fn document_signer(&self, tenant: &Tenant, now: OffsetDateTime) -> Option<&'static str> {
        let authority = tenant.authority.get();
        let mut failure = "none-signs";
        for signer in &authority.document_signers {
            let window = signer.guard.window();
            if signer.guard.is_revoked()
                || signer.guard.is_held()
                || !(window.not_before()..=window.stop_signing()).contains(&now)
            {
                continue;
            }
            // Nothing against one of them is nothing against all.
            failure = self.key(signer.key_id, signer.guard.check_key()).await?;
        }
        Some(failure)
    }

    async fn status_signer(&self, tenant: &Tenant, now: OffsetDateTime) -> Option<&'static str> {
        let authority = tenant.authority.get();
        let signer = authority.status_signer.as_ref()?;
        let certificate = CertificateView::from_der(&signer.certificate);
        if !certificate.is_ok_and(|certificate| certificate.validity().contains(now)) {
            return Some("expired");
        }
        self.key(signer.key_id, signer.signer.check()).await
    }

    /// Whether the store of a key has it and would let it sign. An answer that it would is kept for longer than the
    /// others: key stores count what they are asked.
    async fn key(
        &self,
        id: Hash,
        check: impl Future<Output = Result<(), SignError>>,
    ) -> Option<&'static str> {
        let mut keys = self.keys.lock().await;
        if keys.get(&id).is_some_and(|at| at.elapsed() < KEY_FRESH) {
            return None;
        }
        match timeout(PATIENCE, check).await {
            Ok(Ok(())) => {
                keys.insert(id, Instant::now());
                None
            }
            Ok(Err(SignError::Unavailable(_))) => Some("key-unavailable"),
            Ok(Err(SignError::Refused(_))) => Some("key-refused"),
            Err(_) => Some("key-timed-out"),
        }
    }

    /// Documents that go out without a published list cannot be checked by anybody.
    async fn status_lists(&self, tenant: &Tenant, now: OffsetDateTime) -> Option<&'static str> {
        tenant.authority.get().status_signer.as_ref()?;
        let lists = match timeout(PATIENCE, self.service.store.status_lists(&tenant.name)).await {
            Ok(Ok(lists)) => lists,
            Ok(Err(_)) => return Some("unavailable"),
            Err(_) => return Some("timed-out"),
        };
        let has_expired = |list: &StatusList| {
            let expired = list.expires_at.is_some_and(|expires_at| expires_at <= now);
            expired && !list.is_over(now)
        };
        if lists.iter().any(has_expired) {
            return Some("expired");
        }
        // Their tokens are about an address that new documents do not name.
        let is_of_another_issuer = |list: &StatusList| {
            let published_for = list.published_for.as_ref();
            published_for.is_some_and(|issuer| *issuer != tenant.issuer) && !list.is_over(now)
        };
        if lists.iter().any(is_of_another_issuer) {
            return Some("issuer-changed");
        }
        let open =
            |list: &StatusList| list.published_version.is_some() && list.allocated < list.capacity;
        if lists.iter().any(open) {
            None
        } else {
            Some("none-open")
        }
    }
}

#[async_trait]
impl public::Readiness for Readiness {
    async fn failing(&self) -> Vec<&'static str> {
        let report = self.report().await;
        let mut failing: Vec<_> = report
            .checks
            .iter()
            .filter(|check| check.failure.is_some())
            .map(|check| check.id)
            .collect();
        failing.dedup();
        failing
    }
}

fn check(id: &'static str, tenant: Option<&str>, failure: Option<&'static str>) -> ReadinessCheck {
    ReadinessCheck {
        id,
        tenant: tenant.map(ToOwned::to_owned),
        failure,
    }
}

fn stored<T>(
    answer: Result<Result<T, StoreError>, tokio::time::error::Elapsed>,
) -> Option<&'static str> {
    match answer {
        Ok(Ok(_)) => None,
        Ok(Err(StoreError::Unavailable(_))) => Some("unavailable"),
        Ok(Err(StoreError::Corrupt(_))) => Some("corrupt"),
        Err(_) => Some("timed-out"),
    }
}
