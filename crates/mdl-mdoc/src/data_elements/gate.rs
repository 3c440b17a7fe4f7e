//! The element gate: nothing is signed that a careful reader would object to.
//!
//! [`ElementGate::check`] runs before signing, on the very values that will be signed, and knows what only the
//! issuing authority knows: which elements are missing, and how they fit one another, the MSO and the document
//! signer. [`ElementGate::examine_disclosed`] applies the same rules on values to what a holder disclosed, where
//! absence means nothing. Neither changes or fills in anything.
//!
//! ISO/IEC 18013-5, 7.2.1; issuer's obligations of 9.1.2.4.

use std::collections::BTreeSet;

use time::{OffsetDateTime, UtcOffset};

use super::consistency::check_consistency;
use super::element_value::check_element;
use super::report::{Findings, Found, GateReport, Place};
use super::rule::{Rule, Use};
use super::schema::{NameSpaceSchema, Presence, Schema};
use crate::MDL_DOC_TYPE;
use crate::builder::ElementSet;
use crate::cbor::Value;

/// One data element: where it belongs, its identifier, and its value as it will be signed or was received.
///
/// `Debug` of the value shows its shape only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DataElement<'a> {
    /// The name space.
    pub name_space: &'a str,
    /// The element identifier.
    pub element_identifier: &'a str,
    /// The value.
    pub value: &'a Value<'a>,
}

impl<'a> DataElement<'a> {
    /// An element with its value.
    pub fn new(name_space: &'a str, element_identifier: &'a str, value: &'a Value<'a>) -> Self {
        Self {
            name_space,
            element_identifier,
            value,
        }
    }
}

/// What the elements are checked against besides one another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GateContext<'a> {
    /// The document type that will be signed.
    pub doc_type: &'a str,
    /// The MSO's validFrom: the instant as of which ages are stated (7.2.5).
    pub valid_from: OffsetDateTime,
    /// The MSO's validUntil.
    pub valid_until: OffsetDateTime,
    /// Where the issuing authority's calendar is: an instant falls on the day that this offset from UTC gives
    /// it. The standard does not say whose day counts; UTC unless the authority decides otherwise.
    pub calendar_offset: UtcOffset,
    /// The subject of the document signer's certificate; `None` while no document signer is chosen, which is
    /// reported.
    pub document_signer: Option<DocumentSignerName<'a>>,
}

impl<'a> GateContext<'a> {
    /// The context of a document with a validity, in UTC, without a document signer yet.
    pub fn new(doc_type: &'a str, valid_from: OffsetDateTime, valid_until: OffsetDateTime) -> Self {
        let calendar_offset = UtcOffset::UTC;
        Self {
            doc_type,
            valid_from,
            valid_until,
            calendar_offset,
            document_signer: None,
        }
    }
}

/// The parts of the document signer's subject that elements must agree with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DocumentSignerName<'a> {
    /// countryName (C).
    pub country: &'a str,
    /// stateOrProvinceName (ST), if the subject has one.
    pub state: Option<&'a str>,
}

/// Checks data elements against a schema.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ElementGate {
    schema: Schema,
}

impl ElementGate {
    /// A gate for documents of `schema`.
    pub fn new(schema: Schema) -> Self {
        Self { schema }
    }

    /// The gate for the mDL with the ISO and the AAMVA name space.
    pub fn mdl() -> Self {
        Self::new(Schema::mdl())
    }

