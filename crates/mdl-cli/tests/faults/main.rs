//! Processes and databases that die under load.
//!
//! Real wallets collect from real `mdl serve` processes, which are killed (SIGKILL) and started again at random, and on
//! PostgreSQL the database server is restarted as well. Afterwards: no status index and no document came twice, every
//! document that reached a wallet is in the ledger, the ledger verifies, and whoever was turned away in the middle can
//! collect again.
//!
//! `FAULT_SECONDS` (10) is how long each test lasts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod balancer;
#[path = "../../../mdl-issuer/tests/store/postgres_server.rs"]
mod postgres_server;
mod replica;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mdl_crypto::HashAlgorithm;
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::issuer_signed::decode_issuer_signed;
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_wallet::collection::{CollectError, Collector, Order};
use mdl_wallet::connection::{Connection, ConnectionOptions};
use mdl_wallet::offer::OfferLink;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use balancer::Balancer;
use postgres_server::PostgresServer;
use replica::{Deployment, Replica};

const WALLETS: u64 = 6;
const BATCH: usize = 3;
/// A wallet that is turned away tries again that often before the test calls the service unavailable.
const PATIENCE: Duration = Duration::from_secs(60);

fn duration() -> Duration {
    let seconds = std::env::var("FAULT_SECONDS").ok();
    Duration::from_secs(seconds.and_then(|text| text.parse().ok()).unwrap_or(10))
}

/// Each test wants the machine for itself: what it kills must come back before wallets lose patience.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What wallets hold in the end.
#[derive(Default)]
struct Collected {
    documents: Vec<Vec<u8>>,
    failures: BTreeMap<String, u64>,
    repeated: u64,
}

#[test]
fn nothing_is_lost_or_issued_twice_when_the_process_on_sqlite_is_killed() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let deployment = Deployment::prepare(None);
    let runtime = runtime();
    let collected = runtime.block_on(async {
        let balancer =
            Balancer::start(deployment.public(), vec![deployment.replica_address(0)]).await;
        let mut replica = Replica::start(&deployment, 0);
        let work = wallets(&deployment);
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let end = Instant::now() + duration();
        while Instant::now() < end {
            pause(&mut rng, 500, 2500).await;
            replica.kill();
            pause(&mut rng, 0, 500).await;
            replica = Replica::start(&deployment, 0);
        }
        let collected = work.finish().await;
        replica.terminate();
        drop(balancer);
        collected
    });
    check(&deployment, &collected);
}

#[test]
fn nothing_is_lost_or_issued_twice_when_replicas_and_postgresql_die() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(database) = PostgresServer::start() else {
        return; // the launcher has said why
    };
    let deployment = Deployment::prepare(Some(&database.new_database()));
    let runtime = runtime();
    let collected = runtime.block_on(async {
        let addresses = (0..2)
            .map(|number| deployment.replica_address(number))
            .collect();
        let balancer = Balancer::start(deployment.public(), addresses).await;
        let mut replicas: Vec<_> = (0..2)
            .map(|number| Replica::start(&deployment, number))
            .collect();
        let work = wallets(&deployment);
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let started = Instant::now();
        let mut restarts = 0;
        while started.elapsed() < duration() || restarts < 2 {
            pause(&mut rng, 300, 2000).await;
            // Twice, after a third and two thirds of the time.
            if restarts < 2 && started.elapsed() > duration() * (restarts + 1) / 3 {
                database.stop();
                pause(&mut rng, 0, 1000).await;
                database.launch();
                restarts += 1;
                continue;
            }
            let number = (rng.next_u32() % 2) as usize;
            replicas[number].kill();
            pause(&mut rng, 0, 1500).await;
            replicas[number] = Replica::start(&deployment, number);
        }
        let collected = work.finish().await;
        for replica in &mut replicas {
            replica.terminate();
        }
        drop(balancer);
        collected
    });
    check(&deployment, &collected);
}

#[test]
fn a_stop_while_the_store_is_being_opened_is_an_orderly_end() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // A database that takes connections and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let deployment = Deployment::prepare(Some(&format!("postgres://app@{address}/mdl")));
    let mut replica = Replica::start(&deployment, 0);
    let _connection = silent.accept().unwrap();
    replica.terminate_before_it_listens();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

async fn pause(rng: &mut ChaCha20Rng, least: u64, most: u64) {
    tokio::time::sleep(Duration::from_millis(
        least + u64::from(rng.next_u32()) % (most - least),
    ))
    .await;
}

