//! What the gate found: rule, element, what was expected and what kind of value is there.
//!
//! Reports go to logs and to people who may not see the record, so they hold **no value of an element**:
//! `text of 162 characters`, never the text. The types here cannot carry one.

use std::borrow::Cow;
use std::fmt;

use super::rule::{Rule, Severity, Use};
use crate::cbor::Value;

/// More findings than this are counted and not kept: hostile input must not turn into a large report.
const MAX_KEPT: usize = 256;

/// Names longer than this are cut in the report, for the same reason; those of the standard are far shorter.
const MAX_NAME_BYTES: usize = 256;

/// One breach of one rule.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// How much it weighs on the side that asked.
    pub severity: Severity,
    /// The name space of the element, cut after 256 bytes; empty when the rule concerns the whole document.
    pub name_space: String,
    /// The element, cut after 256 bytes; empty when the rule concerns a name space or the whole document.
    pub element_identifier: String,
    /// Where in the element's value, such as `[1].codes[0].code`; empty for the value itself.
    pub within: String,
    /// What the rule asks for at this place.
    pub expected: Cow<'static, str>,
    /// The kind of thing that is there.
    pub found: Found,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.severity, self.rule)?;
        for (lead, part) in [(' ', &self.name_space), ('/', &self.element_identifier)] {
            if !part.is_empty() {
                write!(f, "{lead}{}", Shown(part))?;
            }
        }
        write!(
            f,
            "{}: expected {}, found {}",
            self.within, self.expected, self.found
        )
    }
}

/// An identifier from the input, safe to print: escaped and cut.
struct Shown<'t>(&'t str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LIMIT: usize = 100;
        for c in self.0.chars().take(LIMIT) {
            write!(f, "{}", c.escape_debug())?;
        }
        if self.0.chars().nth(LIMIT).is_some() {
            f.write_str("…")
        } else {
            Ok(())
        }
    }
}

/// The kind of value found, without the value.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Found {
    /// Text, by its length in characters.
    Text(usize),
    /// A byte string, by its length in bytes.
    Bytes(usize),
    /// An unsigned integer.
    Unsigned,
    /// A negative integer.
    Negative,
    /// An array, by its number of items.
    Array(usize),
    /// A map, by its number of members.
    Map(usize),
    /// A tag and what it surrounds.
    Tag(u64, Box<Self>),
    /// true or false.
    Boolean,
    /// null.
    Null,
    /// undefined.
    Undefined,
    /// A simple value.
    Simple,
    /// A floating-point number.
    Float,
    /// No value at all.
    Nothing,
    /// A fact about the structure of a value, such as an image that ends early.
    Fact(Cow<'static, str>),
}

impl Found {
    /// Describes `value`.
    pub fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Unsigned(_) => Self::Unsigned,
            Value::Negative(_) => Self::Negative,
            Value::Bytes(bytes) => Self::Bytes(bytes.len()),
            Value::Text(text) => Self::Text(text.chars().count()),
            Value::Array(items) => Self::Array(items.len()),
            Value::Map(members) => Self::Map(members.len()),
            // One level is enough to tell what is wrong, and keeps nested tags from recursing.
            Value::Tag(number, inner) => Self::Tag(
                *number,
                Box::new(match &**inner {
                    Value::Tag(..) => Self::Fact("another tag".into()),
                    other => Self::of(other),
                }),
            ),
            Value::Bool(_) => Self::Boolean,
            Value::Null => Self::Null,
            Value::Undefined => Self::Undefined,
            Value::Simple(_) => Self::Simple,
            Value::Float(_) => Self::Float,
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(1) => f.write_str("text of 1 character"),
            Self::Text(characters) => write!(f, "text of {characters} characters"),
            Self::Bytes(1) => f.write_str("byte string of 1 byte"),
            Self::Bytes(bytes) => write!(f, "byte string of {bytes} bytes"),
            Self::Unsigned => f.write_str("an unsigned integer"),
            Self::Negative => f.write_str("a negative integer"),
            Self::Array(items) => write!(f, "array of {items}"),
            Self::Map(members) => write!(f, "map of {members}"),
            Self::Tag(number, inner) => write!(f, "tag {number} around {inner}"),
            Self::Boolean => f.write_str("a boolean"),
            Self::Null => f.write_str("null"),
            Self::Undefined => f.write_str("undefined"),
            Self::Simple => f.write_str("a simple value"),
            Self::Float => f.write_str("a floating-point number"),
            Self::Nothing => f.write_str("nothing"),
            Self::Fact(fact) => f.write_str(fact),
        }
    }
}

