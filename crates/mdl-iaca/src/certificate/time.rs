//! `Time` of RFC 5280, 4.1.2.5: the instant, and how it was written.

use std::fmt;

use time::{Date, Duration, Month, OffsetDateTime, Time as Clock, UtcOffset};

use super::der::{DerError, Element, GENERALIZED_TIME, Reader, SEQUENCE, UTC_TIME};

/// First year that DER certificates write as `GeneralizedTime`.
const GENERALIZED_FROM: i32 = 2050;

/// How a point in time was encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TimeEncoding {
    /// `UTCTime`: two-digit year, 1950 to 2049.
    UtcTime,
    /// `GeneralizedTime`: four-digit year.
    GeneralizedTime,
}

impl fmt::Display for TimeEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UtcTime => "UTCTime",
            Self::GeneralizedTime => "GeneralizedTime",
        })
    }
}

/// A point in time with its received encoding.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Time<'a> {
    /// The instant, in UTC.
    pub at: OffsetDateTime,
    /// Type of the encoding.
    pub encoding: TimeEncoding,
    /// Content octets, such as `250101000000Z`.
    pub text: &'a [u8],
}

impl<'a> Time<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let element = match reader.peek_tag() {
            Some(GENERALIZED_TIME) => reader.expect(GENERALIZED_TIME)?,
            _ => reader.expect(UTC_TIME)?,
        };
        Self::from_element(&element)
    }

    /// Reads `element` if it is one of the two time types.
    pub(crate) fn from_element(element: &Element<'a>) -> Result<Self, DerError> {
        let invalid = DerError::invalid(element.content_offset(), "time");
        let encoding = match element.tag {
            UTC_TIME => TimeEncoding::UtcTime,
            GENERALIZED_TIME => TimeEncoding::GeneralizedTime,
            _ => return Err(invalid),
        };
        let at = instant(element.content, encoding).ok_or(invalid)?;
        Ok(Self {
            at,
            encoding,
            text: element.content,
        })
    }

    /// Whether it is written as RFC 5280 wants it: seconds present, no fraction, `Z`.
    pub fn is_canonical(&self) -> bool {
        let digits = match self.encoding {
            TimeEncoding::UtcTime => 12,
            TimeEncoding::GeneralizedTime => 14,
        };
        self.text.len() == digits + 1 && self.text.ends_with(b"Z")
    }

    /// Whether the type fits the year: `UTCTime` through 2049, `GeneralizedTime` from 2050.
    pub fn has_type_of_its_year(&self) -> bool {
        (self.encoding == TimeEncoding::GeneralizedTime) == (self.at.year() >= GENERALIZED_FROM)
    }
}

impl fmt::Display for Time<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Rfc3339(self.at).fmt(f)
    }
}

/// Shows an instant as RFC 3339 writes it in UTC, `2025-01-01T00:00:00Z`.
pub(crate) struct Rfc3339(pub(crate) OffsetDateTime);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.0.checked_to_offset(UtcOffset::UTC).unwrap_or(self.0);
        let (date, (hour, minute, second)) = (utc.date(), utc.to_hms());
        write!(f, "{date}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Period in which a certificate may be used; both ends belong to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validity<'a> {
    /// First moment.
    pub not_before: Time<'a>,
    /// Last moment.
    pub not_after: Time<'a>,
}

impl<'a> Validity<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let mut times = reader.expect(SEQUENCE)?.reader();
        let not_before = Time::read(&mut times)?;
        let not_after = Time::read(&mut times)?;
        times.finish()?;
        Ok(Self {
            not_before,
            not_after,
        })
    }

    /// Whether `at` lies within.
    pub fn contains(&self, at: OffsetDateTime) -> bool {
        self.not_before.at <= at && at <= self.not_after.at
    }

    /// `notAfter − notBefore`; negative when they are the wrong way round.
    pub fn duration(&self) -> Duration {
        self.not_after.at - self.not_before.at
    }
}