    /// The schema in force.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Whether `elements` may be signed.
    ///
    /// # Errors
    /// The report of all findings, when one of them is an error.
    pub fn check(
        &self,
        elements: &[DataElement<'_>],
        context: &GateContext<'_>,
    ) -> Result<(), GateReport> {
        let report = self.examine(elements, context);
        if report.has_errors() {
            Err(report)
        } else {
            Ok(())
        }
    }

    /// Whether the elements of `set` may be signed: [`check`](Self::check) on the encoding that will be signed.
    ///
    /// # Errors
    /// The report of all findings, when one of them is an error.
    pub fn check_set(&self, set: &ElementSet, context: &GateContext<'_>) -> Result<(), GateReport> {
        let report = self.examine_set(set, context);
        if report.has_errors() {
            Err(report)
        } else {
            Ok(())
        }
    }

    /// All findings about the elements of `set`, warnings and remarks included.
    pub fn examine_set(&self, set: &ElementSet, context: &GateContext<'_>) -> GateReport {
        let decoded: Vec<_> = set
            .iter()
            .map(|(name_space, element_identifier, value)| {
                // A set holds well-formed values only; undefined is what no element may be.
                (
                    name_space,
                    element_identifier,
                    value.decode().unwrap_or(Value::Undefined),
                )
            })
            .collect();
        let elements: Vec<_> = decoded
            .iter()
            .map(|(ns, id, value)| DataElement::new(ns, id, value))
            .collect();
        self.examine(&elements, context)
    }

    /// All findings about `elements` that are to be signed, warnings and remarks included.
    pub fn examine(&self, elements: &[DataElement<'_>], context: &GateContext<'_>) -> GateReport {
        let mut findings = Findings::new(Use::Issuing);
        if context.doc_type != self.schema.doc_type() {
            let place = Place::element("", "");
            let expected = format!("document type {}", self.schema.doc_type());
            findings.add(
                &place,
                Rule::DocTypeMismatch,
                expected,
                Found::Fact("another".into()),
            );
        }
        self.examine_values(elements, &mut findings);
        find_duplicates(elements, &mut findings);
        for name_space in self.schema.name_spaces() {
            find_missing(name_space, elements, &mut findings);
        }
        if self.schema.doc_type() == MDL_DOC_TYPE {
            check_consistency(elements, context, &mut findings);
        }
        findings.into_report()
    }

    /// Findings about elements of someone else's document, as far as they were disclosed: the rules on single
    /// values, without those on presence and on what only the issuing authority can compare.
    pub fn examine_disclosed(&self, elements: &[DataElement<'_>]) -> GateReport {
        let mut findings = Findings::new(Use::Reading);
        self.examine_values(elements, &mut findings);
        findings.into_report()
    }

    fn examine_values(&self, elements: &[DataElement<'_>], findings: &mut Findings) {
        for element in elements {
            let place = Place::element(element.name_space, element.element_identifier);
            let Some(schema) = self.schema.name_space(element.name_space) else {
                let found = Found::Fact("a name space nobody has described".into());
                findings.add(
                    &place,
                    Rule::NameSpaceWithoutSchema,
                    "a schema for it",
                    found,
                );
                continue;
            };
            let Some(row) = schema.row(element.element_identifier) else {
                let (rule, expected) = if schema.is_closed() {
                    (Rule::UnknownElement, "an element of the name space's table")
                } else {
                    (
                        Rule::UnlistedElement,
                        "an element of the table, to be checked",
                    )
                };
                findings.add(
                    &place,
                    rule,
                    expected,
                    Found::Fact("another identifier".into()),
                );
                continue;
            };
            let (identifier, value) = (element.element_identifier, element.value);
            check_element(identifier, &row.element_type, value, &place, findings);
        }
    }
}

/// Elements whose identifier came before in the same name space.
fn find_duplicates(elements: &[DataElement<'_>], findings: &mut Findings) {
    // A few dozen elements compare faster than they sort, and without allocating.
    const FEW: usize = 64;
    let mut add = |element: &DataElement<'_>| {
        let place = Place::element(element.name_space, element.element_identifier);
        let found = Found::Fact("it again".into());
        findings.add(
            &place,
            Rule::DuplicateElement,
            "one element of this identifier",
            found,
        );
    };
    if elements.len() <= FEW {
        for (index, element) in elements.iter().enumerate() {
            let is_same = |earlier: &DataElement<'_>| {
                earlier.element_identifier == element.element_identifier
                    && earlier.name_space == element.name_space
            };
            if elements[..index].iter().any(is_same) {
                add(element);
            }
        }
    } else {
        let mut seen = BTreeSet::new();
        for element in elements {
            if !seen.insert((element.name_space, element.element_identifier)) {
                add(element);
            }
        }
    }
}

fn find_missing(schema: &NameSpaceSchema, elements: &[DataElement<'_>], findings: &mut Findings) {
    let is_of_name_space = |e: &DataElement<'_>| e.name_space == schema.name_space();
    if !schema.is_required() && !elements.iter().any(is_of_name_space) {
        return;
    }
    for row in schema.rows() {
        let rule = match row.presence {
            Presence::Mandatory => Rule::MandatoryElementMissing,
            Presence::Recommended => Rule::RecommendedElementMissing,
            Presence::Optional => continue,
        };
        // The identifier first: it differs sooner than the name space.
        let is_it =
            |e: &DataElement<'_>| row.describes(e.element_identifier) && is_of_name_space(e);
        if !elements.iter().any(is_it) {
            let place = Place::element(schema.name_space(), &row.element_identifier);
            findings.add(&place, rule, row.element_type.to_string(), Found::Nothing);
        }
    }
}
