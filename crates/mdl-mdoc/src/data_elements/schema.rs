//! Schemas: which elements a document type has, which must be there, and what each must be.
//!
//! [`Schema::mdl`] is the mDL with the ISO and the AAMVA name space. A domestic name space, or another
//! document type, comes with a schema of its own: there is no element that nobody has described.
//!
//! ISO/IEC 18013-5, 7.2.1 (Table 5) and 7.2.8.

use std::borrow::Cow;
use std::fmt;

use super::element_type::ElementType;
use super::{aamva_name_space, iso_name_space};
use crate::MDL_DOC_TYPE;

/// Whether an element must be on the document; it need not be released (7.2.1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Presence {
    /// The document is not complete without it.
    Mandatory,
    /// Sources differ on whether it is mandatory; leaving it out is reported.
    Recommended,
    /// May be left out.
    Optional,
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mandatory => "mandatory",
            Self::Recommended => "recommended",
            Self::Optional => "optional",
        })
    }
}

/// One data element of a name space.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// The element identifier; `age_over_NN` and `biometric_template_xx` stand for many.
    pub element_identifier: Cow<'static, str>,
    /// Whether it must be there.
    pub presence: Presence,
    /// What its value must be.
    pub element_type: ElementType,
    /// Where the standard says so.
    pub clause: Cow<'static, str>,
}

impl Row {
    /// A row of a table that is known when the program is compiled.
    pub const fn new(
        element_identifier: &'static str,
        presence: Presence,
        element_type: ElementType,
        clause: &'static str,
    ) -> Self {
        Self {
            element_identifier: Cow::Borrowed(element_identifier),
            presence,
            element_type,
            clause: Cow::Borrowed(clause),
        }
    }

    /// Whether this row is about `element_identifier`. The two patterned rows also answer for names that
    /// only start like them, so that the rule on the name can speak.
    pub fn describes(&self, element_identifier: &str) -> bool {
        match self.element_type {
            ElementType::AgeOver => element_identifier.starts_with(AGE_OVER),
            ElementType::BiometricTemplate => element_identifier.starts_with(BIOMETRIC_TEMPLATE),
            _ => self.element_identifier == element_identifier,
        }
    }
}

pub(super) const AGE_OVER: &str = "age_over_";
pub(super) const BIOMETRIC_TEMPLATE: &str = "biometric_template_";

/// The elements of one name space.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameSpaceSchema {
    name_space: Cow<'static, str>,
    rows: Cow<'static, [Row]>,
    closed: bool,
    required: bool,
}

impl NameSpaceSchema {
    /// A closed name space: no other elements than those of `rows`. Its mandatory elements are missed only
    /// where an element of the name space is there.
    pub fn new(
        name_space: impl Into<Cow<'static, str>>,
        rows: impl Into<Cow<'static, [Row]>>,
    ) -> Self {
        Self {
            name_space: name_space.into(),
            rows: rows.into(),
            closed: true,
            required: false,
        }
    }

    /// The same, open: elements that `rows` does not list are reported and let through unchecked.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.closed = false;
        self
    }

    /// The same, required: the mandatory elements are missed in every document.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The name space that this is the schema of.
    pub fn name_space(&self) -> &str {
        &self.name_space
    }

    /// The elements, in the order of the table.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row about `element_identifier`.
    pub fn row(&self, element_identifier: &str) -> Option<&Row> {
        let is_patterned = [AGE_OVER, BIOMETRIC_TEMPLATE]
            .iter()
            .any(|stem| element_identifier.starts_with(stem));
        if is_patterned {
            self.rows
                .iter()
                .find(|row| row.describes(element_identifier))
        } else {
            // Readers come here once per element: a comparison of names and nothing else.
            self.rows
                .iter()
                .find(|row| row.element_identifier == element_identifier)
        }
    }

    /// Whether elements that no row describes are refused.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether every document must hold the mandatory elements.
    pub fn is_required(&self) -> bool {
        self.required
    }
}

/// The name spaces of a document type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Schema {
    doc_type: Cow<'static, str>,
    name_spaces: Vec<NameSpaceSchema>,
}

impl Schema {
    /// A document type without name spaces.
    pub fn new(doc_type: impl Into<Cow<'static, str>>) -> Self {
        Self {
            doc_type: doc_type.into(),
            name_spaces: Vec::new(),
        }
    }

    /// The mDL: `org.iso.18013.5.1`, closed and required, and `org.iso.18013.5.1.aamva`, open because its
    /// versions differ.
    pub fn mdl() -> Self {
        Self::new(MDL_DOC_TYPE)
            .with_name_space(
                NameSpaceSchema::new(iso_name_space::NAME_SPACE, iso_name_space::ROWS).required(),
            )
            .with_name_space(
                NameSpaceSchema::new(aamva_name_space::NAME_SPACE, aamva_name_space::ROWS).open(),
            )
    }

    /// The same with one name space more, such as a domestic one; a schema of the same name is replaced.
    #[must_use]
    pub fn with_name_space(mut self, name_space: NameSpaceSchema) -> Self {
        self.name_spaces
            .retain(|known| known.name_space != name_space.name_space);
        self.name_spaces.push(name_space);
        self
    }

    /// The document type.
    pub fn doc_type(&self) -> &str {
        &self.doc_type
    }

    /// The name spaces, in the order in which they were added.
    pub fn name_spaces(&self) -> &[NameSpaceSchema] {
        &self.name_spaces
    }

    /// The schema of one name space.
    pub fn name_space(&self, name_space: &str) -> Option<&NameSpaceSchema> {
        self.name_spaces
            .iter()
            .find(|known| known.name_space == name_space)
    }
}
