//! `mdl crl publish` and `mdl crl build --if-due`: what is published, what is refused, what a broken-off run leaves.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::mdl::{AT, Run, command, make_authority, mdl};
use crate::moto::{Moto, REGION};

const CRL: &str = "mdl-authority/crl/crl.der";

/// An authority with `ds-1` and CRL 1.
fn authority() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    make_authority(folder.path());
    mdl(folder.path(), &["crl", "build", "--at", AT]).expect(0);
    folder
}

fn publish(folder: &Path, more: &[&str]) -> Run {
    let arguments = [&["crl", "publish", "--json"], more].concat();
    match more.contains(&"--at") {
        true => mdl(folder, &arguments),
        false => mdl(folder, &[&arguments[..], &["--at", AT]].concat()),
    }
}

fn build(folder: &Path, more: &[&str]) -> serde_json::Value {
    let run = mdl(folder, &[&["crl", "build", "--json"], more].concat());
    run.expect(0).json()
}

#[test]
fn a_crl_is_published_under_the_name_that_certificates_give_it_and_once() {
    let folder = authority();
    let at = folder.path();
    // The address in the root is https://dmv.example/iaca.crl.
    let published = publish(at, &["--to", "www/", "--to", "copy.crl"])
        .expect(0)
        .json();
    assert_eq!(
        published,
        json!({ "published": [
            { "number": 1, "place": "www/iaca.crl", "changed": true },
            { "number": 1, "place": "copy.crl", "changed": true },
        ] })
    );
    let crl = fs::read(at.join(CRL)).unwrap();
    assert_eq!(fs::read(at.join("www/iaca.crl")).unwrap(), crl);
    assert_eq!(fs::read(at.join("copy.crl")).unwrap(), crl);
    let again = publish(at, &["--to", "www"]).expect(0).json();
    assert_eq!(again["published"][0]["changed"], json!(false));

    mdl(at, &["crl", "build", "--revoke", "ds-1", "--at", AT]).expect(0);
    let next = publish(at, &["--to", "www"]).expect(0).json();
    assert_eq!(next["published"][0]["number"], 2);
    let verified = Command::new("openssl")
        .args(["crl", "-inform", "DER", "-in", "www/iaca.crl", "-noout"])
        .args(["-CAfile", "mdl-authority/iaca/certificate.pem", "-verify"])
        .current_dir(at)
        .output()
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");
    let left: Vec<_> = fs::read_dir(at.join("www")).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside the list");
}

#[test]
fn a_crl_never_takes_the_place_of_a_newer_one_or_of_another_of_its_number() {
    let folder = authority();
    let at = folder.path();
    fs::copy(at.join(CRL), at.join("first.crl")).unwrap();
    mdl(at, &["crl", "build", "--revoke", "ds-1", "--at", AT]).expect(0);
    publish(at, &["--to", "www/"]).expect(0);
    let newest = fs::read(at.join("www/iaca.crl")).unwrap();

    let refused = publish(at, &["first.crl", "--to", "www/"]).expect(1);
    assert!(
        refused.stderr.contains("crl-sequence-number"),
        "{}",
        refused.stderr
    );

    // The same number again, from a copy of the folder as it was before.
    for name in ["2.der", "crl.pem"] {
        fs::remove_file(at.join("mdl-authority/crl").join(name)).unwrap();
    }
    fs::rename(at.join("first.crl"), at.join(CRL)).unwrap();
    assert_eq!(build(at, &["--at", "2026-06-15T12:00:01Z"])["number"], 2);
    let refused = publish(at, &["--to", "www/", "--at", "2026-06-15T12:00:02Z"]).expect(1);
    assert!(
        refused.stderr.contains("crl-sequence-number"),
        "{}",
        refused.stderr
    );
    assert_eq!(fs::read(at.join("www/iaca.crl")).unwrap(), newest);
}

