//! Values of data elements without their CBOR.

use mdl_mdoc::cbor::Value;
use mdl_reader::json::element_value;

/// A data element of a verified document.
#[derive(Clone, PartialEq)]
pub struct Element {
    /// Its name space.
    pub name_space: String,
    /// Its identifier within the name space.
    pub identifier: String,
    /// Its value.
    pub value: ElementValue,
}

/// The value of a data element.
#[derive(Clone, PartialEq)]
pub enum ElementValue {
    /// A text, such as `family_name`.
    Text(String),
    /// A date or a time, such as `birth_date`, as RFC 3339 writes it: `1990-01-02` or `1990-01-02T00:00:00Z`.
    Date(String),
    /// Bytes, such as `portrait`.
    Bytes(Vec<u8>),
    /// A whole number, such as `height`.
    Integer(i64),
    /// Yes or no, such as `age_over_18`.
    Boolean(bool),
    /// Anything else, such as `driving_privileges`, in the JSON of a report.
    Json(String),
}

impl Element {
    pub(crate) fn new(
        name_space: &str,
        identifier: &str,
        value: mdl_mdoc::issuer_signed::ElementValue<'_>,
    ) -> Self {
        Self {
            name_space: name_space.to_owned(),
            identifier: identifier.to_owned(),
            // A verified document is well-formed throughout; `null` would at worst hide a value, never invent one.
            value: value
                .decode()
                .map_or_else(|_| ElementValue::Json("null".to_owned()), from_cbor),
        }
    }
}

fn from_cbor(value: Value<'_>) -> ElementValue {
    let json = |value: &Value<'_>| ElementValue::Json(element_value(value).to_string());
    match &value {
        Value::Text(text) => ElementValue::Text((*text).to_owned()),
        Value::Tag(0 | 1004, content) => match content.as_ref() {
            Value::Text(text) => ElementValue::Date((*text).to_owned()),
            _ => json(&value),
        },
        Value::Bytes(bytes) => ElementValue::Bytes(bytes.to_vec()),
        Value::Bool(boolean) => ElementValue::Boolean(*boolean),
        Value::Unsigned(number) => {
            i64::try_from(*number).map_or_else(|_| json(&value), ElementValue::Integer)
        }
        // −1 − n, which is within reach whenever n is.
        Value::Negative(number) => i64::try_from(*number).map_or_else(
            |_| json(&value),
            |number| ElementValue::Integer(-1 - number),
        ),
        _ => json(&value),
    }
}

/// Names the element and never its value: that is personal data.
impl std::fmt::Debug for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Element({}: {})", self.name_space, self.identifier)
    }
}

impl std::fmt::Debug for ElementValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ElementValue(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_has_its_form() {
        let cases = [
            (Value::Text("Doe"), ElementValue::Text("Doe".into())),
            (
                Value::Tag(1004, Box::new(Value::Text("1990-01-02"))),
                ElementValue::Date("1990-01-02".into()),
            ),
            (
                Value::Tag(1004, Box::new(Value::Unsigned(1))),
                ElementValue::Json(r#"{"tag":1004,"value":1}"#.into()),
            ),
            (Value::Bytes(&[1, 2]), ElementValue::Bytes(vec![1, 2])),
            (Value::Bool(true), ElementValue::Boolean(true)),
            (Value::Unsigned(170), ElementValue::Integer(170)),
            (Value::Negative(0), ElementValue::Integer(-1)),
            (
                Value::Negative(i64::MAX as u64),
                ElementValue::Integer(i64::MIN),
            ),
            (
                Value::Unsigned(u64::MAX),
                ElementValue::Json(u64::MAX.to_string()),
            ),
            (
                Value::Array(vec![Value::Text("B")]),
                ElementValue::Json(r#"["B"]"#.into()),
            ),
        ];
        for (value, expected) in cases {
            assert!(from_cbor(value.clone()) == expected, "{value:?}");
        }
    }
}
