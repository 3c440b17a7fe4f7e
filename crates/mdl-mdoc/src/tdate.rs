//! `tdate`: a point in time in the MSO. ISO/IEC 18013-5, 9.1.2.4: tag 0, RFC 3339, UTC as `Z`, no fraction of a second.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::cbor::{DecodeError, DecodeErrorKind, MajorType, Reader};

/// A point in time as received.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TDate {
    /// The instant it names.
    pub time: OffsetDateTime,
    /// Whether it is written as the standard asks: `2026-01-02T03:04:05Z`. Readers accept the other forms of RFC 3339.
    pub is_standard_form: bool,
}

impl TDate {
    /// Reads tag 0 with an RFC 3339 date-time.
    ///
    /// # Errors
    /// Another type, or text that is no date-time.
    pub fn decode(reader: &mut Reader<'_>, member: &'static str) -> Result<Self, DecodeError> {
        let at = reader.clone();
        if !reader.skip_tag(0) {
            let found = reader.peek()?;
            let found = if found == MajorType::Tag {
                "another tag"
            } else {
                found.name()
            };
            return Err(at.error(DecodeErrorKind::WrongType {
                member,
                expected: "tdate (tag 0)",
                found,
            }));
        }
        let text = reader.text(member)?;
        let rule = "not an RFC 3339 date-time";
        Self::parse(text).ok_or(at.error(DecodeErrorKind::OutOfRange { member, rule }))
    }

    /// Parses an RFC 3339 date-time in any of its forms. The instant is in UTC, in the years 0 to 9999.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(time) = parse_standard_form(text) {
            return Some(Self {
                time,
                is_standard_form: true,
            });
        }
        // In UTC from here on: with an offset, an instant may lie in a year that only panics can express.
        let time = OffsetDateTime::parse(text, &Rfc3339)
            .ok()?
            .checked_to_offset(time::UtcOffset::UTC)
            .filter(|time| (0..=9999).contains(&time.year()))?;
        Some(Self {
            time,
            is_standard_form: false,
        })
    }
}

/// Writes `time` in the standard's form, dropping any fraction of a second. Digit by digit: this runs three times per
/// document of a batch.
///
/// # Panics
/// Never for years 0 to 9999, which is all that certificates and `tdate` can express.
pub fn format_tdate(time: OffsetDateTime) -> String {
    // A time within a day of the calendar's end may have no UTC form; then it is shown as it is.
    let time = time.checked_to_offset(time::UtcOffset::UTC).unwrap_or(time);
    let Some(year) = u16::try_from(time.year())
        .ok()
        .filter(|year| *year < 10_000)
    else {
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
        return time
            .format(format)
            .expect("all components are present in an OffsetDateTime");
    };
    let century = [year / 100, year % 100].map(|pair| pair as u8);
    let mut text = String::with_capacity(20);
    for (pair, after) in [
        (century[0], ""),
        (century[1], "-"),
        (u8::from(time.month()), "-"),
        (time.day(), "T"),
        (time.hour(), ":"),
        (time.minute(), ":"),
        (time.second(), "Z"),
    ] {
        text.push(char::from(b'0' + pair / 10));
        text.push(char::from(b'0' + pair % 10));
        text.push_str(after);
    }
    text
}

/// `YYYY-MM-DDTHH:MM:SSZ`, digit by digit: this runs three times per document on the verify path.
fn parse_standard_form(text: &str) -> Option<OffsetDateTime> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let separators = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'Z'),
    ];
    if separators
        .iter()
        .any(|&(at, separator)| bytes[at] != separator)
    {
        return None;
    }
    let digits = |from: usize, to: usize| {
        bytes[from..to].iter().try_fold(0u16, |sum, digit| {
            digit
                .is_ascii_digit()
                .then(|| sum * 10 + u16::from(digit - b'0'))
        })
    };
    let two = |from: usize| digits(from, from + 2).map(|value| value as u8);
    let month = time::Month::try_from(two(5)?).ok()?;
    let date = time::Date::from_calendar_date(i32::from(digits(0, 4)?), month, two(8)?).ok()?;
    let time = time::Time::from_hms(two(11)?, two(14)?, two(17)?).ok()?;
    Some(OffsetDateTime::new_utc(date, time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_form_round_trips() {
        let text = "2026-01-02T03:04:05Z";
        let parsed = TDate::parse(text).unwrap();
        assert!(parsed.is_standard_form);
        assert_eq!(format_tdate(parsed.time), text);
    }

    #[test]
    fn other_rfc_3339_forms_are_understood_and_marked() {
        for text in [
            "2026-01-02T03:04:05.678Z",
            "2026-01-02T05:04:05+02:00",
            "2026-01-02t03:04:05z",
            "2026-01-01T03:05:05-23:59",
        ] {
            let parsed = TDate::parse(text).unwrap();
            assert!(!parsed.is_standard_form, "{text}");
            assert_eq!(format_tdate(parsed.time), "2026-01-02T03:04:05Z", "{text}");
        }
    }

    #[test]
    fn text_that_is_no_date_time_is_refused() {
        for text in [
            "",
            "2026-02-30T00:00:00Z",
            "2026-01-02",
            "2026-01-02T24:00:00Z",
            "2026-1-02T03:04:05Z",
            "é026-01-02T03:04:05",
            // Instants of the years 10000 and -1.
            "9999-12-31T23:59:59-00:01",
            "0000-01-01T00:00:00+00:01",
        ] {
            assert_eq!(TDate::parse(text), None, "{text}");
        }
    }
}
