//! What `mdl issue` refuses, and what it makes.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::mdl::{AT, Run, Sample, TRANSCRIPT, issue_arguments, make_authority, mdl, repository};

/// The sample record, changed, issued with the sample's document signer.
fn issue_changed(
    change: impl FnOnce(&mut serde_json::Map<String, Value>),
    more: &[&str],
) -> (Run, bool) {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let records = repository().join("examples/records");
    let mut record: Value =
        serde_json::from_slice(&fs::read(records.join("erika.json")).unwrap()).unwrap();
    change(
        record["name_spaces"]["org.iso.18013.5.1"]
            .as_object_mut()
            .unwrap(),
    );
    fs::write(folder.path().join("record.json"), record.to_string()).unwrap();
    fs::copy(
        records.join("portrait.jpg"),
        folder.path().join("portrait.jpg"),
    )
    .unwrap();
    let (authority, key) = (sample.file("mdl-authority"), sample.file("device.pub"));
    let fixed = [
        "issue",
        "--authority",
        &authority,
        "--record",
        "record.json",
        "--device-key",
        &key,
        "--ds",
        "ds-1",
        "--out",
        "out",
        "--at",
        AT,
        "--json",
    ];
    let run = mdl(folder.path(), &[&fixed[..], more].concat());
    let written = folder.path().join("out").exists();
    (run, written)
}

