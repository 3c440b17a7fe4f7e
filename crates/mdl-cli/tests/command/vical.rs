//! Trust anchors from a VICAL instead of certificates one by one.

use std::fs;
use std::path::Path;

use ciborium::Value;
use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::certificate::{CertificateView, read_documents};
use mdl_iaca::profile::{DistinguishedName, Issuer, SerialNumber, Validity, VicalSignerProfile};
use mdl_mdoc::cose::sig_structure;
use mdl_signer::key_file::{self, Passphrase};
use time::macros::datetime;

use crate::mdl::{AT, PASSPHRASE, Run, Sample, checks_with, mdl};
use crate::whole_way::assert_no_values;

/// A VICAL of the sample authority as its own provider, which lists `entries`: a certificate and document types each.
fn vical(entries: &[(Vec<u8>, &[&str])]) -> Vec<u8> {
    let sample = Sample::get();
    let issuer = Issuer::from_certificate(&iaca_der()).unwrap();
    let passphrase = Passphrase::new(PASSPHRASE.to_owned()).unwrap();
    let root = sample.folder().join("mdl-authority/iaca/key.pem");
    let root = key_file::load(&root, Some(&passphrase)).unwrap();
    let key = PrivateKey::from_scalar(Curve::P256, &[7; 32]).unwrap();
    let profile = VicalSignerProfile::new(
        &issuer,
        key.public_key().clone(),
        DistinguishedName::new("VICAL Signer")
            .country("US")
            .organization("Example Lists"),
        Validity::days(datetime!(2026-06-15 0:00 UTC), 300).unwrap(),
        "https://lists.example/root.crl",
    );
    let serial = SerialNumber::from_be_bytes(&[1; 16]).unwrap();
    let unsigned = profile.build(&serial).unwrap();
    let signature = root.sign_deterministic(unsigned.to_be_signed());
    let certificate = unsigned.attach(&signature).unwrap();

    let date = |text: &str| Value::Tag(0, Box::new(text.into()));
    let entries = entries.iter().map(|(certificate, doc_types)| {
        let doc_types = doc_types.iter().map(|name| Value::from(*name)).collect();
        let mut members = vec![
            ("certificate", Value::Bytes(certificate.clone())),
            ("docType", Value::Array(doc_types)),
        ];
        if let Ok(view) = CertificateView::from_der(certificate) {
            let serial = Value::Bytes(view.serial().as_bytes().to_vec());
            let ski = view.extensions().subject_key_identifier().unwrap().unwrap();
            members.push(("serialNumber", Value::Tag(2, Box::new(serial))));
            members.push(("ski", Value::Bytes(ski.to_vec())));
        }
        map(members)
    });
    let list = encoded(&map(vec![
        ("version", "1.0".into()),
        ("vicalProvider", "Example Lists".into()),
        ("date", date("2026-06-14T00:00:00Z")),
        ("vicalIssueID", 9.into()),
        ("nextUpdate", date("2026-06-20T00:00:00Z")),
        ("certificateInfos", Value::Array(entries.collect())),
    ]));
    let protected = encoded(&Value::Map(vec![(1.into(), (-7).into())]));
    let signature = key.sign_deterministic(&sig_structure(&protected, &[], &list));
    let x5chain = Value::Bytes(certificate.as_der().to_vec());
    encoded(&Value::Array(vec![
        Value::Bytes(protected),
        Value::Map(vec![(33.into(), x5chain)]),
        Value::Bytes(list),
        Value::Bytes(signature.as_bytes().to_vec()),
    ]))
}

fn map(members: Vec<(&str, Value)>) -> Value {
    let members = members
        .into_iter()
        .map(|(name, value)| (name.into(), value));
    Value::Map(members.collect())
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn iaca_der() -> Vec<u8> {
    let content = fs::read(Sample::get().iaca()).unwrap();
    read_documents(&content).unwrap().remove(0).der
}

/// Verifies the sample licence with the anchors of a VICAL.
fn verify(folder: &Path, list: &[u8], at: &str, more: &[&str]) -> Run {
    let sample = Sample::get();
    fs::write(folder.join("vical.cbor"), list).unwrap();
    let (root, licence) = (sample.iaca(), sample.file("licence.cbor"));
    let fixed = [
        "verify",
        "--static",
        "--vical",
        "vical.cbor",
        "--vical-root",
        &root,
        "--at",
        at,
        &licence,
    ];
    mdl(folder, &[&fixed[..], more].concat())
}

const MDL: &[&str] = &["org.iso.18013.5.1.mDL"];

#[test]
fn a_listed_authority_is_trusted_for_the_listed_document_types() {
    let folder = tempfile::tempdir().unwrap();
    let list = vical(&[(iaca_der(), MDL)]);
    let report = verify(folder.path(), &list, AT, &["--json"])
        .expect(0)
        .json();
    assert_eq!(report["verdict"], "valid");
    assert_eq!(report["vical"]["provider"], "Example Lists");
    assert_eq!(report["vical"]["trust_anchors"], 1);
    let findings = report["findings"].to_string();
    assert!(!findings.contains("vical"), "{findings}");

    let list = vical(&[(iaca_der(), &["org.iso.7367.1.mVRC"])]);
    let report = verify(folder.path(), &list, AT, &["--json"])
        .expect(1)
        .json();
    assert_eq!(checks_with(&report, "fail"), ["anchor-doc-type"]);
    assert_no_values(&report);
}

#[test]
fn a_list_whose_next_issue_is_due_is_used_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let list = vical(&[(b"no certificate".to_vec(), MDL), (iaca_der(), MDL)]);
    let at = "2026-06-21T00:00:00Z";
    let report = verify(folder.path(), &list, at, &["--json"])
        .expect(0)
        .json();
    let findings = report["findings"].as_array().unwrap();
    let found = |id: &str| {
        findings
            .iter()
            .any(|finding| finding["id"] == id && finding["severity"] == "warning")
    };
    assert!(
        found("vical-next-update") && found("vical-entry"),
        "{report}"
    );
    let text = verify(folder.path(), &list, at, &[]).expect(0).stdout;
    assert!(text.contains("VICAL of Example Lists, issue 9"), "{text}");
    assert!(
        text.contains("a newer list was due on 2026-06-20"),
        "{text}"
    );
}

