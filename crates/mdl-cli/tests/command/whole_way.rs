//! From a record file to a verified licence.

use serde_json::{Value, json};

use crate::mdl::{Sample, TRANSCRIPT, checks_with, mdl};

const ISO: &str = "org.iso.18013.5.1";
const MANDATORY: [&str; 11] = [
    "family_name",
    "given_name",
    "birth_date",
    "issue_date",
    "expiry_date",
    "issuing_country",
    "issuing_authority",
    "document_number",
    "portrait",
    "driving_privileges",
    "un_distinguishing_sign",
];

#[test]
fn a_record_is_issued_presented_and_verified_with_every_element() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let response = sample.present(folder.path(), "all", &[]);
    let report = sample
        .verify(&response, &["--session-transcript", TRANSCRIPT])
        .expect(0)
        .json();

    assert_eq!(report["verdict"], "valid");
    assert_eq!(report["at"], "2026-06-15T12:00:00Z");
    assert_eq!(report["policy"], "iso");
    let document = &report["documents"][0];
    assert_eq!(document["doc_type"], "org.iso.18013.5.1.mDL");
    assert_eq!(document["verdict"], "valid");
    assert_eq!(document["issuer_trust"], "valid");
    assert_eq!(document["device_binding"], "valid");
    assert_eq!(document["revocation"], "not-checked");
    assert_eq!(document["device_signed"], json!({}));
    assert_eq!(
        document["validity"],
        json!({
            "signed": "2026-06-15T00:00:00Z",
            "valid_from": "2026-06-15T00:00:00Z",
            "valid_until": "2026-07-15T00:00:00Z",
        })
    );
    let issuer = &document["issuer"];
    assert_eq!(
        (&issuer["country"], &issuer["state"]),
        (&json!("US"), &json!("US-CA"))
    );
    assert_eq!(issuer["common_name"], "ds-1");
    for digest in ["iaca_sha256", "ds_sha256"] {
        assert_eq!(issuer[digest].as_str().unwrap().len(), 64);
    }

    let elements = document["elements"][ISO].as_object().unwrap();
    for identifier in MANDATORY {
        assert!(elements.contains_key(identifier), "{identifier}");
    }
    assert!(
        elements.len() >= MANDATORY.len() + 15,
        "{} elements",
        elements.len()
    );
    assert_eq!(elements["birth_date"], "1990-06-15");
    assert_eq!(elements["age_over_18"], true);
    assert_eq!(
        elements["driving_privileges"][0]["vehicle_category_code"],
        "A"
    );
    let portrait = elements["portrait"]["hex"].as_str().unwrap();
    let expected =
        std::fs::read(crate::mdl::repository().join("examples/records/portrait.jpg")).unwrap();
    assert_eq!(portrait, hex::encode(expected));

    // In the order of the record, which is that of the response.
    let first: Vec<_> = elements.keys().take(3).map(String::as_str).collect();
    assert_eq!(first, ["family_name", "given_name", "birth_date"]);
    assert_eq!(checks_with(&report, "fail"), Vec::<String>::new());
    let mut of_signature = check(document, "issuer-signature");
    let evidence = of_signature.as_object_mut().unwrap().remove("evidence");
    assert_eq!(
        of_signature,
        json!({ "id": "issuer-signature", "result": "pass", "clause": "9.1.2.4" })
    );
    assert_eq!(evidence.unwrap()["part"], "issuer-auth");
    let why = &check(document, "revocation")["why"];
    assert_eq!(why, "no CRL or OCSP response given");
}

#[test]
fn only_what_was_chosen_is_disclosed() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let chosen = format!("{ISO}:age_over_21,{ISO}:portrait");
    let response = sample.present(folder.path(), &chosen, &[]);
    let report = sample
        .verify(&response, &["--session-transcript", TRANSCRIPT])
        .expect(0)
        .json();
    let elements = report["documents"][0]["elements"].as_object().unwrap();
    assert_eq!(elements.keys().collect::<Vec<_>>(), [ISO]);
    assert_eq!(
        elements[ISO]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["age_over_21", "portrait"]
    );
    let undisclosed = report["documents"][0]["undisclosed"][ISO].as_u64().unwrap();
    assert_eq!(
        (undisclosed + 2) % 16,
        0,
        "digests are padded, so that their number tells nothing"
    );
}

#[test]
fn a_response_is_good_for_one_session_only() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let response = sample.present(folder.path(), "all", &[]);
    let report = sample
        .verify(&response, &["--session-transcript", "83f6f600"])
        .expect(1)
        .json();
    assert_eq!(checks_with(&report, "fail"), ["device-authentication"]);
    assert_no_values(&report);
}

#[test]
fn a_transcript_may_come_from_a_file() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let transcript = folder.path().join("transcript.cbor");
    std::fs::write(&transcript, hex::decode(TRANSCRIPT).unwrap()).unwrap();
    let response = sample.present(folder.path(), "all", &[]);
    let transcript = transcript.display().to_string();
    sample
        .verify(&response, &["--session-transcript", &transcript])
        .expect(0);
}

#[test]
fn a_device_mac_verifies_with_the_readers_key_and_not_without() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    mdl(
        folder.path(),
        &[
            "key",
            "new",
            "--out",
            "reader.pem",
            "--public-out",
            "reader.pub",
        ],
    )
    .expect(0);
    let public = folder.path().join("reader.pub").display().to_string();
    let private = folder.path().join("reader.pem").display().to_string();
    let response = sample.present(folder.path(), "all", &["--reader-key", &public]);

    let session = ["--session-transcript", TRANSCRIPT];
    let with_key = [&session[..], &["--reader-key", &private]].concat();
    sample.verify(&response, &with_key).expect(0);
    let report = sample.verify(&response, &session).expect(1).json();
    assert_eq!(checks_with(&report, "fail"), ["reader-key"]);
    let why = check(&report["documents"][0], "reader-key")["why"].clone();
    assert!(why.as_str().unwrap().contains("MAC"), "{why}");
}

/// The check of a document with this id.
pub(crate) fn check(document: &Value, id: &str) -> Value {
    let checks = document["checks"].as_array().unwrap();
    checks
        .iter()
        .find(|check| check["id"] == id)
        .cloned()
        .unwrap()
}

/// A document that did not verify shows no value.
pub(crate) fn assert_no_values(report: &Value) {
    for document in report["documents"].as_array().unwrap() {
        for member in ["elements", "device_signed", "undisclosed"] {
            assert_eq!(document.get(member), None);
        }
    }
    assert!(!report.to_string().contains("Mustermann"));
}
