//! Prometheus metrics: what is counted as it happens, and what is looked up when somebody asks.
//!
//! Labels are names of endpoints, tenants, codes and lists of ours: bounded in number, and never about a person.

use std::sync::OnceLock;
use std::time::Duration;

use ::metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use axum::http::StatusCode;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use time::OffsetDateTime;

use super::expiry;
use super::observe::Listener;
use super::readiness::Readiness;
use crate::service::Service;

/// From a millisecond to what the longest request may take.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// The recorder of this process: there is one, whatever number of services a test starts.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts to count. Without effect if it was called before, or another recorder is in place.
pub fn install() {
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .ok()?;
        let handle = builder.install_recorder().ok()?;
        describe();
        Some(handle)
    });
}

fn describe() {
    describe_counter!(
        "mdl_http_requests_total",
        "Answers by listener, endpoint, method, status and code"
    );
    describe_histogram!(
        "mdl_http_request_seconds",
        "Time to the answer by listener and endpoint"
    );
    describe_gauge!(
        "mdl_http_requests_in_work",
        "Requests that have no answer yet"
    );
    describe_counter!(
        "mdl_connections_refused_total",
        "Connections closed at once, by listener and bound: of all, or of one client"
    );
    describe_counter!(
        "mdl_job_runs_total",
        "Runs of periodic jobs by job and outcome"
    );
    describe_counter!(
        "mdl_store_errors_total",
        "Failures of the database after all retries, by kind: unavailable or corrupt"
    );
    describe_gauge!(
        "mdl_ready",
        "Whether a check of readiness passes, by check and tenant"
    );
    describe_gauge!(
        "mdl_document_signer_seconds_left",
        "Time until a document signer stops signing"
    );
    describe_gauge!(
        "mdl_certificate_days_left",
        "Days until a certificate in use ends, or a document signer stops signing"
    );
    describe_gauge!(
        "mdl_crl_days_left",
        "Days until the next CRL is due, by tenant and root"
    );
    describe_gauge!(
        "mdl_status_list_allocated",
        "Positions given out, by tenant and list"
    );
    describe_gauge!(
        "mdl_status_list_capacity",
        "Positions there are, by tenant and list"
    );
    describe_gauge!(
        "mdl_status_list_age_seconds",
        "Time since a list was signed, by tenant and list"
    );
    describe_gauge!(
        "mdl_status_list_behind",
        "Changes of a list that are not published, by tenant and list"
    );
    describe_gauge!(
        "mdl_ledger_entries",
        "Sequence number of the newest ledger entry"
    );
}

pub(super) fn connection_refused(listener: Listener, bound: &'static str) {
    counter!("mdl_connections_refused_total", "listener" => listener.name(), "bound" => bound)
        .increment(1);
}

pub(super) fn request_begins(listener: Listener) {
    gauge!("mdl_http_requests_in_work", "listener" => listener.name()).increment(1.0);
}

/// A request in work, until it is dropped.
pub(super) struct InWork(pub(super) Listener);

impl Drop for InWork {
    fn drop(&mut self) {
        gauge!("mdl_http_requests_in_work", "listener" => self.0.name()).decrement(1.0);
    }
}

pub(super) fn request_ends(
    listener: Listener,
    endpoint: &str,
    method: &'static str,
    status: StatusCode,
    code: &'static str,
    elapsed: Duration,
) {
    counter!(
        "mdl_http_requests_total",
        "listener" => listener.name(),
        "endpoint" => endpoint.to_owned(),
        "method" => method,
        "status" => status.as_u16().to_string(),
        "code" => code
    )
    .increment(1);
    histogram!(
        "mdl_http_request_seconds",
        "listener" => listener.name(),
        "endpoint" => endpoint.to_owned()
    )
    .record(elapsed.as_secs_f64());
}

/// A credential request that came as far as issuing: how many documents, or why none.
pub(crate) fn issuance(tenant: &str, outcome: Result<usize, &'static str>, elapsed: Duration) {
    let code = match outcome {
        Ok(documents) => {
            counter!("mdl_documents_issued_total", "tenant" => tenant.to_owned())
                .increment(documents as u64);
            histogram!("mdl_issuance_seconds", "tenant" => tenant.to_owned())
                .record(elapsed.as_secs_f64());
            "issued"
        }
        Err(code) => code,
    };
    counter!("mdl_issuances_total", "tenant" => tenant.to_owned(), "outcome" => code).increment(1);
}

/// A database did not do what it was asked: it is away, or holds something unexpected.
pub(crate) fn store_failed(kind: &'static str) {
    counter!("mdl_store_errors_total", "kind" => kind).increment(1);
}

pub(super) fn job_ran(job: &'static str, outcome: &'static str) {
    counter!("mdl_job_runs_total", "job" => job, "outcome" => outcome).increment(1);
}

/// Whether the certificates, keys and lists in use are those of the files.
pub(super) fn authorities_are_current(are_current: bool) {
    gauge!("mdl_authorities_current").set(f64::from(u8::from(are_current)));
}

/// Looks up what is not counted as it happens, and gives everything in the Prometheus text format.
pub(crate) async fn render(service: &Service, readiness: &Readiness) -> String {
    let Some(Some(handle)) = RECORDER.get() else {
        return String::new();
    };
    let now = service.clock.now();
    for check in &readiness.report().await.checks {
        let tenant = check.tenant.clone().unwrap_or_default();
        let passes = f64::from(u8::from(check.failure.is_none()));
        gauge!("mdl_ready", "check" => check.id, "tenant" => tenant).set(passes);
    }
    if let Ok(head) = service.store.ledger_head().await {
        gauge!("mdl_ledger_entries").set(head.sequence as f64);
    }
    for tenant in &service.tenants {
        for signer in &tenant.authority.get().document_signers {
            let left = signer.guard.window().stop_signing() - now;
            let name = hex::encode(&signer.id.0[..8]);
            gauge!("mdl_document_signer_seconds_left", "tenant" => tenant.name.clone(), "signer" => name)
                .set(left.as_seconds_f64());
        }
        status_lists(service, &tenant.name, now).await;
    }
    expiry::measure(service).await;
    handle.run_upkeep();
    handle.render()
}

async fn status_lists(service: &Service, tenant: &str, now: OffsetDateTime) {
    let Ok(lists) = service.store.status_lists(tenant).await else {
        return;
    };
    for list in lists {
        let labels = [("tenant", tenant.to_owned()), ("list", list.id.to_string())];
        gauge!("mdl_status_list_allocated", &labels).set(f64::from(list.allocated));
        gauge!("mdl_status_list_capacity", &labels).set(f64::from(list.capacity));
        // What is over is signed no more: nobody need be alarmed.
        let is_over = list.is_over(now);
        let behind = match list.published_version {
            _ if is_over => 0,
            published => list.version.saturating_sub(published.unwrap_or_default()),
        };
        gauge!("mdl_status_list_behind", &labels).set(behind as f64);
        if is_over {
            gauge!("mdl_status_list_age_seconds", &labels).set(0.0);
        } else if let Some(published_at) = list.published_at {
            gauge!("mdl_status_list_age_seconds", &labels)
                .set((now - published_at).as_seconds_f64());
        }
    }
}