#[test]
fn a_crl_never_takes_the_place_of_something_else() {
    let (folder, other) = (authority(), authority());
    let at = folder.path();
    fs::write(at.join("page.html"), "<html>").unwrap();
    fs::copy(other.path().join(CRL), at.join("other.crl")).unwrap();
    for place in ["page.html", "other.crl"] {
        let before = fs::read(at.join(place)).unwrap();
        let refused = publish(at, &["--to", place]).expect(1);
        assert!(
            refused.stderr.contains("no CRL of this root"),
            "{}",
            refused.stderr
        );
        assert_eq!(fs::read(at.join(place)).unwrap(), before);
    }
}

#[test]
fn a_crl_that_readers_would_not_take_is_not_published() {
    let (folder, other) = (authority(), authority());
    let at = folder.path();
    for (more, why) in [
        (
            &["--to", "x.crl", "--at", "2026-07-15T12:00:01Z"][..],
            "the next one was due on 2026-07-15T12:00:00Z",
        ),
        (
            &["--to", "x.crl", "--at", "2026-06-15T11:59:59Z"][..],
            "it is of the future",
        ),
        (
            &["other.crl", "--to", "x.crl"][..],
            "crl-issuer-key-identifier",
        ),
    ] {
        fs::copy(other.path().join(CRL), at.join("other.crl")).unwrap();
        let refused = publish(at, more).expect(1);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
        assert!(!at.join("x.crl").exists());
    }
}

#[test]
fn one_place_that_refuses_does_not_keep_the_list_from_the_others() {
    let folder = authority();
    let at = folder.path();
    fs::write(at.join("page.html"), "<html>").unwrap();
    let run = publish(at, &["--to", "page.html", "--to", "www/"]).expect(1);
    assert_eq!(
        run.json()["published"],
        json!([{ "number": 1, "place": "www/iaca.crl", "changed": true }])
    );
    assert!(run.stderr.contains("page.html"), "{}", run.stderr);
}

#[test]
fn a_crl_is_due_after_half_of_its_life_after_30_days_and_for_a_revocation() {
    let folder = authority();
    let at = folder.path();
    let if_due = |more: &[&str]| build(at, &[&["--if-due"], more].concat());
    // Made on 2026-06-15 at noon, for 30 days.
    let early = if_due(&["--at", "2026-06-30T11:59:59Z"]);
    assert_eq!(
        (&early["built"], &early["number"], &early["next_due"]),
        (&json!(false), &json!(1), &json!("2026-06-30T12:00:00Z"))
    );
    let due = if_due(&["--at", "2026-06-30T12:00:00Z", "--next-update-days", "90"]);
    assert_eq!((&due["built"], &due["number"]), (&json!(true), &json!(2)));
    // Half of its life would be 45 days.
    let aged = if_due(&["--at", "2026-07-30T11:59:59Z"]);
    assert_eq!(aged["next_due"], json!("2026-07-30T12:00:00Z"));

    let revoke = ["--revoke", "ds-1", "--at", "2026-07-01T12:00:00Z"];
    let revoked = if_due(&revoke);
    assert_eq!(
        (&revoked["built"], &revoked["number"], &revoked["revoked"]),
        (&json!(true), &json!(3), &json!(1))
    );
    // The same again is on the list already.
    assert_eq!(if_due(&revoke)["built"], json!(false));
}

#[test]
fn what_is_not_due_asks_for_no_key() {
    let folder = authority();
    let at = folder.path();
    fs::remove_file(at.join("mdl-authority/iaca/key.pem")).unwrap();
    let if_due = ["crl", "build", "--if-due", "--at", AT];
    mdl(at, &if_due).expect(0);
    mdl(at, &["crl", "build", "--at", AT]).expect(2);
}

