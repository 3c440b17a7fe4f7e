//! `mdl lint` on every kind of file.

use std::fs;

use serde_json::Value;

use crate::mdl::{AT, Sample, mdl};

/// Ids of the findings with this severity, of all documents.
fn ids(report: &Value, severity: &str) -> Vec<String> {
    let documents = report["documents"].as_array().unwrap().iter();
    let findings = documents.flat_map(|document| document["findings"].as_array().unwrap());
    findings
        .filter(|finding| finding["severity"] == severity)
        .map(|finding| finding["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn everything_of_our_own_is_clean() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let authority = sample.folder().join("mdl-authority");
    let crl_folder = tempfile::tempdir().unwrap();
    crate::mdl::make_authority(crl_folder.path());
    mdl(crl_folder.path(), &["crl", "build", "--at", AT]).expect(0);
    let response = sample.present(folder.path(), "all", &[]);
    let files = [
        (authority.join("iaca/certificate.pem"), "certificate"),
        (authority.join("ds/ds-1/certificate.pem"), "certificate"),
        (authority.join("ds/ds-1/request.pem"), "csr"),
        (crl_folder.path().join("mdl-authority/crl/crl.der"), "crl"),
        (sample.folder().join("licence.cbor"), "issuer-signed"),
        (response, "device-response"),
    ];
    let mut arguments = vec!["lint".to_owned(), "--json".to_owned()];
    arguments.extend(files.iter().map(|(path, _)| path.display().to_string()));
    let report = mdl(folder.path(), &arguments).expect(0).json();
    assert_eq!(
        (&report["errors"], &report["warnings"]),
        (&0.into(), &0.into()),
        "{report:#}"
    );
    let kinds: Vec<_> = report["documents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|document| document["kind"].clone())
        .collect();
    assert_eq!(kinds, files.map(|(_, kind)| Value::from(kind)));

    let iaca = sample.iaca();
    let signer = sample.file("mdl-authority/ds/ds-1/certificate.pem");
    let licence = sample.file("licence.cbor");
    mdl(
        folder.path(),
        &[
            "lint",
            "--issuer",
            &iaca,
            "--profile",
            "document-signer",
            &signer,
        ],
    )
    .expect(0);
    mdl(folder.path(), &["lint", "--issuer", &iaca, &licence]).expect(0);
}

#[test]
fn another_profile_and_another_issuer_are_breaches() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    crate::mdl::make_authority(folder.path());
    let signer = sample.file("mdl-authority/ds/ds-1/certificate.pem");
    let report = mdl(
        folder.path(),
        &["lint", "--json", "--profile", "iaca-root", &signer],
    )
    .expect(1)
    .json();
    assert!(
        ids(&report, "error")
            .iter()
            .any(|id| id.contains("basic-constraints")),
        "{report:#}"
    );
    let other = "mdl-authority/iaca/certificate.pem";
    let report = mdl(
        folder.path(),
        &["lint", "--json", "--issuer", other, &signer],
    )
    .expect(1)
    .json();
    assert!(!ids(&report, "error").is_empty());
    let licence = sample.file("licence.cbor");
    let report = mdl(
        folder.path(),
        &["lint", "--json", "--issuer", other, &licence],
    )
    .expect(1)
    .json();
    assert!(!ids(&report, "error").is_empty());
    mdl(folder.path(), &["lint", "--profile", "nonsense", &signer]).expect(2);
}

#[test]
fn a_changed_element_and_a_missing_one_are_found_in_a_document() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let mut licence = fs::read(sample.folder().join("licence.cbor")).unwrap();
    let name = licence
        .windows(10)
        .position(|window| window == b"Mustermann")
        .unwrap();
    licence[name] ^= 1;
    let file = folder.path().join("licence.cbor");
    fs::write(&file, licence).unwrap();
    let report = mdl(folder.path(), &["lint", "--json", "licence.cbor"])
        .expect(1)
        .json();
    assert_eq!(ids(&report, "error"), ["value-digest"]);
    assert!(
        !report.to_string().contains("ustermann"),
        "no value is printed"
    );

    // What a holder left out is no breach in a response, and is one in what an issuer hands out.
    sample.present(folder.path(), "org.iso.18013.5.1:sex", &[]);
    mdl(folder.path(), &["lint", "response.cbor"]).expect(0);
    let response = fs::read(folder.path().join("response.cbor")).unwrap();
    let issuer_signed = between(&response, b"lissuerSigned", b"ldeviceSigned");
    fs::write(&file, issuer_signed).unwrap();
    let report = mdl(folder.path(), &["lint", "--json", "licence.cbor"])
        .expect(1)
        .json();
    let errors = ids(&report, "error");
    assert!(
        errors.len() >= 10 && errors.iter().all(|id| id == "mandatory-element-missing"),
        "{errors:?}"
    );
}

#[test]
fn an_mso_is_checked_on_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Sample::get();
    let licence = fs::read(sample.folder().join("licence.cbor")).unwrap();
    // The MSO begins with its version and ends where the 64 bytes of the signature do not belong to it.
    let beginning = b"\xa6gversionc1.0odigestAlgorithm";
    let start = licence
        .windows(beginning.len())
        .position(|window| window == beginning)
        .unwrap();
    let mso = &licence[start..licence.len() - 66];
    fs::write(folder.path().join("mso.cbor"), mso).unwrap();
    let report = mdl(folder.path(), &["lint", "--json", "mso.cbor"])
        .expect(0)
        .json();
    assert_eq!(report["documents"][0]["kind"], "mso");
    assert_eq!(ids(&report, "error"), Vec::<String>::new());

    let changes: [(&[u8], &[u8], &str); 4] = [
        (b"gSHA-256", b"gSHA-999", "digest-algorithm"),
        (b"gversionc1.0", b"gversionc2.0", "mso-version"),
        (b"gSHA-256", b"gSHA-384", "value-digest-length"),
        (
            b"2026-06-15T00:00:00Zjv",
            b"2026-06-14T00:00:00Zjv",
            "validity-order",
        ),
    ];
    for (from, to, rule) in changes {
        let at = mso
            .windows(from.len())
            .position(|window| window == from)
            .unwrap();
        let mut changed = mso.to_vec();
        changed[at..at + to.len()].copy_from_slice(to);
        fs::write(folder.path().join("mso.cbor"), changed).unwrap();
        let report = mdl(folder.path(), &["lint", "--json", "mso.cbor"])
            .expect(1)
            .json();
        assert!(
            ids(&report, "error").iter().any(|id| id == rule),
            "{rule}: {report:#}"
        );
    }
}

