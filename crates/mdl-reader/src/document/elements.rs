//! The elements themselves: their ties to the document signer's certificate, and their values (V20 to V23).

use std::sync::LazyLock;

use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::cbor::Value;
use mdl_mdoc::data_elements::{DataElement, ElementGate, Severity, parse_full_date, parse_tdate};
use mdl_mdoc::device_response::Document;
use mdl_mdoc::issuer_signed::ElementValue;
use time::{Date, Duration, OffsetDateTime};

use super::signer::Signer;
use crate::checks::Checks;
use crate::{Cause, CheckId, Conditions, Session};

pub(super) fn check_elements(
    document: &Document<'_>,
    signer: &Signer,
    conditions: &Conditions<'_>,
    checks: &mut Checks,
) {
    let in_session = matches!(conditions.session, Session::Device { .. });
    let issuer = signer.issuer.as_ref();
    let country = issuer.and_then(|issuer| issuer.country.as_deref());
    match find(document, in_session, "issuing_country") {
        None => checks.not_applicable(CheckId::IssuingCountry),
        Some(value) => {
            let fits = country.is_some() && value.as_text() == country;
            let cause = || finding("issuing_country", "not the country of the document signer");
            checks.pass_unless(CheckId::IssuingCountry, (!fits).then(cause));
        }
    }
    let state = issuer.and_then(|issuer| issuer.state.as_deref());
    match (find(document, in_session, "issuing_jurisdiction"), state) {
        (None, _) | (_, None) => checks.not_applicable(CheckId::IssuingJurisdiction),
        (Some(value), state) => {
            let cause = || {
                finding(
                    "issuing_jurisdiction",
                    "not the state or province of the document signer",
                )
            };
            checks.pass_unless(
                CheckId::IssuingJurisdiction,
                (value.as_text() != state).then(cause),
            );
        }
    }
    match find(document, in_session, "expiry_date").and_then(expires) {
        None => checks.not_applicable(CheckId::LicenceExpiry),
        Some(expired_from) => {
            let expired = (conditions.at >= expired_from)
                .then(|| finding("expiry_date", "the licence has expired"));
            checks.pass_unless(CheckId::LicenceExpiry, expired);
        }
    }
    checks.pass_unless(
        CheckId::ElementValues,
        first_odd_value(document, in_session),
    );
}

/// The first element whose value breaks a rule of its name space; names the rule, never the value.
fn first_odd_value(document: &Document<'_>, in_session: bool) -> Option<Cause> {
    static GATE: LazyLock<ElementGate> = LazyLock::new(ElementGate::mdl);
    // One at a time: a report holds a bounded number of findings, and remarks on some elements must not crowd out
    // what is wrong with another.
    returned(document, in_session).find_map(|(name_space, identifier, value)| {
        let value = value.decode().unwrap_or(Value::Undefined);
        let report = GATE.examine_disclosed(&[DataElement::new(name_space, identifier, &value)]);
        let violation = report
            .violations()
            .iter()
            .max_by_key(|violation| violation.severity)
            .filter(|violation| violation.severity != Severity::Info || report.omitted() > 0)?;
        Some(Cause::Element {
            name_space: violation.name_space.clone(),
            element_identifier: violation.element_identifier.clone(),
            finding: format!(
                "{}: expected {}, found {}",
                violation.rule, violation.expected, violation.found
            ),
        })
    })
}

/// Every returned element: the issuer-signed ones, and in a session the device-signed ones, which are otherwise not
/// given out.
fn returned<'d, 'a>(
    document: &'d Document<'a>,
    in_session: bool,
) -> impl Iterator<Item = (&'a str, &'a str, ElementValue<'a>)> + use<'d, 'a> {
    let issuer_signed = document.issuer_signed.name_spaces.iter();
    let device_signed = document
        .device_signed
        .iter()
        .filter(move |_| in_session)
        .flat_map(|device_signed| &device_signed.name_spaces);
    let issuer_signed = issuer_signed.flat_map(|(name_space, items)| {
        items
            .iter()
            .map(move |item| (*name_space, item.element_identifier, item.element_value))
    });
    issuer_signed.chain(device_signed.flat_map(|(name_space, elements)| {
        elements
            .iter()
            .map(move |(identifier, value)| (*name_space, *identifier, *value))
    }))
}

/// A returned element of the licence's name space.
fn find<'a>(
    document: &Document<'a>,
    in_session: bool,
    element_identifier: &str,
) -> Option<ElementValue<'a>> {
    returned(document, in_session)
        .find(|(name_space, identifier, _)| {
            *identifier == element_identifier && *name_space == MDL_NAME_SPACE
        })
        .map(|(_, _, value)| value)
}

/// The first moment at which a licence with this `expiry_date` has expired: after the end of the day, or at the time.
fn expires(value: ElementValue<'_>) -> Option<OffsetDateTime> {
    let text = value.as_text()?;
    let end_of = |date: Date| Some(date.next_day()?.midnight().assume_utc());
    match parse_full_date(text) {
        Ok(date) => end_of(date),
        Err(_) => parse_tdate(text).ok()?.checked_add(Duration::SECOND),
    }
}

fn finding(element_identifier: &str, finding: &str) -> Cause {
    Cause::Element {
        name_space: MDL_NAME_SPACE.to_owned(),
        element_identifier: element_identifier.to_owned(),
        finding: finding.to_owned(),
    }
}