/// Wallets at work.
struct Work {
    stop: Arc<AtomicBool>,
    tasks: tokio::task::JoinSet<Collected>,
}

impl Work {
    async fn finish(mut self) -> Collected {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Collected::default();
        while let Some(done) = self.tasks.join_next().await {
            let done = done.expect("a wallet does not panic");
            all.documents.extend(done.documents);
            all.repeated += done.repeated;
            for (name, count) in done.failures {
                *all.failures.entry(name).or_default() += count;
            }
        }
        all
    }
}

fn wallets(deployment: &Deployment) -> Work {
    let stop = Arc::new(AtomicBool::new(false));
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    let subjects = Arc::new(deployment.subjects());
    for number in 0..WALLETS {
        let (stop, next, subjects) = (Arc::clone(&stop), Arc::clone(&next), Arc::clone(&subjects));
        let operator = deployment.operator();
        tasks.spawn(async move {
            let options = ConnectionOptions {
                allow_loopback_http: true,
                timeout: Duration::from_secs(20),
                ..ConnectionOptions::default()
            };
            let connection = Connection::new(&options).unwrap();
            let mut collector = Collector::new(connection, [number as u8; 32]);
            let mut collected = Collected::default();
            while !stop.load(Ordering::SeqCst) {
                let turn = next.fetch_add(1, Ordering::SeqCst) as usize;
                collect(
                    &operator,
                    &mut collector,
                    &subjects[turn % subjects.len()],
                    &mut collected,
                )
                .await;
            }
            collected
        });
    }
    Work { stop, tasks }
}

/// One person's way to a batch. It is over only when there is one: a failure on the way is counted, and leaves the
/// person able to begin again.
async fn collect(
    operator: &replica::Operator,
    collector: &mut Collector,
    subject: &str,
    collected: &mut Collected,
) {
    let give_up = Instant::now() + PATIENCE;
    loop {
        assert!(
            Instant::now() < give_up,
            "no batch within {PATIENCE:?}: {:?}",
            collected.failures
        );
        let failure = match attempt(operator, collector, subject).await {
            Ok(batch) => {
                collected.repeated += u64::from(batch.repeated);
                collected.documents.extend(
                    batch
                        .documents
                        .into_iter()
                        .map(|document| document.issuer_signed),
                );
                return;
            }
            Err(failure) => failure,
        };
        *collected.failures.entry(failure).or_default() += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn attempt(
    operator: &replica::Operator,
    collector: &mut Collector,
    subject: &str,
) -> Result<mdl_wallet::collection::Batch, String> {
    let link = operator.offer(subject).await?;
    let link: OfferLink = link.parse().map_err(|error| format!("offer: {error}"))?;
    let name = |error: CollectError| {
        error
            .request()
            .map_or_else(|| format!("WRONG {error}"), |request| request.name())
    };
    let offer = collector.read_offer(&link).await.map_err(name)?;
    collector
        .collect(&offer, &Order::batch_of(BATCH))
        .await
        .map_err(name)
}

/// What must hold whatever died.
fn check(deployment: &Deployment, collected: &Collected) {
    println!(
        "{} documents, {} requests repeated, refusals: {:?}",
        collected.documents.len(),
        collected.repeated,
        collected.failures,
    );
    assert!(!collected.documents.is_empty(), "wallets got something");
    let wrong: Vec<_> = collected
        .failures
        .keys()
        .filter(|name| name.starts_with("WRONG"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");

    let ledger = deployment.ledger();
    let mut indices = HashSet::new();
    let mut documents = HashSet::new();
    for issuer_signed in &collected.documents {
        let (document, mut checker) =
            decode_issuer_signed(issuer_signed, &Limits::DEFAULT).unwrap();
        let payload = document.issuer_auth.payload.unwrap();
        let mso = MobileSecurityObject::decode(payload, &mut checker).unwrap();
        let status = mso.status.expect("documents have a status");
        assert!(
            indices.insert(format!("{status:?}")),
            "a status index was used twice: {status:?}"
        );
        let to_be_signed = document.issuer_auth.sig_structure(&[], payload);
        let digest = hex::encode(HashAlgorithm::Sha256.digest(&to_be_signed));
        assert!(
            documents.insert(digest.clone()),
            "a document was issued twice"
        );
        assert!(
            ledger.contains_key(&digest),
            "a document is not in the ledger"
        );
    }
}