#[test]
fn findings_are_told_in_text_too() {
    let sample = Sample::get();
    let signer = sample.file("mdl-authority/ds/ds-1/certificate.pem");
    let run = mdl(
        sample.folder(),
        &["lint", "--profile", "iaca-root", &signer],
    )
    .expect(1);
    assert!(run.stdout.contains("\n  error "), "{}", run.stdout);
    assert!(run.stdout.ends_with(" warnings\n"), "{}", run.stdout);
}

/// What stands between two texts.
fn between<'a>(bytes: &'a [u8], before: &[u8], after: &[u8]) -> &'a [u8] {
    let find = |text: &[u8]| {
        bytes
            .windows(text.len())
            .position(|window| window == text)
            .unwrap()
    };
    &bytes[find(before) + before.len()..find(after)]
}

#[test]
fn the_profile_that_a_certificate_was_held_against_is_named() {
    let sample = Sample::get();
    let signer = sample.file("mdl-authority/ds/ds-1/certificate.pem");
    let iaca = sample.iaca();
    let run = mdl(sample.folder(), &["lint", &signer, &iaca]).expect(0);
    for profile in ["certificate, document-signer", "certificate, iaca-root"] {
        assert!(run.stdout.contains(profile), "{}", run.stdout);
    }
    let json = mdl(sample.folder(), &["lint", "--json", &signer])
        .expect(0)
        .json();
    assert_eq!(json["documents"][0]["profile"], "document-signer");
}
