//! JSON objects from outside: bounded, and every member once.
//!
//! RFC 8259, 4 leaves open what a repeated name means, and RFC 7515, 4 lets a reader refuse it; we do, at any depth.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// What one JSON text may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct JsonLimits {
    /// Size of the text, in bytes.
    pub max_bytes: usize,
    /// Nesting of objects and arrays, the outermost object included. More than 100 is treated as 100.
    pub max_depth: usize,
}

impl JsonLimits {
    /// For the claims and headers of a token: 64 KiB, 16 levels.
    pub const DEFAULT: Self = Self {
        max_bytes: 64 << 10,
        max_depth: 16,
    };
}

/// The most levels that are read whatever the caller's limit says: each costs stack.
const DEEPEST: usize = 100;

/// Why bytes are not an acceptable JSON object. Positions count from 1; the text itself is not repeated, since it may
/// be personal.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonObjectError {
    /// Beyond [`JsonLimits::max_bytes`].
    #[error("JSON text of {actual} bytes where {limit} are allowed")]
    TooLong {
        /// Bytes allowed.
        limit: usize,
        /// Bytes received.
        actual: usize,
    },
    /// Beyond [`JsonLimits::max_depth`].
    #[error("JSON is nested deeper than {limit} levels")]
    TooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// An object names a member twice.
    #[error("JSON object has a member twice, at line {line} column {column}")]
    DuplicateMember {
        /// Line of the second occurrence.
        line: usize,
        /// Column of its end.
        column: usize,
    },
    /// JSON, but no object.
    #[error("JSON is not an object")]
    NotAnObject,
    /// Not JSON, or not only JSON.
    #[error("not JSON, at line {line} column {column}")]
    NotJson {
        /// Line of the fault.
        line: usize,
        /// Column of the fault.
        column: usize,
    },
}

/// Reads one JSON object, refusing repeated members at any depth. Members keep their order.
///
/// # Errors
/// See [`JsonObjectError`].
pub fn parse_json_object(
    json: &[u8],
    limits: &JsonLimits,
) -> Result<Map<String, Value>, JsonObjectError> {
    if json.len() > limits.max_bytes {
        return Err(JsonObjectError::TooLong {
            limit: limits.max_bytes,
            actual: json.len(),
        });
    }
    let max_depth = limits.max_depth.min(DEEPEST);
    let refusal = Cell::new(None);
    let seed = StrictValue {
        levels_left: max_depth,
        refusal: &refusal,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = seed
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    match value {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(JsonObjectError::NotAnObject),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(match refusal.get() {
                Some(Refusal::Duplicate) => JsonObjectError::DuplicateMember { line, column },
                Some(Refusal::Depth) => JsonObjectError::TooDeep { limit: max_depth },
                None => JsonObjectError::NotJson { line, column },
            })
        }
    }
}

/// What is refused although it is JSON.
#[derive(Clone, Copy)]
enum Refusal {
    Duplicate,
    Depth,
}

/// Any value. The reason of a refusal goes through `refusal`, because serde's error can only carry text.
#[derive(Clone, Copy)]
struct StrictValue<'r> {
    levels_left: usize,
    refusal: &'r Cell<Option<Refusal>>,
}

impl StrictValue<'_> {
    fn refuse<E: Error>(self, refusal: Refusal) -> E {
        self.refusal.set(Some(refusal));
        E::custom("refused")
    }

    fn one_level_down<E: Error>(self) -> Result<Self, E> {
        match self.levels_left.checked_sub(1) {
            Some(levels_left) => Ok(Self {
                levels_left,
                ..self
            }),
            None => Err(self.refuse(Refusal::Depth)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for StrictValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.one_level_down()?;
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(self.refuse(Refusal::Duplicate));
            }
            let value = map.next_value_seed(inner)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let inner = self.one_level_down()?;
        let mut array = Vec::new();
        while let Some(value) = sequence.next_element_seed(inner)? {
            array.push(value);
        }
        Ok(Value::Array(array))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}
