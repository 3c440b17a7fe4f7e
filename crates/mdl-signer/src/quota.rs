//! The quota scheduler: whose turn it is at a key store that signs only so often.
//!
//! A key service refuses what comes faster than its account's limit, and every refused call counts against that limit:
//! without a schedule, the busiest hour of an authority is the one in which it issues least. So each key store (and
//! Region) has one [`QuotaScheduler`]. Work is admitted for all its signatures at once, before anything is spent on
//! it, and each signature then waits for its turn.
//!
//! - A token bucket spreads the turns; it is never ahead of the limit by more than its burst.
//! - [`Priority`] says who goes first. One turn in [`LEAST_SHARE`] goes to the lowest that waits, so that a re-issue of
//!   everything still ends.
//! - The queue is bounded in time: what would wait longer than [`QuotaSettings::longest_wait`] is not admitted, and is
//!   told when to come back ([`Busy::retry_after`]).
//! - A key store that does not answer is left alone for a while (circuit breaker), then asked by one signature alone.
//!
//! One process schedules for itself: of N replicas, each is given an N-th of the limit.
//!
//! ```
//! use std::num::NonZeroU32;
//! use std::time::Duration;
//!
//! use mdl_signer::quota::{Answer, Priority, QuotaScheduler, QuotaSettings};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), mdl_signer::quota::Busy> {
//! let limit = NonZeroU32::new(300).expect("is not zero");
//! let key_store = QuotaScheduler::new(QuotaSettings::new(limit, Duration::from_secs(2)));
//! let admission = key_store.admit(Priority::Interactive, 10)?;
//! for _ in 0..10 {
//!     let turn = admission.turn().await?;
//!     // ... ask the key here ...
//!     turn.report(Answer::Given);
//! }
//! # Ok(())
//! # }
//! ```

mod breaker;
mod bucket;
mod queue;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use breaker::{Breaker, Passage};
use bucket::Bucket;
pub use queue::LEAST_SHARE;
use queue::Queue;

/// Who goes first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Priority {
    /// Somebody waits with a telephone in the hand.
    Interactive,
    /// Wallets that fetch their next documents; lists and checkpoints that are signed anew.
    Refresh,
    /// Work of hours: the re-issue of what a compromised document signer signed.
    Bulk,
}

impl Priority {
    /// All, the first first.
    pub const ALL: [Self; 3] = [Self::Interactive, Self::Refresh, Self::Bulk];

    const fn index(self) -> usize {
        match self {
            Self::Interactive => 0,
            Self::Refresh => 1,
            Self::Bulk => 2,
        }
    }
}

/// What a key store allows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct QuotaSettings {
    /// Signatures in a second.
    pub signatures_per_second: NonZeroU32,
    /// Signatures that may follow one another at once after a quiet time. A tenth of a second's worth unless set. Timers
    /// are late by a millisecond, and what comes in beyond the burst meanwhile is lost to the limit.
    pub burst: NonZeroU32,
    /// How long a signature waits for its turn at most, by what is known when it is admitted.
    pub longest_wait: Duration,
    /// Signatures that the key store is asked for at a time at most. A second's worth unless set, which is enough for
    /// answers that take up to a second.
    pub in_flight: NonZeroU32,
}

impl QuotaSettings {
    /// The settings for a limit and a longest wait.
    #[must_use]
    pub fn new(signatures_per_second: NonZeroU32, longest_wait: Duration) -> Self {
        let tenth = signatures_per_second.get().div_ceil(10);
        Self {
            signatures_per_second,
            burst: NonZeroU32::new(tenth).unwrap_or(NonZeroU32::MIN),
            longest_wait,
            in_flight: signatures_per_second,
        }
    }

    /// Signatures that are delivered within the longest wait.
    fn room(&self) -> u64 {
        let millis = u64::try_from(self.longest_wait.as_millis()).unwrap_or(u64::MAX);
        u64::from(self.signatures_per_second.get()).saturating_mul(millis) / 1000
    }

    /// How long so many signatures take.
    fn time_for(&self, signatures: u64) -> Duration {
        let seconds = signatures / u64::from(self.signatures_per_second.get());
        Duration::from_secs(seconds + 1)
    }
}

