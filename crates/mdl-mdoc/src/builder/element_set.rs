use std::ops::Range;

use ciborium::Value;

use crate::cbor::{Checker, DecodeError, Limits, RawItem, Writer};
use crate::issuer_signed::ElementValue;

/// The data elements of one holder, by name space, each encoded once: an `IssuerSignedItem` from its third member on.
///
/// Order is kept: name spaces and elements appear in the `IssuerSigned` as they were added. `Debug` prints names only.
#[derive(Clone, Default)]
pub struct ElementSet {
    name_spaces: Vec<(String, Vec<Element>)>,
    /// All identifiers and all encoded elements, each kind in one piece: an element costs no allocation of its own.
    identifiers: String,
    encoded: Vec<u8>,
}

#[derive(Clone)]
struct Element {
    identifier: Range<usize>,
    /// In [`ElementSet::encoded`]: `elementIdentifier` and `elementValue` with their keys.
    encoded: Range<usize>,
    /// Where the value begins, which ends with the element.
    value: usize,
}

/// Why an element cannot be added.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ElementError {
    /// A name space or element identifier is the empty string.
    #[error("name space and element identifier must not be empty")]
    EmptyName,
    /// The element is there already.
    #[error("{name_space}: element {element_identifier} given twice")]
    Duplicate {
        /// The name space.
        name_space: String,
        /// The element.
        element_identifier: String,
    },
    /// The value cannot be written as well-formed CBOR: duplicate map keys, or nested too deeply.
    #[error("{name_space}: value of {element_identifier} is not acceptable CBOR")]
    Value {
        /// The name space.
        name_space: String,
        /// The element.
        element_identifier: String,
        /// What is wrong; the offset counts from the start of the value.
        source: DecodeError,
    },
}

impl ElementSet {
    /// A set without elements.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an element; its value is encoded here, in shortest form with definite lengths.
    ///
    /// # Errors
    /// Empty or repeated names, or a value that is not acceptable CBOR.
    pub fn add(
        &mut self,
        name_space: &str,
        element_identifier: &str,
        value: impl Into<Value>,
    ) -> Result<&mut Self, ElementError> {
        if element_identifier.is_empty() {
            return Err(ElementError::EmptyName);
        }
        let name_space_at = self.name_space_position(name_space)?;
        let elements = &self.name_spaces[name_space_at].1;
        if elements
            .iter()
            .any(|element| self.identifiers[element.identifier.clone()] == *element_identifier)
        {
            return Err(ElementError::Duplicate {
                name_space: name_space.to_owned(),
                element_identifier: element_identifier.to_owned(),
            });
        }
        let value = value.into();
        let start = self.encoded.len();
        self.reserve(element_identifier.len(), &value);
        let mut writer = Writer::onto(std::mem::take(&mut self.encoded));
        writer
            .text("elementIdentifier")
            .text(element_identifier)
            .text("elementValue");
        self.encoded = writer.into_bytes();
        let value_start = self.encoded.len();
        // Writing to memory cannot fail, and a Value always serialises; what it holds is checked next.
        let written = ciborium::into_writer(&value, &mut self.encoded);
        debug_assert!(written.is_ok());
        if let Err(source) = Checker::new(&self.encoded[value_start..], &Limits::DEFAULT) {
            self.encoded.truncate(start);
            return Err(ElementError::Value {
                name_space: name_space.to_owned(),
                element_identifier: element_identifier.to_owned(),
                source,
            });
        }
        let encoded = start..self.encoded.len();
        let identifier = self.identifiers.len()..self.identifiers.len() + element_identifier.len();
        self.identifiers.push_str(element_identifier);
        self.name_spaces[name_space_at].1.push(Element {
            identifier,
            encoded,
            value: value_start,
        });
        Ok(self)
    }

    /// Makes room for an identifier of that length and a value, with little to spare: after a portrait, doubling would
    /// take as much again.
    fn reserve(&mut self, identifier: usize, value: &Value) {
        const SPARE: usize = 4096;
        let content = match value {
            Value::Bytes(bytes) => bytes.len(),
            Value::Text(text) => text.len(),
            _ => 0,
        };
        let needed = identifier + content;
        if self.encoded.capacity() - self.encoded.len() < needed + SPARE / 4 {
            let spare = SPARE.max(self.encoded.len() / 8);
            self.encoded.reserve_exact(needed + spare);
        }
    }

    /// Adds a name space without elements: its digests will all be decoys (9.1.2.4 wants at least one digest even
    /// when no element is issuer-signed).
    ///
    /// # Errors
    /// An empty name.
    pub fn add_name_space(&mut self, name_space: &str) -> Result<&mut Self, ElementError> {
        self.name_space_position(name_space)?;
        Ok(self)
    }

    /// The elements: name space, identifier, encoded value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, ElementValue<'_>)> {
        self.name_spaces
            .iter()
            .flat_map(move |(name_space, elements)| {
                elements.iter().map(move |element| {
                    let value = RawItem {
                        bytes: &self.encoded[element.value..element.encoded.end],
                        offset: 0,
                    };
                    (
                        name_space.as_str(),
                        &self.identifiers[element.identifier.clone()],
                        ElementValue::new(value),
                    )
                })
            })
    }

    /// The encoded value of one element.
    pub fn get(&self, name_space: &str, element_identifier: &str) -> Option<ElementValue<'_>> {
        self.iter()
            .find(|(name, identifier, _)| *name == name_space && *identifier == element_identifier)
            .map(|(_, _, value)| value)
    }

    /// Name spaces with their encoded elements, in the order added: what follows the salt in an `IssuerSignedItem`.
    pub(super) fn name_spaces(
        &self,
    ) -> impl Iterator<Item = (&str, impl ExactSizeIterator<Item = &[u8]>)> {
        self.name_spaces.iter().map(|(name_space, elements)| {
            let elements = elements
                .iter()
                .map(|element| &self.encoded[element.encoded.clone()]);
            (name_space.as_str(), elements)
        })
    }

    /// Bytes of all encoded elements together.
    pub(super) fn encoded_len(&self) -> usize {
        self.encoded.len()
    }

    fn name_space_position(&mut self, name_space: &str) -> Result<usize, ElementError> {
        if name_space.is_empty() {
            return Err(ElementError::EmptyName);
        }
        Ok(
            match self
                .name_spaces
                .iter()
                .position(|(name, _)| name == name_space)
            {
                Some(position) => position,
                None => {
                    // A licence has some thirty elements.
                    let elements = Vec::with_capacity(32);
                    self.identifiers.reserve(32 * 16);
                    self.name_spaces.push((name_space.to_owned(), elements));
                    self.name_spaces.len() - 1
                }
            },
        )
    }
}

impl std::fmt::Debug for ElementSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.name_spaces.iter().map(|(name_space, elements)| {
            (
                name_space,
                elements
                    .iter()
                    .map(|element| &self.identifiers[element.identifier.clone()])
                    .collect::<Vec<_>>(),
            )
        });
        f.debug_map().entries(names).finish()
    }
}
