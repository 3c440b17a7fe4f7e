//! What runs by itself: status lists are published, what is over is erased, the ledger is signed, certificates of TLS
//! are read again.
//!
//! Every replica runs all of them; a lease in the store sees to it that one at a time does the work. A job that fails
//! is logged, counted and tried again at its next turn.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::expiry::Expiry;
use super::tls::Tls;
use super::{authority_files, metrics};
use crate::config::{ConfigSource, ServeSettings};
use crate::ledger::{CheckpointRule, checkpoint};
use crate::service::Service;
use crate::status::publication;
use crate::tenant::Tenant;

/// How often the files of the authorities are looked at.
const AUTHORITY_CHECK: Duration = Duration::from_secs(10);
/// How often the files of TLS are looked at.
const TLS_CHECK: Duration = Duration::from_secs(30);
/// How soon a replica hears of a compromise.
const COMPROMISES: Duration = Duration::from_secs(2);
/// The shortest time between two rounds of publication.
const SHORTEST: Duration = Duration::from_millis(500);

/// How often it is looked whether a checkpoint is due.
const CHECKPOINT_TURN: Duration = Duration::from_secs(60);
/// So many entries are a checkpoint of their own.
const CHECKPOINT_ENTRIES: u64 = 10_000;
/// The name of signing them among the leases.
const CHECKPOINT_JOB: &str = "checkpoint";
/// How long a replica may take over one.
const CHECKPOINT_LEASE: time::Duration = time::Duration::seconds(30);

/// How often it is looked what ends soon.
const EXPIRY_TURN: Duration = Duration::from_secs(600);

/// How a run of a job ended, in metrics.
type Outcome = &'static str;

/// The periodic jobs of a service, until they are told to stop.
#[derive(Debug)]
pub(crate) struct Jobs {
    tasks: JoinSet<()>,
    stop: watch::Receiver<bool>,
}

impl Jobs {
    pub(crate) fn new(stop: watch::Receiver<bool>) -> Self {
        Self {
            tasks: JoinSet::new(),
            stop,
        }
    }

    /// Runs `job` now and then every `interval`. A run that has begun is finished.
    pub(crate) fn every<F>(
        &mut self,
        name: &'static str,
        interval: Duration,
        mut job: impl FnMut() -> F + Send + 'static,
    ) where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut stop = self.stop.clone();
        self.tasks.spawn(async move {
            let mut ticks = tokio::time::interval(interval.max(SHORTEST));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    biased;
                    () = stopped(&mut stop) => return,
                    _ = ticks.tick() => metrics::job_ran(name, job().await),
                }
            }
        });
    }

    /// Waits until all have seen the signal to stop and finished their run.
    pub(crate) async fn finish(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Until the signal to stop, or until nobody is left to give it.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await.is_ok();
}

/// Status lists, erasing, checkpoints, and what ends soon.
pub(crate) fn start(
    jobs: &mut Jobs,
    service: &Arc<Service>,
    holder: &str,
    settings: &ServeSettings,
) {
    start_checkpoints(jobs, service, holder, settings.checkpoint_interval);
    let spacing = service
        .tenants
        .iter()
        .map(|tenant| tenant.policy.status_spacing())
        .min();
    if let Some(spacing) = spacing {
        let (service, holder) = (Arc::clone(service), holder.to_owned());
        jobs.every("status-lists", spacing.unsigned_abs(), move || {
            let (service, holder) = (Arc::clone(&service), holder.clone());
            async move {
                match service.publish_due(&holder).await.failed {
                    0 => "done",
                    _ => "failed",
                }
            }
        });
    }
    let (watched, expiry) = (Arc::clone(service), Arc::new(Expiry::default()));
    jobs.every("expiry", EXPIRY_TURN, move || {
        let (service, expiry) = (Arc::clone(&watched), Arc::clone(&expiry));
        async move {
            expiry.tell(&service).await;
            "done"
        }
    });
    let at_work = Arc::clone(service);
    jobs.every("compromises", COMPROMISES, move || {
        let service = Arc::clone(&at_work);
        async move {
            match service.follow_compromises().await {
                Ok(()) => "done",
                Err(error) => {
                    tracing::error!(code = "compromise-not-followed", cause = %error);
                    "failed"
                }
            }
        }
    });
    let service = Arc::clone(service);
    jobs.every("purge", settings.purge_interval, move || {
        let service = Arc::clone(&service);
        async move {
            match service.store.purge(service.clock.now()).await {
                Ok(rows) => {
                    tracing::debug!(code = "purged", rows);
                    "done"
                }
                Err(error) => {
                    tracing::error!(code = "purge-failed", cause = %error);
                    "failed"
                }
            }
        }
    });
}

