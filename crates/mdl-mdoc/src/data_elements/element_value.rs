//! The rules on one value: type, tag, length, characters, vocabulary, structure.
//!
//! Works down the [`ElementType`], never down the value, so the depth of hostile input does not matter.
//!
//! ISO/IEC 18013-5, 7.2.1.

use std::borrow::Cow;

use super::country::{has_alpha2_shape, has_subdivision_shape, is_country_code};
use super::date::{DateError, DateOrTime, FULL_DATE_TAG, TDATE_TAG, parse_full_date, parse_tdate};
use super::driving_privileges::{EXPIRY_DATE, ISSUE_DATE, VEHICLE_CATEGORIES};
use super::element_type::{ElementType, Member};
use super::image::check_image;
use super::report::{Findings, Found, Place};
use super::rule::Rule;
use super::schema::BIOMETRIC_TEMPLATE;
use super::{age_over, biometric_template};
use crate::cbor::Value;

/// Checks `value` of the element `element_identifier` against its type, and the identifier where it is
/// patterned.
pub(super) fn check_element(
    element_identifier: &str,
    element_type: &ElementType,
    value: &Value<'_>,
    place: &Place<'_>,
    findings: &mut Findings,
) {
    match element_type {
        ElementType::AgeOver if age_over::years_of(element_identifier).is_none() => {
            findings.add(
                place,
                Rule::AgeOverName,
                "two digits after age_over_",
                OTHER_NAME,
            );
        }
        ElementType::BiometricTemplate => {
            let kind = element_identifier
                .strip_prefix(BIOMETRIC_TEMPLATE)
                .unwrap_or_default();
            if !biometric_template::is_kind(kind) {
                let expected =
                    "lower-case letters, digits and underscores after biometric_template_";
                findings.add(place, Rule::BiometricTemplateName, expected, OTHER_NAME);
            }
        }
        _ => {}
    }
    check_value(element_type, value, place, findings);
}

const OTHER_NAME: Found = Found::Fact(Cow::Borrowed("another name"));

/// Checks `value` against `element_type`.
pub(super) fn check_value(
    element_type: &ElementType,
    value: &Value<'_>,
    place: &Place<'_>,
    findings: &mut Findings,
) {
    match (element_type, value) {
        (ElementType::Any, _)
        | (ElementType::Bool | ElementType::AgeOver, Value::Bool(_))
        | (ElementType::Bytes, Value::Bytes(_)) => {}

        (ElementType::Latin1Text { .. }, Value::Text(text))
        | (ElementType::Utf8Text, Value::Text(text))
        | (ElementType::TextCode(_), Value::Text(text))
        | (ElementType::Digits(_), Value::Text(text))
        | (ElementType::CountryCode, Value::Text(text))
        | (ElementType::Subdivision, Value::Text(text))
        | (ElementType::DistinguishingSign, Value::Text(text))
        | (ElementType::VehicleCategory, Value::Text(text)) => {
            if let Some((rule, expected)) = text_breach(element_type, text) {
                findings.add(place, rule, expected, Found::of(value));
            }
        }

        (
            ElementType::FullDate | ElementType::Tdate | ElementType::TdateOrFullDate,
            Value::Tag(tag, inner),
        ) if accepts_tag(element_type, *tag) => check_date(*tag, inner, place, findings),

        (ElementType::Uint { min, max }, Value::Unsigned(number)) => {
            if !(*min..=*max).contains(number) {
                let expected = element_type.to_string();
                findings.add(place, Rule::ValueOutOfRange, expected, OUTSIDE);
            }
        }
        (ElementType::UintCode(codes), Value::Unsigned(number)) => {
            if !codes.contains(number) {
                findings.add(
                    place,
                    Rule::ValueNotListed,
                    element_type.to_string(),
                    OUTSIDE,
                );
            }
        }
        (ElementType::Flag, Value::Unsigned(number)) => {
            if *number != 1 {
                findings.add(place, Rule::FlagNotOne, "1, or no element at all", OUTSIDE);
            }
        }

        (ElementType::Image, Value::Bytes(bytes)) => {
            if let Err(problem) = check_image(bytes) {
                let found = Found::Fact(problem.to_string().into());
                findings.add(place, problem.rule(), element_type.to_string(), found);
            }
        }
        (ElementType::BiometricTemplate, Value::Bytes(bytes)) => {
            biometric_template::check(bytes, place, findings);
        }

        (ElementType::List { of, at_least }, Value::Array(items)) => {
            if items.len() < *at_least {
                let expected = format!("at least {at_least}");
                findings.add(place, Rule::ListTooShort, expected, Found::of(value));
            }
            for (index, item) in items.iter().enumerate() {
                check_value(of.get(), item, &place.item(index), findings);
            }
        }
        (ElementType::Map(members), Value::Map(entries)) => {
            check_members(members, entries, place, findings);
        }

        // Everything else is of the wrong type, or right and in the wrong wrapping.
        _ => {
            let rule = if is_only_wrongly_tagged(element_type, value) {
                Rule::WrongTag
            } else {
                Rule::WrongType
            };
            findings.add(place, rule, element_type.to_string(), Found::of(value));
        }
    }
}

