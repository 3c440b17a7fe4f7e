//! The elements themselves: their ties to the document signer's certificate, and their values (V20 to V23).

use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::cbor::Value;
use mdl_mdoc::data_elements::{DataElement, ElementGate, Severity, parse_full_date, parse_tdate};
use mdl_mdoc::device_response::Document;
use mdl_mdoc::issuer_signed::ElementValue;
use time::{Date, Duration, OffsetDateTime};

use super::signer::Signer;
use crate::checks::Checks;
use crate::{Cause, CheckId};

pub(super) fn check_elements(
    document: &Document<'_>,
    signer: &Signer,
    at: OffsetDateTime,
    checks: &mut Checks,
) {
    let issuer = signer.issuer.as_ref();
    let country = issuer.and_then(|issuer| issuer.country.as_deref());
    match find(document, "issuing_country") {
        None => checks.not_applicable(CheckId::IssuingCountry),
        Some(value) => {
            let fits = country.is_some() && value.as_text() == country;
            let cause = || finding("issuing_country", "not the country of the document signer");
            checks.pass_unless(CheckId::IssuingCountry, (!fits).then(cause));
        }
    }
    let state = issuer.and_then(|issuer| issuer.state.as_deref());
    match (find(document, "issuing_jurisdiction"), state) {
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
    match find(document, "expiry_date").and_then(expires) {
        None => checks.not_applicable(CheckId::LicenceExpiry),
        Some(expired_from) => {
            let expired =
                (at >= expired_from).then(|| finding("expiry_date", "the licence has expired"));
            checks.pass_unless(CheckId::LicenceExpiry, expired);
        }
    }
    checks.pass_unless(CheckId::ElementValues, first_odd_value(document));
}

/// The first element whose value breaks a rule of its name space; names the rule, never the value.
fn first_odd_value(document: &Document<'_>) -> Option<Cause> {
    let gate = ElementGate::mdl();
    let mut elements = Vec::new();
    for (name_space, items) in &document.issuer_signed.name_spaces {
        for item in items {
            let value = item.element_value.decode().unwrap_or(Value::Undefined);
            elements.push((*name_space, item.element_identifier, value));
        }
    }
    let elements: Vec<_> = elements
        .iter()
        .map(|(name_space, identifier, value)| DataElement::new(name_space, identifier, value))
        .collect();
    let report = gate.examine_disclosed(&elements);
    let violation = report
        .violations()
        .iter()
        .find(|violation| violation.severity != Severity::Info)?;
    Some(Cause::Element {
        name_space: violation.name_space.clone(),
        element_identifier: violation.element_identifier.clone(),
        finding: format!(
            "{}: expected {}, found {}",
            violation.rule, violation.expected, violation.found
        ),
    })
}

/// An issuer-signed element of the licence's name space.
fn find<'a>(document: &Document<'a>, element_identifier: &str) -> Option<ElementValue<'a>> {
    let name_spaces = document.issuer_signed.name_spaces.iter();
    name_spaces
        .filter(|(name_space, _)| *name_space == MDL_NAME_SPACE)
        .flat_map(|(_, items)| items)
        .find(|item| item.element_identifier == element_identifier)
        .map(|item| item.element_value)
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
