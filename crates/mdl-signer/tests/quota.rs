//! The quota scheduler in front of a key store that throttles, in the time of the runtime: an hour takes a moment, and
//! every run is the same.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mdl_signer::quota::{Admission, Answer, Busy, LEAST_SHARE, Priority};
use mdl_signer::quota::{QuotaScheduler, QuotaSettings};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

const LIMIT: u32 = 300;
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// A key store with an account's limit: what comes faster is refused, and counts.
struct KeyStore {
    latency: Duration,
    tokens: Mutex<(f64, Instant)>,
    signed: AtomicU32,
    throttled: AtomicU32,
    at_once: AtomicU32,
    most_at_once: AtomicU32,
}

impl KeyStore {
    fn new(latency: Duration) -> Arc<Self> {
        Arc::new(Self {
            latency,
            tokens: Mutex::new((f64::from(LIMIT) / 5.0, Instant::now())),
            signed: AtomicU32::new(0),
            throttled: AtomicU32::new(0),
            at_once: AtomicU32::new(0),
            most_at_once: AtomicU32::new(0),
        })
    }

    async fn sign(&self) -> Answer {
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        let passes = {
            let (tokens, filled_at) = &mut *self.tokens.lock().unwrap();
            let gained = filled_at.elapsed().as_secs_f64() * f64::from(LIMIT);
            *tokens = (*tokens + gained).min(f64::from(LIMIT) / 5.0);
            *filled_at = Instant::now();
            *tokens -= 1.0;
            *tokens >= 0.0
        };
        sleep(self.latency).await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        if passes {
            self.signed.fetch_add(1, Ordering::SeqCst);
            Answer::Given
        } else {
            self.throttled.fetch_add(1, Ordering::SeqCst);
            Answer::Missing
        }
    }
}

