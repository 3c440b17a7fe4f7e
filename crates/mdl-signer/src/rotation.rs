//! When the next document signer is due, so that signing never has to wait for one.
//!
//! A document signer stops signing by the longest life of an object before it expires; its successor must be there by
//! then, and some time before, because an authority that is away, a ceremony that is put off or a certificate that the
//! linter refuses take days to mend. [`RotationPolicy`] says when that is. It looks at nothing but windows and the time,
//! so that the years ahead can be gone through in a test.
//!
//! ```
//! use mdl_signer::rotation::{Due, RotationPolicy};
//! use time::{Duration, macros::datetime};
//!
//! # fn main() -> Result<(), mdl_signer::rotation::InvalidPolicy> {
//! let policy = RotationPolicy::new(Duration::days(457), Duration::days(90), Duration::days(45))?;
//! let now = datetime!(2026-06-01 00:00 UTC);
//! assert_eq!(policy.due([], now), Due::Now);
//! let first = policy.window(now);
//! let due = now + Duration::days(457 - 90 - 45);
//! assert_eq!(policy.due([&first], now), Due::At(due));
//! assert_eq!(policy.due([&first], due), Due::Now);
//! # Ok(())
//! # }
//! ```

use time::{Duration, OffsetDateTime};

use crate::DocumentSignerWindow;

/// The longest validity of a document signer's certificate (ISO/IEC 18013-5, Table B.3).
pub const LONGEST_VALIDITY: Duration = Duration::days(457);

/// How long document signers live, and how early the next one must be there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RotationPolicy {
    validity: Duration,
    longest_mso_life: Duration,
    ahead: Duration,
}

/// Whether another document signer is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Due {
    /// Now, or some time ago.
    Now,
    /// Then, unless one of the document signers is revoked before.
    At(OffsetDateTime),
}

impl RotationPolicy {
    /// Certificates are valid for `validity`; objects live for `longest_mso_life` at most; the next document signer is
    /// due `ahead` of the time when the last stops signing.
    ///
    /// # Errors
    /// [`InvalidPolicy`].
    pub fn new(
        validity: Duration,
        longest_mso_life: Duration,
        ahead: Duration,
    ) -> Result<Self, InvalidPolicy> {
        if validity > LONGEST_VALIDITY {
            return Err(InvalidPolicy::Validity);
        }
        if !longest_mso_life.is_positive() || !ahead.is_positive() {
            return Err(InvalidPolicy::NotPositive);
        }
        // In range: the validity is bounded.
        let signs = validity - longest_mso_life.min(validity);
        if ahead >= signs {
            return Err(InvalidPolicy::AlwaysDue);
        }
        Ok(Self {
            validity,
            longest_mso_life,
            ahead,
        })
    }

    /// The window of a document signer that is certified at a time.
    ///
    /// # Panics
    /// At the end of time: in the year 9998.
    #[must_use]
    pub fn window(&self, at: OffsetDateTime) -> DocumentSignerWindow {
        DocumentSignerWindow::new(at, at + self.validity, self.longest_mso_life)
            .expect("the constructor has seen that a life fits into the validity")
    }

    /// Whether another document signer is due, beside those with these windows, none of them revoked.
    ///
    /// What they leave uncovered before now counts as little as what they leave uncovered between them: one that begins
    /// only after the others have stopped is not there when it is needed.
    pub fn due<'w>(
        &self,
        windows: impl IntoIterator<Item = &'w DocumentSignerWindow>,
        now: OffsetDateTime,
    ) -> Due {
        let mut windows: Vec<_> = windows.into_iter().collect();
        windows.sort_unstable_by_key(|window| window.not_before());
        // Until when there is somebody who signs, from now on.
        let mut covered = now;
        let mut signs_now = false;
        for window in windows {
            if window.not_before() <= covered && window.stop_signing() > covered {
                covered = window.stop_signing();
                signs_now = true;
            }
        }
        match covered.checked_sub(self.ahead) {
            Some(due) if signs_now && due > now => Due::At(due),
            _ => Due::Now,
        }
    }
}

/// Why a policy makes no sense.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPolicy {
    /// The profile does not allow it.
    #[error("a document signer is valid for at most 457 days")]
    Validity,
    /// A time is not positive.
    #[error("life of an object and time ahead must be positive")]
    NotPositive,
    /// The next one would be due before the last has been made.
    #[error(
        "a document signer signs for its validity less the longest life of an object, and the next would be due before that began"
    )]
    AlwaysDue,
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-06-01 00:00 UTC);

    fn policy() -> RotationPolicy {
        let days = Duration::days;
        RotationPolicy::new(days(400), days(100), days(30)).expect("makes sense")
    }

    fn window(from: i64, until: i64) -> DocumentSignerWindow {
        let day = |day| NOW + Duration::days(day);
        DocumentSignerWindow::new(day(from), day(until), Duration::days(100)).expect("in order")
    }

    fn due_day(windows: &[DocumentSignerWindow]) -> Option<i64> {
        match policy().due(windows, NOW) {
            Due::Now => None,
            Due::At(time) => Some((time - NOW).whole_days()),
        }
    }

    #[test]
    fn the_next_is_due_ahead_of_the_end_of_what_is_covered() {
        assert_eq!(due_day(&[window(-10, 400)]), Some(270));
        // A successor that takes over without a gap counts, in any order.
        assert_eq!(due_day(&[window(250, 650), window(-10, 400)]), Some(520));
        // As does one that begins at the very moment.
        assert_eq!(due_day(&[window(-10, 400), window(300, 700)]), Some(570));
    }

    #[test]
    fn one_that_begins_after_a_gap_does_not_count() {
        assert_eq!(due_day(&[window(-10, 400), window(301, 700)]), Some(270));
        assert_eq!(due_day(&[window(1, 400)]), None);
    }

    #[test]
    fn nobody_who_signs_makes_it_due() {
        assert_eq!(due_day(&[]), None);
        assert_eq!(due_day(&[window(-390, 10)]), None, "has stopped signing");
        assert_eq!(
            due_day(&[window(-270, 130)]),
            None,
            "stops within thirty days"
        );
        assert_eq!(due_day(&[window(-269, 131)]), Some(1));
    }

    #[test]
    fn policies_under_which_it_is_always_due_are_refused() {
        let days = Duration::days;
        let refused = |validity, life, ahead| {
            RotationPolicy::new(days(validity), days(life), days(ahead)).expect_err("no policy")
        };
        assert_eq!(refused(458, 90, 30), InvalidPolicy::Validity);
        assert_eq!(refused(400, 0, 30), InvalidPolicy::NotPositive);
        assert_eq!(refused(400, 90, 0), InvalidPolicy::NotPositive);
        assert_eq!(refused(400, 90, 310), InvalidPolicy::AlwaysDue);
        assert_eq!(refused(90, 400, 1), InvalidPolicy::AlwaysDue);
        assert!(RotationPolicy::new(days(457), days(90), days(366)).is_ok());
    }
}
