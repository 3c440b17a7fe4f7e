//! What `mdl verify` promises besides the whole way.

use std::fs;
use std::path::Path;

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::mdl::{AT, Sample, TRANSCRIPT, checks_with, make_authority, mdl, mdl_with_input};
use crate::whole_way::{assert_no_values, check};

#[test]
fn an_issuer_signed_is_verified_without_a_session() {
    let sample = Sample::get();
    let licence = sample.folder().join("licence.cbor");
    let report = sample.verify(&licence, &["--static"]).expect(0).json();
    assert_eq!(report["documents"][0]["device_binding"], "not-checked");
    // With a session it is not a response.
    let report = sample
        .verify(&licence, &["--session-transcript", TRANSCRIPT])
        .expect(1)
        .json();
    assert_eq!(checks_with(&report, "fail"), ["structure"]);
}

#[test]
fn a_response_is_verified_statically_too() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let response = sample.present(folder.path(), "all", &[]);
    sample.verify(&response, &["--static"]).expect(0);
}

#[test]
fn another_authority_is_untrusted() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    make_authority(folder.path());
    let response = sample
        .present(folder.path(), "all", &[])
        .display()
        .to_string();
    let run = mdl(
        folder.path(),
        &[
            "verify",
            "--iaca",
            "mdl-authority/iaca/certificate.pem",
            "--session-transcript",
            TRANSCRIPT,
            "--at",
            AT,
            "--json",
            &response,
        ],
    );
    let report = run.expect(1).json();
    assert_ne!(report["verdict"], "valid");
    assert_no_values(&report);
}

#[test]
fn a_changed_bit_is_found_and_no_value_is_shown() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let response = sample.present(folder.path(), "all", &[]);
    let mut bytes = fs::read(&response).unwrap();
    let name = bytes
        .windows(10)
        .position(|window| window == b"Mustermann")
        .unwrap();
    bytes[name] ^= 1;
    fs::write(&response, bytes).unwrap();
    let report = sample
        .verify(&response, &["--session-transcript", TRANSCRIPT])
        .expect(1)
        .json();
    assert_eq!(checks_with(&report, "fail"), ["value-digest"]);
    assert_no_values(&report);
}

#[test]
fn time_document_type_and_policy_are_those_of_the_command_line() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let response = sample
        .present(folder.path(), "all", &[])
        .display()
        .to_string();
    let iaca = sample.iaca();
    let verify = |more: &[&str]| {
        let fixed = [
            "verify",
            "--iaca",
            &iaca,
            "--session-transcript",
            TRANSCRIPT,
            "--json",
            &response,
        ];
        mdl(folder.path(), &[&fixed[..], more].concat())
    };
    let failed = |more: &[&str]| checks_with(&verify(more).expect(1).json(), "fail");
    assert_eq!(failed(&["--at", "2026-08-01T00:00:00Z"]), ["valid-until"]);
    assert_eq!(
        failed(&["--at", AT, "--doc-type", "org.iso.7367.1.mVRC"]),
        ["requested-doc-type"]
    );
    for policy in ["strict", "iso", "interop"] {
        let report = verify(&["--at", AT, "--policy", policy]).expect(0).json();
        assert_eq!(report["policy"], policy);
    }
    let report = verify(&["--at", "2026-06-15T14:00:00.9+02:00"])
        .expect(0)
        .json();
    assert_eq!(report["at"], AT);
}

#[test]
fn encoding_deviations_are_findings_under_iso_and_fail_under_strict() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let response = sample.present(folder.path(), "all", &[]);
    let mut bytes = fs::read(&response).unwrap();
    // The last byte is the status 0, in the shortest form; 0x1800 is the same number in two bytes.
    assert_eq!(bytes.pop(), Some(0));
    bytes.extend([0x18, 0x00]);
    let offset = bytes.len() - 2;
    fs::write(&response, bytes).unwrap();
    let session = ["--session-transcript", TRANSCRIPT];
    let report = sample.verify(&response, &session).expect(0).json();
    let finding = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["id"] == "cbor-non-shortest");
    let finding = finding.unwrap();
    assert_eq!(
        (&finding["severity"], finding["offset"].as_u64()),
        (&"info".into(), Some(offset as u64))
    );
    let report = sample
        .verify(&response, &[&session[..], &["--policy", "strict"]].concat())
        .expect(1)
        .json();
    assert_eq!(checks_with(&report, "fail"), ["cbor-encoding"]);
}