#[test]
fn a_list_that_does_not_verify_gives_no_trust() {
    let folder = tempfile::tempdir().unwrap();
    let list = vical(&[(iaca_der(), MDL)]);
    let mut altered = list.clone();
    *altered.last_mut().unwrap() ^= 1;
    let run = verify(folder.path(), &altered, AT, &["--json"]).expect(1);
    assert!(run.stderr.contains("this VICAL gives no trust"), "{run:?}");
    assert_eq!(run.stdout, "");
    // The signer's certificate has expired.
    verify(folder.path(), &list, "2027-06-15T00:00:00Z", &[]).expect(1);
    for no_list in [&b""[..], b"\xa0", b"noise"] {
        verify(folder.path(), no_list, AT, &[]).expect(2);
    }
    let licence = Sample::get().file("licence.cbor");
    for incomplete in [
        &["--vical", "vical.cbor"][..],
        &["--vical-root", "vical.cbor"],
        &["--vical", "vical.cbor", "--vical-root", "vical.cbor"],
        &["--vical", "missing", "--vical-root", &Sample::get().iaca()],
    ] {
        let fixed = ["verify", "--static", &licence];
        mdl(folder.path(), &[&fixed[..], incomplete].concat()).expect(2);
    }
}

/// The list of a real provider, if the published vectors lie beside the checkout.
#[test]
fn the_list_of_a_real_provider_is_read() {
    let path = crate::mdl::repository().join("../shared/vectors/vical.json");
    let Ok(vectors) = fs::read(&path) else {
        eprintln!("skipped: vical.json of the published vectors is not beside this checkout");
        return;
    };
    let vectors: serde_json::Value = serde_json::from_slice(&vectors).unwrap();
    let vector = |id: &str| {
        let mut vectors = vectors.as_array().unwrap().iter();
        vectors.find(|vector| vector["id"] == id).unwrap()
    };
    let list = vector("vical-aamva-2025-11-18")["vical_base64"]
        .as_str()
        .unwrap();
    let list = <base64ct::Base64 as base64ct::Encoding>::decode_vec(list).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("vical.cbor"), list).unwrap();
    let root = vector("vical-aamva-root")["pem"].as_str().unwrap();
    fs::write(folder.path().join("root.pem"), root).unwrap();
    let licence = Sample::get().file("licence.cbor");
    let run = |at: &str| {
        let arguments = [
            "verify",
            "--static",
            "--vical",
            "vical.cbor",
            "--vical-root",
            "root.pem",
            "--json",
            "--at",
            at,
            &licence,
        ];
        mdl(folder.path(), &arguments).expect(1)
    };
    let report = run("2025-12-01T00:00:00Z").json();
    assert_eq!(report["vical"]["provider"], "AAMVA");
    assert!(
        report["vical"]["trust_anchors"].as_u64().unwrap() > 10,
        "{report}"
    );
    assert!(checks_with(&report, "fail").contains(&"trust-anchor".to_owned()));
    let late = run("2026-06-15T12:00:00Z");
    assert!(late.stderr.contains("the signer's certificate"), "{late:?}");
}

#[test]
fn a_list_is_shown_with_its_names_and_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let list = vical(&[(iaca_der(), MDL)]);
    fs::write(folder.path().join("vical.cbor"), list).unwrap();
    let text = mdl(folder.path(), &["inspect", "vical.cbor"])
        .expect(0)
        .stdout;
    for part in [
        "COSE_Sign1",
        "/ VICAL /",
        "/ CertificateInfo /",
        "certificate C=US, O=Example Lists, CN=VICAL Signer",
        "certificate C=US, ST=US-CA, CN=Example IACA",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
