//! Rules that take more than one value: elements against one another, the MSO's validity and the document signer.
//!
//! Values that are themselves wrong are passed over here: the rule on the value has spoken already.
//!
//! Ages are stated as of the MSO's validFrom, not of the moment of signing: an MSO for next week's birthday may
//! be signed today (7.2.5). How a birthday on 29 February and the place of the calendar count is said in
//! [`age_over`](super::age_over).
//!
//! ISO/IEC 18013-5, 7.2.1, 7.2.5 and 9.1.2.4.

use std::borrow::Cow;

use time::Date;

use super::age_over::{age_in_years, years_of};
use super::date::{DateOrTime, day_at};
use super::gate::{DataElement, GateContext};
use super::iso_name_space::NAME_SPACE;
use super::report::{Findings, Found, Place};
use super::rule::Rule;
use crate::cbor::Value;

pub(super) fn check_consistency(
    elements: &[DataElement<'_>],
    context: &GateContext<'_>,
    findings: &mut Findings,
) {
    let licence = Licence { elements };
    licence.check_ages(context, findings);
    licence.check_dates(context, findings);
    licence.check_document_signer(context, findings);
}

/// The elements of the ISO name space.
struct Licence<'e> {
    elements: &'e [DataElement<'e>],
}

const ANOTHER: Found = Found::Fact(Cow::Borrowed("another value"));
const LATER: Found = Found::Fact(Cow::Borrowed("a later day"));

impl<'e> Licence<'e> {
    fn value(&self, element_identifier: &str) -> Option<&'e Value<'e>> {
        // The identifier first: it differs sooner than the name space.
        let is_it = |element: &&DataElement<'_>| {
            element.element_identifier == element_identifier && element.name_space == NAME_SPACE
        };
        self.elements
            .iter()
            .find(is_it)
            .map(|element| element.value)
    }

    fn text(&self, element_identifier: &str) -> Option<&'e str> {
        match self.value(element_identifier)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn unsigned(&self, element_identifier: &str) -> Option<u64> {
        match self.value(element_identifier)? {
            Value::Unsigned(number) => Some(*number),
            _ => None,
        }
    }

    fn date(&self, element_identifier: &str) -> Option<DateOrTime> {
        DateOrTime::read(self.value(element_identifier)?)
    }

    fn birth_date(&self) -> Option<Date> {
        match self.date("birth_date")? {
            DateOrTime::Day(day) => Some(day),
            DateOrTime::Instant(_) => None,
        }
    }

    fn check_ages(&self, context: &GateContext<'_>, findings: &mut Findings) {
        let Some(birth_date) = self.birth_date() else {
            return;
        };
        if let Some(year) = self.unsigned("age_birth_year")
            && u64::try_from(birth_date.year()) != Ok(year)
        {
            let place = Place::element(NAME_SPACE, "age_birth_year");
            findings.add(
                &place,
                Rule::AgeBirthYearBirthDate,
                "the year of birth_date",
                ANOTHER,
            );
        }

        let as_of = day_at(context.valid_from, context.calendar_offset);
        let Some(age) = age_in_years(birth_date, as_of) else {
            let place = Place::element(NAME_SPACE, "birth_date");
            let expected = "a day up to the MSO's validFrom";
            findings.add(&place, Rule::BirthDateAfterValidFrom, expected, LATER);
            return;
        };
        if let Some(years) = self.unsigned("age_in_years")
            && years != u64::from(age)
        {
            let place = Place::element(NAME_SPACE, "age_in_years");
            let expected = "the age that birth_date gives on the day of validFrom";
            findings.add(&place, Rule::AgeInYearsBirthDate, expected, ANOTHER);
        }
        for &DataElement {
            name_space,
            element_identifier: identifier,
            value,
        } in self.elements
        {
            if let (Some(years), Value::Bool(is_over)) = (years_of(identifier), value)
                && name_space == NAME_SPACE
                && *is_over != (age >= u32::from(years))
            {
                let place = Place::element(NAME_SPACE, identifier);
                let expected = "what birth_date gives on the day of validFrom";
                findings.add(
                    &place,
                    Rule::AgeOverBirthDate,
                    expected,
                    Found::Fact("the opposite".into()),
                );
            }
        }
    }

    fn check_dates(&self, context: &GateContext<'_>, findings: &mut Findings) {
        let offset = context.calendar_offset;
        let (issue_date, expiry_date) = (self.date("issue_date"), self.date("expiry_date"));
        let issue = Place::element(NAME_SPACE, "issue_date");
        if let (Some(issue_date), Some(expiry_date)) = (issue_date, expiry_date)
            && issue_date.is_after(expiry_date, offset)
        {
            findings.add(
                &issue,
                Rule::IssueAfterExpiry,
                "a day up to expiry_date",
                LATER,
            );
        }
        if let Some(issue_date) = issue_date
            && issue_date.is_after(DateOrTime::Instant(context.valid_from), offset)
        {
            let expected = "a day up to the MSO's validFrom";
            findings.add(&issue, Rule::IssueDateAfterValidFrom, expected, LATER);
        }
        // A licence is good throughout the day of its expiry_date.
        if let Some(expiry_date) = expiry_date
            && DateOrTime::Instant(context.valid_until).is_after(expiry_date, offset)
        {
            let place = Place::element(NAME_SPACE, "expiry_date");
            let expected = "a day not before the MSO's validUntil";
            let found = Found::Fact("an earlier day".into());
            findings.add(&place, Rule::ValidUntilAfterExpiry, expected, found);
        }
    }

    fn check_document_signer(&self, context: &GateContext<'_>, findings: &mut Findings) {
        let country = self.text("issuing_country");
        let jurisdiction = self.text("issuing_jurisdiction");
        let country_place = Place::element(NAME_SPACE, "issuing_country");
        let jurisdiction_place = Place::element(NAME_SPACE, "issuing_jurisdiction");

        // The part before the hyphen, all of it: "USX-A" does not belong to US.
        if let (Some(country), Some(jurisdiction)) = (country, jurisdiction)
            && jurisdiction
                .split_once('-')
                .is_none_or(|(prefix, _)| prefix != country)
        {
            let expected = "issuing_country, a hyphen and the subdivision";
            findings.add(
                &jurisdiction_place,
                Rule::JurisdictionPrefix,
                expected,
                ANOTHER,
            );
        }
        let Some(signer) = context.document_signer else {
            let expected = "a document signer to compare with";
            findings.add(
                &country_place,
                Rule::DocumentSignerUnknown,
                expected,
                Found::Nothing,
            );
            return;
        };
        if country.is_some_and(|country| country != signer.country) {
            let expected = format!("{}, as in the document signer's subject", signer.country);
            findings.add(
                &country_place,
                Rule::IssuingCountryDocumentSigner,
                expected,
                ANOTHER,
            );
        }
        if let (Some(jurisdiction), Some(state)) = (jurisdiction, signer.state)
            && jurisdiction != state
        {
            let expected = format!("{state}, as in the document signer's subject");
            findings.add(
                &jurisdiction_place,
                Rule::JurisdictionDocumentSigner,
                expected,
                ANOTHER,
            );
        }
    }
}
