//! `mdl vectors` as a command: against this build, against another implementation, and with files that are none.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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