#[test]
fn a_crl_decides_on_revocation() {
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
    mdl(at, &crate::mdl::issue_arguments("licence.cbor")).expect(0);
    let verify = |more: &[&str]| {
        let fixed = [
            "verify",
            "--static",
            "--iaca",
            "mdl-authority/iaca/certificate.pem",
            "--at",
            AT,
            "--json",
            "licence.cbor",
        ];
        mdl(at, &[&fixed[..], more].concat())
    };
    let revocation = |report: &serde_json::Value| report["documents"][0]["revocation"].clone();
    let report = verify(&["--require-revocation"]).expect(1).json();
    assert_eq!(checks_with(&report, "fail"), ["revocation"]);
    assert_eq!(revocation(&verify(&[]).expect(0).json()), "not-checked");

    mdl(at, &["crl", "build", "--at", AT]).expect(0);
    let crl = ["--crl", "mdl-authority/crl/crl.pem", "--require-revocation"];
    assert_eq!(revocation(&verify(&crl).expect(0).json()), "not-revoked");

    mdl(at, &["crl", "build", "--at", AT, "--revoke", "ds-1"]).expect(0);
    let report = verify(&crl).expect(1).json();
    assert_eq!(revocation(&report), "revoked");
    assert_eq!(checks_with(&report, "fail"), ["revocation"]);
    assert_no_values(&report);
    // The old list is still at hand, and no longer the newest.
    let both = [
        "--crl",
        "mdl-authority/crl/1.der",
        "--crl",
        "mdl-authority/crl/2.der",
    ];
    verify(&both).expect(1);
}

