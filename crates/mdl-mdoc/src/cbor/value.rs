use super::head::Head;
use super::{Checker, DecodeError, Limits, Reader};

/// A decoded data item that borrows its strings from the input.
///
/// For element values, whose type the standard leaves open. `Debug` prints the shape only, because values are
/// personal data.
#[derive(Clone, PartialEq)]
pub enum Value<'a> {
    /// An unsigned integer.
    Unsigned(u64),
    /// The negative integer −1 − n.
    Negative(u64),
    /// A byte string.
    Bytes(&'a [u8]),
    /// A text string.
    Text(&'a str),
    /// An array.
    Array(Vec<Self>),
    /// A map, in the order of the input.
    Map(Vec<(Self, Self)>),
    /// A tag and its content.
    Tag(u64, Box<Self>),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// `undefined`.
    Undefined,
    /// Another simple value.
    Simple(u8),
    /// A float of any width.
    Float(f64),
}

/// The shape of a [`Value`], for messages that must not carry the value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ValueKind(&'static str);

impl std::fmt::Display for ValueKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl<'a> Value<'a> {
    /// Decodes one data item within `limits`.
    ///
    /// # Errors
    /// Not well-formed, trailing bytes, duplicate keys, or beyond `limits`.
    pub fn decode(bytes: &'a [u8], limits: &Limits) -> Result<Self, DecodeError> {
        Checker::new(bytes, limits)?;
        Reader::new(bytes, 0).value()
    }

    /// The shape of the value.
    pub fn kind(&self) -> ValueKind {
        ValueKind(match self {
            Self::Unsigned(_) => "unsigned integer",
            Self::Negative(_) => "negative integer",
            Self::Bytes(_) => "byte string",
            Self::Text(_) => "text string",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Tag(0, _) => "tag 0",
            Self::Tag(24, _) => "tag 24",
            Self::Tag(1004, _) => "tag 1004",
            Self::Tag(_, _) => "another tag",
            Self::Bool(_) => "Boolean",
            Self::Null => "null",
            Self::Undefined => "undefined",
            Self::Simple(_) => "simple value",
            Self::Float(_) => "float",
        })
    }

    /// The text of a text string, also inside tag 0 (`tdate`) or 1004 (`full-date`).
    pub fn as_text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Tag(0 | 1004, content) => match **content {
                Value::Text(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn simple(head: Head) -> Option<Self> {
        Some(match head.info {
            20 => Self::Bool(false),
            21 => Self::Bool(true),
            22 => Self::Null,
            23 => Self::Undefined,
            25 => Self::Float(half_to_f64(head.argument as u16)),
            26 => Self::Float(f64::from(f32::from_bits(head.argument as u32))),
            27 => Self::Float(f64::from_bits(head.argument)),
            31 => return None,
            _ => Self::Simple(head.argument as u8),
        })
    }
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({})", self.kind())
    }
}

/// IEEE 754 binary16 (RFC 8949, appendix D).
fn half_to_f64(half: u16) -> f64 {
    let exponent = i32::from((half >> 10) & 0x1f);
    let fraction = f64::from(half & 0x3ff);
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if half & 0x8000 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_decode_as_another_library_reads_them() {
        let samples = [
            "a26161018261624103", // trailing garbage makes this an error
            "a2616101616282410361e4",
            "83f97c00fbc010666666666666f5",
            "c11a514b67b0",
            "d903ec6a323032302d30312d3031",
            "84f4f6f73863",
        ];
        for hex in samples {
            let bytes = hex::decode(hex).unwrap();
            let ours = Value::decode(&bytes, &Limits::DEFAULT)
                .ok()
                .map(|value| to_ciborium(&value));
            let mut rest = bytes.as_slice();
            let theirs = ciborium::from_reader::<ciborium::Value, _>(&mut rest)
                .ok()
                .filter(|_| rest.is_empty());
            assert_eq!(ours, theirs, "{hex}");
        }
    }

    #[test]
    fn debug_shows_no_content() {
        let shown = format!("{:?}", Value::Array(vec![Value::Text("Mustermann")]));
        assert_eq!(shown, "Value(array)");
    }

    fn to_ciborium(value: &Value<'_>) -> ciborium::Value {
        match value {
            Value::Unsigned(n) => (*n).into(),
            Value::Negative(n) => ciborium::Value::Integer((-1i64 - *n as i64).into()),
            Value::Bytes(bytes) => bytes.to_vec().into(),
            Value::Text(text) => (*text).into(),
            Value::Array(elements) => {
                ciborium::Value::Array(elements.iter().map(to_ciborium).collect())
            }
            Value::Map(members) => ciborium::Value::Map(
                members
                    .iter()
                    .map(|(k, v)| (to_ciborium(k), to_ciborium(v)))
                    .collect(),
            ),
            Value::Tag(number, content) => {
                ciborium::Value::Tag(*number, Box::new(to_ciborium(content)))
            }
            Value::Bool(b) => (*b).into(),
            Value::Null | Value::Undefined => ciborium::Value::Null,
            Value::Simple(_) => unreachable!("not in the samples"),
            Value::Float(f) => (*f).into(),
        }
    }
}
