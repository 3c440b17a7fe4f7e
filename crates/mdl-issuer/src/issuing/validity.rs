//! How long a document lives.
//!
//! From the tenant's policy, cut off where the document signer or the licence ends (ISO/IEC 18013-5, 9.1.2.4). Nothing
//! in it shows the second of issuing: the beginning is rounded down, and every end is either a fixed time after that
//! or a time that many documents share. Ends are not rounded: a licence counts to the last second of its last day.

use mdl_mdoc::builder::Validity;
use mdl_signer::DocumentSignerWindow;
use time::{Duration, OffsetDateTime, UtcOffset};

use super::reason::Reason;
use crate::tenant::TenantPolicy;

/// The times of a document that is issued at `issued_at`, whose licence ends at `licence_end` if it ends.
///
/// # Errors
/// The licence is over ([`Reason::LicenceOver`]), or the policy gives no times that are in order.
pub(super) fn validity(
    policy: &TenantPolicy,
    window: &DocumentSignerWindow,
    issued_at: OffsetDateTime,
    licence_end: Option<OffsetDateTime>,
) -> Result<Validity, Reason> {
    if licence_end.is_some_and(|end| end <= issued_at) {
        return Err(Reason::LicenceOver);
    }
    let unusable = Reason::ValidityPolicy;
    // On its first day, a document signer begins later than the day. All documents of that day share its beginning.
    let signed = round_down(issued_at, policy.time_granularity)
        .ok_or(unusable)?
        .max(window.not_before());
    let life = policy.validity.min(window.longest_mso_life());
    let end = signed.checked_add(life).ok_or(unusable)?;
    let end = end.min(window.not_after());
    let valid_until = licence_end.map_or(end, |licence_end| end.min(licence_end));
    if valid_until <= issued_at {
        return Err(unusable);
    }
    let validity = Validity::new(signed, signed, valid_until).map_err(|_| unusable)?;
    let Some(expected_update) = policy.expected_update else {
        return Ok(validity);
    };
    let expected_update = signed.checked_add(expected_update).ok_or(unusable)?;
    if expected_update <= issued_at {
        // The wallet would come again at once, and again.
        return Err(unusable);
    }
    validity
        .with_expected_update(expected_update.min(valid_until))
        .map_err(|_| unusable)
}

/// The latest multiple of `granularity` since 1970 that is not after `time`. `None` if there is no such thing.
fn round_down(time: OffsetDateTime, granularity: Duration) -> Option<OffsetDateTime> {
    let seconds = time.unix_timestamp();
    let beyond = seconds.checked_rem_euclid(granularity.whole_seconds().max(1))?;
    let rounded = OffsetDateTime::from_unix_timestamp(seconds - beyond).ok()?;
    Some(rounded.to_offset(UtcOffset::UTC))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const AT: OffsetDateTime = datetime!(2026-06-15 13:14:15.9 UTC);
    const DAY: OffsetDateTime = datetime!(2026-06-15 00:00 UTC);

    fn policy() -> TenantPolicy {
        TenantPolicy {
            batch_size: 1,
            batches_per_grant: 1,
            documents_per_subject_and_day: 1,
            validity: Duration::days(14),
            expected_update: Some(Duration::days(10)),
            time_granularity: Duration::DAY,
            offer_life: Duration::HOUR,
            tx_code_attempts: 1,
            access_token_life: Duration::HOUR,
            nonce_life: Duration::HOUR,
            require_dpop: true,
            require_dpop_nonce: true,
            repeatable: Duration::HOUR,
            status_list_size: 8,
            open_status_lists: 1,
            status_ttl: Duration::HOUR,
            status_life: Duration::DAY,
            status_latency: Duration::MINUTE,
        }
    }

    /// A document signer that began before `AT` and lasts for some days after.
    fn window(days: i64, longest_mso_life: i64) -> DocumentSignerWindow {
        let (from, until) = (AT - Duration::days(5), DAY + Duration::days(days));
        DocumentSignerWindow::new(from, until, Duration::days(longest_mso_life)).unwrap()
    }

    fn until(window: &DocumentSignerWindow, licence_end: Option<OffsetDateTime>) -> OffsetDateTime {
        let validity = validity(&policy(), window, AT, licence_end).unwrap();
        assert_eq!((validity.signed(), validity.valid_from()), (DAY, DAY));
        validity.valid_until()
    }

    #[test]
    fn the_earliest_of_policy_document_signer_and_licence_ends_a_document() {
        let days = |days| DAY + Duration::days(days);
        assert_eq!(until(&window(90, 30), None), days(14));
        assert_eq!(until(&window(90, 7), None), days(7));
        assert_eq!(until(&window(12, 1), None), days(1));
        assert_eq!(until(&window(90, 30), Some(days(4))), days(4));
        assert_eq!(until(&window(90, 30), Some(days(400))), days(14));
        let last_second = datetime!(2026-06-15 23:59:59 UTC);
        assert_eq!(until(&window(90, 30), Some(last_second)), last_second);
    }

    #[test]
    fn a_licence_that_is_over_gives_no_document() {
        let result = |end| validity(&policy(), &window(90, 30), AT, Some(end)).err();
        assert_eq!(result(AT), Some(Reason::LicenceOver));
        assert_eq!(result(AT + Duration::SECOND), None);
    }

    #[test]
    fn documents_of_a_document_signers_first_day_begin_with_it() {
        let begin = datetime!(2026-06-15 09:00 UTC);
        let end = begin + Duration::days(90);
        let window = DocumentSignerWindow::new(begin, end, Duration::days(30)).unwrap();
        let validity = validity(&policy(), &window, AT, None).unwrap();
        assert_eq!(validity.signed(), begin);
        assert_eq!(validity.valid_until(), begin + Duration::days(14));
    }

    #[test]
    fn the_next_update_is_expected_within_the_life_of_a_document_and_never_at_once() {
        let update = |expected_update, end| {
            let policy = TenantPolicy {
                expected_update,
                ..policy()
            };
            validity(&policy, &window(90, 30), AT, end).map(|validity| validity.expected_update())
        };
        let days = |days| Some(DAY + Duration::days(days));
        assert_eq!(update(None, None), Ok(None));
        assert_eq!(update(Some(Duration::days(10)), None), Ok(days(10)));
        assert_eq!(update(Some(Duration::days(10)), days(3)), Ok(days(3)));
        let at_once = Some(Duration::HOUR);
        assert_eq!(update(at_once, None), Err(Reason::ValidityPolicy));
    }

    #[test]
    fn a_policy_that_gives_no_life_is_refused() {
        for life in [Duration::ZERO, -Duration::DAY, Duration::HOUR] {
            let policy = TenantPolicy {
                validity: life,
                expected_update: None,
                ..policy()
            };
            let result = validity(&policy, &window(90, 30), AT, None);
            assert_eq!(result, Err(Reason::ValidityPolicy), "{life}");
        }
    }
}
