//! The one clock of the service.
//!
//! Every comparison with the present asks it, so that tests set the time and no two checks disagree about it.

use std::fmt;
use std::sync::Mutex;

use time::{Duration, OffsetDateTime};

/// Tells the time, in UTC.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present.
    fn now(&self) -> OffsetDateTime;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// A clock that stands until it is moved: for tests and rehearsals.
#[derive(Debug)]
pub struct SetClock(Mutex<OffsetDateTime>);

impl SetClock {
    /// Stands at `at`.
    #[must_use]
    pub const fn new(at: OffsetDateTime) -> Self {
        Self(Mutex::new(at))
    }

    /// Moves by `by`, backwards if it is negative.
    pub fn advance(&self, by: Duration) {
        let mut at = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *at += by;
    }
}

impl Clock for SetClock {
    fn now(&self) -> OffsetDateTime {
        *self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