/// A number that is not said, because it belongs to the holder.
const OUTSIDE: Found = Found::Fact(Cow::Borrowed("another unsigned integer"));

fn accepts_tag(element_type: &ElementType, tag: u64) -> bool {
    match element_type {
        ElementType::FullDate => tag == FULL_DATE_TAG,
        ElementType::Tdate => tag == TDATE_TAG,
        ElementType::TdateOrFullDate => tag == FULL_DATE_TAG || tag == TDATE_TAG,
        _ => false,
    }
}

/// Whether the value would be of the right CBOR type with another tag, or without one.
fn is_only_wrongly_tagged(element_type: &ElementType, value: &Value<'_>) -> bool {
    let inner = match value {
        Value::Tag(_, inner) => inner,
        untagged => untagged,
    };
    match element_type {
        ElementType::FullDate | ElementType::Tdate | ElementType::TdateOrFullDate => {
            matches!(inner, Value::Text(_))
        }
        ElementType::Latin1Text { .. }
        | ElementType::Utf8Text
        | ElementType::TextCode(_)
        | ElementType::Digits(_)
        | ElementType::CountryCode
        | ElementType::Subdivision
        | ElementType::DistinguishingSign
        | ElementType::VehicleCategory => matches!(inner, Value::Text(_)),
        ElementType::Uint { .. } | ElementType::UintCode(_) | ElementType::Flag => {
            matches!(inner, Value::Unsigned(_))
        }
        ElementType::Bool | ElementType::AgeOver => matches!(inner, Value::Bool(_)),
        ElementType::Image | ElementType::Bytes | ElementType::BiometricTemplate => {
            matches!(inner, Value::Bytes(_))
        }
        ElementType::List { .. } => matches!(inner, Value::Array(_)),
        ElementType::Map(_) => matches!(inner, Value::Map(_)),
        ElementType::Any => false,
    }
}

/// The first rule that `text` breaks. One at a time: text that is too long is not also searched for letters.
fn text_breach(element_type: &ElementType, text: &str) -> Option<(Rule, Cow<'static, str>)> {
    let empty_is_fine = matches!(element_type, ElementType::DistinguishingSign);
    // Nearly all text is printable ASCII, which is in every repertoire and takes one byte a character.
    let is_printable_ascii = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !is_printable_ascii && text.chars().any(char::is_control) {
        return Some((
            Rule::TextControlCharacter,
            "text without control characters".into(),
        ));
    }
    match element_type {
        ElementType::Latin1Text { max_characters } => {
            if !is_printable_ascii && text.chars().any(|c| u32::from(c) > 0xff) {
                let expected = "characters of ISO/IEC 8859-1";
                return Some((Rule::TextOutsideLatin1, expected.into()));
            }
            let characters = if is_printable_ascii {
                text.len()
            } else {
                text.chars().count()
            };
            if characters > *max_characters {
                let expected = format!("at most {max_characters} characters");
                return Some((Rule::TextTooLong, expected.into()));
            }
        }
        ElementType::TextCode(words) if !words.contains(text) => {
            return Some((Rule::ValueNotListed, format!("one of {words}").into()));
        }
        ElementType::Digits(count)
            if text.len() != *count || !text.bytes().all(|b| b.is_ascii_digit()) =>
        {
            return Some((Rule::TextDigits, format!("exactly {count} digits").into()));
        }
        ElementType::CountryCode if !has_alpha2_shape(text) => {
            return Some((Rule::CountryCodeShape, "two upper-case letters".into()));
        }
        ElementType::CountryCode if !is_country_code(text) => {
            return Some((
                Rule::CountryCodeUnassigned,
                "an ISO 3166-1 alpha-2 code".into(),
            ));
        }
        ElementType::Subdivision if !has_subdivision_shape(text) => {
            return Some((
                Rule::SubdivisionShape,
                "an ISO 3166-2 code such as US-CA".into(),
            ));
        }
        ElementType::DistinguishingSign
            if text.len() > 3 || !text.bytes().all(|b| b.is_ascii_uppercase()) =>
        {
            let expected = "up to three upper-case letters, or nothing";
            return Some((Rule::DistinguishingSignShape, expected.into()));
        }
        ElementType::VehicleCategory if !text.is_empty() && !VEHICLE_CATEGORIES.contains(&text) => {
            return Some((
                Rule::VehicleCategoryUnknown,
                "a category of 18013-1 Annex B".into(),
            ));
        }
        _ => {}
    }
    (text.is_empty() && !empty_is_fine)
        .then_some((Rule::TextEmpty, "text of at least 1 character".into()))
}