#[test]
fn the_text_names_what_failed_and_why() {
    let sample = Sample::get();
    let (iaca, licence) = (sample.iaca(), sample.file("licence.cbor"));
    let run = mdl(
        sample.folder(),
        &[
            "verify",
            "--static",
            "--iaca",
            &iaca,
            "--at",
            "2027-01-01T00:00:00Z",
            &licence,
        ],
    );
    let run = run.expect(1);
    assert!(run.stdout.starts_with("INVALID"), "{}", run.stdout);
    assert!(
        run.stdout
            .contains("fail: valid-until (9.3.1): time of verification"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("Mustermann"));
}

#[test]
fn the_response_may_come_from_standard_input() {
    let sample = Sample::get();
    let licence = fs::read(sample.folder().join("licence.cbor")).unwrap();
    let iaca = sample.iaca();
    let arguments = [
        "verify", "--static", "--iaca", &iaca, "--at", AT, "--json", "-",
    ];
    let report = mdl_with_input(sample.folder(), &arguments, &licence)
        .expect(0)
        .json();
    assert_eq!(
        check(&report["documents"][0], "value-digest")["result"],
        "pass"
    );
}

/// A test of `testvectors/status.json` as files; gives its arguments for `mdl verify`.
fn status_vector(folder: &Path, id: &str) -> Vec<String> {
    let file = fs::read(crate::mdl::repository().join("testvectors/status.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    let mut tests = file["tests"].as_array().unwrap().iter();
    let test = tests.find(|test| test["id"] == id).unwrap();
    let write = |name: &str, base64: &Value| {
        let bytes = Base64::decode_vec(base64.as_str().unwrap()).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
        name.to_owned()
    };
    let mut arguments = vec!["verify".to_owned(), "--static".to_owned()];
    let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    option("--at", test["at"].as_str().unwrap().to_owned());
    option("--iaca", write("iaca.der", &test["iaca"][0]["certificate"]));
    for token in test["status_tokens"].as_array().into_iter().flatten() {
        option("--status-list", write("token", token));
    }
    arguments.push(write("response.cbor", &test["input"]));
    arguments
}

#[test]
fn a_status_list_tells_whether_the_document_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let run = |id: &str, more: &[&str]| {
        let arguments = status_vector(folder.path(), id);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        mdl(folder.path(), &[&arguments[..], more].concat())
    };
    for id in ["status-revoked", "status-revoked-jwt"] {
        let report = run(id, &["--json"]).expect(1).json();
        assert_eq!(checks_with(&report, "fail"), ["status-reference"]);
        assert_eq!(report["documents"][0]["revocation"], "revoked");
    }
    for id in ["status-valid", "status-valid-jwt"] {
        let report = run(id, &["--json"]).expect(0).json();
        assert_eq!(
            check(&report["documents"][0], "status-reference")["result"],
            "pass"
        );
        assert_eq!(report["needed_status_lists"], json!([]));
    }
    let report = run("status-not-given", &["--json"]).expect(0).json();
    assert_eq!(
        check(&report["documents"][0], "status-reference")["result"],
        "not-checked"
    );
    assert_eq!(
        report["needed_status_lists"],
        json!(["https://status.example/1"])
    );
    let text = run("status-not-given", &[]).expect(0).stdout;
    let needed = "needed: status list https://status.example/1";
    assert!(text.contains(needed), "{text}");
    let report = run("status-expired", &["--json"]).expect(0).json();
    assert_eq!(
        check(&report["documents"][0], "status-reference")["result"],
        "undetermined"
    );
    // The signer's CRL is missing too, so both are failures now.
    let report = run("status-expired", &["--json", "--require-revocation"])
        .expect(1)
        .json();
    assert_eq!(
        checks_with(&report, "fail"),
        ["revocation", "status-reference"]
    );
    let token = mdl(folder.path(), &["inspect", "token"]).expect(0).stdout;
    for expected in [
        "16 /typ/: \"application/statuslist+cwt\"",
        "2 /sub/: \"https://status.example/1\"",
        "4 /exp/: 1781524799,  / 2026-06-15T11:59:59Z /",
        "status list: 1024 entries of 1 bit, 0 of them not valid",
    ] {
        assert!(token.contains(expected), "{expected}\n{token}");
    }
    run("status-revoked-jwt", &[]).expect(1);
    let token = mdl(folder.path(), &["inspect", "token"]).expect(0).stdout;
    for expected in [
        "\"typ\": \"statuslist+jwt\"",
        "\"ttl\": 172800",
        "status list: 1024 entries of 1 bit, 1 of them not valid",
    ] {
        assert!(token.contains(expected), "{expected}\n{token}");
    }
}

#[test]
fn the_audit_form_says_what_was_decided_and_of_whom_nothing() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let response = sample.present(folder.path(), "all", &[]);
    let response = response.display().to_string();
    let iaca = sample.iaca();
    let arguments = ["verify", "--iaca", &iaca, "--at", AT, "--audit"];
    let session = ["--session-transcript", TRANSCRIPT];
    let verify = |session: &[&str]| {
        let arguments = [&arguments[..], session, &[&response]].concat();
        mdl(folder.path(), &arguments)
    };
    let audit = verify(&session).expect(0).json();
    assert_eq!(audit["verdict"], "valid");
    let document = &audit["documents"][0];
    let disclosed = &document["disclosed"]["elements"]["org.iso.18013.5.1"];
    let disclosed = disclosed.as_array().unwrap();
    assert!(disclosed.contains(&json!("family_name")));
    let text = audit.to_string();
    for personal in ["Mustermann", "hex", "valid_until", "bytes"] {
        assert!(!text.contains(personal), "{personal}");
    }
    // The answer is in the exit code, too.
    let audit = verify(&["--session-transcript", "83f6f6f5"])
        .expect(1)
        .json();
    assert_eq!(checks_with(&audit, "fail"), ["device-authentication"]);
    assert!(audit["documents"][0].get("disclosed").is_none());
    let check = check(&audit["documents"][0], "device-authentication");
    assert_eq!(check["cause"], "signature");
}
