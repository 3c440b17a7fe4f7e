//! Waiting for what the service does after its answer: making an authority, issuing, publishing.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long to wait for something in the making, and how often to look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Patience {
    /// Before the second look; doubled for each one after it.
    pub first: Duration,
    /// Between two looks.
    pub longest: Duration,
    /// All in all.
    pub limit: Duration,
}

impl Default for Patience {
    /// A second at first, ten seconds at most, five minutes in all.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(10),
            limit: Duration::from_secs(300),
        }
    }
}

/// One wait.
#[derive(Debug)]
pub(super) struct Waiting {
    patience: Patience,
    next: Duration,
    end: Instant,
}

impl Patience {
    pub(super) fn begin(self) -> Waiting {
        Waiting {
            patience: self,
            next: self.first,
            end: Instant::now() + self.limit,
        }
    }
}

impl Waiting {
    /// Waits until the next look; false if there is none any more.
    pub(super) async fn again(&mut self) -> bool {
        if Instant::now() + self.next > self.end {
            return false;
        }
        sleep(self.next).await;
        self.next = (self.next * 2).min(self.patience.longest);
        true
    }
}
