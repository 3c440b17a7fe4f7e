//! The times of the MSO (V12 to V19). Instants are compared, never texts.

use mdl_mdoc::mso::ValidityInfo;
use time::OffsetDateTime;

use super::signer::Signer;
use crate::checks::Checks;
use crate::{Cause, CheckId};

pub(super) fn check_validity(
    validity: &ValidityInfo,
    signer: &Signer,
    at: OffsetDateTime,
    checks: &mut Checks,
) {
    let signed = validity.signed.time;
    let (valid_from, valid_until) = (validity.valid_from.time, validity.valid_until.time);
    match signer.validity {
        Some((not_before, not_after)) => {
            let outside =
                before("signed", signed, not_before).or_else(|| after("signed", signed, not_after));
            checks.pass_unless(CheckId::SignedInDsValidity, outside);
            checks.pass_unless(
                CheckId::MsoOutlivesDs,
                after("validUntil", valid_until, not_after),
            );
        }
        None => {
            for id in [CheckId::SignedInDsValidity, CheckId::MsoOutlivesDs] {
                checks.not_checked(id, Cause::Needs("a readable document signer's certificate"));
            }
        }
    }
    checks.pass_unless(
        CheckId::ValidFrom,
        before("time of verification", at, valid_from),
    );
    checks.pass_unless(
        CheckId::ValidUntil,
        after("time of verification", at, valid_until),
    );
    let disorder = before("validFrom", valid_from, signed).or_else(|| {
        (valid_until <= valid_from).then_some(Cause::Before {
            what: "validUntil",
            time: valid_until,
            limit: valid_from,
        })
    });
    checks.pass_unless(CheckId::ValidityOrder, disorder);

    let times = [
        ("signed", Some(validity.signed)),
        ("validFrom", Some(validity.valid_from)),
        ("validUntil", Some(validity.valid_until)),
        ("expectedUpdate", validity.expected_update),
    ];
    let odd = times
        .into_iter()
        .find(|(_, time)| time.is_some_and(|time| !time.is_standard_form));
    checks.pass_unless(
        CheckId::TDateForm,
        odd.map(|(member, _)| Cause::TDateForm(member)),
    );
    match validity.expected_update {
        None => checks.not_applicable(CheckId::ExpectedUpdate),
        Some(expected_update) => {
            let overdue = after("time of verification", at, expected_update.time);
            checks.pass_unless(CheckId::ExpectedUpdate, overdue);
        }
    }
}

fn before(what: &'static str, time: OffsetDateTime, limit: OffsetDateTime) -> Option<Cause> {
    (time < limit).then_some(Cause::Before { what, time, limit })
}

fn after(what: &'static str, time: OffsetDateTime, limit: OffsetDateTime) -> Option<Cause> {
    (time > limit).then_some(Cause::After { what, time, limit })
}
