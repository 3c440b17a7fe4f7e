//! When a licence ends: what no document of it may outlive.

use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::data_elements::{parse_full_date, parse_tdate};
use time::{Duration, OffsetDateTime, Time};

/// An `expiry_date` that is no date.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expiry_date is no date")]
pub(super) struct UnreadableExpiryDate;

/// The end of the licence that a record is about; `None` without `expiry_date`.
pub(super) fn licence_end(
    record: &ElementSet,
) -> Result<Option<OffsetDateTime>, UnreadableExpiryDate> {
    let expiry_date = record.get(MDL_NAME_SPACE, "expiry_date");
    expiry_date
        .map(|value| end_of(value.as_text().unwrap_or_default()).ok_or(UnreadableExpiryDate))
        .transpose()
}

/// The last second of a licence: of the day that a full-date names, in UTC, or the second that a tdate does.
pub(super) fn end_of(expiry_date: &str) -> Option<OffsetDateTime> {
    if let Ok(day) = parse_full_date(expiry_date) {
        return day
            .next_day()
            .map(|next| next.with_time(Time::MIDNIGHT).assume_utc() - Duration::SECOND);
    }
    parse_tdate(expiry_date).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_licence_counts_to_the_last_second_of_its_last_day() {
        assert_eq!(
            end_of("2030-02-28"),
            Some(datetime!(2030-02-28 23:59:59 UTC))
        );
        assert_eq!(
            end_of("2030-02-28T12:00:00Z"),
            Some(datetime!(2030-02-28 12:00 UTC))
        );
        assert_eq!(end_of("soon"), None);
    }

    #[test]
    fn a_record_without_an_end_is_told_from_one_whose_end_is_unreadable() {
        let mut record = ElementSet::new();
        record.add(MDL_NAME_SPACE, "sex", 1).unwrap();
        assert_eq!(licence_end(&record), Ok(None));
        record.add(MDL_NAME_SPACE, "expiry_date", "soon").unwrap();
        assert_eq!(licence_end(&record), Err(UnreadableExpiryDate));
    }
}
