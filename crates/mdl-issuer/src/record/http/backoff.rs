//! Waits between attempts: exponential with full jitter, so that those who failed together do not come back together.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// A wait before attempt number `attempt` (the second is 1), from nothing up to twice the last one's most, chosen by
/// `random`.
pub(crate) fn full_jitter(attempt: u32, random: u32) -> Duration {
    let most = FIRST
        .saturating_mul(
            1_u32
                .checked_shl(attempt.saturating_sub(1))
                .unwrap_or(u32::MAX),
        )
        .min(LONGEST);
    most.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_reach_down_to_nothing() {
        let most: Vec<_> = (1..=8)
            .map(|attempt| full_jitter(attempt, u32::MAX).as_millis())
            .collect();
        assert_eq!(most, [50, 100, 200, 400, 800, 1600, 2000, 2000]);
        assert_eq!(full_jitter(3, 0), Duration::ZERO);
        assert_eq!(full_jitter(u32::MAX, u32::MAX), LONGEST);
        assert_eq!(full_jitter(2, u32::MAX / 2).as_millis(), 50);
    }
}