fn check_date(tag: u64, inner: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    let is_day = tag == FULL_DATE_TAG;
    let (rule, expected) = if is_day {
        (Rule::FullDateForm, "YYYY-MM-DD")
    } else {
        (Rule::TdateForm, "YYYY-MM-DDTHH:MM:SSZ")
    };
    let Value::Text(text) = inner else {
        let found = Found::Tag(tag, Box::new(Found::Fact(inner.kind().to_string().into())));
        findings.add(place, Rule::WrongType, format!("text {expected}"), found);
        return;
    };
    let parsed = if is_day {
        parse_full_date(text).map(drop)
    } else {
        parse_tdate(text).map(drop)
    };
    match parsed {
        Ok(()) => {}
        Err(DateError::Form) => findings.add(place, rule, expected, Found::of(inner)),
        Err(DateError::NotInCalendar) => {
            let found = Found::Fact("one that does not exist".into());
            findings.add(
                place,
                Rule::DateNotInCalendar,
                "a day and a time that exist",
                found,
            );
        }
    }
}

fn check_members(
    members: &[Member],
    entries: &[(Value<'_>, Value<'_>)],
    place: &Place<'_>,
    findings: &mut Findings,
) {
    for member in members {
        let mut values = entries
            .iter()
            .filter(|(key, _)| matches!(key, Value::Text(name) if *name == member.name))
            .map(|(_, value)| value);
        let place = place.member(&member.name);
        match values.next() {
            Some(value) => check_value(&member.element_type, value, &place, findings),
            None if member.required => {
                let expected = member.element_type.to_string();
                findings.add(&place, Rule::MemberMissing, expected, Found::Nothing);
            }
            None => {}
        }
        if values.next().is_some() {
            let found = Found::Fact("it again".into());
            findings.add(
                &place,
                Rule::MemberRepeated,
                "one member of this name",
                found,
            );
        }
    }
    let is_known = |key: &Value<'_>| matches!(key, Value::Text(name) if members.iter().any(|member| member.name == *name));
    for (key, _) in entries.iter().filter(|(key, _)| !is_known(key)) {
        let found = Found::Fact(format!("a key that is {}", Found::of(key)).into());
        findings.add(place, Rule::MemberUnexpected, known_names(members), found);
    }
    check_order_of_dates(entries, place, findings);
}

fn known_names(members: &[Member]) -> String {
    let names: Vec<&str> = members.iter().map(|member| &*member.name).collect();
    format!("only {}", names.join(", "))
}

/// `issue_date` and `expiry_date` of one privilege: the same order as those of the licence.
fn check_order_of_dates(
    entries: &[(Value<'_>, Value<'_>)],
    place: &Place<'_>,
    findings: &mut Findings,
) {
    let date = |name: &str| {
        let named = |key: &Value<'_>| matches!(key, Value::Text(text) if *text == name);
        entries
            .iter()
            .find(|(key, _)| named(key))
            .and_then(|(_, value)| DateOrTime::read(value))
    };
    if let (Some(issue), Some(expiry)) = (date(ISSUE_DATE), date(EXPIRY_DATE))
        && issue.is_after(expiry, time::UtcOffset::UTC)
    {
        let found = Found::Fact("a later day".into());
        let place = place.member(ISSUE_DATE);
        findings.add(
            &place,
            Rule::IssueAfterExpiry,
            "a day up to expiry_date",
            found,
        );
    }
}
