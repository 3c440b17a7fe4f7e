//! Values as they are written in the file: durations such as `"14d"`, sizes such as `"64 KiB"`, numbers in bounds.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use time::Duration;
use toml::de::DeValue;

/// Why a value is not one of its kind: `expected …, found …`.
pub(super) type Expected<T> = Result<T, String>;

fn found(expected: &str, value: &DeValue<'_>) -> String {
    match value.as_str() {
        Some(text) => format!("expected {expected}, found {text:?}"),
        None => format!(
            "expected {expected}, found a value of type {}",
            value.type_str()
        ),
    }
}

pub(super) fn text(value: &DeValue<'_>) -> Expected<String> {
    match value.as_str() {
        Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => Err(found("text in quotes", value)),
    }
}

pub(super) fn boolean(value: &DeValue<'_>) -> Expected<bool> {
    value.as_bool().ok_or_else(|| found("true or false", value))
}

pub(super) fn address(value: &DeValue<'_>) -> Expected<SocketAddr> {
    let expected = "an IP address and a port such as \"127.0.0.1:8080\"";
    let text = value.as_str().ok_or_else(|| found(expected, value))?;
    text.parse().map_err(|_| found(expected, value))
}

/// A whole number in `bounds`.
pub(super) fn number(bounds: RangeInclusive<u32>) -> impl Fn(&DeValue<'_>) -> Expected<u32> {
    move |value| {
        let number = value
            .as_integer()
            .and_then(|integer| u32::from_str_radix(integer.as_str(), integer.radix()).ok());
        match number {
            Some(number) if bounds.contains(&number) => Ok(number),
            _ => {
                let (least, most) = (bounds.start(), bounds.end());
                let found = value.as_integer().map_or_else(
                    || format!("a value of type {}", value.type_str()),
                    |integer| integer.as_str().to_owned(),
                );
                Err(format!(
                    "expected a whole number from {least} to {most}, found {found}"
                ))
            }
        }
    }
}

/// A number and its unit, with any space between.
fn number_and_unit(text: &str) -> Option<(i64, &str)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim()))
}

/// A duration in `bounds`: seconds `s`, minutes `min`, hours `h` or days `d`.
pub(super) fn duration(
    bounds: RangeInclusive<Duration>,
) -> impl Fn(&DeValue<'_>) -> Expected<Duration> {
    move |value| {
        let read = |text: &str| {
            let (number, unit) = number_and_unit(text)?;
            let seconds = match unit {
                "s" => 1,
                "min" => 60,
                "h" => 3600,
                "d" => 86_400,
                _ => return None,
            };
            Some(Duration::seconds(number.checked_mul(seconds)?))
        };
        match value.as_str().and_then(read) {
            Some(duration) if bounds.contains(&duration) => Ok(duration),
            Some(_) => Err(format!(
                "expected a duration from {} to {}, found {:?}",
                written(*bounds.start()),
                written(*bounds.end()),
                value.as_str().unwrap_or_default()
            )),
            None => Err(found(
                "a duration such as \"30s\", \"10min\", \"12h\" or \"14d\"",
                value,
            )),
        }
    }
}

/// A duration as the file writes it, in the largest unit that is exact.
fn written(duration: Duration) -> String {
    let seconds = duration.whole_seconds();
    for (unit, length) in [("d", 86_400), ("h", 3600), ("min", 60)] {
        if seconds != 0 && seconds % length == 0 {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}

/// A number of bytes in `bounds`: `B`, `KiB` or `MiB`.
pub(super) fn size(bounds: RangeInclusive<usize>) -> impl Fn(&DeValue<'_>) -> Expected<usize> {
    move |value| {
        let read = |text: &str| {
            let (number, unit) = number_and_unit(text)?;
            let bytes = match unit {
                "B" => 1,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                _ => return None,
            };
            usize::try_from(number.checked_mul(bytes)?).ok()
        };
        match value.as_str().and_then(read) {
            Some(size) if bounds.contains(&size) => Ok(size),
            Some(size) => Err(format!(
                "expected a size from {} B to {} B, found {size} B",
                bounds.start(),
                bounds.end()
            )),
            None => Err(found(
                "a size such as \"512 B\", \"64 KiB\" or \"1 MiB\"",
                value,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &'static str) -> DeValue<'static> {
        DeValue::parse(text).unwrap().into_inner()
    }

    #[test]
    fn durations_are_read_with_their_unit_and_within_bounds() {
        let read = duration(Duration::SECOND..=Duration::days(30));
        for (written, seconds) in [
            ("\"1s\"", 1),
            ("\"10min\"", 600),
            ("\"12 h\"", 43_200),
            ("\"14d\"", 1_209_600),
        ] {
            assert_eq!(
                read(&value(written)),
                Ok(Duration::seconds(seconds)),
                "{written}"
            );
        }
        for wrong in [
            "\"0s\"",
            "\"31d\"",
            "\"14\"",
            "\"d\"",
            "14",
            "\"-1s\"",
            "\"9223372036854775807d\"",
        ] {
            read(&value(wrong)).unwrap_err();
        }
        assert_eq!(
            read(&value("\"31d\"")).unwrap_err(),
            "expected a duration from 1s to 30d, found \"31d\""
        );
    }

    #[test]
    fn sizes_and_numbers_are_read_within_bounds() {
        let read = size(1..=1 << 20);
        assert_eq!(read(&value("\"64 KiB\"")), Ok(65_536));
        assert_eq!(read(&value("\"1MiB\"")), Ok(1 << 20));
        for wrong in ["\"2 MiB\"", "\"64\"", "\"64 KB\"", "65536"] {
            read(&value(wrong)).unwrap_err();
        }
        assert_eq!(number(1..=10)(&value("0xa")), Ok(10));
        assert_eq!(
            number(1..=10)(&value("11")).unwrap_err(),
            "expected a whole number from 1 to 10, found 11"
        );
        number(1..=10)(&value("\"5\"")).unwrap_err();
    }
}
