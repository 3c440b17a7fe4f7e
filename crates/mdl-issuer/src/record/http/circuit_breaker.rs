//! A circuit breaker: a source that keeps failing is left alone for a while.
//!
//! Closed, requests pass. After a number of failures in a row it opens, and requests fail at once instead of waiting
//! for a source that is down and, when it comes back, is met by all of them. After a while one request may probe: its
//! success closes the breaker, its failure opens it again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When the breaker opens, and for how long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BreakerLimits {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open before a probe.
    pub open_for: Duration,
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self {
            failures: 5,
            open_for: Duration::from_secs(10),
        }
    }
}

#[derive(Debug)]
pub(super) struct CircuitBreaker {
    limits: BreakerLimits,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// One request is on its way.
    Probing,
}

impl CircuitBreaker {
    pub(super) fn new(limits: BreakerLimits) -> Self {
        Self {
            limits,
            state: Mutex::new(State::Closed { failures: 0 }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a request pass, or says how long to stay away.
    pub(super) fn admit(&self, now: Instant) -> Result<Admission<'_>, Duration> {
        let mut state = self.state();
        let is_probe = match *state {
            State::Closed { .. } => false,
            State::Open { until } if until > now => return Err(until - now),
            State::Open { .. } => {
                *state = State::Probing;
                true
            }
            State::Probing => return Err(Duration::from_secs(1)),
        };
        Ok(Admission {
            breaker: self,
            is_probe,
        })
    }
}

/// A request under way. Dropped without a word, as when whoever asked has gone, it counts for nothing.
#[derive(Debug)]
pub(super) struct Admission<'b> {
    breaker: &'b CircuitBreaker,
    is_probe: bool,
}

impl Admission<'_> {
    /// The source answered.
    pub(super) fn succeeded(mut self) {
        self.is_probe = false;
        *self.breaker.state() = State::Closed { failures: 0 };
    }

    /// The source did not answer.
    pub(super) fn failed(mut self, now: Instant) {
        let until = now + self.breaker.limits.open_for;
        let mut state = self.breaker.state();
        *state = match *state {
            _ if self.is_probe => State::Open { until },
            State::Closed { failures } if failures + 1 < self.breaker.limits.failures => {
                State::Closed {
                    failures: failures + 1,
                }
            }
            State::Closed { .. } => State::Open { until },
            // Requests from before it opened neither keep it open nor disturb the probe.
            other => other,
        };
        drop(state);
        self.is_probe = false;
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            // The next request probes.
            *self.breaker.state() = State::Open {
                until: Instant::now(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BreakerLimits = BreakerLimits {
        failures: 3,
        open_for: Duration::from_secs(10),
    };

    fn opened(now: Instant) -> CircuitBreaker {
        let breaker = CircuitBreaker::new(LIMITS);
        for _ in 0..LIMITS.failures {
            breaker.admit(now).expect("closed").failed(now);
        }
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let now = Instant::now();
        let breaker = CircuitBreaker::new(LIMITS);
        for _ in 0..5 {
            breaker.admit(now).expect("closed").failed(now);
            breaker.admit(now).expect("closed").failed(now);
            breaker.admit(now).expect("closed").succeeded();
        }
        assert_eq!(opened(now).admit(now).expect_err("open"), LIMITS.open_for);
    }

    #[test]
    fn one_request_probes_and_its_outcome_decides() {
        let now = Instant::now();
        let breaker = opened(now);
        let later = now + LIMITS.open_for;
        let probe = breaker.admit(later).expect("a probe");
        assert!(breaker.admit(later).is_err(), "a second probe");
        probe.failed(later);
        assert_eq!(breaker.admit(later).expect_err("open"), LIMITS.open_for);
        let later = later + LIMITS.open_for;
        breaker.admit(later).expect("a probe").succeeded();
        assert!(breaker.admit(later).is_ok());
    }

    #[test]
    fn a_probe_that_is_given_up_leaves_room_for_the_next() {
        let now = Instant::now();
        let breaker = opened(now);
        let later = now + LIMITS.open_for;
        drop(breaker.admit(later).expect("a probe"));
        assert!(breaker.admit(Instant::now() + LIMITS.open_for).is_ok());
    }

    #[test]
    fn stragglers_do_not_keep_it_open() {
        let now = Instant::now();
        let breaker = CircuitBreaker::new(LIMITS);
        let straggler = breaker.admit(now).expect("closed");
        for _ in 0..LIMITS.failures {
            breaker.admit(now).expect("closed").failed(now);
        }
        straggler.failed(now + Duration::from_secs(9));
        assert!(breaker.admit(now + LIMITS.open_for).is_ok());
    }
}
