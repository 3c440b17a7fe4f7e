//! `mdl iaca renew`, `publish` and `retire`: two roots side by side, and one after the other.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mdl::{AT, issue_arguments, make_authority, mdl};

const OLD: &str = "mdl-authority/iaca/certificate.pem";
const NEW: &str = "mdl-authority/root-2/iaca/certificate.pem";
const LINK: &str = "mdl-authority/root-2/link.pem";
const RENEW: &[&str] = &[
    "iaca",
    "renew",
    "--json",
    "--crl-url",
    "https://dmv.example/iaca-2.crl",
];

/// An authority with `ds-1` and CRL 1.
fn authority() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    make_authority(folder.path());
    mdl(folder.path(), &["crl", "build", "--at", AT]).expect(0);
    folder
}

fn renew(folder: &Path) -> Value {
    mdl(folder, &[RENEW, &["--at", AT]].concat())
        .expect(0)
        .json()
}

fn openssl_verify(folder: &Path, arguments: &[&str]) -> (bool, String) {
    // Certificates begin at midnight of the day that the tests work at.
    let output = Command::new("openssl")
        .args(["verify", "-attime", "1781524800"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success(), told.into_owned())
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_root_is_vouched_for_by_the_old_one_and_both_work_side_by_side() {
    let folder = authority();
    let at = folder.path();
    let made = renew(at);
    assert_eq!(
        (&made["root"], &made["certificate"]),
        (&json!(2), &json!(NEW))
    );
    for (file, profile, issuer) in [(NEW, "iaca-root", None), (LINK, "iaca-link", Some(OLD))] {
        let mut lint = vec!["lint", "--profile", profile];
        lint.extend(issuer.iter().flat_map(|issuer| ["--issuer", issuer]));
        mdl(at, &[&lint[..], &[file]].concat()).expect(0);
    }
    mdl(at, &["ds", "issue", "ds-2", "--at", AT]).expect(0);
    let (ds_1, ds_2) = (
        "mdl-authority/ds/ds-1/certificate.pem",
        "mdl-authority/ds/ds-2/certificate.pem",
    );
    for (arguments, good) in [
        (&["-CAfile", OLD, LINK][..], true),
        (&["-CAfile", NEW, LINK], false),
        (&["-CAfile", NEW, ds_2], true),
        (&["-CAfile", OLD, ds_2], false),
        // Whoever trusts the old root alone gets to the new document signer through the link certificate.
        (&["-CAfile", OLD, "-untrusted", LINK, ds_2], true),
        (&["-CAfile", OLD, ds_1], true),
    ] {
        let (verified, told) = openssl_verify(at, arguments);
        assert_eq!(verified, good, "{arguments:?}: {told}");
    }

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
    for (signer, root, other) in [("ds-1", OLD, NEW), ("ds-2", NEW, OLD)] {
        let licence = format!("{signer}.cbor");
        let mut issue = issue_arguments(&licence);
        let ds = issue
            .iter_mut()
            .find(|argument| *argument == "ds-1")
            .unwrap();
        *ds = signer.to_owned();
        mdl(at, &issue).expect(0);
        let verify = ["verify", "--static", "--at", AT, "--iaca"];
        mdl(at, &[&verify[..], &[root, &licence]].concat()).expect(0);
        mdl(at, &[&verify[..], &[other, &licence]].concat()).expect(1);
    }
    // The old root, the link and the new root together are enough; the new root without the link is not.
    let linked = [
        "verify",
        "--static",
        "--at",
        AT,
        "--iaca",
        OLD,
        "--link",
        NEW,
        "ds-2.cbor",
    ];
    mdl(at, &linked).expect(1);
    let linked = [&linked[..], &["--link", LINK]].concat();
    mdl(at, &linked).expect(0);
    let shown = |more: &[&str]| {
        let show = [&["iaca", "show", "--json"], more].concat();
        mdl(at, &show).expect(0).json()["sha256"].clone()
    };
    assert_eq!(shown(&[]), made["sha256"]);
    assert_eq!(shown(&["--root", "2"]), made["sha256"]);
    assert_ne!(shown(&["--root", "1"]), made["sha256"]);
    mdl(at, &["iaca", "show", "--root", "3"]).expect(2);
    // Neither is an alarm: each has its list, and the old one has a successor.
    let list = ["certificates", "list", "--json", "--at", AT];
    assert_eq!(
        mdl(at, &list).expect(0).json()["crls"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn every_root_in_use_has_its_own_list_with_what_it_issued() {
    let folder = authority();
    let at = folder.path();
    renew(at);
    mdl(at, &["ds", "issue", "ds-2", "--at", AT]).expect(0);
    let build = |more: &[&str]| {
        let build = [&["crl", "build", "--json", "--at", AT], more].concat();
        mdl(at, &build)
    };
    let summary = |list: &Value| {
        (
            list["root"].clone(),
            list["number"].clone(),
            list["revoked"].clone(),
        )
    };
    let built = build(&["--revoke", "ds-1"]).expect(0).json();
    assert_eq!(summary(&built), (json!(2), json!(2), json!(0)));
    assert_eq!(
        summary(&built["of_earlier_roots"][0]),
        (json!(1), json!(2), json!(1))
    );
    let refused = build(&["--revoke", "ds-2", "--root", "1"]).expect(2);
    assert!(refused.stderr.contains("--root 2"), "{}", refused.stderr);
    let built = build(&["--revoke", "ds-2", "--root", "2"]).expect(0).json();
    assert_eq!(summary(&built), (json!(2), json!(3), json!(1)));
    assert_eq!(built["of_earlier_roots"], Value::Null);
    // What is revoked signs no more, whichever root did it.
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
    mdl(at, &issue_arguments("licence.cbor")).expect(1);

    let publish = ["crl", "publish", "--json", "--at", AT, "--to"];
    mdl(at, &[&publish[..], &["one.crl"]].concat()).expect(2);
    let published = mdl(at, &[&publish[..], &["www/"]].concat())
        .expect(0)
        .json();
    assert_eq!(published["published"].as_array().unwrap().len(), 2);
    assert_eq!(files(&at.join("www")), ["iaca-2.crl", "iaca.crl"]);
    for (signer, root, list) in [("ds-1", OLD, ""), ("ds-2", NEW, "root-2/")] {
        let (crl, signer) = (
            format!("mdl-authority/{list}crl/crl.pem"),
            format!("mdl-authority/ds/{signer}/certificate.pem"),
        );
        let check = ["-crl_check", "-CAfile", root, "-CRLfile", &crl, &signer];
        let (_, told) = openssl_verify(at, &check);
        assert!(told.contains("certificate revoked"), "{told}");
    }
}

#[test]
fn a_renewal_that_was_broken_off_is_finished_and_makes_nothing_twice() {
    let folder = authority();
    let at = folder.path();
    let whole = at.join("mdl-authority");
    let sha256 = renew(at)["sha256"].clone();
    // As it is when the process ends after each of its steps, from the last to the first.
    for missing in ["", "crl", "link.pem"] {
        fs::rename(whole.join("root-2"), whole.join(".root-next")).unwrap();
        match missing {
            "" => {}
            "crl" => fs::remove_dir_all(whole.join(".root-next/crl")).unwrap(),
            file => fs::remove_file(whole.join(".root-next").join(file)).unwrap(),
        }
        assert_eq!(
            mdl(at, &["iaca", "show", "--json"]).expect(0).json()["crl_url"],
            Value::Null
        );
        let plan = mdl(at, &[RENEW, &["--plan", "--at", AT]].concat())
            .expect(0)
            .json();
        let done = |number: usize| plan["plan"][number]["done"].as_bool().unwrap();
        assert!(done(0) && done(1));
        assert_eq!(
            (done(2), done(3)),
            (missing != "link.pem", missing != "crl")
        );
        let other = [
            "iaca",
            "renew",
            "--crl-url",
            "https://dmv.example/other.crl",
            "--at",
            AT,
        ];
        mdl(at, &other).expect(2);
        assert_eq!(renew(at)["sha256"], sha256);
        assert!(openssl_verify(at, &["-CAfile", OLD, LINK]).0);
        assert!(!whole.join(".root-next").exists());
    }
}

#[test]
fn a_renewal_that_cannot_be_is_refused_before_anything_is_made() {
    let folder = authority();
    let at = folder.path();
    let renew = |more: &[&str]| mdl(at, &[&["iaca", "renew"], more].concat());
    let url = "https://dmv.example/iaca-2.crl";
    let same = renew(&["--crl-url", "https://dmv.example/iaca.crl", "--at", AT]).expect(2);
    assert!(
        same.stderr.contains("address of its own"),
        "{}",
        same.stderr
    );
    let long = renew(&["--crl-url", url, "--at", AT, "--link-days", "3651"]).expect(1);
    assert!(long.stderr.contains("--link-days"), "{}", long.stderr);
    renew(&["--crl-url", url, "--at", "2036-06-13T00:00:00Z"]).expect(1);
    let plan = renew(&["--crl-url", url, "--at", AT, "--plan"])
        .expect(0)
        .stdout;
    assert!(plan.contains("5. take it into use as root 2"), "{plan}");
    assert_eq!(files(&at.join("mdl-authority")), ["crl", "ds", "iaca"]);
}

#[test]
fn an_old_root_is_retired_when_nothing_of_it_is_in_use() {
    let folder = authority();
    let at = folder.path();
    let retire = |number: &str, when: &str| mdl(at, &["iaca", "retire", number, "--at", when]);
    let bundle = || {
        mdl(at, &["iaca", "publish", "--to", "www"]).expect(0);
        let pem = fs::read_to_string(at.join("www/iaca.pem")).unwrap();
        (
            files(&at.join("www")),
            pem.matches("BEGIN CERTIFICATE").count(),
        )
    };
    retire("1", AT).expect(1);
    renew(at);
    let whole = ["iaca-1.cer", "iaca-2.cer", "iaca.pem", "link-2.cer"];
    assert_eq!(bundle(), (whole.map(str::to_owned).to_vec(), 2));
    let newest = fs::read(at.join("www/iaca-2.cer")).unwrap();
    let pem = fs::read_to_string(at.join("www/iaca.pem")).unwrap();
    assert!(pem.starts_with(&fs::read_to_string(at.join(NEW)).unwrap()));
    retire("2", AT).expect(1);
    let refused = retire("1", AT).expect(1);
    assert!(
        refused.stderr.contains("ds/ds-1 until"),
        "{}",
        refused.stderr
    );
    assert!(retire("3", AT).expect(2).stderr.contains("no root 3"));

    mdl(at, &["crl", "build", "--revoke", "ds-1", "--at", AT]).expect(0);
    retire("1", AT).expect(0);
    retire("1", AT).expect(0);
    assert_eq!(
        bundle(),
        (["iaca-2.cer", "iaca.pem"].map(str::to_owned).to_vec(), 1)
    );
    assert_eq!(fs::read(at.join("www/iaca-2.cer")).unwrap(), newest);
    let built = mdl(at, &["crl", "build", "--json", "--at", AT])
        .expect(0)
        .json();
    assert_eq!(
        (&built["root"], &built["of_earlier_roots"]),
        (&json!(2), &Value::Null)
    );
    // Long after, nobody is told that its last list is over.
    let list = [
        "certificates",
        "list",
        "--json",
        "--at",
        "2026-07-14T00:00:00Z",
    ];
    let crls = mdl(at, &list).json()["crls"].clone();
    assert_eq!(crls.as_array().unwrap().len(), 1);
}