fn limit(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn scheduler() -> QuotaScheduler {
    QuotaScheduler::new(QuotaSettings::new(limit(LIMIT), LONGEST_WAIT))
}

/// Has everything signed that was admitted; gives the time from admission to the last signature.
async fn sign_all(admission: Admission, signatures: u32, key_store: Arc<KeyStore>) -> Duration {
    let started = Instant::now();
    let admission = Arc::new(admission);
    let mut work = JoinSet::new();
    for _ in 0..signatures {
        let (admission, key_store) = (Arc::clone(&admission), Arc::clone(&key_store));
        work.spawn(async move {
            let turn = admission.turn().await.expect("the key store answers");
            turn.report(key_store.sign().await);
        });
    }
    while let Some(done) = work.join_next().await {
        done.unwrap();
    }
    started.elapsed()
}

/// Batches of ten come in at 150 % of the limit for a minute.
async fn overload(key_store: &Arc<KeyStore>, scheduler: &QuotaScheduler) -> (Vec<Duration>, u32) {
    const BATCH: u32 = 10;
    let mut work = JoinSet::new();
    let mut turned_away = 0;
    for _ in 0..60 * LIMIT * 3 / 2 / BATCH {
        match scheduler.admit(Priority::Interactive, BATCH) {
            Ok(admission) => {
                work.spawn(sign_all(admission, BATCH, Arc::clone(key_store)));
            }
            Err(_) => turned_away += 1,
        }
        sleep(Duration::from_secs(1) * BATCH * 2 / (LIMIT * 3)).await;
    }
    let mut times = work.join_all().await;
    times.sort();
    (times, turned_away)
}

#[tokio::test(start_paused = true)]
async fn half_as_much_again_as_the_limit_is_delivered_at_the_limit_and_never_throttled() {
    for latency in [5, 20] {
        let key_store = KeyStore::new(Duration::from_millis(latency));
        let started = Instant::now();
        let (times, turned_away) = overload(&key_store, &scheduler()).await;
        let delivered = f64::from(key_store.signed.load(Ordering::SeqCst))
            / started.elapsed().as_secs_f64()
            / f64::from(LIMIT);
        let p99 = times[times.len() * 99 / 100];
        println!(
            "latency {latency} ms: {delivered:.3} of the limit, p99 {p99:?}, {turned_away} batches turned away"
        );
        assert_eq!(key_store.throttled.load(Ordering::SeqCst), 0);
        assert!(delivered >= 0.95, "{delivered}");
        assert!(
            p99 <= LONGEST_WAIT + Duration::from_millis(latency + 10),
            "{p99:?}"
        );
        assert!(turned_away > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_load_without_a_schedule_is_throttled() {
    let key_store = KeyStore::new(Duration::from_millis(5));
    let mut work = JoinSet::new();
    for _ in 0..LIMIT * 3 / 2 * 5 {
        let key_store = Arc::clone(&key_store);
        work.spawn(async move { key_store.sign().await });
        sleep(Duration::from_secs(1) * 2 / (LIMIT * 3)).await;
    }
    work.join_all().await;
    assert!(key_store.throttled.load(Ordering::SeqCst) > 0);
}

#[tokio::test(start_paused = true)]
async fn bulk_work_makes_way_and_still_goes_on() {
    let key_store = KeyStore::new(Duration::from_millis(5));
    let scheduler = scheduler();
    let bulk = scheduler.admit(Priority::Bulk, 500).unwrap();
    let bulk = tokio::spawn(sign_all(bulk, 500, Arc::clone(&key_store)));
    let (times, _) = overload(&key_store, &scheduler).await;
    // Most of the bulk waits, and nobody else longer than its tenth of the turns makes them.
    let longest = LONGEST_WAIT * LEAST_SHARE / (LEAST_SHARE - 1) + Duration::from_millis(20);
    assert!(times[times.len() * 99 / 100] <= longest);
    assert!(
        bulk.is_finished(),
        "a tenth of a minute's turns are more than 500"
    );
    let took = bulk.await.unwrap();
    assert!(took > Duration::from_secs(10), "bulk went first: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_would_wait_too_long_is_not_admitted_and_told_when_to_come_back() {
    let scheduler = scheduler();
    let room = LIMIT * 2;
    let first = scheduler.admit(Priority::Interactive, room).unwrap();
    let busy = scheduler.admit(Priority::Interactive, 1).unwrap_err();
    assert_eq!(busy.retry_after, Duration::from_secs(1));
    let busy = scheduler.admit(Priority::Refresh, 3 * LIMIT).unwrap_err();
    assert_eq!(busy.retry_after, Duration::from_secs(4));
    // What is given up makes room.
    drop(first);
    assert_eq!(scheduler.load().waiting, [0; 3]);
    scheduler.admit(Priority::Interactive, 1).unwrap();
}

#[tokio::test(start_paused = true)]
async fn lower_priorities_do_not_fill_the_queue_of_higher_ones() {
    let scheduler = scheduler();
    let _bulk = scheduler.admit(Priority::Bulk, LIMIT * 2).unwrap();
    scheduler.admit(Priority::Refresh, LIMIT * 2).unwrap();
    scheduler.admit(Priority::Interactive, LIMIT * 2).unwrap();
    scheduler.admit(Priority::Bulk, 1).unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_batch_larger_than_the_queue_is_admitted_when_nothing_waits() {
    let scheduler = scheduler();
    let large = scheduler.admit(Priority::Bulk, LIMIT * 100).unwrap();
    scheduler.admit(Priority::Bulk, LIMIT * 100).unwrap_err();
    drop(large);
    scheduler.admit(Priority::Bulk, LIMIT * 100).unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_waiting_takes_nobodys_turn() {
    let settings = QuotaSettings::new(limit(10), Duration::from_secs(100));
    let scheduler = QuotaScheduler::new(settings);
    let admission = scheduler.admit(Priority::Interactive, 12).unwrap();
    admission.turn().await.unwrap().report(Answer::Given); // the burst
    for _ in 0..10 {
        // Half of the time that a turn takes.
        let waited = tokio::time::timeout(Duration::from_millis(50), admission.turn()).await;
        drop(waited);
    }
    // Half a second has gone by, and of five turns the odd ones were taken in time.
    let before = Instant::now();
    admission.turn().await.unwrap().report(Answer::Given);
    assert!(before.elapsed() <= Duration::from_millis(100));
    assert_eq!(scheduler.load().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_asked_at_once_than_is_set() {
    let slow = KeyStore::new(Duration::from_secs(1));
    let settings = QuotaSettings {
        in_flight: limit(7),
        ..QuotaSettings::new(limit(LIMIT), Duration::from_secs(60))
    };
    let scheduler = QuotaScheduler::new(settings);
    let admission = scheduler.admit(Priority::Interactive, 50).unwrap();
    sign_all(admission, 50, Arc::clone(&slow)).await;
    assert_eq!(slow.most_at_once.load(Ordering::SeqCst), 7);
    assert_eq!(slow.signed.load(Ordering::SeqCst), 50);
}

#[tokio::test(start_paused = true)]
async fn a_key_store_that_does_not_answer_is_left_alone_and_then_asked_by_one() {
    let scheduler = scheduler();
    let admission = Arc::new(scheduler.admit(Priority::Interactive, 100).unwrap());
    for _ in 0..5 {
        admission.turn().await.unwrap().report(Answer::Missing);
    }
    assert!(scheduler.load().resting);
    let busy = Busy {
        retry_after: Duration::from_secs(1),
    };
    assert_eq!(scheduler.admit(Priority::Interactive, 1).unwrap_err(), busy);
    // Those who had been admitted need not wait to hear it.
    assert_eq!(admission.turn().await.unwrap_err(), busy);

    sleep(Duration::from_secs(1)).await;
    let trial = admission.turn().await.unwrap();
    let mut second = tokio::spawn({
        let admission = Arc::clone(&admission);
        async move {
            admission
                .turn()
                .await
                .map(|turn| turn.report(Answer::Given))
        }
    });
    let waited = tokio::time::timeout(Duration::from_secs(5), &mut second).await;
    assert!(
        waited.is_err(),
        "a second one asks while the first is on trial"
    );
    trial.report(Answer::Given);
    second.await.unwrap().unwrap();
    assert!(!scheduler.load().resting);
}

#[tokio::test(start_paused = true)]
async fn everybody_who_waits_hears_that_the_key_store_is_left_alone() {
    let settings = QuotaSettings {
        in_flight: limit(5),
        ..QuotaSettings::new(limit(LIMIT), LONGEST_WAIT)
    };
    let scheduler = QuotaScheduler::new(settings);
    let admission = Arc::new(scheduler.admit(Priority::Interactive, 20).unwrap());
    let mut turns = Vec::new();
    for _ in 0..5 {
        turns.push(admission.turn().await.unwrap());
    }
    let mut waiting = JoinSet::new();
    for _ in 0..15 {
        let admission = Arc::clone(&admission);
        waiting.spawn(async move { admission.turn().await.map(drop) });
    }
    tokio::task::yield_now().await;
    for turn in turns {
        turn.report(Answer::Missing);
    }
    for told in waiting.join_all().await {
        told.unwrap_err();
    }
    assert_eq!(scheduler.load().waiting, [0; 3]);
}