/// The key store has more to do than it can. Nothing was signed and nothing is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the key store is busy, for {} seconds or so", .retry_after.as_secs())]
pub struct Busy {
    /// When it is worth asking again: whole seconds, at least one.
    pub retry_after: Duration,
}

/// Whether the key store did its part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It answered: with a signature, or by refusing this one.
    Given,
    /// It did not, or was throttling: [`SignError::Unavailable`](crate::SignError::Unavailable).
    Missing,
}

/// What a key store has to do, for metrics.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Load {
    /// Signatures that were admitted and have not had their turn, in the order of [`Priority::ALL`].
    pub waiting: [u64; 3],
    /// Signatures that the key store is being asked for.
    pub in_flight: u32,
    /// Whether the key store is left alone because it did not answer.
    pub resting: bool,
}

/// The schedule of one key store. Clones share it.
#[derive(Clone)]
pub struct QuotaScheduler(Arc<Shared>);

struct Shared {
    settings: QuotaSettings,
    /// The origin of the times in `State`.
    started: Instant,
    state: Mutex<State>,
    /// Something changed that the dispatcher waits for.
    changed: Notify,
}

struct State {
    bucket: Bucket,
    breaker: Breaker,
    queue: Queue<oneshot::Sender<Result<Turn, Busy>>>,
    /// Admitted, and not yet asking for a turn, by priority. Those that ask are in the queue.
    admitted: [u64; 3],
    in_flight: u32,
    dispatching: bool,
}

/// What the dispatcher does next.
enum Next {
    Rest,
    At(Duration),
    WhenChanged,
}

impl QuotaScheduler {
    /// A schedule under which nothing has been signed yet.
    #[must_use]
    pub fn new(settings: QuotaSettings) -> Self {
        Self(Arc::new(Shared {
            settings,
            started: Instant::now(),
            state: Mutex::new(State {
                bucket: Bucket::new(settings.signatures_per_second, settings.burst),
                breaker: Breaker::new(),
                queue: Queue::new(),
                admitted: [0; 3],
                in_flight: 0,
                dispatching: false,
            }),
            changed: Notify::new(),
        }))
    }

    /// Signatures in a second.
    #[must_use]
    pub fn limit(&self) -> NonZeroU32 {
        self.0.settings.signatures_per_second
    }

    /// Whether both are the schedule of one key store.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Takes on work of so many signatures, or none of it.
    ///
    /// Work that is larger than the whole queue is admitted when nothing waits that goes before it.
    ///
    /// # Errors
    /// [`Busy`] if the last of them would wait too long, or the key store is left alone.
    pub fn admit(&self, priority: Priority, signatures: u32) -> Result<Admission, Busy> {
        let settings = &self.0.settings;
        let now = self.0.now();
        let mut state = self.0.lock();
        if let Passage::Closed { until } = state.breaker.passage(now) {
            return Err(busy(until.saturating_sub(now)));
        }
        let before: u64 = state.before(priority);
        let together = before.saturating_add(u64::from(signatures));
        if before > 0 && together > settings.room() {
            return Err(busy(settings.time_for(together - settings.room())));
        }
        state.admitted[priority.index()] += u64::from(signatures);
        Ok(Admission {
            shared: Arc::clone(&self.0),
            priority,
            left: Mutex::new(signatures),
        })
    }

    /// What there is to do now.
    #[must_use]
    pub fn load(&self) -> Load {
        let now = self.0.now();
        let state = self.0.lock();
        Load {
            waiting: Priority::ALL.map(|priority| state.of(priority)),
            in_flight: state.in_flight,
            resting: matches!(state.breaker.passage(now), Passage::Closed { .. }),
        }
    }
}

impl fmt::Debug for QuotaScheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuotaScheduler")
            .field("settings", &self.0.settings)
            .field("load", &self.load())
            .finish()
    }
}

fn busy(retry_after: Duration) -> Busy {
    // Whole seconds, as HTTP's Retry-After has them.
    let whole = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
    Busy {
        retry_after: Duration::from_secs(whole.max(1)),
    }
}

