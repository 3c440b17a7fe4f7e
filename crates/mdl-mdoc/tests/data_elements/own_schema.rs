//! Schemas that the caller supplies: domestic name spaces and other document types.

use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::cbor::Value;
use mdl_mdoc::data_elements::{
    DataElement, ElementGate, ElementType, GateContext, ItemType, NameSpaceSchema, Presence, Row,
    Rule, Schema, Vocabulary,
};
use time::macros::datetime;

use crate::licence::{complete, rules};

const DOMESTIC: &str = "org.iso.18013.5.1.US-CA";

#[test]
fn a_domestic_name_space_is_checked_by_its_schema() {
    let rows = vec![
        Row::new(
            "ward",
            Presence::Mandatory,
            ElementType::Uint { min: 1, max: 8 },
            "state law",
        ),
        Row::new(
            "motto",
            Presence::Optional,
            ElementType::Utf8Text,
            "state law",
        ),
    ];
    let gate =
        ElementGate::new(Schema::mdl().with_name_space(NameSpaceSchema::new(DOMESTIC, rows)));
    let mut licence = complete();
    let examine = |licence: &crate::licence::Licence| {
        rules(&gate.examine(&licence.data_elements(), &licence.context))
    };
    assert_eq!(examine(&licence), []);
    licence
        .elements
        .push((DOMESTIC, "motto", Value::Text("Eureka")));
    assert_eq!(examine(&licence), [Rule::MandatoryElementMissing]);
    licence
        .elements
        .push((DOMESTIC, "ward", Value::Unsigned(9)));
    assert_eq!(examine(&licence), [Rule::ValueOutOfRange]);
}

#[test]
fn an_open_schema_without_rows_lets_everything_through_and_says_so() {
    let open = NameSpaceSchema::new(DOMESTIC, vec![]).open();
    let gate = ElementGate::new(Schema::mdl().with_name_space(open));
    let mut licence = complete();
    licence.elements.push((DOMESTIC, "anything", Value::Null));
    let report = gate.examine(&licence.data_elements(), &licence.context);
    assert_eq!(rules(&report), [Rule::UnlistedElement]);
    assert!(
        gate.check(&licence.data_elements(), &licence.context)
            .is_ok()
    );
}

#[test]
fn another_document_type_has_the_rules_of_its_schema_only() {
    let name_space = "org.example.library.1";
    let status = Vocabulary::Given(vec!["child".to_owned(), "adult".to_owned()]);
    let tags = ElementType::List {
        of: ItemType::Given(Box::new(ElementType::Digits(4))),
        at_least: 1,
    };
    let rows = vec![
        Row::new(
            "status",
            Presence::Mandatory,
            ElementType::TextCode(status),
            "house rules 2",
        ),
        Row::new("shelves", Presence::Optional, tags, "house rules 3"),
    ];
    let schema = Schema::new("org.example.library")
        .with_name_space(NameSpaceSchema::new(name_space, rows).required());
    let gate = ElementGate::new(schema);
    let (from, until) = (
        datetime!(2026-01-01 0:00 UTC),
        datetime!(2027-01-01 0:00 UTC),
    );
    let context = GateContext::new("org.example.library", from, until);

    assert_eq!(
        rules(&gate.examine(&[], &context)),
        [Rule::MandatoryElementMissing]
    );
    let (adult, senior) = (Value::Text("adult"), Value::Text("senior"));
    let shelves = Value::Array(vec![Value::Text("0042"), Value::Text("42")]);
    let status = |value| DataElement::new(name_space, "status", value);
    assert!(gate.check(&[status(&adult)], &context).is_ok());
    assert_eq!(
        rules(&gate.examine(&[status(&senior)], &context)),
        [Rule::ValueNotListed]
    );
    let elements = [
        status(&adult),
        DataElement::new(name_space, "shelves", &shelves),
    ];
    assert_eq!(
        rules(&gate.examine(&elements, &context)),
        [Rule::TextDigits]
    );
}

#[test]
fn a_set_to_be_signed_is_checked_in_its_encoding() {
    let mut set = ElementSet::new();
    let birth_date = ciborium::Value::Tag(1004, Box::new("1990-06-15".into()));
    set.add("org.iso.18013.5.1", "birth_date", birth_date)
        .unwrap();
    set.add("org.iso.18013.5.1", "sex", "F").unwrap();
    let gate = ElementGate::mdl();
    let context = complete().context;
    let report = gate.check_set(&set, &context).unwrap_err();
    let missing = Rule::MandatoryElementMissing;
    assert_eq!(
        rules(&report),
        [[Rule::WrongType].as_slice(), &[missing; 10]].concat()
    );
    assert_eq!(report, gate.examine_set(&set, &context));
}
