//! The token bucket. Times are durations since the scheduler began.

use std::num::NonZeroU32;
use std::time::Duration;

/// Fills with one token a period, and holds a burst of them.
#[derive(Debug)]
pub(super) struct Bucket {
    /// The time that one token takes.
    period: Duration,
    /// What it holds when full, as time.
    full: Duration,
    /// What it holds, as time.
    credit: Duration,
    filled_at: Duration,
}

impl Bucket {
    pub(super) fn new(tokens_per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        // Rounded up, so that the limit is never passed.
        let period = 1_000_000_000_u64.div_ceil(u64::from(tokens_per_second.get()));
        let period = Duration::from_nanos(period);
        let full = period.saturating_mul(burst.get());
        Self {
            period,
            full,
            credit: full,
            filled_at: Duration::ZERO,
        }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// When there will be one.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let gained = now.saturating_sub(self.filled_at);
        self.credit = self.credit.saturating_add(gained).min(self.full);
        self.filled_at = self.filled_at.max(now);
        match self.credit.checked_sub(self.period) {
            Some(credit) => {
                self.credit = credit;
                Ok(())
            }
            None => Err(self.filled_at + (self.period - self.credit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(tokens_per_second: u32, burst: u32) -> Bucket {
        let number = |number| NonZeroU32::new(number).expect("is not zero");
        Bucket::new(number(tokens_per_second), number(burst))
    }

    fn taken(bucket: &mut Bucket, now: Duration) -> u32 {
        let mut taken = 0;
        while bucket.take(now).is_ok() {
            taken += 1;
        }
        taken
    }

    #[test]
    fn a_full_bucket_gives_its_burst_and_then_one_token_a_period() {
        let mut bucket = bucket(100, 5);
        assert_eq!(taken(&mut bucket, Duration::ZERO), 5);
        let next = bucket.take(Duration::ZERO).unwrap_err();
        assert_eq!(next, Duration::from_millis(10));
        assert!(bucket.take(next - Duration::from_nanos(1)).is_err());
        assert!(bucket.take(next).is_ok());
    }

    #[test]
    fn a_long_rest_fills_it_to_the_burst_and_no_further() {
        let mut bucket = bucket(100, 5);
        taken(&mut bucket, Duration::ZERO);
        assert_eq!(taken(&mut bucket, Duration::from_secs(3600)), 5);
    }

    #[test]
    fn over_time_no_more_is_given_than_the_limit_and_hardly_less() {
        // 300 a second does not divide a second's nanoseconds.
        let mut bucket = bucket(300, 2);
        let mut given = 0;
        for millisecond in 0..=60_000 {
            given += taken(&mut bucket, Duration::from_millis(millisecond));
        }
        assert!((17_990..=18_002).contains(&given), "{given}");
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let mut bucket = bucket(100, 1);
        assert!(bucket.take(Duration::from_secs(9)).is_ok());
        assert!(bucket.take(Duration::from_secs(1)).is_err());
        assert!(bucket.take(Duration::from_secs(9)).is_err());
    }
}
