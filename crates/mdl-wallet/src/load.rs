//! Many wallets at once, to measure a service on this machine.
//!
//! Each simulated wallet does what a real one does, metadata, DPoP, proofs and notification included, with new keys every
//! time; only the issuer's signature on what it gets is not verified, so that less of the machine goes into the
//! measuring. Bounded in time and number, and never against another machine: there it would be an attack.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::json;
use tokio::task::JoinSet;
use url::Url;
use zeroize::Zeroizing;

use crate::collection::{CollectError, Collector, Order};
use crate::connection::{Body, Connection, Endpoint, RequestError, is_loopback, member_of};
use crate::document::DocumentCheck;
use crate::json_member::text;
use crate::offer::OfferLink;

/// Most wallets at once.
pub const MAX_CONCURRENCY: usize = 256;
/// Longest run.
pub const MAX_DURATION: Duration = Duration::from_secs(3600);
/// Most batches of a run; a latency is kept for each.
pub const MAX_BATCHES: u64 = 1_000_000;

/// What to do.
#[derive(Clone, Debug)]
pub struct LoadPlan {
    /// The service's internal listener, on this machine.
    pub internal: Url,
    /// Bearer token for it.
    pub token: Zeroizing<String>,
    /// The tenant's short name.
    pub tenant: String,
    /// Subject references, taken in turn. Services bound the documents of one person in a day.
    pub subjects: Vec<String>,
    /// Configuration to ask for.
    pub configuration_id: String,
    /// Documents in a batch.
    pub batch: usize,
    /// Wallets at once.
    pub concurrency: usize,
    /// When no further batch is started.
    pub duration: Duration,
    /// After how many batches no further one is started.
    pub most: u64,
}

/// Why a run is not started.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadPlanError {
    /// The service is elsewhere.
    #[error("load is for a service on this machine, at a loopback address")]
    NotLoopback,
    /// Nobody to issue to.
    #[error("no subject references")]
    NoSubjects,
    /// Zero or beyond a bound; the name of the bound.
    #[error("{0} is zero or too large")]
    Bound(&'static str),
    /// The token has characters that no header can carry.
    #[error("token of the internal listener cannot be sent")]
    Token,
}

/// What happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadReport {
    /// Batches collected.
    pub batches: u64,
    /// Documents in them.
    pub documents: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Credential requests that had to be sent again.
    pub repeated: u64,
    /// Failures by the server's error code, or by what went wrong before there was one.
    pub failures: BTreeMap<String, u64>,
    /// From reading the offer to the notification, for each batch, ascending.
    latencies: Vec<Duration>,
}

impl LoadReport {
    /// Documents per second.
    #[must_use]
    pub fn documents_per_second(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 {
            self.documents as f64 / seconds
        } else {
            0.0
        }
    }

    /// The latency that this share of the batches, in percent, does not exceed (nearest rank); `None` without batches.
    #[must_use]
    pub fn latency(&self, percent: u32) -> Option<Duration> {
        let rank = (self.latencies.len() * percent.min(100) as usize).div_ceil(100);
        self.latencies.get(rank.saturating_sub(1)).copied()
    }

    fn add(&mut self, other: Self) {
        self.batches += other.batches;
        self.documents += other.documents;
        self.repeated += other.repeated;
        self.latencies.extend(other.latencies);
        for (name, count) in other.failures {
            *self.failures.entry(name).or_default() += count;
        }
    }
}

impl LoadPlan {
    fn check(&self) -> Result<HeaderMap, LoadPlanError> {
        if !is_loopback(&self.internal) {
            return Err(LoadPlanError::NotLoopback);
        }
        if self.subjects.is_empty() {
            return Err(LoadPlanError::NoSubjects);
        }
        let bounds = [
            (
                "concurrency",
                (1..=MAX_CONCURRENCY).contains(&self.concurrency),
            ),
            ("batch", self.batch > 0),
            ("number of batches", (1..=MAX_BATCHES).contains(&self.most)),
            (
                "duration",
                !self.duration.is_zero() && self.duration <= MAX_DURATION,
            ),
        ];
        if let Some((name, _)) = bounds.into_iter().find(|(_, holds)| !holds) {
            return Err(LoadPlanError::Bound(name));
        }
        let value = HeaderValue::try_from(format!("Bearer {}", self.token.as_str()));
        let mut value = value.map_err(|_| LoadPlanError::Token)?;
        value.set_sensitive(true);
        Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
    }
}

/// Runs the plan over `connection`. Keys come from `seed`.
///
/// # Errors
/// [`LoadPlanError`]; what goes wrong while running is in the report.
pub async fn run(
    plan: LoadPlan,
    connection: Connection,
    seed: [u8; 32],
) -> Result<LoadReport, LoadPlanError> {
    let authorization = plan.check()?;
    let started = Instant::now();
    let work = Arc::new(Work {
        authorization,
        connection,
        deadline: started + plan.duration,
        next: AtomicU64::new(0),
        plan,
    });
    let mut seeds = ChaCha20Rng::from_seed(seed);
    let mut wallets = JoinSet::new();
    for _ in 0..work.plan.concurrency {
        let mut seed = [0; 32];
        seeds.fill_bytes(&mut seed);
        wallets.spawn(wallet(Arc::clone(&work), seed));
    }
    let mut report = LoadReport::default();
    while let Some(done) = wallets.join_next().await {
        match done {
            Ok(done) => report.add(done),
            Err(_) => {
                *report
                    .failures
                    .entry("wallet ended early".into())
                    .or_default() += 1
            }
        }
    }
    report.elapsed = started.elapsed();
    report.latencies.sort_unstable();
    Ok(report)
}

