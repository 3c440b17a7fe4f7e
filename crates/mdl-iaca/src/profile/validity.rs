use time::{Duration, OffsetDateTime};

use super::{Issuer, ProfileError, encoding};

/// Years a root may be valid, as 20 × 365 days: the standard does not say how many days its "20 years" are,
/// and some validators count them so.
pub(crate) const IACA_LIMIT_DAYS: u32 = 20 * 365;
/// Longest validity of a document signer, and of an OCSP signer whose status can be checked.
pub(crate) const DOCUMENT_SIGNER_LIMIT_DAYS: u32 = 457;
/// Longest validity of an OCSP signer that is trusted without a check of its own status.
pub(crate) const OCSP_NO_CHECK_LIMIT_DAYS: u32 = 90;
/// Longest validity of reader authentication, MSO revocation list and VICAL signers.
pub(crate) const SIGNER_LIMIT_DAYS: u32 = 1187;

/// The period a certificate is valid in, both ends included, in whole seconds (RFC 5280, 4.1.2.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validity {
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

impl Validity {
    /// From `not_before` to `not_after`; fractions of a second are cut off.
    ///
    /// # Errors
    /// [`ProfileError::ValidityEmpty`] unless `not_after` is later than `not_before`.
    pub fn new(
        not_before: OffsetDateTime,
        not_after: OffsetDateTime,
    ) -> Result<Self, ProfileError> {
        let (not_before, not_after) = (whole_seconds(not_before), whole_seconds(not_after));
        if not_after <= not_before {
            return Err(ProfileError::ValidityEmpty {
                not_before,
                not_after,
            });
        }
        Ok(Self {
            not_before,
            not_after,
        })
    }

    /// From `not_before` for `days` days of 86,400 seconds.
    ///
    /// # Errors
    /// [`ProfileError::ValidityEmpty`] for zero days, [`ProfileError::Year`] when the end cannot be represented.
    pub fn days(not_before: OffsetDateTime, days: u32) -> Result<Self, ProfileError> {
        let not_after = not_before
            .checked_add(Duration::days(i64::from(days)))
            .ok_or(ProfileError::Year(not_before))?;
        Self::new(not_before, not_after)
    }

    /// First second of the period.
    pub fn not_before(&self) -> OffsetDateTime {
        self.not_before
    }

    /// Last second of the period.
    pub fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    pub(crate) fn at_most(&self, limit_days: u32) -> Result<(), ProfileError> {
        if self.not_after - self.not_before > Duration::days(i64::from(limit_days)) {
            return Err(ProfileError::ValidityTooLong { limit_days });
        }
        Ok(())
    }

    pub(crate) fn ends_within(&self, issuer: &Issuer) -> Result<(), ProfileError> {
        if self.not_after > issuer.not_after() {
            return Err(ProfileError::OutlivesIssuer {
                not_after: self.not_after,
                issuer_not_after: issuer.not_after(),
            });
        }
        Ok(())
    }

    pub(crate) fn within(&self, issuer: &Issuer) -> Result<(), ProfileError> {
        if self.not_before < issuer.not_before() {
            return Err(ProfileError::PrecedesIssuer {
                not_before: self.not_before,
                issuer_not_before: issuer.not_before(),
            });
        }
        self.ends_within(issuer)
    }

    pub(crate) fn to_der(self) -> Result<Vec<u8>, ProfileError> {
        Ok(encoding::sequence(&[
            &encoding::time(self.not_before)?,
            &encoding::time(self.not_after)?,
        ])?)
    }
}

fn whole_seconds(at: OffsetDateTime) -> OffsetDateTime {
    at - Duration::nanoseconds(i64::from(at.nanosecond()))
}
