//! Why the element gate refused a record, for the operator: machine-readable, and without a value of an element.
//!
//! The gate's report holds no values, but it holds names as the source wrote them. A source that mixes up names and
//! values, as a shifted column of a table does, must not bring a person's data into logs that way: a name that no
//! schema would have is not repeated.

use std::fmt;

use mdl_mdoc::data_elements::{GateReport, Violation};
use serde::Serialize;
use utoipa::ToSchema;

/// One reason why a record was refused.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
pub struct RefusalReason {
    /// The rule's stable id, in kebab-case.
    #[schema(example = "mandatory-element-missing")]
    pub code: &'static str,
    /// The name space, if the rule concerns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "org.iso.18013.5.1")]
    pub name_space: Option<String>,
    /// The element, if the rule concerns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "portrait")]
    pub element: Option<String>,
    /// Where in the element's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "[1].codes[0].code")]
    pub within: Option<String>,
    /// What the rule asks for.
    #[schema(example = "bstr, JPEG or JPEG 2000")]
    pub expected: String,
    /// The kind of thing that is there, never the thing.
    #[schema(example = "nothing")]
    pub found: String,
}

impl fmt::Display for RefusalReason {
    /// One line for a log: `wrong-type org.iso.18013.5.1/sex: expected …, found …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)?;
        for (lead, part) in [
            (" ", &self.name_space),
            ("/", &self.element),
            ("", &self.within),
        ] {
            if let Some(part) = part {
                write!(f, "{lead}{part}")?;
            }
        }
        write!(f, ": expected {}, found {}", self.expected, self.found)
    }
}

/// Stands for a name that is none.
const NO_NAME: &str = "(not a name)";

/// The longest name that is repeated, in characters.
const LONGEST_NAME: usize = 100;

/// The findings that forbid signing, in the order of the report, at most as many as the report keeps.
#[must_use]
pub fn reasons(report: &GateReport) -> Vec<RefusalReason> {
    report.errors().map(reason).collect()
}

fn reason(violation: &Violation) -> RefusalReason {
    RefusalReason {
        code: violation.rule.id(),
        name_space: name(&violation.name_space),
        element: name(&violation.element_identifier),
        within: name(&violation.within),
        expected: violation.expected.to_string(),
        found: violation.found.to_string(),
    }
}

/// Names of schemas are made of these characters, places in a value also of brackets and full stops. Digits alone
/// could be a number of the person's.
fn name(name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    let is_name = name.len() <= LONGEST_NAME
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-[]".contains(&b))
        && (name.starts_with('[')
            || name.starts_with('.')
            || name.starts_with(|first: char| first.is_ascii_alphabetic()));
    Some(if is_name { name } else { NO_NAME }.to_owned())
}

#[cfg(test)]
mod tests {
    use mdl_mdoc::MDL_NAME_SPACE;
    use mdl_mdoc::builder::ElementSet;
    use mdl_mdoc::data_elements::{ElementGate, GateContext};
    use time::macros::datetime;

    use super::*;

    fn reasons_for(elements: &ElementSet) -> Vec<RefusalReason> {
        let context = GateContext::new(
            mdl_mdoc::MDL_DOC_TYPE,
            datetime!(2026-01-10 0:00 UTC),
            datetime!(2026-02-10 0:00 UTC),
        );
        let report = ElementGate::mdl()
            .check_set(elements, &context)
            .expect_err("not a licence");
        reasons(&report)
    }

    #[test]
    fn reasons_name_rule_element_and_expectation_without_the_value() {
        let mut elements = ElementSet::new();
        elements
            .add(MDL_NAME_SPACE, "issuing_country", "Canary")
            .expect("an element");
        let reasons = reasons_for(&elements);
        let country = &reasons[0];
        assert_eq!(country.code, "country-code-shape");
        assert_eq!(country.element.as_deref(), Some("issuing_country"));
        assert_eq!(country.found, "text of 6 characters");
        let shown = country.to_string();
        assert!(
            shown.starts_with("country-code-shape org.iso.18013.5.1/issuing_country: expected "),
            "{shown}"
        );
        let missing = reasons
            .iter()
            .find(|reason| reason.element.as_deref() == Some("portrait"))
            .expect("it is mandatory");
        assert_eq!(missing.code, "mandatory-element-missing");
        assert_eq!(missing.name_space.as_deref(), Some(MDL_NAME_SPACE));
        let written = serde_json::to_string(&reasons).expect("JSON");
        assert!(!written.contains("Canary"), "{written}");
    }

    #[test]
    fn values_in_the_place_of_names_are_not_repeated() {
        for shifted in ["Erika Canary", "1990-01-02", "Canary\n", "ķanary", "4711"] {
            let mut elements = ElementSet::new();
            elements
                .add(MDL_NAME_SPACE, shifted, true)
                .expect("an element");
            let written = serde_json::to_string(&reasons_for(&elements)).expect("JSON");
            assert!(written.contains(NO_NAME), "{written}");
            assert!(!written.contains(shifted.trim()), "{written}");
        }
    }
}
