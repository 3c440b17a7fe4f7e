//! The frame of a record file: document type, name spaces, elements; every key once.

use std::collections::BTreeSet;
use std::fmt;

use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::data_elements::{ElementType, NameSpaceSchema, Schema};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::MAX_MEMBERS;
use super::attachment::Attachments;
use super::value::ValueSeed;

/// Reads the document type and the elements.
pub(super) fn parse(
    json: &[u8],
    schema: &Schema,
    attachments: &Attachments,
) -> Result<(String, ElementSet), serde_json::Error> {
    // The schema depends on the document type, which may come last in the file: hence two passes.
    let mut first = FirstPass { doc_type: None };
    read_whole(
        json,
        Frame {
            content: &mut first,
            place: "the record",
        },
    )?;
    let doc_type = first
        .doc_type
        .ok_or_else(|| Error::custom("the record: expected a member doc_type"))?;
    let schema = (doc_type == schema.doc_type()).then_some(schema);
    let mut second = SecondPass {
        schema,
        attachments,
        elements: ElementSet::new(),
        has_name_spaces: false,
    };
    read_whole(
        json,
        Frame {
            content: &mut second,
            place: "the record",
        },
    )?;
    if !second.has_name_spaces {
        return Err(Error::custom("the record: expected a member name_spaces"));
    }
    Ok((doc_type, second.elements))
}

fn read_whole<C: Content>(json: &[u8], frame: Frame<'_, C>) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    frame.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// What the members of an object mean.
trait Content {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: String, map: &mut A)
    -> Result<(), A::Error>;
}

/// An object: refuses everything else, and keys that occur twice.
struct Frame<'c, C> {
    content: &'c mut C,
    place: &'c str,
}

impl<'de, C: Content> DeserializeSeed<'de> for Frame<'_, C> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, C: Content> Visitor<'de> for Frame<'_, C> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(Error::custom(format!(
                    "{}: {name:?} occurs twice",
                    self.place
                )));
            }
            if seen.len() > MAX_MEMBERS {
                let found = format!("{}: expected at most {MAX_MEMBERS} members", self.place);
                return Err(Error::custom(found));
            }
            self.content.member(name, &mut map)?;
        }
        Ok(())
    }

    // The methods that serde provides would print the value, which belongs to the holder.
    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Err(not_an_object(self.place, "a boolean"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Err(not_an_object(self.place, "a number"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Err(not_an_object(self.place, "a number"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Err(not_an_object(self.place, "a number"))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Err(not_an_object(self.place, "text"))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Err(not_an_object(self.place, "null"))
    }
}

fn not_an_object<E: Error>(place: &str, found: &str) -> E {
    E::custom(format!("{place}: expected an object, found {found}"))
}

struct FirstPass {
    doc_type: Option<String>,
}

impl Content for FirstPass {
    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        name: String,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match &*name {
            "doc_type" => match map.next_value()? {
                serde_json::Value::String(doc_type) => self.doc_type = Some(doc_type),
                _ => return Err(Error::custom("doc_type: expected text")),
            },
            "name_spaces" => {
                map.next_value::<IgnoredAny>()?;
            }
            _ => {
                let expected = "expected only doc_type and name_spaces";
                return Err(Error::custom(format!(
                    "the record: {expected}, found {name:?}"
                )));
            }
        }
        Ok(())
    }
}

struct SecondPass<'r> {
    schema: Option<&'r Schema>,
    attachments: &'r Attachments,
    elements: ElementSet,
    has_name_spaces: bool,
}

impl Content for SecondPass<'_> {
    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        name: String,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if name == "name_spaces" {
            self.has_name_spaces = true;
            let mut content = NameSpaces(self);
            map.next_value_seed(Frame {
                content: &mut content,
                place: "name_spaces",
            })
        } else {
            map.next_value::<IgnoredAny>().map(drop)
        }
    }
}

struct NameSpaces<'s, 'r>(&'s mut SecondPass<'r>);

impl Content for NameSpaces<'_, '_> {
    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        name: String,
        map: &mut A,
    ) -> Result<(), A::Error> {
        self.0
            .elements
            .add_name_space(&name)
            .map_err(Error::custom)?;
        let schema = self.0.schema.and_then(|schema| schema.name_space(&name));
        let mut content = Elements {
            name_space: &name,
            schema,
            attachments: self.0.attachments,
            elements: &mut self.0.elements,
        };
        map.next_value_seed(Frame {
            content: &mut content,
            place: &name,
        })
    }
}

struct Elements<'s> {
    name_space: &'s str,
    schema: Option<&'s NameSpaceSchema>,
    attachments: &'s Attachments,
    elements: &'s mut ElementSet,
}

impl Content for Elements<'_> {
    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        name: String,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let row = self.schema.and_then(|schema| schema.row(&name));
        let value = map.next_value_seed(ValueSeed {
            element_type: row.map_or(&ElementType::Any, |row| &row.element_type),
            attachments: self.attachments,
            place: format!("{}/{name}", self.name_space),
        })?;
        self.elements
            .add(self.name_space, &name, value)
            .map(drop)
            .map_err(Error::custom)
    }
}