fn rules(run: &Run) -> Vec<(String, String)> {
    let report = run.json();
    assert_eq!(report["issued"], false);
    let findings = report["findings"].as_array().unwrap().clone();
    let errors = findings
        .into_iter()
        .filter(|finding| finding["severity"] == "error");
    errors
        .map(|finding| {
            (
                finding["rule"].as_str().unwrap().to_owned(),
                finding["element"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

#[test]
fn a_missing_mandatory_element_is_named_and_nothing_is_written() {
    let (run, written) = issue_changed(|elements| drop(elements.remove("document_number")), &[]);
    assert_eq!(
        rules(&run.expect(1)),
        [("mandatory-element-missing".into(), "document_number".into())]
    );
    assert!(!written);
}

#[test]
fn contradictions_and_wrong_values_are_refused_without_printing_them() {
    let (run, written) = issue_changed(
        |elements| {
            elements.insert("age_over_18".into(), json!(false));
            elements.insert("sex".into(), json!(7));
            elements.insert("family_name".into(), json!("Secretname".repeat(16)));
        },
        &[],
    );
    let run = run.expect(1);
    let elements: Vec<_> = rules(&run)
        .into_iter()
        .map(|(_, element)| element)
        .collect();
    assert_eq!(elements.len(), 3, "{elements:?}");
    assert!(!run.stdout.contains("Secretname") && !run.stderr.contains("Secretname"));
    assert!(!written);
}

#[test]
fn a_portrait_that_is_none_is_refused() {
    let (run, _) = issue_changed(
        |elements| drop(elements.insert("portrait".into(), json!({ "hex": "ffd8ff00" }))),
        &[],
    );
    let rules = rules(&run.expect(1));
    assert!(
        rules.iter().all(|(_, element)| element == "portrait") && !rules.is_empty(),
        "{rules:?}"
    );
}

#[test]
fn a_document_does_not_outlive_the_licence_or_the_promise_of_its_signer() {
    let (run, written) = issue_changed(
        |elements| drop(elements.insert("expiry_date".into(), json!("2026-07-01"))),
        &[],
    );
    run.expect(1);
    assert!(!written);
    let (run, written) = issue_changed(|_| {}, &["--valid-days", "91"]);
    let run = run.expect(1);
    assert!(run.stderr.contains("lives for"), "{}", run.stderr);
    assert!(!written);
    let (run, written) = issue_changed(|_| {}, &["--valid-days", "0"]);
    run.expect(2);
    assert!(!written);
}

#[test]
fn what_is_no_json_is_no_record() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("record.json"), "{ \"doc_type\": ").unwrap();
    let (authority, key) = (sample.file("mdl-authority"), sample.file("device.pub"));
    let run = mdl(
        folder.path(),
        &[
            "issue",
            "--authority",
            &authority,
            "--record",
            "record.json",
            "--device-key",
            &key,
            "--ds",
            "ds-1",
            "--out",
            "out",
        ],
    );
    let run = run.expect(1);
    assert!(run.stderr.contains("line 1"), "{}", run.stderr);
}

#[test]
fn a_document_signer_that_is_unknown_expired_or_revoked_does_not_sign() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    make_authority(at);
    mdl(
        at,
        &[
            "key",
            "new",
            "--out",
            "device.pem",
            "--public-out",
            "device.pub",
        ],
    )
    .expect(0);
    let issue = |changes: &[(&str, &str)]| {
        let mut arguments = issue_arguments("out");
        for (option, value) in changes {
            let place = arguments
                .iter()
                .position(|argument| argument == option)
                .unwrap();
            arguments[place + 1] = (*value).to_owned();
        }
        mdl(at, &arguments)
    };
    let unknown = issue(&[("--ds", "ds-9")]).expect(2);
    assert!(
        unknown.stderr.contains("there is ds-1"),
        "{}",
        unknown.stderr
    );
    for (when, reason) in [
        ("2026-06-14T23:59:59Z", "valid from"),
        ("2027-07-01T00:00:00Z", "stopped signing"),
        ("2027-12-01T00:00:00Z", "expired"),
    ] {
        let run = issue(&[("--at", when)]).expect(1);
        assert!(run.stderr.contains(reason), "{when}: {}", run.stderr);
    }
    mdl(at, &["crl", "build", "--revoke", "ds-1", "--at", AT]).expect(0);
    let run = issue(&[]).expect(1);
    assert!(run.stderr.contains("revoked"), "{}", run.stderr);
    assert!(!at.join("out").exists());
}

#[test]
fn a_seed_and_a_time_make_the_bytes_reproducible() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let issue = |out: &str, seed: &[&str]| {
        let (authority, key, record) = (
            sample.file("mdl-authority"),
            sample.file("device.pub"),
            crate::mdl::record(),
        );
        let fixed = [
            "issue",
            "--authority",
            &authority,
            "--record",
            &record,
            "--device-key",
            &key,
            "--ds",
            "ds-1",
            "--out",
            out,
            "--at",
            AT,
        ];
        mdl(folder.path(), &[&fixed[..], seed].concat()).expect(0);
        fs::read(folder.path().join(out)).unwrap()
    };
    let first = issue("1", &["--seed", "00ff"]);
    assert_eq!(first, issue("2", &["--seed", "00ff"]));
    assert_ne!(first, issue("3", &["--seed", "00fe"]));
    assert_ne!(issue("4", &[]), issue("5", &[]));
}

#[test]
fn every_option_is_in_the_document() {
    let (run, written) = issue_changed(
        |_| {},
        &[
            "--digest-algorithm",
            "sha-512",
            "--pad-digests",
            "0",
            "--valid-days",
            "10",
            "--expected-update-days",
            "5",
            "--authorize",
            "org.example.device,org.example.other:one",
            "--status-uri",
            "https://a.example/list",
            "--status-index",
            "7",
        ],
    );
    let made = run.expect(0).json();
    assert!(written);
    assert_eq!(made["validity"]["valid_until"], "2026-06-25T00:00:00Z");
    assert_eq!(made["elements"], 43);
}

#[test]
fn other_curves_issue_and_present_as_well() {
    let sample = Sample::get();
    for curve in [
        "P-384",
        "P-521",
        "brainpoolP256r1",
        "brainpoolP384r1",
        "Ed25519",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let (authority, record) = (sample.file("mdl-authority"), crate::mdl::record());
        mdl(at, &["key", "new", "--curve", curve, "--out", "device.pem"]).expect(0);
        mdl(
            at,
            &[
                "issue",
                "--authority",
                &authority,
                "--record",
                &record,
                "--device-key",
                "device.pem",
                "--ds",
                "ds-1",
                "--out",
                "licence",
                "--at",
                AT,
            ],
        )
        .expect(0);
        mdl(
            at,
            &[
                "present",
                "--issuer-signed",
                "licence",
                "--device-key",
                "device.pem",
                "--session-transcript",
                TRANSCRIPT,
                "--elements",
                "all",
                "--out",
                "response",
            ],
        )
        .expect(0);
        sample
            .verify(&at.join("response"), &["--session-transcript", TRANSCRIPT])
            .expect(0);
    }
}

#[test]
fn only_the_device_of_the_document_presents_it_and_only_what_it_holds() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    mdl(at, &["key", "new", "--out", "other.pem"]).expect(0);
    let (licence, key) = (sample.file("licence.cbor"), sample.file("device.pem"));
    let present = |key: &str, elements: &str| {
        mdl(
            at,
            &[
                "present",
                "--issuer-signed",
                &licence,
                "--device-key",
                key,
                "--session-transcript",
                TRANSCRIPT,
                "--elements",
                elements,
                "--out",
                "out",
            ],
        )
    };
    assert!(
        present("other.pem", "all")
            .expect(1)
            .stderr
            .contains("issued to")
    );
    assert!(
        present(&key, "org.iso.18013.5.1:shoe_size")
            .expect(1)
            .stderr
            .contains("shoe_size")
    );
    assert!(
        present(&key, "all,org.iso.18013.5.1:sex")
            .expect(1)
            .stderr
            .contains("twice")
    );
    present(&key, "shoe_size").expect(2);
    assert!(!Path::new(&at.join("out")).exists());
}

