//! The reader's use of the rules: what was disclosed, without asking for what was not.

use mdl_mdoc::cbor::Value;
use mdl_mdoc::data_elements::{Rule, Severity};

use crate::licence::{ISO, complete, full_date, map, rules};

#[test]
fn absence_means_nothing_to_a_reader() {
    let mut licence = complete();
    licence
        .elements
        .retain(|(_, identifier, _)| *identifier == "age_over_18");
    assert!(licence.disclosed().is_empty());
    licence.elements.clear();
    assert!(licence.disclosed().is_empty());
}

#[test]
fn readers_do_not_recompute_ages_or_compare_dates() {
    let mut licence = complete();
    licence.set("age_over_65", Value::Bool(true));
    licence.set("issue_date", full_date("2099-01-01"));
    assert!(licence.disclosed().is_empty());
}

#[test]
fn wrong_types_weigh_the_same_for_a_reader() {
    let mut licence = complete();
    licence.set("birth_date", Value::Text("1990-06-15"));
    let report = licence.disclosed();
    assert_eq!(rules(&report), [Rule::WrongTag]);
    assert!(report.has_errors());
}

#[test]
fn what_a_younger_edition_may_add_is_no_error_to_a_reader() {
    let mut licence = complete();
    licence.set("nickname", Value::Text("E"));
    licence
        .elements
        .push(("org.example", "anything", Value::Null));
    let members = [
        ("vehicle_category_code", Value::Text("B")),
        ("remark", Value::Text("x")),
    ];
    licence.set("driving_privileges", Value::Array(vec![map(&members)]));
    let report = licence.disclosed();
    assert_eq!(
        rules(&report),
        [
            Rule::MemberUnexpected,
            Rule::UnknownElement,
            Rule::NameSpaceWithoutSchema
        ]
    );
    assert!(
        report
            .violations()
            .iter()
            .all(|violation| violation.severity < Severity::Error)
    );
}

#[test]
fn identifiers_of_others_are_printed_escaped_and_cut() {
    let mut licence = complete();
    let long: &'static str = Box::leak(format!("bell\u{7}{}", "x".repeat(300)).into_boxed_str());
    licence.elements = vec![(ISO, long, Value::Null)];
    let shown = licence.disclosed().to_string();
    assert!(
        shown.contains("bell\\u{7}xxx") && shown.contains('…') && shown.len() < 300,
        "{shown}"
    );
}
