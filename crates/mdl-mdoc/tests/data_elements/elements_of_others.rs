//! Documents of other issuing authorities, from a folder of vectors that is not part of this repository.

use std::fs;
use std::path::Path;

use base64ct::{Base64, Encoding};
use mdl_mdoc::cbor::{Limits, Value};
use mdl_mdoc::data_elements::{DataElement, ElementGate, GateReport, Severity};

/// The vectors of a file; `None`, with a line that says so, where the folder is absent.
fn vectors(file: &str) -> Option<Vec<serde_json::Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let Ok(text) = fs::read_to_string(folder.join(file)) else {
        println!("skipped: {} is not there", folder.join(file).display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("a vector file is a JSON array"))
}

fn member<'v>(map: &'v Value<'v>, name: &str) -> Option<&'v Value<'v>> {
    let Value::Map(entries) = map else {
        return None;
    };
    entries
        .iter()
        .find(|(key, _)| matches!(key, Value::Text(text) if *text == name))
        .map(|(_, value)| value)
}

/// Examines what the `nameSpaces` map of an IssuerSigned discloses.
fn examine(issuer_signed: &Value<'_>) -> GateReport {
    let Some(Value::Map(name_spaces)) = member(issuer_signed, "nameSpaces") else {
        panic!("no nameSpaces")
    };
    let mut items = Vec::new();
    for (name_space, encoded) in name_spaces {
        let (Value::Text(name_space), Value::Array(encoded)) = (name_space, encoded) else {
            panic!("not a list of items")
        };
        for item in encoded {
            let Value::Tag(24, bytes) = item else {
                panic!("not tag 24")
            };
            let Value::Bytes(bytes) = **bytes else {
                panic!("not bytes")
            };
            items.push((
                *name_space,
                Value::decode(bytes, &Limits::default()).expect("an item is CBOR"),
            ));
        }
    }
    let elements: Vec<_> = items
        .iter()
        .map(|(name_space, item)| {
            let Some(Value::Text(identifier)) = member(item, "elementIdentifier") else {
                panic!("no elementIdentifier")
            };
            DataElement::new(
                name_space,
                identifier,
                member(item, "elementValue").expect("an item has a value"),
            )
        })
        .collect();
    ElementGate::mdl().examine_disclosed(&elements)
}

/// What is wrong with the documents of each vector, apart from remarks.
fn known_faults(id: &str) -> &'static [(&'static str, &'static str)] {
    match id {
        "openid-conformance-mdl" => &[
            ("wrong-tag", "portrait_capture_date"),
            ("subdivision-shape", "issuing_jurisdiction"),
        ],
        "auth0-example-1" => &[
            ("subdivision-shape", "issuing_jurisdiction"),
            ("wrong-type", "portrait"),
            ("wrong-tag", "driving_privileges[0].issue_date"),
            ("wrong-tag", "driving_privileges[0].expiry_date"),
        ],
        "auth0-example-3" => &[("subdivision-shape", "issuing_jurisdiction")],
        _ => &[],
    }
}

fn findings(issuer_signed: &[&Value<'_>]) -> Vec<(&'static str, String)> {
    let reports: Vec<_> = issuer_signed.iter().map(|one| examine(one)).collect();
    let violations = reports.iter().flat_map(GateReport::violations);
    violations
        .filter(|violation| violation.severity > Severity::Info)
        .map(|violation| {
            let element = format!("{}{}", violation.element_identifier, violation.within);
            (violation.rule.id(), element)
        })
        .collect()
}

fn issuer_signed<'v>(device_response: &'v Value<'v>) -> Vec<&'v Value<'v>> {
    let Some(Value::Array(documents)) = member(device_response, "documents") else {
        panic!("no documents")
    };
    documents
        .iter()
        .map(|document| member(document, "issuerSigned").expect("a document has IssuerSigned"))
        .collect()
}

#[test]
fn elements_of_other_issuers_have_the_faults_we_know_of() {
    for vector in vectors("issuers.json").unwrap_or_default() {
        let bytes = |name: &str| Some(Base64::decode_vec(vector[name].as_str()?).unwrap());
        let limits = Limits::default();
        let found = if let Some(bytes) = bytes("issuer_signed_base64") {
            findings(&[&Value::decode(&bytes, &limits).unwrap()])
        } else {
            let bytes = bytes("device_response_base64").unwrap();
            findings(&issuer_signed(&Value::decode(&bytes, &limits).unwrap()))
        };
        let id = vector["id"].as_str().unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|(rule, element)| (*rule, &**element))
            .collect();
        assert_eq!(found, known_faults(id), "{id}");
    }
}

#[test]
fn elements_of_the_standards_own_example_are_without_fault() {
    for vector in vectors("annex_d.json").unwrap_or_default() {
        if vector["id"] == "annexd-device-response" {
            let bytes = hex::decode(vector["cbor_hex"].as_str().unwrap()).unwrap();
            let response = Value::decode(&bytes, &Limits::default()).unwrap();
            assert_eq!(findings(&issuer_signed(&response)), []);
        }
    }
}
