//! One value of a record: from JSON to the CBOR type that the schema asks for.

use std::collections::BTreeSet;
use std::fmt;

use base64ct::{Base64, Encoding};
use ciborium::Value;
use mdl_mdoc::data_elements::{
    ElementType, FULL_DATE_TAG, Found, TDATE_TAG, parse_full_date, parse_tdate,
};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::attachment::Attachments;

/// Reads one JSON value as an element of `element_type`. Messages name `place` and never the value.
pub(super) struct ValueSeed<'s> {
    pub(super) element_type: &'s ElementType,
    pub(super) attachments: &'s Attachments,
    pub(super) place: String,
}

impl<'s> ValueSeed<'s> {
    fn below(&self, element_type: &'s ElementType, place: String) -> Self {
        ValueSeed {
            element_type,
            attachments: self.attachments,
            place,
        }
    }

    fn mismatch<E: Error>(&self, found: impl fmt::Display) -> E {
        let expected = match self.element_type {
            ElementType::Image | ElementType::Bytes | ElementType::BiometricTemplate => {
                "bytes as {\"file\": …}, {\"base64\": …} or {\"hex\": …}".to_owned()
            }
            ElementType::FullDate => "full-date YYYY-MM-DD".to_owned(),
            ElementType::Tdate => "tdate YYYY-MM-DDTHH:MM:SSZ".to_owned(),
            ElementType::TdateOrFullDate => "YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ".to_owned(),
            other => other.to_string(),
        };
        E::custom(format!(
            "{}: expected {expected}, found {found}",
            self.place
        ))
    }

    fn date<E: Error>(&self, tag: u64, text: &str) -> Result<Value, E> {
        let is_date = match tag {
            FULL_DATE_TAG => parse_full_date(text).map(drop),
            _ => parse_tdate(text).map(drop),
        };
        match is_date {
            Ok(()) => Ok(Value::Tag(tag, Box::new(Value::Text(text.to_owned())))),
            Err(error) => {
                let found = format!("{} ({error})", text_of(text));
                Err(self.mismatch(found))
            }
        }
    }

    /// The meaning of an object with one member that says how to read it; `None` for any other object.
    fn explicit<E: Error>(&self, members: &[(Value, Value)]) -> Option<Result<Value, E>> {
        let [(Value::Text(form), Value::Text(text))] = members else {
            return None;
        };
        let bytes = match &**form {
            "full_date" => return Some(self.date(FULL_DATE_TAG, text)),
            "tdate" => return Some(self.date(TDATE_TAG, text)),
            "hex" => hex::decode(text).map_err(|_| "hexadecimal digits in pairs".to_owned()),
            "base64" => Base64::decode_vec(text).map_err(|_| "base64 with padding".to_owned()),
            "file" => self.attachments.read(text),
            _ => return None,
        };
        Some(bytes.map(Value::Bytes).map_err(|expected| {
            E::custom(format!(
                "{}: expected {expected} after {form:?}",
                self.place
            ))
        }))
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.element_type)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        match self.element_type {
            ElementType::Bool | ElementType::AgeOver | ElementType::Any => Ok(Value::Bool(value)),
            _ => Err(self.mismatch("a boolean")),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        match self.element_type {
            ElementType::Uint { .. }
            | ElementType::UintCode(_)
            | ElementType::Flag
            | ElementType::Any => Ok(Value::Integer(value.into())),
            _ => Err(self.mismatch("a number")),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        match self.element_type {
            ElementType::Any => Ok(Value::Integer(value.into())),
            _ => Err(self.mismatch("a negative number")),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // From here on not every integer has a value of its own: it would change on the way.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self.element_type {
            ElementType::Any if value.abs() < EXACT => Ok(Value::Float(value)),
            ElementType::Any => Err(self.mismatch("a number too large to be kept exactly")),
            _ => Err(self.mismatch("a number with a fraction, or too large")),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        match self.element_type {
            ElementType::Any => Ok(Value::Null),
            _ => Err(self.mismatch("null")),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        match self.element_type {
            ElementType::Latin1Text { .. }
            | ElementType::Utf8Text
            | ElementType::TextCode(_)
            | ElementType::Digits(_)
            | ElementType::CountryCode
            | ElementType::Subdivision
            | ElementType::DistinguishingSign
            | ElementType::VehicleCategory
            | ElementType::Any => Ok(Value::Text(text.to_owned())),
            ElementType::FullDate => self.date(FULL_DATE_TAG, text),
            ElementType::Tdate => self.date(TDATE_TAG, text),
            ElementType::TdateOrFullDate if text.contains('T') => self.date(TDATE_TAG, text),
            ElementType::TdateOrFullDate => self.date(FULL_DATE_TAG, text),
            _ => Err(self.mismatch(text_of(text))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let of = match self.element_type {
            ElementType::List { of, .. } => of.get(),
            ElementType::Any => &ElementType::Any,
            _ => return Err(self.mismatch("an array")),
        };
        let mut items = Vec::new();
        let place = |index: usize| format!("{}[{index}]", self.place);
        while let Some(item) = sequence.next_element_seed(self.below(of, place(items.len())))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut seen = BTreeSet::new();
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(Error::custom(format!(
                    "{}: {name:?} occurs twice",
                    self.place
                )));
            }
            let element_type = match self.element_type {
                ElementType::Map(known) => {
                    let member = known.iter().find(|member| member.name == name);
                    let Some(member) = member else {
                        return Err(self.mismatch(format!("a member {name:?}")));
                    };
                    &member.element_type
                }
                _ => &ElementType::Any,
            };
            let value =
                map.next_value_seed(self.below(element_type, format!("{}.{name}", self.place)))?;
            members.push((Value::Text(name), value));
        }
        match self.element_type {
            ElementType::Map(_) => return Ok(Value::Map(members)),
            ElementType::Any => {
                return self.explicit(&members).unwrap_or(Ok(Value::Map(members)));
            }
            _ => {}
        }
        let value = self
            .explicit(&members)
            .unwrap_or_else(|| Err(self.mismatch("an object")))?;
        let fits = match (self.element_type, &value) {
            (
                ElementType::Image | ElementType::Bytes | ElementType::BiometricTemplate,
                Value::Bytes(_),
            ) => true,
            (ElementType::FullDate, Value::Tag(tag, _)) => *tag == FULL_DATE_TAG,
            (ElementType::Tdate, Value::Tag(tag, _)) => *tag == TDATE_TAG,
            (ElementType::TdateOrFullDate, Value::Tag(..)) => true,
            _ => false,
        };
        if fits {
            Ok(value)
        } else {
            Err(self.mismatch("an object that says something else"))
        }
    }
}

/// Text by its length: the text itself belongs to the holder.
fn text_of(text: &str) -> Found {
    Found::Text(text.chars().count())
}