/// What the wallets share.
struct Work {
    plan: LoadPlan,
    authorization: HeaderMap,
    connection: Connection,
    deadline: Instant,
    next: AtomicU64,
}

async fn wallet(work: Arc<Work>, seed: [u8; 32]) -> LoadReport {
    let plan = &work.plan;
    let mut collector = Collector::new(work.connection.clone(), seed)
        .checking(DocumentCheck::of_structure_and_key());
    let mut report = LoadReport::default();
    while Instant::now() < work.deadline {
        let number = work.next.fetch_add(1, Ordering::Relaxed);
        if number >= plan.most {
            break;
        }
        let subject = number as usize % plan.subjects.len();
        match work.collect(&mut collector, &plan.subjects[subject]).await {
            Ok(collected) => report.add(collected),
            Err(error) => *report.failures.entry(name(&error)).or_default() += 1,
        }
    }
    report
}

impl Work {
    async fn collect(
        &self,
        collector: &mut Collector,
        subject: &str,
    ) -> Result<LoadReport, CollectError> {
        let link = self.offer(subject).await?;
        let started = Instant::now();
        let offer = collector.read_offer(&link).await?;
        let issuer = self
            .connection
            .address(Endpoint::IssuerMetadata, &offer.credential_issuer)?;
        if !is_loopback(&issuer) {
            return Err(CollectError::Configuration);
        }
        let batch = collector
            .collect(&offer, &Order::batch_of(self.plan.batch))
            .await?;
        Ok(LoadReport {
            batches: 1,
            documents: batch.documents.len() as u64,
            repeated: batch.repeated.into(),
            latencies: vec![started.elapsed()],
            ..LoadReport::default()
        })
    }

    /// A new offer from the internal listener.
    async fn offer(&self, subject: &str) -> Result<OfferLink, CollectError> {
        let endpoint = Endpoint::InternalOffers;
        let mut url = self.plan.internal.clone();
        url.set_path(&format!("/tenants/{}/offers", self.plan.tenant));
        let body = json!({
            "subject": subject,
            "configuration_ids": [self.plan.configuration_id],
        });
        let headers = self.authorization.clone();
        let answer = self
            .connection
            .post(endpoint, &url, headers, Body::Json(&body))
            .await?;
        let answer = answer.json()?;
        let link = text(&answer, "link_by_value").map_err(member_of(endpoint))?;
        Ok(link.parse()?)
    }
}

/// What a failure is counted under.
fn name(error: &CollectError) -> String {
    error
        .request()
        .map_or_else(|| error.to_string(), RequestError::name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::ConnectionOptions;

    fn plan(internal: &str) -> LoadPlan {
        LoadPlan {
            internal: Url::parse(internal).unwrap(),
            token: Zeroizing::new("token".into()),
            tenant: "demo".into(),
            subjects: vec!["a".into()],
            configuration_id: "mdl".into(),
            batch: 1,
            concurrency: 1,
            duration: Duration::from_millis(50),
            most: 2,
        }
    }

    #[test]
    fn load_is_bounded_and_stays_on_this_machine() {
        let local = "http://127.0.0.1:1/";
        let refused = |change: fn(&mut LoadPlan)| {
            let mut plan = plan(local);
            change(&mut plan);
            plan.check().err()
        };
        assert_eq!(refused(|_| ()), None);
        assert_eq!(
            plan("https://dmv.example/").check().err(),
            Some(LoadPlanError::NotLoopback)
        );
        assert_eq!(
            refused(|plan| plan.subjects.clear()),
            Some(LoadPlanError::NoSubjects)
        );
        let bound = |name| Some(LoadPlanError::Bound(name));
        assert_eq!(
            refused(|plan| plan.concurrency = MAX_CONCURRENCY + 1),
            bound("concurrency")
        );
        assert_eq!(refused(|plan| plan.batch = 0), bound("batch"));
        assert_eq!(refused(|plan| plan.most = 0), bound("number of batches"));
        assert_eq!(
            refused(|plan| plan.duration = MAX_DURATION * 2),
            bound("duration")
        );
        let token = refused(|plan| plan.token = Zeroizing::new("\n".into()));
        assert_eq!(token, Some(LoadPlanError::Token));
    }

    #[test]
    fn latencies_are_by_nearest_rank() {
        let report = LoadReport {
            latencies: (1..=10).map(Duration::from_secs).collect(),
            documents: 50,
            elapsed: Duration::from_secs(5),
            ..LoadReport::default()
        };
        let latency = |percent| report.latency(percent).unwrap().as_secs();
        assert_eq!(
            [latency(0), latency(50), latency(99), latency(100)],
            [1, 5, 10, 10]
        );
        assert_eq!(LoadReport::default().latency(50), None);
        assert!((report.documents_per_second() - 10.0).abs() < 1e-9);
    }

    #[tokio::test]
    async fn a_service_that_is_not_there_is_counted_not_waited_for() {
        let options = ConnectionOptions {
            allow_loopback_http: true,
            ..ConnectionOptions::default()
        };
        let connection = Connection::new(&options).unwrap();
        // Port 1 is nobody's on a test machine.
        let report = run(plan("http://127.0.0.1:1/"), connection, [7; 32])
            .await
            .unwrap();
        assert_eq!(
            (report.batches, report.failures.get("no answer")),
            (0, Some(&2))
        );
    }
}
