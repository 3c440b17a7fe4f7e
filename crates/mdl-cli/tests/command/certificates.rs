//! `mdl certificates`: the inventory, each alarm alone, and the report.

use std::fs;
use std::path::Path;

use mdl_issuer::store::{Hash, LedgerDraft, SignaturePurpose, SqlStore, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::mdl::{AT, PASSPHRASE, make_authority, mdl};

const NOON: OffsetDateTime = datetime!(2026-06-15 12:00 UTC);
const SIGNER: &str = "mdl-authority/ds/ds-1/certificate.pem";

/// An authority with `ds-1` (457 days, stops signing 90 days before) and a CRL of 30 days.
fn authority() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    make_authority(folder.path());
    mdl(folder.path(), &["crl", "build", "--at", AT]).expect(0);
    folder
}

fn list(folder: &Path, at: &str, more: &[&str]) -> Value {
    let arguments = [&["certificates", "list", "--json", "--at", at], more].concat();
    let run = mdl(folder, &arguments);
    let report = run.json();
    let expected = i32::from(report["alarms"] != json!(0));
    assert_eq!(run.exit, expected, "{report:#}");
    report
}

/// All alarms: level and text.
fn alarms(report: &Value) -> Vec<(u64, String)> {
    let both = [&report["certificates"], &report["crls"]];
    let entries = both.into_iter().flat_map(|list| list.as_array().unwrap());
    entries
        .filter(|entry| !entry["alarm"].is_null())
        .map(|entry| {
            let alarm = &entry["alarm"];
            (
                alarm["level"].as_u64().unwrap(),
                alarm["text"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

/// Without the CRL, which is due much earlier than anything else.
fn alarms_of_certificates(folder: &Path, at: &str, more: &[&str]) -> Vec<(u64, String)> {
    let mut report = list(folder, at, more);
    report["crls"] = json!([]);
    alarms(&report)
}

#[test]
fn every_certificate_is_listed_with_what_is_known_of_it() {
    let folder = authority();
    let report = list(folder.path(), AT, &[]);
    let [root, signer] = &report["certificates"].as_array().unwrap()[..] else {
        panic!("{report:#}");
    };
    for (member, of_root, of_signer) in [
        ("purpose", json!("iaca-root"), json!("document-signer")),
        ("state", json!("valid"), json!("valid")),
        ("issued", json!(1), json!(0)),
        ("issued_by", root["sha256"].clone(), root["sha256"].clone()),
        ("key_place", json!("file"), json!("file")),
        (
            "crl_url",
            json!("https://dmv.example/iaca.crl"),
            json!("https://dmv.example/iaca.crl"),
        ),
        ("stop_signing", Value::Null, json!("2027-06-17T00:00:00Z")),
        ("published", json!([]), json!([])),
        ("alarm", Value::Null, Value::Null),
    ] {
        assert_eq!(
            (&root[member], &signer[member]),
            (&of_root, &of_signer),
            "{member}"
        );
    }
    assert_eq!(signer["days_left"], 456);
    assert_eq!(signer["not_after"], "2027-09-15T00:00:00Z");
    let crl = &report["crls"][0];
    assert_eq!((&crl["number"], &crl["revoked"]), (&json!("1"), &json!(0)));
    let text = mdl(folder.path(), &["certificates", "list", "--at", AT])
        .expect(0)
        .stdout;
    assert!(
        text.contains("mobile security objects (documents), until 2027-06-17"),
        "{text}"
    );
    assert!(
        text.ends_with("2 certificates, 1 CRLs, 0 alarms\n"),
        "{text}"
    );
}

#[test]
fn a_signer_that_stops_without_a_successor_is_an_alarm() {
    let folder = authority();
    let at = folder.path();
    for (time, level, text) in [
        (
            "2027-05-10T00:00:00Z",
            45,
            "stops signing in 38 days and has no successor",
        ),
        (
            "2027-06-10T00:00:00Z",
            7,
            "stops signing in 7 days and has no successor",
        ),
        (
            "2027-06-20T00:00:00Z",
            0,
            "stopped signing 3 days ago and has no successor",
        ),
    ] {
        assert_eq!(
            alarms_of_certificates(at, time, &[]),
            [(level, text.to_owned())]
        );
    }
    assert_eq!(alarms_of_certificates(at, "2027-05-01T00:00:00Z", &[]), []);
    let early = alarms_of_certificates(at, "2027-05-01T00:00:00Z", &["--warn-days", "60"]);
    assert_eq!(early[0].0, 60);
    let late = alarms_of_certificates(at, "2027-05-10T00:00:00Z", &["--warn-days", "30"]);
    assert_eq!(late, []);

    // One that begins only afterwards leaves a gap.
    mdl(at, &["ds", "issue", "ds-2", "--at", "2027-07-01T00:00:00Z"]).expect(0);
    assert_eq!(
        alarms_of_certificates(at, "2027-06-10T00:00:00Z", &[]).len(),
        1
    );
    mdl(at, &["ds", "issue", "ds-3", "--at", "2027-06-01T00:00:00Z"]).expect(0);
    assert_eq!(alarms_of_certificates(at, "2027-06-10T00:00:00Z", &[]), []);
    let states = list(at, "2027-07-10T00:00:00Z", &[]);
    let states: Vec<_> = states["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["state"].as_str())
        .collect();
    assert_eq!(
        states[1..],
        [Some("stopped-signing"), Some("valid"), Some("valid")]
    );
}

#[test]
fn a_revoked_signer_and_a_root_that_ends_are_alarms() {
    let folder = authority();
    let at = folder.path();
    mdl(at, &["crl", "build", "--revoke", "ds-1", "--at", AT]).expect(0);
    let report = list(at, AT, &[]);
    assert_eq!(
        alarms(&report),
        [(0, "is revoked and has no successor".to_owned())]
    );
    assert_eq!(report["certificates"][1]["state"], "revoked");
    // The first CRL is still there, and is history.
    assert_eq!(
        (
            &report["crls"][0]["number"],
            report["crls"].as_array().unwrap().len()
        ),
        (&json!("2"), 1)
    );
    mdl(at, &["ds", "issue", "ds-2", "--at", AT]).expect(0);
    assert_eq!(alarms(&list(at, AT, &[])), []);

    let root = list(at, AT, &[])["certificates"][0]["not_after"].clone();
    let end = OffsetDateTime::parse(
        root.as_str().unwrap(),
        &time::format_description::well_known::Rfc3339,
    )
    .unwrap();
    let before = (end - Duration::days(10))
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap();
    let found = alarms_of_certificates(at, &before, &[]);
    assert_eq!(
        found[0],
        (14, "expires in 10 days and has no successor".to_owned())
    );
}

#[test]
fn a_crl_that_is_due_or_missing_is_an_alarm() {
    let folder = authority();
    let at = folder.path();
    for (time, more, level) in [
        ("2026-07-09T00:00:00Z", &[][..], None),
        (
            "2026-07-11T00:00:00Z",
            &[],
            Some((5, "the next CRL is due in 4 days")),
        ),
        (
            "2026-07-09T00:00:00Z",
            &["--warn-crl-days", "7"],
            Some((7, "the next CRL is due in 6 days")),
        ),
        (
            "2026-07-16T12:00:00Z",
            &[],
            Some((0, "the next CRL was due 1 days ago")),
        ),
    ] {
        let found = alarms(&list(at, time, more));
        let expected: Vec<_> = level
            .into_iter()
            .map(|(level, text)| (level, text.to_owned()))
            .collect();
        assert_eq!(found, expected, "{time}");
    }
    fs::remove_dir_all(at.join("mdl-authority/crl")).unwrap();
    let expected = [(0, "there is no CRL of this root".to_owned())];
    assert_eq!(alarms(&list(at, AT, &[])), expected);
    // Of single files nobody knows what else there is.
    assert_eq!(
        alarms(&list(at, AT, &["mdl-authority/iaca/certificate.pem"])),
        []
    );
}

#[test]
fn what_cannot_be_read_and_crls_of_nobody_are_alarms() {
    let folder = authority();
    let at = folder.path();
    let broken = at.join("mdl-authority/old.der");
    fs::write(&broken, [0x30, 0x82, 1, 1, 7]).unwrap();
    let report = list(at, AT, &[]);
    assert_eq!(
        (&report["alarms"], &report["unusable"][0]["file"]),
        (&json!(1), &json!("mdl-authority/old.der"))
    );
    fs::remove_file(broken).unwrap();
    let other = authority();
    fs::copy(
        other.path().join("mdl-authority/crl/crl.der"),
        at.join("mdl-authority/other.crl"),
    )
    .unwrap();
    let report = list(at, AT, &[]);
    assert_eq!(
        report["unusable"][0]["why"],
        "a CRL that no root here signed"
    );
    for arguments in [
        &["--authority", "nowhere"][..],
        &["nowhere.pem"],
        &["--config", "nowhere.toml"],
        &["."],
    ] {
        let run = mdl(
            other.path(),
            &[&["certificates", "list"], arguments].concat(),
        );
        let is_there = arguments == ["."];
        assert_eq!(run.exit == 2, !is_there, "{run:?}");
    }
    mdl(
        tempfile::tempdir().unwrap().path(),
        &["certificates", "list", "."],
    )
    .expect(2);
}

/// Two tenants, of which the second has no signer of its own but the first's root.
fn config(folder: &Path) {
    let tenant = |name: &str| {
        format!(
            "[[tenants]]\nname = \"{name}\"\nissuer = \"https://{name}.example\"\n\
             [tenants.authority]\niaca_certificates = [\"mdl-authority/iaca/certificate.pem\"]\n\
             crl = \"mdl-authority/crl/crl.der\"\n\
             [[tenants.authority.document_signers]]\ncertificate = \"{SIGNER}\"\n\
             key = \"awskms:///arn:aws:kms:eu-west-1:1:key/1\"\nlongest_mso_life = \"30d\"\n"
        )
    };
    let text = tenant("one") + &tenant("two") + "[service]\nsecret_file = \"is not read\"\n";
    fs::write(folder.join("issuer.toml"), text).unwrap();
}

#[test]
fn the_certificates_of_a_configuration_are_listed_without_its_secrets() {
    let folder = authority();
    let at = folder.path();
    config(at);
    let report = list(at, AT, &["--config", "issuer.toml"]);
    let [root, signer] = &report["certificates"].as_array().unwrap()[..] else {
        panic!("{report:#}");
    };
    let published = json!([
        "https://one.example/iaca.pem",
        "https://one.example/iaca.der",
        "https://two.example/iaca.pem",
        "https://two.example/iaca.der"
    ]);
    assert_eq!(root["published"], published);
    assert_eq!(
        report["crls"][0]["published"],
        json!(["https://one.example/crl", "https://two.example/crl"])
    );
    assert_eq!(
        (&signer["key_place"], &signer["stop_signing"]),
        (&json!("aws-kms"), &json!("2027-08-16T00:00:00Z"))
    );

    // A successor in the folder only is of no use to the tenants.
    mdl(at, &["ds", "issue", "ds-2", "--at", "2027-07-01T00:00:00Z"]).expect(0);
    let later = "2027-08-10T00:00:00Z";
    assert_eq!(
        alarms_of_certificates(at, later, &["--authority", "mdl-authority"]),
        []
    );
    let both = ["--config", "issuer.toml", "--authority", "mdl-authority"];
    assert_eq!(alarms_of_certificates(at, later, &both).len(), 1);

    fs::remove_file(at.join(SIGNER)).unwrap();
    let report = list(at, AT, &["--config", "issuer.toml"]);
    assert_eq!(
        (&report["alarms"], &report["unusable"][0]["why"]),
        (&json!(2), &json!("cannot be read"))
    );
    fs::write(at.join("issuer.toml"), "tenants = 7").unwrap();
    mdl(at, &["certificates", "list", "--config", "issuer.toml"]).expect(2);
}

fn report(folder: &Path, more: &[&str]) -> Value {
    let arguments = [&["certificates", "report", "--json", "--at", AT], more].concat();
    let run = mdl(folder, &arguments);
    let report = run.json();
    let is_compliant = report["verdict"] == "compliant";
    assert_eq!(run.exit, i32::from(!is_compliant), "{report:#}");
    report
}

#[test]
fn a_report_lints_everything_again() {
    let folder = authority();
    let at = folder.path();
    let whole = report(at, &[]);
    assert_eq!(
        (&whole["verdict"], &whole["errors"], &whole["ledger"]),
        (&json!("compliant"), &json!(0), &Value::Null)
    );
    let signer = &whole["certificates"][1];
    assert_eq!(
        (&signer["key_curve"], &signer["lifetime_days"]),
        (&json!("P-256"), &json!(457))
    );

    let pem = fs::read_to_string(at.join(SIGNER)).unwrap();
    let place = pem.rfind("\n-----END").unwrap() - 5;
    let mut forged = pem.clone();
    let replacement = if &pem[place..=place] == "A" { "B" } else { "A" };
    forged.replace_range(place..=place, replacement);
    fs::write(at.join(SIGNER), forged).unwrap();
    let broken = report(at, &[]);
    assert_eq!(
        (&broken["verdict"], &broken["alarms"]),
        (&json!("not-compliant"), &json!(0))
    );
    let findings = broken["certificates"][1]["findings"].as_array().unwrap();
    assert!(
        findings.iter().any(|it| it["severity"] == "error"),
        "{broken:#}"
    );
    fs::write(at.join(SIGNER), pem).unwrap();
    fs::remove_dir_all(at.join("mdl-authority/crl")).unwrap();
    let alarm = report(at, &[]);
    assert_eq!(
        (&alarm["verdict"], &alarm["errors"]),
        (&json!("not-compliant"), &json!(0))
    );
}

/// A ledger with an entry of the document signer at each time, and one of a key that nobody knows.
fn ledger(folder: &Path, times: &[OffsetDateTime]) {
    let listed = list(folder, AT, &[]);
    let key = hex::decode(listed["certificates"][1]["key_id"].as_str().unwrap()).unwrap();
    let draft = |at, key| LedgerDraft {
        at,
        tenant: "utopia".into(),
        purpose: SignaturePurpose::Mso,
        key: Hash(key),
        to_be_signed: Hash([1; 32]),
        request: [1; 16],
    };
    let mut entries: Vec<_> = times
        .iter()
        .map(|at| draft(*at, key.clone().try_into().unwrap()))
        .collect();
    entries.push(draft(NOON, [9; 32]));
    let write = async {
        let store = SqlStore::sqlite(&folder.join("issuer.db")).await.unwrap();
        store.append_ledger(entries).await.unwrap();
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(write);
}

#[test]
fn a_report_holds_the_ledger_against_the_certificates() {
    let folder = authority();
    let at = folder.path();
    ledger(at, &[NOON, NOON + Duration::days(3)]);
    let whole = report(at, &["--ledger", "issuer.db"]);
    let used = json!({
        "signatures": 2, "first": "2026-06-15T12:00:00Z", "last": "2026-06-18T12:00:00Z", "outside_of_its_time": 0
    });
    assert_eq!(
        (&whole["verdict"], &whole["certificates"][1]["ledger"]),
        (&json!("compliant"), &used)
    );
    assert_eq!(
        (
            &whole["ledger"]["intact"],
            &whole["ledger"]["entries_of_other_keys"]
        ),
        (&json!(true), &json!(1))
    );

    let export = mdl(at, &["ledger", "export", "--sqlite", "issuer.db"])
        .expect(0)
        .stdout;
    fs::write(at.join("ledger.jsonl"), &export).unwrap();
    assert_eq!(
        report(at, &["--ledger", "ledger.jsonl"])["ledger"],
        whole["ledger"]
    );
    fs::write(
        at.join("edited.jsonl"),
        export.replacen("utopia", "nowhere", 1),
    )
    .unwrap();
    let edited = report(at, &["--ledger", "edited.jsonl"]);
    assert_eq!(
        (&edited["verdict"], &edited["ledger"]["findings"]),
        (&json!("not-compliant"), &json!(["edited"]))
    );
    assert_eq!(
        (&edited["errors"], &edited["alarms"]),
        (&json!(0), &json!(0))
    );

    // After it stopped signing, while it is still valid.
    ledger(at, &[NOON + Duration::days(400)]);
    let late = report(at, &["--ledger", "issuer.db"]);
    assert_eq!(late["verdict"], "not-compliant");
    assert_eq!(late["certificates"][1]["ledger"]["outside_of_its_time"], 1);
    mdl(at, &["certificates", "report", "--ledger", "nowhere"]).expect(2);
}

#[test]
fn the_page_needs_nothing_else_and_holds_no_markup_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let init = [
        "iaca",
        "init",
        "--country",
        "US",
        "--name",
        "<b>\"Root\"</b> & <script>alert(1)</script>",
        "--contact",
        "iaca@dmv.example",
        "--crl-url",
        "https://dmv.example/iaca.crl",
        "--at",
        AT,
    ];
    mdl(at, &init).expect(0);
    let arguments = [
        "certificates",
        "report",
        "--html",
        "report.html",
        "--at",
        AT,
    ];
    let text = mdl(at, &arguments).expect(1).stdout;
    assert!(
        text.contains("ALARM there is no CRL of this root"),
        "{text}"
    );
    let page = fs::read_to_string(at.join("report.html")).unwrap();
    assert!(
        page.contains("&lt;b&gt;\\&quot;Root\\&quot;&lt;/b&gt; &amp; &lt;script&gt;"),
        "{page}"
    );
    for forbidden in [
        "<script", "<b>", "src=", "href=", "url(", "@import", "onload",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for needed in [
        "<!DOCTYPE html>",
        "<html lang=\"en\">",
        "<title>",
        "<caption>",
        "scope=\"row\"",
        "<main>",
    ] {
        assert!(page.contains(needed), "{needed}");
    }
    for tag in [
        "section", "table", "tbody", "thead", "tr", "td", "th", "p", "h3", "main", "body", "html",
    ] {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    mdl(at, &arguments).expect(2);
    mdl(at, &[&arguments[..], &["--force"]].concat()).expect(1);
    assert!(!page.contains(PASSPHRASE));
    // The page and the text name the same certificate.
    let der = mdl(at, &["iaca", "show", "--json"]).expect(0).json();
    assert!(page.contains(der["sha256"].as_str().unwrap()));
}
