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
