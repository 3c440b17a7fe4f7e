//! Whatever a file holds, every command ends by itself with an exit code, in bounded time and without a trace.

use std::fs;
use std::path::Path;

use crate::mdl::{Sample, TRANSCRIPT, checks_with, mdl};

/// Input that is nothing, and input that would be enormous if it were believed.
fn hostile_files(folder: &Path) -> Vec<String> {
    let mut noise = Vec::new();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend(state.to_le_bytes());
    }
    let announced = |head: u8, len: u64| [&[head][..], &len.to_be_bytes()].concat();
    let files = [
        ("empty", Vec::new()),
        ("noise", noise),
        ("zeros", vec![0; 1 << 20]),
        ("nested-arrays", vec![0x81; 10_000]),
        ("nested-maps", [0xa1, 0x00].repeat(10_000)),
        ("nested-tags", vec![0xc1; 10_000]),
        ("indefinite", vec![0x9f; 10_000]),
        ("array-of-2-32", announced(0x9b, 1 << 32)),
        ("map-of-2-32", announced(0xbb, 1 << 32)),
        ("bytes-of-2-32", announced(0x5b, 1 << 32)),
        ("text-of-2-64", announced(0x7b, u64::MAX)),
        (
            "many-items",
            [&[0x99, 0xff, 0xff][..], &[0x80; 65_535]].concat(),
        ),
        ("large", vec![0x40; 6 << 20]),
        ("der-of-2-32", vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
        ("nested-der", [0x30, 0x80].repeat(20_000)),
        (
            "pem-without-end",
            b"-----BEGIN CERTIFICATE-----\n".repeat(2000),
        ),
        (
            "null-response",
            b"\xa3gversionc1.0idocuments\xf6fstatus\x00".to_vec(),
        ),
    ];
    let mut paths = Vec::new();
    for (name, content) in files {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        paths.push(path.display().to_string());
    }
    paths
}

#[test]
fn what_is_no_document_is_not_verified() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    for file in hostile_files(folder.path()) {
        for session in [&["--static"][..], &["--session-transcript", TRANSCRIPT]] {
            let run = sample.verify(Path::new(&file), session).expect(1);
            let report = run.json();
            assert_eq!(report["verdict"], "invalid", "{file}");
            assert_eq!(report["documents"], serde_json::json!([]), "{file}");
            let failed = checks_with(&report, "fail");
            assert!(
                failed == ["cbor"] || failed == ["structure"],
                "{file}: {failed:?}"
            );
        }
    }
}

#[test]
fn what_is_no_document_is_neither_presented_nor_clean() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let key = sample.file("device.pem");
    for file in hostile_files(folder.path()) {
        let present = [
            "present",
            "--issuer-signed",
            &file,
            "--device-key",
            &key,
            "--session-transcript",
            TRANSCRIPT,
            "--elements",
            "all",
            "--out",
            "out",
        ];
        mdl(folder.path(), &present).expect(1);
        assert!(!folder.path().join("out").exists());
        assert!(
            mdl(folder.path(), &["lint", &file, "--json"])
                .expect(1)
                .json()["errors"]
                .as_u64()
                > Some(0)
        );
        for profile in ["document-signer", "crl", "csr"] {
            mdl(folder.path(), &["lint", "--profile", profile, &file]).expect(1);
        }
        let inspected = mdl(folder.path(), &["inspect", &file]);
        assert!(inspected.stdout.len() < 50 << 20);
    }
}

#[test]
fn a_record_that_is_none_is_not_issued() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let (authority, key) = (sample.file("mdl-authority"), sample.file("device.pub"));
    let deep = format!(
        "{{\"doc_type\":\"x\",\"name_spaces\":{{\"y\":{{\"z\":{}",
        "[".repeat(100_000)
    );
    let record = folder.path().join("deep.json");
    fs::write(&record, deep).unwrap();
    let mut files = hostile_files(folder.path());
    files.push(record.display().to_string());
    for file in files {
        let issue = [
            "issue",
            "--authority",
            &authority,
            "--record",
            &file,
            "--device-key",
            &key,
            "--ds",
            "ds-1",
            "--out",
            "out",
        ];
        mdl(folder.path(), &issue).expect(1);
        assert!(!folder.path().join("out").exists(), "{file}");
    }
}

#[test]
fn what_is_no_key_or_certificate_is_a_wrong_command_line() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let licence = sample.file("licence.cbor");
    for file in hostile_files(folder.path()) {
        let present = [
            "present",
            "--issuer-signed",
            &licence,
            "--device-key",
            &file,
            "--session-transcript",
            TRANSCRIPT,
            "--elements",
            "all",
            "--out",
            "out",
        ];
        mdl(folder.path(), &present).expect(2);
        mdl(
            folder.path(),
            &["verify", "--iaca", &file, "--static", &licence],
        )
        .expect(2);
        mdl(folder.path(), &["crl", "show", &file]).expect(2);
        mdl(folder.path(), &["lint", "--issuer", &file, &licence]).expect(2);
    }
}

#[test]
fn a_licence_cut_anywhere_or_changed_anywhere_is_not_verified() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let licence = fs::read(sample.folder().join("licence.cbor")).unwrap();
    let file = folder.path().join("licence");
    // A hundred places each; the verifier's own tests go through all of them.
    for at in (0..licence.len()).step_by(licence.len() / 100) {
        fs::write(&file, &licence[..at]).unwrap();
        sample.verify(&file, &["--static"]).expect(1);
        let mut changed = licence.clone();
        changed[at] ^= 0x40;
        fs::write(&file, changed).unwrap();
        sample.verify(&file, &["--static"]).expect(1);
    }
}
