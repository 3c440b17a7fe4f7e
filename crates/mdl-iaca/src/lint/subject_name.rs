//! What holds for the attributes of a subject name, whatever the profile: string types, country code, form of the state.

use super::rule::{Report, SHALL, rules};
use crate::certificate::{Name, NameAttribute, StringType, oid};

rules! {
    COUNTRY_STRING: "name-country-printable", Error, "B.1, every table", "C is a PrintableString", SHALL;
    COUNTRY_CODE: "name-country-alpha-2", Error, "B.1, every table",
        "C is an ISO 3166-1 alpha-2 code in upper case",
        "readers compare it with issuing_country letter by letter";
    STATE_FORM: "name-state-iso-3166-2", Warning, "B.1.2, Table B.1",
        "ST has the form of ISO 3166-2, country code included, like US-CA",
        "the name must equal issuing_jurisdiction where that is on the licence; at least one fielded root is without the country";
    SERIAL_NUMBER_STRING: "name-serial-number-printable", Error, "B.1, every table",
        "the serialNumber attribute is a PrintableString", SHALL;
    STRING_TYPE: "name-string-type", Error, "B.1, every table",
        "CN, ST, L, O and OU are PrintableString or UTF8String", SHALL;
    STRING_CONTENT: "name-string-content", Error, "X.680, clause 41",
        "the characters are those of the string type", "readers may show or compare it wrongly";
    REPEATED: "name-repeated-attribute", Error, "B.1, every table",
        "C, ST, CN and serialNumber occur at most once",
        "which of two countries or states counts would be the reader's guess";
}

pub(super) fn check(name: Name<'_>, report: &mut Report) {
    for attribute in name.attributes() {
        match attribute.oid {
            oid::COUNTRY_NAME => country(&attribute, report),
            oid::SERIAL_NUMBER => {
                let printable = attribute.string_type == StringType::Printable;
                report.require(printable, &SERIAL_NUMBER_STRING, || described(&attribute));
            }
            oid::COMMON_NAME
            | oid::STATE_OR_PROVINCE_NAME
            | oid::LOCALITY_NAME
            | oid::ORGANIZATION_NAME
            | oid::ORGANIZATIONAL_UNIT_NAME => {
                let allowed = matches!(
                    attribute.string_type,
                    StringType::Printable | StringType::Utf8
                );
                report.require(allowed, &STRING_TYPE, || described(&attribute));
            }
            _ => {}
        }
        report.require(
            has_characters_of_its_type(&attribute),
            &STRING_CONTENT,
            || described(&attribute),
        );
    }
    for single in [
        oid::COUNTRY_NAME,
        oid::STATE_OR_PROVINCE_NAME,
        oid::COMMON_NAME,
        oid::SERIAL_NUMBER,
    ] {
        let count = name
            .attributes()
            .filter(|attribute| attribute.oid == single)
            .count();
        report.require(count <= 1, &REPEATED, || {
            format!(
                "{} occurs {count} times",
                single.name().unwrap_or("attribute")
            )
        });
    }
    if let (Some(country), Some(state)) = (name.country(), name.state_or_province()) {
        let prefixed = state
            .strip_prefix(&*country)
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|code| {
                (1..=3).contains(&code.len())
                    && code.bytes().all(|octet| octet.is_ascii_alphanumeric())
            });
        report.require(prefixed, &STATE_FORM, || {
            format!(
                "ST is {}, country is {}",
                state.escape_debug(),
                country.escape_debug()
            )
        });
    }
}

fn country(attribute: &NameAttribute<'_>, report: &mut Report) {
    let printable = attribute.string_type == StringType::Printable;
    report.require(printable, &COUNTRY_STRING, || described(attribute));
    let is_code =
        matches!(attribute.value, [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase());
    report.require(is_code, &COUNTRY_CODE, || described(attribute));
}

fn described(attribute: &NameAttribute<'_>) -> String {
    format!("{attribute} is {}", attribute.string_type)
}

fn has_characters_of_its_type(attribute: &NameAttribute<'_>) -> bool {
    match attribute.string_type {
        StringType::Printable => attribute
            .value
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(octet)),
        StringType::Ia5 => attribute.value.is_ascii(),
        StringType::Utf8 | StringType::Bmp => attribute.text().is_some(),
        _ => true,
    }
}

/// The value of an attribute that must not be missing or empty.
pub(super) fn has(name: Name<'_>, attribute: oid::Oid<'_>) -> bool {
    name.attribute(attribute)
        .is_some_and(|attribute| !attribute.value.is_empty())
}
