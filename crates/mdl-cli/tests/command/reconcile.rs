//! `mdl ledger reconcile`: a ledger and records that fit, and each way in which they do not, alone.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use mdl_crypto::{Curve, HashAlgorithm, PrivateKey};
use mdl_issuer::ledger::ExportLine;
use mdl_issuer::store::{Hash, LedgerDraft, LedgerRow, SignaturePurpose};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::mdl::{Run, mdl};

const NOON: OffsetDateTime = datetime!(2026-06-15 12:00 UTC);
const ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";
const ROLE: &str = "arn:aws:iam::111122223333:role/issuer-task";
const TRAIL: &str = "trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/06/15";
const DIGESTS: &str = "trail/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/06/15";

fn at(seconds: i64) -> OffsetDateTime {
    NOON + Duration::seconds(seconds)
}

fn sha256(content: &[u8]) -> [u8; 32] {
    let digest = HashAlgorithm::Sha256.digest(content);
    digest.as_bytes().try_into().unwrap()
}

/// A ledger of ten entries, ten minutes apart, and a signature two seconds after each.
struct Scene {
    folder: TempDir,
    entries: Vec<LedgerRow>,
    events: Vec<Value>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = PrivateKey::from_scalar(Curve::P256, &[7; 32]).unwrap();
        let spki = key.public_key().to_spki_der();
        fs::write(folder.path().join("key.der"), &spki).unwrap();
        let key = Hash(sha256(&spki));
        let numbers = 0..10;
        let entries = numbers.clone().map(|number| entry(number, key));
        let events = numbers.map(|number| sign(number, 600 * i64::from(number) + 2));
        Self {
            entries: entries.collect(),
            events: events.collect(),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn write_ledger(&self) {
        let lines = self
            .entries
            .iter()
            .map(|row| ExportLine::Entry(row.clone()).to_json() + "\n");
        fs::write(self.path("ledger.jsonl"), lines.collect::<String>()).unwrap();
    }

    /// Writes the events in three files of a trail: two compressed, one not.
    fn write_trail(&self) {
        let parts = self.events.chunks(self.events.len().div_ceil(3).max(1));
        for (number, events) in parts.enumerate() {
            let content = json!({ "Records": events }).to_string();
            match number {
                2 => fs::write(self.path(&log_file(2, "json")), content).unwrap(),
                _ => fs::write(
                    self.path(&log_file(number, "json.gz")),
                    gzip(content.as_bytes()),
                )
                .unwrap(),
            }
        }
    }

    fn reconcile(&self, more: &[&str]) -> Run {
        self.write_ledger();
        self.write_trail();
        self.run(more)
    }

    fn run(&self, more: &[&str]) -> Run {
        let key = format!("{ARN}=key.der");
        let mut arguments = vec![
            "ledger",
            "reconcile",
            "--export",
            "ledger.jsonl",
            "--key",
            &key,
            "--json",
        ];
        if !more.contains(&"--hsm-log") {
            arguments.extend(["--cloudtrail", "trail"]);
        }
        if !more.contains(&"--until") {
            arguments.extend(["--until", "2026-06-15T16:00:00Z"]);
        }
        arguments.extend(more);
        mdl(self.folder.path(), &arguments)
    }

    /// There is one finding, of this kind.
    #[track_caller]
    fn expect_only(&self, code: &str, more: &[&str]) -> Value {
        let report = self.reconcile(more).expect(1).json();
        only(&report, code)
    }
}

#[track_caller]
fn only(report: &Value, code: &str) -> Value {
    assert_eq!(report["verdict"], "differs");
    assert_eq!(report["counts"], json!({ code: 1 }), "{report:#}");
    assert_eq!(report["findings"][0]["finding"], code);
    report["findings"][0].clone()
}

fn log_file(number: usize, extension: &str) -> String {
    format!(
        "{TRAIL}/111122223333_CloudTrail_eu-west-1_20260615T1{number}00Z_abc{number}.{extension}"
    )
}

fn entry(number: u8, key: Hash) -> LedgerRow {
    LedgerRow {
        sequence: u64::from(number) + 1,
        previous: Hash([0; 32]),
        hash: Hash([0; 32]),
        entry: LedgerDraft {
            at: at(600 * i64::from(number)),
            tenant: "utopia".into(),
            purpose: SignaturePurpose::Mso,
            key,
            to_be_signed: Hash([number; 32]),
            request: [number; 16],
        },
    }
}

fn sign(number: u8, seconds: i64) -> Value {
    json!({
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": format!("arn:aws:sts::111122223333:assumed-role/issuer-task/task-{number}"),
            "sessionContext": { "sessionIssuer": { "type": "Role", "arn": ROLE } }
        },
        "eventTime": at(seconds).format(&Rfc3339).unwrap(),
        "eventSource": "kms.amazonaws.com", "eventName": "Sign", "awsRegion": "eu-west-1",
        "requestParameters": { "keyId": ARN, "messageType": "DIGEST", "signingAlgorithm": "ECDSA_SHA_256" },
        "responseElements": null,
        "eventID": format!("107b3cac-b125-4556-9702-0000000000{number:02x}"), "readOnly": true,
        "resources": [{ "accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": ARN }],
    })
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_fits_fits_in_any_order_and_delivered_more_than_once() {
    let mut scene = Scene::new();
    scene.events.reverse();
    scene.events.swap(2, 7);
    let again = scene.events[..4].to_vec();
    scene.events.extend(again);
    scene.entries.swap(0, 9);
    for name in [
        "1_CloudTrail-Insight_x.json.gz",
        "1_Config_x.json.gz",
        "README",
    ] {
        fs::write(scene.path(&format!("{TRAIL}/{name}")), "something else").unwrap();
    }
    let mut other = sign(99, 5);
    other["eventName"] = "GetPublicKey".into();
    scene.events.push(other);
    let report = scene.reconcile(&["--principal", ROLE]).expect(0).json();
    assert_eq!(report["verdict"], "matches");
    assert_eq!(report["findings"], json!([]));
    assert_eq!(
        (&report["delivered_twice"], &report["other_files"]),
        (&json!(4), &json!(3))
    );
    assert_eq!(
        (&report["records"], &report["files"]),
        (&json!(15), &json!(3))
    );
    let key = &report["keys"][0];
    assert_eq!(
        (&key["entries"], &key["signatures"], &key["pairs"]),
        (&json!(10), &json!(10), &json!(10))
    );
    assert_eq!(key["principals"][0]["principal"], ROLE);

    let arguments = [
        "ledger",
        "reconcile",
        "--export",
        "ledger.jsonl",
        "--cloudtrail",
        "trail",
        "--key",
        &format!("{ARN}=key.der"),
        "--until",
        "2026-06-15T16:00:00Z",
    ];
    let said = mdl(scene.folder.path(), &arguments).expect(0).stdout;
    assert!(
        said.contains("10 entries, 10 signatures, 10 pairs"),
        "{said}"
    );
    assert!(said.contains("note: no digest files"), "{said}");
}

#[test]
fn a_signature_without_an_entry_is_found() {
    let mut scene = Scene::new();
    scene.events.push(sign(50, 300));
    let finding = scene.expect_only("signature-without-entry", &[]);
    assert_eq!(finding["at"], "2026-06-15T12:05:00Z");
    assert_eq!(finding["event"], "107b3cac-b125-4556-9702-000000000032");
    assert!(
        finding["file"]
            .as_str()
            .unwrap()
            .starts_with("trail/AWSLogs")
    );
}

#[test]
fn an_entry_without_a_signature_is_found() {
    let mut scene = Scene::new();
    scene.events.remove(4);
    let finding = scene.expect_only("entry-without-signature", &[]);
    assert_eq!(
        (&finding["sequence"], &finding["exact"]),
        (&json!(5), &json!(true))
    );
}

#[test]
fn a_pair_out_of_time_is_found_and_a_larger_tolerance_accepts_it() {
    let mut scene = Scene::new();
    scene.events[4] = sign(4, 2400 + 90);
    let finding = scene.expect_only("outside-window", &[]);
    assert_eq!(finding["sequence"], 5);
    assert_eq!(finding["entry_at"], "2026-06-15T12:40:00Z");
    scene.reconcile(&["--tolerance", "90"]).expect(0);
    let apart = scene.reconcile(&["--reach", "80"]).expect(1).json();
    assert_eq!(
        apart["counts"],
        json!({ "entry-without-signature": 1, "signature-without-entry": 1 })
    );
}

#[test]
fn a_repeated_call_is_a_surplus_signature_unless_it_is_accepted() {
    let mut scene = Scene::new();
    scene.events.push(sign(60, 603));
    scene.expect_only("surplus-signature", &[]);
    let accepted = scene.reconcile(&["--retries", "1"]).expect(0).json();
    assert_eq!(accepted["counts"]["surplus-signature"], 1);
    scene.events.push(sign(61, 604));
    let report = scene.reconcile(&["--retries", "1"]).expect(1).json();
    assert_eq!(report["counts"], json!({ "surplus-signature": 2 }));
}

#[test]
fn somebody_who_is_not_on_the_list_is_found() {
    let mut scene = Scene::new();
    let stranger = "arn:aws:iam::111122223333:user/mallory";
    scene.events[3]["userIdentity"] = json!({ "type": "IAMUser", "arn": stranger });
    scene.reconcile(&[]).expect(0);
    let finding = scene.expect_only("unknown-principal", &["--principal", ROLE]);
    assert_eq!(finding["principal"], stranger);
    scene
        .reconcile(&["--principal", ROLE, "--principal", stranger])
        .expect(0);
}

#[test]
fn calls_that_failed_are_counted_and_are_no_signatures() {
    let mut scene = Scene::new();
    let mallory = "arn:aws:iam::111122223333:user/mallory";
    for (number, error, who) in [
        (70, "AccessDenied", mallory),
        (71, "ThrottlingException", ROLE),
        (72, "ThrottlingException", ROLE),
    ] {
        let mut event = sign(number, 300);
        if who == mallory {
            event["userIdentity"] = json!({ "arn": mallory });
        }
        event["errorCode"] = error.into();
        scene.events.push(event);
    }
    let report = scene.reconcile(&["--principal", ROLE]).expect(0).json();
    let failed = json!([
        { "error": "AccessDenied", "principal": mallory, "allowed": false, "calls": 1 },
        { "error": "ThrottlingException", "principal": ROLE, "allowed": true, "calls": 2 },
    ]);
    assert_eq!(report["keys"][0]["failed_calls"], failed);
    assert_eq!(report["keys"][0]["signatures"], 10);
}

#[test]
fn keys_of_others_are_counted_and_not_compared() {
    let mut scene = Scene::new();
    let mut event = sign(80, 300);
    event["resources"][0]["ARN"] = "arn:aws:kms:eu-west-1:111122223333:key/other".into();
    scene.events.push(event);
    let report = scene.reconcile(&["--principal", "nobody"]).expect(1).json();
    assert_eq!(report["counts"], json!({ "unknown-principal": 10 }));
    let others = report["keys_not_compared"].as_array().unwrap();
    assert_eq!((others.len(), &others[0]["signatures"]), (1, &json!(1)));
}

#[test]
fn a_key_of_the_ledger_without_records_is_found_unless_it_is_said_to_have_none() {
    let mut scene = Scene::new();
    let key = PrivateKey::from_scalar(Curve::P256, &[8; 32]).unwrap();
    let spki = key.public_key().to_spki_der();
    fs::write(scene.path("software.der"), &spki).unwrap();
    scene.entries.push(entry(20, Hash(sha256(&spki))));
    let finding = scene.expect_only("key-without-records", &[]);
    assert_eq!(finding["key"], hex::encode(sha256(&spki)));
    scene
        .reconcile(&["--key-without-records", "software.der"])
        .expect(0);
}

#[test]
fn an_event_that_cannot_be_read_is_found_and_costs_only_itself() {
    let mut scene = Scene::new();
    let mut event = sign(90, 300);
    event["eventTime"] = "noon".into();
    scene.events.insert(0, event);
    let finding = scene.expect_only("unreadable-record", &[]);
    assert_eq!(finding["number"], 1);
}

#[test]
fn a_file_that_was_cut_off_is_found_and_what_is_left_of_it_is_read() {
    let scene = Scene::new();
    scene.write_ledger();
    scene.write_trail();
    let path = scene.path(&log_file(0, "json.gz"));
    let whole = fs::read(&path).unwrap();
    // The checksum at the end.
    fs::write(&path, &whole[..whole.len() - 4]).unwrap();
    only(&scene.run(&[]).expect(1).json(), "unreadable-file");

    let content = json!({ "Records": scene.events[..4] }).to_string();
    let cut = content.find("0000000000003").unwrap_or(content.len() - 300);
    fs::remove_file(&path).unwrap();
    fs::write(scene.path(&log_file(0, "json")), &content[..cut]).unwrap();
    let counts = scene.run(&[]).expect(1).json()["counts"].clone();
    assert_eq!(
        counts,
        json!({ "unreadable-file": 1, "entry-without-signature": 1 })
    );
}

#[test]
fn a_bomb_and_a_link_are_files_that_cannot_be_read() {
    let scene = Scene::new();
    scene.write_ledger();
    scene.write_trail();
    let bomb = scene.path(&log_file(8, "json.gz"));
    let mut encoder = GzEncoder::new(fs::File::create(&bomb).unwrap(), Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..129 {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap();
    let finding = only(&scene.run(&[]).expect(1).json(), "unreadable-file");
    assert!(finding["why"].as_str().unwrap().contains("when unpacked"));
    fs::remove_file(&bomb).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/dev/zero", &bomb).unwrap();
        only(&scene.run(&[]).expect(1).json(), "unreadable-file");
    }
}

#[test]
fn what_lies_outside_of_the_time_asked_for_is_not_reported() {
    let mut scene = Scene::new();
    scene.events.push(sign(50, -300));
    scene.events.push(sign(51, 9 * 600 + 300));
    scene.events.remove(0);
    let report = scene.reconcile(&[]).expect(1).json();
    assert_eq!(report["counts"]["signature-without-entry"], 1);
    assert_eq!(report["counts"]["outside-window"], 1);
    let inside = [
        "--from",
        "2026-06-15T12:05:00Z",
        "--until",
        "2026-06-15T13:31:00Z",
    ];
    let report = scene.reconcile(&inside).expect(0).json();
    assert_eq!(report["keys"][0]["entries"], 9);
}

/// Digest files for the hours from 12 to 16, of which the first lists the log files.
fn write_digests(scene: &Scene) {
    let mut previous: Option<(String, String)> = None;
    for hour in 12..16 {
        let name = format!(
            "{DIGESTS}/111122223333_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20260615T{hour}0000Z.json"
        );
        let log_files: Vec<Value> = (0..3)
            .filter(|_| hour == 12)
            .map(|number| {
                let events = scene.events.chunks(scene.events.len().div_ceil(3)).nth(number).unwrap();
                let content = json!({ "Records": events }).to_string();
                let extension = if number == 2 { "json" } else { "json.gz" };
                json!({
                    "s3Bucket": "trail", "s3Object": log_file(number, extension),
                    "hashValue": hex::encode(sha256(content.as_bytes())), "hashAlgorithm": "SHA-256",
                })
            })
            .collect();
        let digest = json!({
            "awsAccountId": "111122223333",
            "digestStartTime": format!("2026-06-15T{hour}:00:00Z"),
            "digestEndTime": format!("2026-06-15T{}:00:00Z", hour + 1),
            "previousDigestS3Object": previous.as_ref().map(|(name, _)| name),
            "previousDigestHashValue": previous.as_ref().map(|(_, hash)| hash),
            "logFiles": log_files,
        })
        .to_string();
        fs::write(scene.path(&name), &digest).unwrap();
        previous = Some((name, hex::encode(sha256(digest.as_bytes()))));
    }
}

#[test]
fn digest_files_show_log_files_that_are_missing_or_changed_and_hours_that_are_missing() {
    let mut scene = Scene::new();
    scene.write_ledger();
    scene.write_trail();
    write_digests(&scene);
    let from = ["--from", "2026-06-15T12:00:00Z"];
    let report = scene.run(&from).expect(0).json();
    assert_eq!(
        (&report["digest_files"], &report["notes"][0]),
        (
            &json!(4),
            &json!("no --principal: whoever signed was taken for somebody who may")
        )
    );

    // A file whose events nobody misses.
    let mut harmless = sign(30, 0);
    harmless["eventName"] = "Decrypt".into();
    let events: Vec<Value> = scene
        .events
        .splice(.., std::iter::repeat_n(harmless, 3))
        .collect();
    scene.write_trail();
    write_digests(&scene);
    fs::write(
        scene.path(&log_file(5, "json")),
        json!({ "Records": events }).to_string(),
    )
    .unwrap();
    scene.run(&from).expect(0);

    let second = scene.path(&log_file(1, "json.gz"));
    let content = fs::read(&second).unwrap();
    fs::remove_file(&second).unwrap();
    let finding = only(&scene.run(&from).expect(1).json(), "log-file-missing");
    assert!(finding["file"].as_str().unwrap().ends_with("abc1.json.gz"));
    fs::write(&second, gzip(br#"{"Records":[]}"#)).unwrap();
    only(&scene.run(&from).expect(1).json(), "file-altered");
    fs::write(&second, content).unwrap();

    let digest = |hour: u8| {
        format!(
            "{DIGESTS}/111122223333_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20260615T{hour}0000Z.json"
        )
    };
    let third = scene.path(&digest(14));
    let content = fs::read_to_string(&third).unwrap();
    fs::remove_file(&third).unwrap();
    let finding = only(&scene.run(&from).expect(1).json(), "gap");
    assert_eq!(finding["from"], "2026-06-15T14:00:00Z");
    assert_eq!(finding["until"], "2026-06-15T15:00:00Z");
    fs::write(
        &third,
        content.replace("\"logFiles\":[]", "\"logFiles\":[ ]"),
    )
    .unwrap();
    only(&scene.run(&from).expect(1).json(), "file-altered");
    fs::write(&third, "{}").unwrap();
    let counts = scene.run(&from).expect(1).json()["counts"].clone();
    assert_eq!(counts, json!({ "unreadable-file": 1, "gap": 1 }));
    fs::write(&third, content).unwrap();
    for (option, time) in [
        ("--from", "2026-06-15T11:59:00Z"),
        ("--until", "2026-06-15T16:00:01Z"),
    ] {
        only(&scene.run(&[option, time]).expect(1).json(), "gap");
    }
}

#[test]
fn a_log_of_an_hsm_is_compared_in_the_same_way() {
    let scene = Scene::new();
    scene.write_ledger();
    let line = |seconds: i64, outcome: &str| {
        let time = at(seconds).format(&Rfc3339).unwrap();
        json!({ "time": time, "key": "slot=3", "operation": "sign", "outcome": outcome, "principal": "issuer" })
            .to_string()
            + "\n"
    };
    let mut log: String = (0..10).map(|number| line(600 * number + 1, "ok")).collect();
    log.push_str(&line(5, "session-closed"));
    log.push_str("{\"time\":\"2026-06-15T12:00:00Z\",\"key\":\"slot=3\",\"operation\":\"login\",\"outcome\":\"ok\"}\n");
    let arguments = [
        "--hsm-log",
        "hsm.jsonl",
        "--key",
        "slot=3=key.der",
        "--principal",
        "issuer",
    ];
    fs::write(scene.path("hsm.jsonl"), &log).unwrap();
    let report = scene.run(&arguments).expect(0).json();
    assert_eq!(
        report["keys"][0]["failed_calls"][0]["error"],
        "session-closed"
    );
    fs::write(scene.path("hsm.jsonl"), gzip(log.as_bytes())).unwrap();
    scene.run(&arguments).expect(0);

    for (more, code) in [
        (line(300, "ok"), "signature-without-entry"),
        ("sign\n".to_owned(), "unreadable-record"),
        (format!("{}\n", "x".repeat(100_000)), "unreadable-record"),
    ] {
        fs::write(scene.path("hsm.jsonl"), format!("{more}{log}")).unwrap();
        only(&scene.run(&arguments).expect(1).json(), code);
    }
    let packed = gzip(log.as_bytes());
    fs::write(scene.path("hsm.jsonl"), &packed[..packed.len() - 1]).unwrap();
    only(&scene.run(&arguments).expect(1).json(), "unreadable-file");
}

#[test]
fn certificates_and_revocations_of_private_ca_are_compared_with_what_the_authority_has() {
    let mut scene = Scene::new();
    crate::mdl::make_authority(scene.folder.path());
    let listed = mdl(scene.folder.path(), &["ds", "list", "--json"])
        .expect(0)
        .json();
    let serial = listed["document_signers"][0]["serial"]
        .as_str()
        .unwrap()
        .trim_start_matches("00")
        .to_owned();
    let event = |name: &str, number: u8, serial: &str| {
        let mut event = sign(number, 300);
        event["eventSource"] = "acm-pca.amazonaws.com".into();
        event["eventName"] = name.into();
        event["requestParameters"] = json!({ "certificateSerial": serial });
        event["responseElements"] = json!({
            "certificateArn": format!("arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/1/certificate/{serial}")
        });
        event
    };
    scene.events.push(event("IssueCertificate", 40, &serial));
    let known = ["--certificates", "mdl-authority"];
    scene.reconcile(&known).expect(0);
    let without = scene.reconcile(&[]).expect(0).json();
    assert!(without["notes"].to_string().contains("--certificates"));

    scene.events.push(event("RevokeCertificate", 41, &serial));
    let finding = scene.expect_only("revocation-unknown", &known);
    assert_eq!(finding["serial"], serial);
    mdl(scene.folder.path(), &["crl", "build", "--revoke", "ds-1"]).expect(0);
    scene.reconcile(&known).expect(0);
    scene.events.push(event("IssueCertificate", 42, "abcdef"));
    let finding = scene.expect_only("certificate-unknown", &known);
    assert_eq!(finding["serial"], "abcdef");
}

#[test]
fn a_wrong_command_line_says_what_is_wrong() {
    let scene = Scene::new();
    scene.write_ledger();
    scene.write_trail();
    for (arguments, what) in [
        (&["--key", "key.der"][..], "NAME=FILE"),
        (
            &["--key", "arn:aws:kms:eu-west-1:1:alias/ds=key.der"],
            "alias",
        ),
        (&["--key", "other=missing.der"], "missing.der"),
        (&["--cloudtrail", "nowhere"], "nowhere"),
        (&["--from", "2026-06-15T16:00:00Z"], "--from"),
        (&["--certificates", "ledger.jsonl"], "ledger.jsonl"),
        (&["--tolerance", "86400"], "--tolerance"),
    ] {
        let said = scene.run(arguments).expect(2).stderr;
        assert!(said.contains(what), "{said}");
    }
    let key = PrivateKey::from_scalar(Curve::P256, &[8; 32]).unwrap();
    fs::write(scene.path("other.der"), key.public_key().to_spki_der()).unwrap();
    let other = format!("{ARN}=other.der");
    scene.run(&["--key", &other]).expect(2);
    let without = [
        "ledger",
        "reconcile",
        "--export",
        "ledger.jsonl",
        "--key",
        "x=key.der",
    ];
    mdl(Path::new(scene.folder.path()), &without).expect(2);
}
