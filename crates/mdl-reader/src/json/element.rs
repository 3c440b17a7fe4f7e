//! Data element values as JSON.
//!
//! Byte strings become `{"hex": "…"}`, tags 0 and 1004 their text, everything else what JSON has for it. What JSON
//! has nothing for stays unambiguous: other tags are `{"tag": n, "value": …}`, simple values `{"simple": n}`, maps
//! with keys that are not text `{"pairs": [[key, value], …]}`, numbers out of JSON's reach their digits as text.

use mdl_mdoc::cbor::Value;
use serde_json::{Map, Value as Json, json};

/// The value of a data element as it stands in a report: byte strings as `{"hex": "…"}`, tags 0 and 1004 as their text,
/// everything else what JSON has for it.
pub fn element_value(value: &Value<'_>) -> Json {
    match value {
        Value::Unsigned(number) => json!(number),
        Value::Negative(number) => negative(*number),
        Value::Bytes(bytes) => json!({ "hex": hex::encode(bytes) }),
        Value::Text(text) => json!(text),
        Value::Array(items) => items.iter().map(element_value).collect(),
        Value::Map(members) => map(members),
        Value::Tag(0 | 1004, content) if matches!(**content, Value::Text(_)) => {
            element_value(content)
        }
        Value::Tag(number, content) => json!({ "tag": number, "value": element_value(content) }),
        Value::Bool(boolean) => json!(boolean),
        Value::Null | Value::Undefined => Json::Null,
        Value::Simple(number) => json!({ "simple": number }),
        Value::Float(float) => match serde_json::Number::from_f64(*float) {
            Some(number) => Json::Number(number),
            None => json!(float.to_string()),
        },
    }
}

/// The number −1 − n.
fn negative(n: u64) -> Json {
    let number = -1 - i128::from(n);
    match i64::try_from(number) {
        Ok(number) => json!(number),
        Err(_) => json!(number.to_string()),
    }
}

fn map(members: &[(Value<'_>, Value<'_>)]) -> Json {
    let mut object = Map::with_capacity(members.len());
    for (key, value) in members {
        let Value::Text(key) = key else {
            let pairs = members
                .iter()
                .map(|(key, value)| json!([element_value(key), element_value(value)]));
            return json!({ "pairs": pairs.collect::<Vec<_>>() });
        };
        object.insert((*key).to_owned(), element_value(value));
    }
    Json::Object(object)
}

#[cfg(test)]
mod tests {
    use mdl_mdoc::cbor::Limits;

    use super::*;

    #[test]
    fn every_kind_of_value_has_its_json() {
        let cases = [
            ("1903e8", json!(1000)),
            ("1bffffffffffffffff", json!(u64::MAX)),
            ("3863", json!(-100)),
            ("3bffffffffffffffff", json!("-18446744073709551616")),
            ("42beef", json!({ "hex": "beef" })),
            (
                "c074323032302d30312d30315430303a30303a30305a",
                json!("2020-01-01T00:00:00Z"),
            ),
            ("d903ec6a323032302d30312d3031", json!("2020-01-01")),
            ("d818411a", json!({ "tag": 24, "value": { "hex": "1a" } })),
            ("a2616201616102", json!({ "b": 1, "a": 2 })),
            ("a10102", json!({ "pairs": [[1, 2]] })),
            ("84f5f6f7f0", json!([true, null, null, { "simple": 16 }])),
            ("f93e00", json!(1.5)),
            ("f97e00", json!("NaN")),
        ];
        for (encoded, expected) in cases {
            let bytes = hex::decode(encoded).unwrap();
            let value = Value::decode(&bytes, &Limits::DEFAULT).unwrap();
            assert_eq!(element_value(&value), expected, "{encoded}");
        }
    }

    #[test]
    fn members_keep_their_order() {
        let bytes = hex::decode("a2616201616102").unwrap();
        let value = Value::decode(&bytes, &Limits::DEFAULT).unwrap();
        assert_eq!(element_value(&value).to_string(), r#"{"b":1,"a":2}"#);
    }
}