/// Everything the gate found, in the order of the elements, then of the rules that concern several.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GateReport {
    violations: Vec<Violation>,
    omitted: usize,
    omitted_errors: usize,
}

impl GateReport {
    /// The findings of every severity, at most 256 of them.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How many findings there were beyond those kept.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// The findings that forbid signing.
    pub fn errors(&self) -> impl Iterator<Item = &Violation> {
        self.violations
            .iter()
            .filter(|violation| violation.severity == Severity::Error)
    }

    /// Whether anything forbids signing, kept or omitted.
    pub fn has_errors(&self) -> bool {
        self.omitted_errors > 0 || self.errors().next().is_some()
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.violations.is_empty()
    }
}

impl fmt::Display for GateReport {
    /// One finding a line, errors and all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.violations.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{violation}")?;
        }
        if self.omitted > 0 {
            write!(f, "\nand {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for GateReport {}

/// A place in a value, linked to the places around it on the stack: nothing is allocated until it is needed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'p> {
    outer: Option<&'p Self>,
    step: Step<'p>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'p> {
    Element {
        name_space: &'p str,
        element_identifier: &'p str,
    },
    Item(usize),
    Member(&'p str),
}

impl<'p> Place<'p> {
    pub(super) fn element(name_space: &'p str, element_identifier: &'p str) -> Self {
        Self {
            outer: None,
            step: Step::Element {
                name_space,
                element_identifier,
            },
        }
    }

    pub(super) fn item(&'p self, index: usize) -> Self {
        Self {
            outer: Some(self),
            step: Step::Item(index),
        }
    }

    pub(super) fn member(&'p self, name: &'p str) -> Self {
        Self {
            outer: Some(self),
            step: Step::Member(name),
        }
    }

    /// Name space, element identifier and the path below.
    fn spelled_out(&self) -> (String, String, String) {
        let (name_space, element_identifier, mut within) =
            self.outer.map(Self::spelled_out).unwrap_or_default();
        match self.step {
            Step::Element {
                name_space,
                element_identifier,
            } => {
                return (cut(name_space), cut(element_identifier), within);
            }
            Step::Item(index) => within.push_str(&format!("[{index}]")),
            Step::Member(name) => within.push_str(&format!(".{name}")),
        }
        (name_space, element_identifier, within)
    }
}

/// The first [`MAX_NAME_BYTES`] of a name, or a little less so as not to split a character.
fn cut(name: &str) -> String {
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned()
}

/// Collects findings for one side.
#[derive(Debug)]
pub(super) struct Findings {
    used_for: Use,
    report: GateReport,
}

impl Findings {
    pub(super) fn new(used_for: Use) -> Self {
        Self {
            used_for,
            report: GateReport::default(),
        }
    }

    pub(super) fn add(
        &mut self,
        place: &Place<'_>,
        rule: Rule,
        expected: impl Into<Cow<'static, str>>,
        found: Found,
    ) {
        let severity = rule.severity(self.used_for);
        if self.report.violations.len() == MAX_KEPT {
            self.report.omitted += 1;
            self.report.omitted_errors += usize::from(severity == Severity::Error);
            return;
        }
        let (name_space, element_identifier, within) = place.spelled_out();
        let expected = expected.into();
        self.report.violations.push(Violation {
            rule,
            severity,
            name_space,
            element_identifier,
            within,
            expected,
            found,
        });
    }

    pub(super) fn into_report(self) -> GateReport {
        self.report
    }
}
