//! A person whose every word is a canary.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::canaries::Canaries;
use super::deployment::Deployment;

const NAME_SPACE: &str = "org.iso.18013.5.1";

/// The reference in the source of record.
pub(crate) const CITIZEN: &str = "citizen-7f3a-zeisig";
/// People whose records are no licences.
pub(crate) const MALFORMED: &str = "citizen-malformed-girlitz";
pub(crate) const REFUSED: &str = "citizen-refused-haenfling";

/// What the documents of [`CITIZEN`] say.
const ELEMENTS: [(&str, &str); 6] = [
    ("family_name", "Kanarienvogel"),
    ("given_name", "Ortrud Walpurga"),
    ("birth_date", "1961-03-07"),
    ("document_number", "ZQ7351904X"),
    ("birth_place", "Zwitscherhausen"),
    ("resident_address", "77 Canary Row, Sacramento, CA 95814"),
];

/// Writes the records of all three, and says what must be found nowhere.
pub(crate) fn write_records(deployment: &Deployment, canaries: &mut Canaries) {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/records");
    let portrait = fs::read(examples.join("portrait.jpg")).unwrap();
    for (number, quarter) in (1..4).zip(["first", "second", "third"]) {
        let at = portrait.len() * number / 4;
        canaries.add(
            format!("portrait, {quarter} quarter"),
            &portrait[at..at + 48],
        );
    }
    fs::write(deployment.path("records/portrait.jpg"), portrait).unwrap();
    let record = fs::read_to_string(examples.join("erika.json")).unwrap();
    let mut record: Value = serde_json::from_str(&record).unwrap();
    let elements = record["name_spaces"][NAME_SPACE].as_object_mut().unwrap();
    elements.retain(|name, _| !name.starts_with("age_") && !name.ends_with("_national_character"));
    for (name, value) in ELEMENTS {
        elements.insert(name.to_owned(), json!(value));
        canaries.add(name, value);
    }
    for name in [
        "family_name_national_character",
        "given_name_national_character",
    ] {
        elements.insert(
            name.to_owned(),
            elements[&name[..name.len() - "_national_character".len()]].clone(),
        );
    }
    write(deployment, CITIZEN, &record);
    // Both refusals are about the very value.
    let mut malformed = record.clone();
    malformed["name_spaces"][NAME_SPACE]["birth_date"] = json!("7th of March, 1961");
    write(deployment, MALFORMED, &malformed);
    let mut refused = record;
    refused["name_spaces"][NAME_SPACE]["issuing_jurisdiction"] = json!("US-NOWHERE");
    write(deployment, REFUSED, &refused);
    for (name, value) in [
        ("subject reference", CITIZEN),
        ("subject reference of a malformed record", MALFORMED),
        ("subject reference of a refused record", REFUSED),
    ] {
        canaries.add(name, value);
    }
}

fn write(deployment: &Deployment, subject: &str, record: &Value) {
    let path = deployment.path(&format!("records/{subject}.json"));
    fs::write(path, record.to_string()).unwrap();
}
