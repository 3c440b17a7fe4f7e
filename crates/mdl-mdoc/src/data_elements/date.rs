//! full-date and tdate: the two ways a day or an instant is written.
//!
//! A full-date is tag 1004 around `YYYY-MM-DD` (RFC 8943), a tdate tag 0 around `YYYY-MM-DDTHH:MM:SSZ`
//! (RFC 3339 without fraction and with `Z` only). Second 60 is refused: no clock that signs here counts
//! leap seconds.
//!
//! ISO/IEC 18013-5, 7.2.1 and 9.1.2.4.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use crate::cbor::Value;

/// The tag of a full-date (RFC 8943).
pub const FULL_DATE_TAG: u64 = 1004;
/// The tag of a tdate (RFC 8949, 3.4.1).
pub const TDATE_TAG: u64 = 0;

/// Why text is not a date.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DateError {
    /// The text is laid out differently.
    #[error("the text does not have the form of a date")]
    Form,
    /// The text has the form, but there is no such day or time.
    #[error("there is no such day or time")]
    NotInCalendar,
}

/// Reads `YYYY-MM-DD`.
///
/// # Errors
/// [`DateError::Form`] for another layout, [`DateError::NotInCalendar`] for a day that does not exist.
pub fn parse_full_date(text: &str) -> Result<Date, DateError> {
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = text.as_bytes() else {
        return Err(DateError::Form);
    };
    let year = u16::from(two_digits(y0, y1)?) * 100 + u16::from(two_digits(y2, y3)?);
    let (month, day) = (two_digits(m0, m1)?, two_digits(d0, d1)?);
    let month = Month::try_from(month).map_err(|_| DateError::NotInCalendar)?;
    Date::from_calendar_date(i32::from(year), month, day).map_err(|_| DateError::NotInCalendar)
}

/// Reads `YYYY-MM-DDTHH:MM:SSZ`.
///
/// # Errors
/// [`DateError::Form`] for another layout, fractions and offsets included;
/// [`DateError::NotInCalendar`] for a day or a time that does not exist.
pub fn parse_tdate(text: &str) -> Result<OffsetDateTime, DateError> {
    let (Some(day), Some(&[b'T', h0, h1, b':', m0, m1, b':', s0, s1, b'Z'])) =
        (text.get(..10), text.as_bytes().get(10..))
    else {
        return Err(DateError::Form);
    };
    let (hour, minute, second) = (
        two_digits(h0, h1)?,
        two_digits(m0, m1)?,
        two_digits(s0, s1)?,
    );
    let day = parse_full_date(day)?;
    let time = Time::from_hms(hour, minute, second).map_err(|_| DateError::NotInCalendar)?;
    Ok(PrimitiveDateTime::new(day, time).assume_utc())
}

fn two_digits(tens: u8, ones: u8) -> Result<u8, DateError> {
    if tens.is_ascii_digit() && ones.is_ascii_digit() {
        Ok((tens - b'0') * 10 + (ones - b'0'))
    } else {
        Err(DateError::Form)
    }
}

/// A date of the licence: a day, or an instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum DateOrTime {
    Day(Date),
    Instant(OffsetDateTime),
}

impl DateOrTime {
    /// Reads a tagged value; `None` when it is neither of the two.
    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let Value::Tag(tag, inner) = value else {
            return None;
        };
        let Value::Text(text) = &**inner else {
            return None;
        };
        match *tag {
            FULL_DATE_TAG => parse_full_date(text).ok().map(Self::Day),
            TDATE_TAG => parse_tdate(text).ok().map(Self::Instant),
            _ => None,
        }
    }

    /// The day, as the calendar at `offset` has it.
    pub(super) fn day(self, offset: UtcOffset) -> Date {
        match self {
            Self::Day(day) => day,
            Self::Instant(instant) => day_at(instant, offset),
        }
    }

    /// Whether this is after `other`: by the clock where both tell one, by the calendar otherwise.
    pub(super) fn is_after(self, other: Self, offset: UtcOffset) -> bool {
        match (self, other) {
            (Self::Instant(this), Self::Instant(that)) => this > that,
            (this, that) => this.day(offset) > that.day(offset),
        }
    }
}

/// The day of `instant` in the calendar at `offset`; in UTC where the offset would leave the years 0 to 9999.
pub(super) fn day_at(instant: OffsetDateTime, offset: UtcOffset) -> Date {
    instant.checked_to_offset(offset).unwrap_or(instant).date()
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn full_dates_follow_the_calendar() {
        assert_eq!(parse_full_date("2024-02-29"), Ok(date!(2024 - 02 - 29)));
        assert_eq!(parse_full_date("2000-02-29"), Ok(date!(2000 - 02 - 29)));
        for day in [
            "2023-02-29",
            "1900-02-29",
            "2024-00-10",
            "2024-13-01",
            "2024-04-31",
            "2024-01-00",
        ] {
            assert_eq!(parse_full_date(day), Err(DateError::NotInCalendar), "{day}");
        }
    }

    #[test]
    fn full_dates_have_one_form() {
        for text in [
            "",
            "2024-2-29",
            "20240229",
            "2024-02-29 ",
            "+024-02-29",
            "2024/02/29",
            "2024-02-2９",
        ] {
            assert_eq!(parse_full_date(text), Err(DateError::Form), "{text}");
        }
    }

    #[test]
    fn tdates_have_one_form() {
        assert_eq!(
            parse_tdate("2026-01-02T03:04:05Z"),
            Ok(datetime!(2026-01-02 03:04:05 UTC))
        );
        for text in [
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05.0Z",
            "2026-01-02T03:04:05+00:00",
            "2026-01-02t03:04:05Z",
            "2026-01-02T03:04:05z",
            "2026-01-02 03:04:05Z",
            "２026-01-02T03:04:05Z",
        ] {
            assert_eq!(parse_tdate(text), Err(DateError::Form), "{text}");
        }
        for text in [
            "2026-02-30T03:04:05Z",
            "2026-01-02T24:00:00Z",
            "2026-01-02T23:60:00Z",
            "2026-01-02T23:59:60Z",
        ] {
            assert_eq!(parse_tdate(text), Err(DateError::NotInCalendar), "{text}");
        }
    }
}
