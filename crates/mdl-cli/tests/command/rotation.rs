//! `mdl ds rotate` and `mdl ds retire`: what a timer does every day.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::mdl::{AT, Run, mdl};

/// An authority with a root and no document signer.
fn authority() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let init = [
        "iaca",
        "init",
        "--country",
        "US",
        "--name",
        "Example IACA",
        "--contact",
        "iaca@dmv.example",
        "--crl-url",
        "https://dmv.example/crl",
        "--at",
        AT,
    ];
    mdl(folder.path(), &init).expect(0);
    folder
}

fn rotate(folder: &Path, at: &str, more: &[&str]) -> Run {
    mdl(
        folder,
        &[&["ds", "rotate", "--json", "--at", at], more].concat(),
    )
}

/// The name of what was made, if something was.
fn made(folder: &Path, at: &str) -> Option<String> {
    let printed = rotate(folder, at, &[]).expect(0).json();
    printed["document_signer"]["name"].as_str().map(Into::into)
}

#[test]
fn what_is_due_is_made_once_and_early_enough() {
    let authority = authority();
    let at = authority.path();
    assert_eq!(made(at, AT).unwrap(), "ds-2026-06-15");
    let nothing = rotate(at, AT, &[]).expect(0).json();
    // 457 days, less 90 that documents live, less 45 ahead.
    assert_eq!(
        nothing,
        json!({ "due": "2027-05-03T00:00:00Z", "document_signer": null })
    );
    assert_eq!(made(at, "2027-05-02T23:59:59Z"), None);
    let plan = rotate(at, "2027-05-03T00:00:00Z", &["--plan"]).expect(0);
    assert_eq!(plan.json()["planned"]["name"], "ds-2027-05-03");
    assert_eq!(made(at, "2027-05-03T00:00:00Z").unwrap(), "ds-2027-05-03");
    assert_eq!(made(at, "2027-05-03T00:00:00Z"), None);
    let listed = mdl(at, &["ds", "list", "--json"]).expect(0).json();
    assert_eq!(listed["document_signers"].as_array().unwrap().len(), 2);
}

#[test]
fn one_that_is_revoked_or_retired_does_not_put_it_off() {
    let authority = authority();
    let at = authority.path();
    let first = made(at, AT).unwrap();
    mdl(at, &["ds", "retire", &first, "--reason", "rehearsal"]).expect(0);
    let again = mdl(
        at,
        &["ds", "retire", &first, "--reason", "rehearsal", "--json"],
    )
    .expect(0);
    assert_eq!(again.json()["retired_now"], false);
    let second = made(at, AT).unwrap();
    assert_eq!(second, "ds-2026-06-15-2");
    mdl(at, &["crl", "build", "--revoke", &second, "--at", AT]).expect(0);
    assert_eq!(made(at, AT).unwrap(), "ds-2026-06-15-3");
    let settings = fs::read(at.join(format!("mdl-authority/ds/{first}/signer.json"))).unwrap();
    let settings: Value = serde_json::from_slice(&settings).unwrap();
    assert_eq!(settings["retired"]["reason"], "rehearsal");
    assert_eq!(settings["longest_mso_life_days"], 90);
}

#[test]
fn a_run_that_died_is_finished_by_the_next() {
    let authority = authority();
    let at = authority.path();
    fs::create_dir(at.join("mdl-authority/ds")).unwrap();
    // It had made a key in its key store, and no certificate.
    mdl(at, &["key", "create", "made-before.pem"]).expect(0);
    let key = at.join("made-before.pem");
    let state = at.join("mdl-authority/ds/.rotation.json");
    let begun = json!({ "name": "begun", "key": key.to_string_lossy() });
    fs::write(&state, begun.to_string()).unwrap();
    let plan = rotate(at, AT, &["--plan"]).expect(0).json();
    assert_eq!(plan["planned"]["name"], "begun");
    assert_eq!(made(at, AT).unwrap(), "begun");
    assert!(!state.exists());
    let uri = fs::read_to_string(at.join("mdl-authority/ds/begun/key.uri")).unwrap();
    assert_eq!(uri.trim(), key.to_string_lossy());

    // It had done all but say so.
    fs::write(&state, begun.to_string()).unwrap();
    assert_eq!(made(at, AT), None);
    assert!(!state.exists());

    fs::write(&state, "{}").unwrap();
    let damaged = rotate(at, AT, &[]).expect(2);
    assert!(damaged.stderr.contains("not a rotation that was begun"));
}

#[test]
fn two_at_once_make_one() {
    let authority = authority();
    let at = authority.path();
    fs::create_dir(at.join("mdl-authority/ds")).unwrap();
    let lock = fs::File::create(at.join("mdl-authority/ds/.rotation.lock")).unwrap();
    lock.lock().unwrap();
    let refused = rotate(at, AT, &[]).expect(3);
    assert!(refused.stderr.contains("another `mdl ds rotate`"));
    lock.unlock().unwrap();
    assert!(made(at, AT).is_some());
}

#[test]
fn a_rotation_that_makes_no_sense_is_refused() {
    let authority = authority();
    let refused = rotate(authority.path(), AT, &["--ahead-days", "367"]).expect(2);
    assert!(refused.stderr.contains("the next would be due before"));
}
