use time::{Duration, OffsetDateTime, UtcOffset};

/// The times that go into `ValidityInfo`, checked: `signed` ≤ `validFrom` < `validUntil`, whole seconds, UTC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validity {
    signed: OffsetDateTime,
    valid_from: OffsetDateTime,
    valid_until: OffsetDateTime,
    expected_update: Option<OffsetDateTime>,
}

/// How coarse times are: the more MSOs share a time, the less it links two presentations of one holder (E.9).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Granularity {
    /// Whole days, midnight UTC.
    #[default]
    Day,
    /// Whole hours.
    Hour,
}

/// Why times do not make a validity.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ValidityError {
    /// `validFrom` before `signed`.
    #[error("validFrom is before signed")]
    ValidFromBeforeSigned,
    /// `validUntil` not after `validFrom`.
    #[error("validUntil is not after validFrom")]
    EmptyPeriod,
    /// `expectedUpdate` not within (`signed`, `validUntil`].
    #[error("expectedUpdate is not between signed and validUntil")]
    ExpectedUpdateOutside,
    /// A year that `tdate` cannot express, that is outside 0 to 9999.
    #[error("time out of the range of tdate")]
    OutOfRange,
}

impl Validity {
    /// The times as given; fractions of a second are dropped.
    ///
    /// # Errors
    /// Not in order, or not expressible.
    pub fn new(
        signed: OffsetDateTime,
        valid_from: OffsetDateTime,
        valid_until: OffsetDateTime,
    ) -> Result<Self, ValidityError> {
        let [signed, valid_from, valid_until] = [signed, valid_from, valid_until].map(whole_second);
        if !(0..=9998).contains(&signed.year()) || !(0..=9998).contains(&valid_until.year()) {
            return Err(ValidityError::OutOfRange);
        }
        if valid_from < signed {
            return Err(ValidityError::ValidFromBeforeSigned);
        }
        if valid_until <= valid_from {
            return Err(ValidityError::EmptyPeriod);
        }
        Ok(Self {
            signed,
            valid_from,
            valid_until,
            expected_update: None,
        })
    }

    /// Signed at `now` for `lifetime`, all times rounded down to `granularity`, so that a batch does not share an odd
    /// second. Rounding down never makes an MSO outlive what `lifetime` was derived from.
    ///
    /// # Errors
    /// A `lifetime` below one unit of `granularity`.
    pub fn coarse(
        now: OffsetDateTime,
        lifetime: Duration,
        granularity: Granularity,
    ) -> Result<Self, ValidityError> {
        let signed = granularity.round_down(now);
        let valid_until = now.checked_add(lifetime).ok_or(ValidityError::OutOfRange)?;
        Self::new(signed, signed, granularity.round_down(valid_until))
    }

    /// States when the issuer expects to sign anew.
    ///
    /// # Errors
    /// Not after `signed`, or after `validUntil`.
    pub fn with_expected_update(
        self,
        expected_update: OffsetDateTime,
    ) -> Result<Self, ValidityError> {
        let expected_update = whole_second(expected_update);
        if expected_update <= self.signed || expected_update > self.valid_until {
            return Err(ValidityError::ExpectedUpdateOutside);
        }
        Ok(Self {
            expected_update: Some(expected_update),
            ..self
        })
    }

    /// `signed`.
    pub fn signed(&self) -> OffsetDateTime {
        self.signed
    }

    /// `validFrom`.
    pub fn valid_from(&self) -> OffsetDateTime {
        self.valid_from
    }

    /// `validUntil`.
    pub fn valid_until(&self) -> OffsetDateTime {
        self.valid_until
    }

    /// `expectedUpdate`.
    pub fn expected_update(&self) -> Option<OffsetDateTime> {
        self.expected_update
    }
}

impl Granularity {
    /// The latest time of this granularity that is not after `time`.
    pub fn round_down(self, time: OffsetDateTime) -> OffsetDateTime {
        let time = whole_second(time);
        let seconds = time.unix_timestamp().rem_euclid(match self {
            Self::Day => 86_400,
            Self::Hour => 3_600,
        });
        time - Duration::seconds(seconds)
    }
}

fn whole_second(time: OffsetDateTime) -> OffsetDateTime {
    let time = time.to_offset(UtcOffset::UTC);
    time - Duration::nanoseconds(i64::from(time.nanosecond()))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn coarse_times_share_midnight_and_never_exceed_the_lifetime() {
        let now = datetime!(2026-06-15 13:14:15.9 UTC);
        let validity = Validity::coarse(now, Duration::days(30), Granularity::Day).unwrap();
        assert_eq!(validity.signed(), datetime!(2026-06-15 00:00 UTC));
        assert_eq!(validity.valid_until(), datetime!(2026-07-15 00:00 UTC));
        assert!(validity.valid_until() <= now + Duration::days(30));
    }

    #[test]
    fn times_out_of_order_are_refused() {
        let at = |hour: i64| datetime!(2026-06-15 00:00 UTC) + Duration::hours(hour);
        assert_eq!(
            Validity::new(at(1), at(0), at(2)),
            Err(ValidityError::ValidFromBeforeSigned)
        );
        assert_eq!(
            Validity::new(at(0), at(2), at(2)),
            Err(ValidityError::EmptyPeriod)
        );
        let validity = Validity::new(at(0), at(1), at(2)).unwrap();
        assert_eq!(
            validity.with_expected_update(at(0)),
            Err(ValidityError::ExpectedUpdateOutside)
        );
        assert_eq!(
            validity.with_expected_update(at(3)),
            Err(ValidityError::ExpectedUpdateOutside)
        );
        assert!(validity.with_expected_update(at(2)).is_ok());
        let hour = Validity::coarse(at(1), Duration::minutes(59), Granularity::Hour);
        assert_eq!(hour, Err(ValidityError::EmptyPeriod));
    }
}