/// Signs the head of the ledger with the key of status lists: the only one that signs what is no document.
fn start_checkpoints(jobs: &mut Jobs, service: &Arc<Service>, holder: &str, interval: Duration) {
    let signs = |tenant: &&Arc<Tenant>| tenant.authority.get().status_signer.is_some();
    let Some(tenant) = service.tenants.iter().find(signs).cloned() else {
        return;
    };
    let rule = CheckpointRule {
        entries: CHECKPOINT_ENTRIES,
        age: time::Duration::try_from(interval).unwrap_or(time::Duration::DAY),
    };
    let (service, holder) = (Arc::clone(service), holder.to_owned());
    jobs.every("checkpoint", interval.min(CHECKPOINT_TURN), move || {
        let (service, tenant, holder) = (Arc::clone(&service), Arc::clone(&tenant), holder.clone());
        async move { sign_checkpoint(&service, &tenant, &holder, rule).await }
    });
}

async fn sign_checkpoint(
    service: &Service,
    tenant: &Tenant,
    holder: &str,
    rule: CheckpointRule,
) -> Outcome {
    let authority = tenant.authority.get();
    let Some(signer) = &authority.status_signer else {
        return "done";
    };
    let now = service.clock.now();
    match service
        .store
        .lease(CHECKPOINT_JOB, holder, now, now + CHECKPOINT_LEASE)
        .await
    {
        Ok(true) => {}
        Ok(false) => return "elsewhere",
        Err(error) => {
            tracing::error!(code = "checkpoint-failed", cause = %error);
            return "failed";
        }
    }
    match checkpoint(&*service.store, &tenant.name, &*signer.signer, rule, now).await {
        Ok(None) => "done",
        Ok(Some(_)) => {
            tracing::info!(code = "checkpoint-signed");
            "done"
        }
        Err(error) => {
            tracing::error!(code = "checkpoint-failed", cause = %error);
            "failed"
        }
    }
}

/// Gives up what this replica holds, for the next one to begin at once: after a restart nobody should wait for lists until
/// the leases of a process that is gone have run out.
pub(crate) async fn release_leases(service: &Service, holder: &str) {
    let tenants = service
        .tenants
        .iter()
        .map(|tenant| publication::job(tenant));
    for job in tenants.chain([CHECKPOINT_JOB.to_owned()]) {
        let now = service.clock.now();
        // `false` where another replica has it, and where the store fails it runs out by itself.
        if let Err(error) = service.store.lease(&job, holder, now, now).await {
            tracing::warn!(code = "lease-not-released", job, cause = %error);
            return;
        }
    }
}

/// Lets document signers sign when their use was approved, on whichever replica.
pub(crate) fn follow_approvals(jobs: &mut Jobs, service: &Arc<Service>) {
    let service = Arc::clone(service);
    jobs.every("approvals", AUTHORITY_CHECK, move || {
        let service = Arc::clone(&service);
        async move {
            match service.release_document_signers().await {
                Ok(_) => "done",
                Err(error) => {
                    tracing::error!(code = "approvals-not-read", cause = %error);
                    "failed"
                }
            }
        }
    });
}

/// Follows the certificates, keys and lists of the authorities.
pub(crate) fn follow_authorities(
    jobs: &mut Jobs,
    service: &Arc<Service>,
    source: &Arc<ConfigSource>,
) {
    let (service, source) = (Arc::clone(service), Arc::clone(source));
    jobs.every("authority-files", AUTHORITY_CHECK, move || {
        let (service, source) = (Arc::clone(&service), Arc::clone(&source));
        async move {
            if source.has_changed() {
                authority_files::reload(&service, &source).await
            } else {
                "done"
            }
        }
    });
}

/// Follows the files of a listener's TLS.
pub(crate) fn follow_tls(jobs: &mut Jobs, tls: &Arc<Tls>) {
    let tls = Arc::clone(tls);
    jobs.every("tls-files", TLS_CHECK, move || {
        let tls = Arc::clone(&tls);
        async move {
            if tls.has_changed() {
                reload(&tls)
            } else {
                "done"
            }
        }
    });
}

/// Reads the files again, and says so.
pub(crate) fn reload(tls: &Tls) -> Outcome {
    match tls.reload() {
        Ok(()) => {
            tracing::info!(code = "tls-reloaded");
            "done"
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(code = "tls-not-reloaded", %error, cause);
            "failed"
        }
    }
}
