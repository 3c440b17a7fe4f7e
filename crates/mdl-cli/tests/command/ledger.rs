//! `mdl ledger`: an intact one, one that somebody edited, and what is none.

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use mdl_crypto::{Curve, PrivateKey};
use mdl_issuer::ledger::{CheckpointRule, checkpoint};
use mdl_issuer::store::{Hash, LedgerDraft, SignaturePurpose, SqlStore, Store};
use mdl_signer::SoftwareSigner;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::mdl::mdl;

const NOON: OffsetDateTime = datetime!(2026-06-15 12:00 UTC);

/// A database with five entries and a checkpoint about the last of them, and the key of the checkpoint.
fn database(folder: &Path) {
    database_of(folder, 1..=5);
}

fn database_of(folder: &Path, numbers: RangeInclusive<u8>) {
    let key = PrivateKey::from_scalar(Curve::P256, &[7; 32]).unwrap();
    fs::write(folder.join("key.der"), key.public_key().to_spki_der()).unwrap();
    let entries = numbers.map(|number| LedgerDraft {
        at: NOON,
        tenant: "utopia".into(),
        purpose: SignaturePurpose::Mso,
        key: Hash([7; 32]),
        to_be_signed: Hash([number; 32]),
        request: [number; 16],
    });
    let rule = CheckpointRule {
        entries: 1,
        age: Duration::ZERO,
    };
    let write = async {
        let store = SqlStore::sqlite(&folder.join("issuer.db")).await.unwrap();
        store.append_ledger(entries.collect()).await.unwrap();
        let signer = SoftwareSigner::new(key);
        checkpoint(&store, "utopia", &signer, rule, NOON)
            .await
            .unwrap();
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(write);
}

#[test]
fn an_intact_ledger_is_verified_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    database(folder.path());
    let verify = [
        "ledger",
        "verify",
        "--sqlite",
        "issuer.db",
        "--key",
        "key.der",
        "--json",
    ];
    let report = mdl(folder.path(), &verify).expect(0).json();
    assert_eq!(report["verdict"], "intact");
    assert_eq!(report["entries"], 6);
    assert_eq!(report["signed_up_to"], 5);

    let export = mdl(
        folder.path(),
        &["ledger", "export", "--sqlite", "issuer.db"],
    )
    .expect(0);
    assert_eq!(export.stdout.lines().count(), 8);
    fs::write(folder.path().join("ledger.jsonl"), &export.stdout).unwrap();
    let verify = [
        "ledger",
        "verify",
        "--export",
        "ledger.jsonl",
        "--key",
        "key.der",
    ];
    let said = mdl(folder.path(), &verify).expect(0).stdout;
    assert_eq!(said, "intact: 6 entries, signed up to entry 5\n");
}

#[test]
fn an_edited_record_is_named() {
    let folder = tempfile::tempdir().unwrap();
    database(folder.path());
    let export = mdl(
        folder.path(),
        &["ledger", "export", "--sqlite", "issuer.db"],
    )
    .expect(0);
    let edited = export.stdout.replacen("utopia", "nowhere", 1);
    fs::write(folder.path().join("edited.jsonl"), edited).unwrap();
    let verify = ["ledger", "verify", "--export", "edited.jsonl"];
    let said = mdl(folder.path(), &verify).expect(1).stdout;
    assert!(
        said.starts_with("entry 1 was edited\nnot intact: "),
        "{said}"
    );
    let json = mdl(folder.path(), &[&verify[..], &["--json"]].concat())
        .expect(1)
        .json();
    assert_eq!(json["findings"][0]["finding"], "edited");
    assert_eq!(json["findings"][0]["sequence"], 1);
}

/// Whoever can write to the database can take entries, checkpoints and the store's own memory away together.
#[test]
fn an_end_that_was_cut_off_shows_against_an_earlier_export() {
    let folder = tempfile::tempdir().unwrap();
    database(folder.path());
    let export = ["ledger", "export", "--sqlite", "issuer.db"];
    let export = mdl(folder.path(), &export).expect(0).stdout;
    fs::write(folder.path().join("earlier.jsonl"), &export).unwrap();
    let mut cut: Vec<&str> = export.lines().take(4).collect();
    let last: serde_json::Value = serde_json::from_str(cut[3]).unwrap();
    let head = serde_json::json!({ "head": { "sequence": 4, "hash": last["entry"]["hash"] } });
    let head = head.to_string();
    cut.push(&head);
    fs::write(folder.path().join("cut.jsonl"), cut.join("\n")).unwrap();

    let verify = [
        "ledger",
        "verify",
        "--export",
        "cut.jsonl",
        "--key",
        "key.der",
    ];
    mdl(folder.path(), &verify).expect(0);
    let against = [&verify[..], &["--earlier", "earlier.jsonl"]].concat();
    let said = mdl(folder.path(), &against).expect(1).stdout;
    let expected = "the ledger ends with entry 4, but entry 6 was written\n";
    assert!(said.starts_with(expected), "{said}");
    fs::write(folder.path().join("headless.jsonl"), cut[..4].join("\n")).unwrap();
    let against = [&verify[..], &["--earlier", "headless.jsonl"]].concat();
    mdl(folder.path(), &against).expect(2);
}

#[test]
fn what_was_written_anew_shows_against_an_earlier_export() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    database(folder.path());
    database_of(other.path(), 11..=19);
    let export = ["ledger", "export", "--sqlite", "issuer.db"];
    let export = mdl(folder.path(), &export).expect(0).stdout;
    fs::write(other.path().join("earlier.jsonl"), &export).unwrap();
    let verify = [
        "ledger",
        "verify",
        "--sqlite",
        "issuer.db",
        "--key",
        "key.der",
    ];
    mdl(other.path(), &verify).expect(0);
    let against = [&verify[..], &["--earlier", "earlier.jsonl"]].concat();
    let said = mdl(other.path(), &against).expect(1).stdout;
    let expected = "entry 6 is not the one that was there earlier";
    assert!(said.starts_with(expected), "{said}");
    let itself = ["--earlier", "earlier.jsonl"];
    fs::write(folder.path().join("earlier.jsonl"), &export).unwrap();
    mdl(folder.path(), &[&verify[..], &itself].concat()).expect(0);
}

#[test]
fn what_is_no_ledger_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("text"), "hello\n").unwrap();
    for arguments in [
        &["ledger", "verify"][..],
        &["ledger", "verify", "--sqlite", "missing.db"],
        &["ledger", "verify", "--export", "missing.jsonl"],
        &["ledger", "verify", "--export", "text"],
        &["ledger", "verify", "--config", "missing.toml"],
        &[
            "ledger", "verify", "--sqlite", "a.db", "--export", "b.jsonl",
        ],
    ] {
        mdl(folder.path(), arguments).expect(2);
    }
    assert!(!folder.path().join("missing.db").exists());
}
