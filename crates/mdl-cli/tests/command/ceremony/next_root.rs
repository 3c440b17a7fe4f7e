//! From one root to the next.

use std::fs;

use super::{Hall, STEPS, sha256};
use crate::mdl::{AT, mdl};

/// The next root: the old one vouches for it, lists what it revoked, and the new one begins a list of its own.
#[test]
fn a_root_is_followed_by_another_with_a_link_certificate() {
    let hall = Hall::with_files(STEPS);
    hall.hold();
    let read = |path: &str| fs::read_to_string(hall.path().join(path)).unwrap();
    let root = read("authority/iaca/certificate.pem");
    let shown = mdl(hall.path(), &["key", "show", "keys/root.pem", "--json"])
        .expect(0)
        .json();
    let keys = format!(
        "\n[keys.old]\nuri = \"keys/root.pem\"\ncurve = \"P-384\"\npublic_key = \"\"\"\n{}\"\"\"\n\
         \n[keys.new]\nuri = \"keys/new.pem\"\ncurve = \"P-384\"\n\
         \n[issuers.old]\nkey = \"old\"\nfolder = \"authority\"\ncertificate = \"\"\"\n{root}\"\"\"\n",
        shown["public_key"].as_str().unwrap()
    );
    let first = fs::read(hall.path().join("authority/crl/crl.der")).unwrap();
    let ds = mdl(
        hall.path(),
        &[
            "ds",
            "list",
            "--authority",
            "authority",
            "--at",
            AT,
            "--json",
        ],
    );
    let ds = ds.expect(0).json()["document_signers"][0]["serial"].clone();
    let steps = format!(
        r#"
[[steps]]
do = "key"
name = "new-key"
key = "new"

[[steps]]
do = "root"
name = "root-2"
key = "new"
folder = "authority"
number = 2
country = "US"
state = "US-CA"
common_name = "Example IACA 2"
contact = "iaca@dmv.example"
crl_url = "https://dmv.example/iaca2.crl"
not_before = 2026-06-15T00:00:00Z
validity_days = 3650

[[steps]]
do = "link"
name = "link"
old = "old"
new = "root-2"
crl_url = "https://dmv.example/iaca.crl"
not_before = 2026-06-15T00:00:00Z
validity_days = 1000

[[steps]]
do = "document-signer"
name = "ds-2"
issuer = "root-2"
request = """
{}"""
crl_url = "https://dmv.example/iaca2.crl"
not_before = 2026-06-15T00:00:00Z
validity_days = 90
longest_mso_life_days = 30

[[steps]]
do = "crl"
name = "last-crl"
issuer = "old"
number = 2
this_update = 2026-06-15T12:30:00Z
next_update_days = 30
previous = {{ file = "authority/crl/1.der", sha256 = "{}" }}
revoke = [{{ serial = {ds}, at = 2026-06-15T12:15:00Z }}]
"#,
        read("authority/ds/ds-1/request.pem"),
        sha256(&first),
    );
    let unnamed = steps.replace(&sha256(&first), &sha256(b"another list"));
    hall.write(&keys, &unnamed);
    fs::remove_file(hall.path().join("transcript.jsonl")).unwrap();
    let run = hall.mdl(&["plan", "ceremony.toml"]).expect(2);
    assert!(run.stderr.contains("not the CRL that is stated"), "{run:?}");
    let (start, end) = steps.split_once("previous = ").unwrap();
    let (_, end) = end.split_once('\n').unwrap();
    hall.write(&keys, &format!("{start}{end}"));
    hall.approve();
    let run = hall.run(&[]).expect(1);
    assert!(
        run.stderr.contains("is not stated as the list before it"),
        "{run:?}"
    );
    assert!(hall.transcript().is_empty());

    let wrong = steps.replace("number = 2\ncountry", "number = 3\ncountry");
    hall.write(&keys, &wrong);
    hall.approve();
    let run = hall.run(&[]).expect(2);
    assert!(run.stderr.contains("its number is 2"), "{run:?}");
    hall.write(&keys, &steps);
    hall.hold();
    let lint = |issuer: &str, file: &str| {
        mdl(hall.path(), &["lint", "--issuer", issuer, file]).expect(0);
    };
    lint(
        "authority/iaca/certificate.pem",
        "authority/root-2/link.pem",
    );
    lint(
        "authority/root-2/iaca/certificate.pem",
        "authority/ds/ds-2/certificate.pem",
    );
    let list = mdl(
        hall.path(),
        &["ds", "list", "--authority", "authority", "--at", AT],
    );
    let list = list.expect(0).stdout;
    assert!(
        list.contains("ds-1: revoked") && list.contains("ds-2: signing"),
        "{list}"
    );
    // The other commands go on with it: the newest root is the one that the ceremony made.
    let shown = mdl(hall.path(), &["iaca", "show", "--authority", "authority"]);
    assert!(shown.expect(0).stdout.contains("Example IACA 2"));
    let crl = mdl(
        hall.path(),
        &["crl", "show", "authority/crl/crl.der", "--json"],
    );
    assert_eq!(crl.expect(0).json()["number"], "2");
}