#[test]
fn a_revocation_that_was_signed_before_a_crash_is_published_after_it() {
    let folder = authority();
    let at = folder.path();
    let crl = |name: &str| at.join("mdl-authority/crl").join(name);
    let (der, pem) = (
        fs::read(crl("crl.der")).unwrap(),
        fs::read(crl("crl.pem")).unwrap(),
    );
    mdl(at, &["crl", "build", "--revoke", "ds-1", "--at", AT]).expect(0);
    let signed = fs::read(crl("2.der")).unwrap();
    // As it is when the process ends between the kept list and the names of the current one, or between these.
    for broken in [
        &[("crl.der", &der), ("crl.pem", &pem)][..],
        &[("crl.pem", &pem)],
    ] {
        for (name, content) in broken {
            fs::write(crl(name), content).unwrap();
        }
        let settled = build(at, &["--if-due", "--at", AT]);
        assert_eq!(
            (&settled["number"], &settled["revoked"], &settled["built"]),
            (&json!(2), &json!(1), &json!(false))
        );
        assert_eq!(fs::read(crl("crl.der")).unwrap(), signed);
        assert_ne!(fs::read(crl("crl.pem")).unwrap(), pem);
    }
    // A list that nobody here has signed does not become the current one.
    let other = authority();
    mdl(other.path(), &["crl", "build", "--at", AT]).expect(0);
    mdl(other.path(), &["crl", "build", "--at", AT]).expect(0);
    fs::copy(other.path().join("mdl-authority/crl/3.der"), crl("3.der")).unwrap();
    assert_eq!(build(at, &["--if-due", "--at", AT])["number"], 2);
    assert_eq!(build(at, &["--at", AT])["number"], 4);
}

/// A bucket in moto.
struct Bucket(Moto);

impl Bucket {
    fn new() -> Self {
        let bucket = Self(Moto::start());
        assert!(bucket.curl(&["-X", "PUT"], "").is_empty());
        bucket
    }

    fn curl(&self, more: &[&str], key: &str) -> Vec<u8> {
        let url = format!("{}/dmv-crl/{key}", self.0.url);
        // Whose request it is; moto does not look at signatures.
        let authorization = "Authorization: AWS4-HMAC-SHA256 \
            Credential=AKIDEXAMPLE/20260615/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--fail"])
            .args(["--header", authorization])
            .args(more)
            .arg(url)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }

    fn publish(&self, folder: &Path, place: &str) -> Run {
        let output = command(folder)
            .env("AWS_ENDPOINT_URL", &self.0.url)
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret-access-key")
            .env("AWS_REGION", REGION)
            .args(["crl", "publish", "--json", "--at", AT, "--to", place])
            .output()
            .unwrap();
        let run = Run {
            exit: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!run.stderr.contains("secret-access-key"), "{run:?}");
        run
    }
}

#[test]
fn a_crl_is_published_in_s3_under_the_same_rules() {
    let (folder, bucket) = (authority(), Bucket::new());
    let at = folder.path();
    let place = "s3://dmv-crl/crl/own/";
    let published = bucket.publish(at, place).expect(0).json();
    let object = "s3://dmv-crl/crl/own/iaca.crl";
    assert_eq!(
        published["published"],
        json!([{ "number": 1, "place": object, "changed": true }])
    );
    let first = fs::read(at.join(CRL)).unwrap();
    assert_eq!(bucket.curl(&[], "crl/own/iaca.crl"), first);
    let headers = bucket.curl(&["--head"], "crl/own/iaca.crl");
    let headers = String::from_utf8(headers).unwrap().to_lowercase();
    assert!(
        headers.contains("content-type: application/pkix-crl"),
        "{headers}"
    );
    let again = bucket.publish(at, object).expect(0).json();
    assert_eq!(again["published"][0]["changed"], json!(false));

    mdl(at, &["crl", "build", "--revoke", "ds-1", "--at", AT]).expect(0);
    bucket.publish(at, object).expect(0);
    assert_eq!(
        bucket.curl(&[], "crl/own/iaca.crl"),
        fs::read(at.join(CRL)).unwrap()
    );
    fs::write(at.join(CRL), &first).unwrap();
    let refused = bucket.publish(at, object).expect(1);
    assert!(
        refused.stderr.contains("crl-sequence-number"),
        "{}",
        refused.stderr
    );
    bucket.publish(at, "s3://no-such-bucket/iaca.crl").expect(2);
    bucket.publish(at, "s3://dmv-crl/a b").expect(2);
}