/// Work that was taken on. What is left of it is given back when it is dropped.
#[derive(Debug)]
pub struct Admission {
    shared: Arc<Shared>,
    priority: Priority,
    left: Mutex<u32>,
}

impl Admission {
    /// Waits until the key store may be asked for the next signature. Several may wait at once.
    ///
    /// A signature beyond those that were admitted waits like the others; it was only not counted.
    ///
    /// # Errors
    /// [`Busy`] if the key store stopped answering meanwhile.
    pub async fn turn(&self) -> Result<Turn, Busy> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.shared.lock();
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            if *left > 0 {
                *left -= 1;
                state.admitted[self.priority.index()] -= 1;
            }
            state.queue.push(self.priority, sender);
        }
        Shared::dispatch(&self.shared);
        receiver.await.unwrap_or(Err(Busy {
            retry_after: Duration::from_secs(1),
        }))
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let left = *self.left.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.shared.lock().admitted[self.priority.index()] -= u64::from(left);
    }
}

/// The right to ask the key store for one signature, now.
#[derive(Debug)]
#[must_use = "the key store is asked while this is held"]
pub struct Turn {
    shared: Arc<Shared>,
}

impl Turn {
    /// Says how it ended. A turn that is dropped says nothing: its work was given up.
    pub fn report(self, answer: Answer) {
        let now = self.shared.now();
        self.shared.lock().breaker.observe(answer, now);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.shared.lock().in_flight -= 1;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that somebody gives out the turns.
    fn dispatch(shared: &Arc<Self>) {
        {
            let mut state = shared.lock();
            if state.dispatching {
                drop(state);
                shared.changed.notify_one();
                return;
            }
            state.dispatching = true;
        }
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            loop {
                match Self::give_turns(&shared) {
                    Next::Rest => return,
                    Next::At(time) => {
                        // A change may let a turn come sooner: a breaker that closes.
                        let until = shared.started + time;
                        let _ = tokio::time::timeout_at(until, shared.changed.notified()).await;
                    }
                    Next::WhenChanged => shared.changed.notified().await,
                }
            }
        });
    }

    /// Gives out every turn that there is now.
    fn give_turns(shared: &Arc<Self>) -> Next {
        let now = shared.now();
        // Sent after the lock is released: a turn whose receiver is gone is dropped, and takes the lock.
        let mut turns = Vec::new();
        let next = {
            let mut state = shared.lock();
            loop {
                // Whoever has gone away takes nobody's turn.
                state.queue.skip(oneshot::Sender::is_closed);
                if state.queue.is_empty() {
                    state.dispatching = false;
                    break Next::Rest;
                }
                match state.breaker.passage(now) {
                    Passage::Closed { until } => {
                        for waiting in state.queue.drain() {
                            turns.push((waiting, Err(busy(until.saturating_sub(now)))));
                        }
                        continue;
                    }
                    Passage::OnTrial { until } => break Next::At(until),
                    Passage::Open | Passage::Trial => {}
                }
                if state.in_flight >= shared.settings.in_flight.get() {
                    break Next::WhenChanged;
                }
                if let Err(at) = state.bucket.take(now) {
                    break Next::At(at);
                }
                state.breaker.let_pass(now);
                if let Some(waiting) = state.queue.pop() {
                    state.in_flight += 1;
                    let turn = Turn {
                        shared: Arc::clone(shared),
                    };
                    turns.push((waiting, Ok(turn)));
                }
            }
        };
        for (waiting, turn) in turns {
            // Whoever is gone does not take it; dropping it gives the place in flight back.
            let _ = waiting.send(turn);
        }
        next
    }
}

impl State {
    /// Signatures of one priority that have not had their turn.
    fn of(&self, priority: Priority) -> u64 {
        self.admitted[priority.index()] + self.queue.len(priority)
    }

    /// Signatures that go before new ones of a priority.
    fn before(&self, priority: Priority) -> u64 {
        let first = &Priority::ALL[..=priority.index()];
        first.iter().map(|priority| self.of(*priority)).sum()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
