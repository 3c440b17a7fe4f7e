//! `mdl vectors` as a command: against this build, against another implementation, and with files that are none.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64ct::{Base64, Encoding};
use mdl_crypto::HashAlgorithm;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testvectors")
}

fn mdl(arguments: &[&str]) -> Output {
    let mdl = env!("CARGO_BIN_EXE_mdl");
    Command::new(mdl)
        .args(arguments)
        .env("MDL", mdl)
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn all_vectors_pass_against_this_build() {
    let output = mdl(&["vectors", "run", folder().to_str().unwrap(), "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let report = json(&output);
    assert_eq!(report["failed"], 0);
    assert!(report["passed"].as_u64().unwrap() >= 150);
}

#[test]
fn the_digests_of_reports_are_those_of_what_verify_prints() {
    let scratch = tempfile::tempdir().unwrap();
    let file = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let vectors = folder().join("digests.json");
    std::fs::create_dir(file("vectors")).unwrap();
    std::fs::copy(&vectors, file("vectors/digests.json")).unwrap();
    let reports = file("reports.txt");
    mdl(&["vectors", "run", &file("vectors"), "--reports", &reports]);
    let reports = std::fs::read_to_string(reports).unwrap();
    let vectors: Value = serde_json::from_slice(&std::fs::read(vectors).unwrap()).unwrap();
    let tests = vectors["tests"].as_array().unwrap();
    assert_eq!(reports.lines().count(), tests.len());
    let bytes = |value: &Value| Base64::decode_vec(value.as_str().unwrap()).unwrap();
    for (line, test) in reports.lines().zip(tests).step_by(10) {
        std::fs::write(file("input"), bytes(&test["input"])).unwrap();
        std::fs::write(file("iaca"), bytes(&test["iaca"][0]["certificate"])).unwrap();
        std::fs::write(file("transcript"), bytes(&test["session_transcript"])).unwrap();
        let output = mdl(&[
            "verify",
            "--json",
            "--iaca",
            &file("iaca"),
            "--session-transcript",
            &file("transcript"),
            "--at",
            test["at"].as_str().unwrap(),
            "--policy",
            test["policy"].as_str().unwrap(),
            &file("input"),
        ]);
        let digest = HashAlgorithm::Sha256.digest(&output.stdout);
        let expected = format!("{}  {}", hex::encode(digest), test["id"].as_str().unwrap());
        assert_eq!(line, expected);
    }
}

#[test]
fn mdl_verify_as_another_implementation_differs_where_its_options_end() {
    let folder = folder();
    let script = folder.join("verify-with-mdl.sh");
    let command = format!("sh {} {{dir}}", script.to_str().unwrap());
    let output = mdl(&[
        "vectors",
        "run",
        folder.to_str().unwrap(),
        "--command",
        &command,
        "--json",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let report = json(&output);
    let files = report["files"].as_array().unwrap().iter();
    let different: Vec<_> = files
        .flat_map(|file| file["failed"].as_array().unwrap())
        .map(|mismatch| mismatch["id"].as_str().unwrap())
        .collect();
    let known = [
        "path-anchor-for-others",
        "path-anchor-for-none",
        "path-anchor-for-other-country",
        "path-anchor-for-other-state",
        "revocation-noise",
        "revocation-noise-required",
    ];
    assert_eq!(different, known);
}

#[test]
fn a_command_that_accepts_everything_fails() {
    let folder = folder();
    let folder = folder.to_str().unwrap();
    let output = mdl(&[
        "vectors",
        "run",
        folder,
        "--command",
        "test -e {file}",
        "--json",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let report = json(&output);
    let found = report["files"][0]["failed"][0]["found"].as_str().unwrap();
    assert_eq!(found, "valid");
}

#[test]
fn wrong_usage_is_told_apart_from_an_outside_failure() {
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().to_str().unwrap();
    let folder = folder();
    let folder = folder.to_str().unwrap();
    for (arguments, exit) in [
        (vec!["vectors", "run", empty], 2),
        (vec!["vectors", "run", "no/such/folder"], 2),
        (vec!["vectors", "run", folder, "--command", ""], 2),
        (vec!["vectors", "run", folder, "--command", "true"], 2),
        (
            vec![
                "vectors",
                "run",
                folder,
                "--command",
                "no-such-program {file}",
            ],
            3,
        ),
    ] {
        assert_eq!(mdl(&arguments).status.code(), Some(exit), "{arguments:?}");
    }
}