/// Instant of `YYMMDDhhmm[ss]` or `YYYYMMDDhhmm[ss[.f]]` followed by `Z` or `±hhmm`: what BER allows and still names
/// one instant. Local time without a zone does not.
fn instant(text: &[u8], encoding: TimeEncoding) -> Option<OffsetDateTime> {
    let mut digits = Digits(text);
    let year = match encoding {
        TimeEncoding::GeneralizedTime => i32::from(digits.two()?) * 100 + i32::from(digits.two()?),
        TimeEncoding::UtcTime => match i32::from(digits.two()?) {
            year @ 50.. => 1900 + year,
            year => 2000 + year,
        },
    };
    let month = Month::try_from(digits.two()?).ok()?;
    let day = digits.two()?;
    let (hour, minute) = (digits.two()?, digits.two()?);
    let second = if digits.0.first().is_some_and(u8::is_ascii_digit) {
        digits.two()?
    } else {
        0
    };
    let mut nanosecond = 0u32;
    if let [b'.' | b',', rest @ ..] = digits.0 {
        let length = rest
            .iter()
            .take_while(|octet| octet.is_ascii_digit())
            .count();
        if !(1..=9).contains(&length) || encoding == TimeEncoding::UtcTime {
            return None;
        }
        let (fraction, rest) = rest.split_at(length);
        nanosecond = fraction
            .iter()
            .chain(std::iter::repeat(&b'0'))
            .take(9)
            .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        digits.0 = rest;
    }
    let date = Date::from_calendar_date(year, month, day).ok()?;
    let clock = Clock::from_hms_nano(hour, minute, second, nanosecond).ok()?;
    let local = date.with_time(clock).assume_utc();
    match digits.0 {
        b"Z" => Some(local),
        [sign @ (b'+' | b'-'), rest @ ..] if rest.len() == 4 => {
            let mut zone = Digits(rest);
            let ahead = Duration::hours(zone.two()?.into()) + Duration::minutes(zone.two()?.into());
            if *sign == b'+' {
                local.checked_sub(ahead)
            } else {
                local.checked_add(ahead)
            }
        }
        _ => None,
    }
}

/// What is left of a decimal string.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    /// The next two digits as a number.
    fn two(&mut self) -> Option<u8> {
        let ([tens, ones], rest) = self.0.split_first_chunk::<2>()?;
        if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            return None;
        }
        self.0 = rest;
        Some((tens - b'0') * 10 + (ones - b'0'))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn both_types_are_read() {
        let utc = |text: &[u8]| instant(text, TimeEncoding::UtcTime);
        let generalized = |text: &[u8]| instant(text, TimeEncoding::GeneralizedTime);
        assert_eq!(
            utc(b"491231235959Z"),
            Some(datetime!(2049-12-31 23:59:59 UTC))
        );
        assert_eq!(utc(b"500101000000Z"), Some(datetime!(1950-01-01 0:00 UTC)));
        assert_eq!(utc(b"2501010000Z"), Some(datetime!(2025-01-01 0:00 UTC)));
        assert_eq!(
            utc(b"250101000000+0130"),
            Some(datetime!(2024-12-31 22:30 UTC))
        );
        assert_eq!(
            generalized(b"99991231235959Z"),
            Some(datetime!(9999-12-31 23:59:59 UTC))
        );
        assert_eq!(
            generalized(b"20250101000000.5Z"),
            Some(datetime!(2025-01-01 0:00:00.5 UTC))
        );
    }

    #[test]
    fn what_names_no_instant_is_refused() {
        for text in [
            "",
            "250230000000Z",
            "250101240000Z",
            "250101000000",
            "25010100000Z",
            "2501010000000Z",
            "2a0101000000Z",
        ] {
            assert_eq!(
                instant(text.as_bytes(), TimeEncoding::UtcTime),
                None,
                "{text}"
            );
        }
        for text in [
            "20250101000000.Z",
            "99991231235959-0001",
            "20250101000000.0000000001Z",
            "250101000000Z",
        ] {
            assert_eq!(
                instant(text.as_bytes(), TimeEncoding::GeneralizedTime),
                None,
                "{text}"
            );
        }
    }
}