#[test]
fn a_name_space_without_a_schema_is_let_through_only_by_name() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let record = json!({
        "doc_type": "org.example.permit",
        "name_spaces": { "org.example.permit.1": { "holder": "Erika", "since": { "full_date": "2020-05-01" } } },
    });
    fs::write(at.join("record.json"), record.to_string()).unwrap();
    let (authority, key) = (sample.file("mdl-authority"), sample.file("device.pub"));
    let issue = |more: &[&str]| {
        let fixed = [
            "issue",
            "--authority",
            &authority,
            "--record",
            "record.json",
            "--device-key",
            &key,
            "--ds",
            "ds-1",
            "--out",
            "out",
            "--at",
            AT,
            "--json",
        ];
        mdl(at, &[&fixed[..], more].concat())
    };
    let refused = issue(&[]).expect(1);
    assert!(
        rules(&refused)
            .iter()
            .all(|(rule, _)| rule == "name-space-without-schema"),
        "{refused:?}"
    );
    issue(&["--allow-name-space", "org.example.permit.1"]).expect(0);
    let report = sample
        .verify(&at.join("out"), &["--static"])
        .expect(0)
        .json();
    let document = &report["documents"][0];
    assert_eq!(document["doc_type"], "org.example.permit");
    assert_eq!(
        document["elements"]["org.example.permit.1"],
        json!({ "holder": "Erika", "since": "2020-05-01" })
    );
}

#[test]
fn what_is_no_regular_file_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Sample::get();
    std::os::unix::fs::symlink("/dev/null", folder.path().join("link")).unwrap();
    fs::create_dir(folder.path().join("dir")).unwrap();
    for out in ["link", "dir", "-"] {
        let arguments = [
            "present",
            "--issuer-signed",
            &sample.file("licence.cbor"),
            "--device-key",
            &sample.file("device.pem"),
            "--session-transcript",
            "83f6f6f6",
            "--elements",
            "all",
            "--force",
            "--out",
            out,
        ];
        let run = mdl(folder.path(), &arguments).expect(2);
        assert!(run.stderr.contains("to do:"), "{run:?}");
    }
    let link = fs::symlink_metadata(folder.path().join("link")).unwrap();
    assert!(link.is_symlink() && folder.path().join("dir").is_dir());
    assert!(!folder.path().join("-").exists());
}
