//! `mdl iaca`, `mdl ds` and `mdl crl`.

use std::fs;
use std::path::Path;

use mdl_crypto::HashAlgorithm;
use serde_json::json;

use crate::mdl::{AT, make_authority, mdl};

#[test]
fn a_root_is_shown_as_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let init = [
        "iaca",
        "init",
        "--authority",
        "ca",
        "--country",
        "DE",
        "--name",
        "Wurzel",
        "--organization",
        "KBA",
        "--contact",
        "https://kba.example",
        "--crl-url",
        "https://kba.example/crl",
        "--curve",
        "brainpoolP384r1",
        "--validity-days",
        "7300",
        "--at",
        AT,
        "--json",
    ];
    let made = mdl(at, &init).expect(0).json();
    assert_eq!(made["certificate"], "ca/iaca/certificate.pem");
    let shown = mdl(at, &["iaca", "show", "--authority", "ca", "--json"])
        .expect(0)
        .json();
    assert_eq!(shown["subject"], "C=DE, O=KBA, CN=Wurzel");
    assert_eq!(shown["sha256"], made["sha256"]);
    assert_eq!(
        (&shown["not_before"], &shown["not_after"]),
        (
            &json!("2026-06-15T00:00:00Z"),
            &json!("2046-06-10T00:00:00Z")
        )
    );
    assert!(
        shown["key"]
            .as_str()
            .unwrap()
            .starts_with("brainpoolP384r1 04")
    );
    let text = mdl(at, &["iaca", "show", "--authority", "ca"])
        .expect(0)
        .stdout;
    assert!(
        text.contains("basicConstraints (critical)") && text.contains("CA true, path length 0"),
        "{text}"
    );
    mdl(at, &init).expect(2);
    mdl(at, &["iaca", "show"]).expect(2);
}

#[test]
fn a_root_that_breaks_its_profile_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let init = |country: &str, contact: &str, days: &str| {
        mdl(
            at,
            &[
                "iaca",
                "init",
                "--country",
                country,
                "--name",
                "x",
                "--contact",
                contact,
                "--crl-url",
                "https://a.example/c",
                "--validity-days",
                days,
            ],
        )
    };
    for run in [
        init("USA", "a@b.example", "10"),
        init("US", "nobody", "10"),
        init("US", "a@b.example", "7301"),
        init("US", "a@b.example", "0"),
    ] {
        let run = run.expect(1);
        assert!(run.stderr.contains("because: "), "{}", run.stderr);
        assert_eq!(fs::read_dir(at.join("mdl-authority")).unwrap().count(), 0);
    }
}

#[test]
fn document_signers_are_issued_listed_and_run_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    make_authority(at);
    mdl(
        at,
        &[
            "ds",
            "issue",
            "ds-2",
            "--curve",
            "Ed25519",
            "--validity-days",
            "100",
            "--longest-mso-life-days",
            "20",
            "--common-name",
            "Second",
            "--at",
            AT,
        ],
    )
    .expect(0);
    mdl(at, &["ds", "issue", "ds-2", "--at", AT]).expect(2);
    mdl(
        at,
        &["ds", "issue", "ds-3", "--validity-days", "458", "--at", AT],
    )
    .expect(1);
    mdl(
        at,
        &[
            "ds",
            "issue",
            "ds-3",
            "--validity-days",
            "10",
            "--longest-mso-life-days",
            "11",
            "--at",
            AT,
        ],
    )
    .expect(2);

    let states = |when: &str| {
        let list = mdl(at, &["ds", "list", "--at", when, "--json"])
            .expect(0)
            .json();
        let signers = list["document_signers"].as_array().unwrap().clone();
        signers
            .iter()
            .map(|signer| {
                format!(
                    "{} {}",
                    signer["name"].as_str().unwrap(),
                    signer["state"].as_str().unwrap()
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(states(AT), ["ds-1 signing", "ds-2 signing"]);
    assert_eq!(
        states("2026-06-14T00:00:00Z"),
        ["ds-1 not yet valid", "ds-2 not yet valid"]
    );
    assert_eq!(
        states("2026-09-04T00:00:01Z"),
        ["ds-1 signing", "ds-2 stopped signing"]
    );
    assert_eq!(
        states("2026-12-01T00:00:00Z"),
        ["ds-1 signing", "ds-2 expired"]
    );
    mdl(at, &["crl", "build", "--revoke", "ds-1", "--at", AT]).expect(0);
    assert_eq!(states(AT), ["ds-1 revoked", "ds-2 signing"]);
    assert!(mdl(at, &["ds", "list"]).expect(0).stdout.contains("ds-2"));
}

#[test]
fn the_key_of_a_request_is_certified_and_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    make_authority(at);
    fs::copy(
        at.join("mdl-authority/ds/ds-1/request.pem"),
        at.join("request.pem"),
    )
    .unwrap();
    mdl(
        at,
        &["ds", "issue", "outside", "--csr", "request.pem", "--at", AT],
    )
    .expect(0);
    let list = mdl(at, &["ds", "list", "--json"]).expect(0).json();
    assert_eq!(list["document_signers"][1]["key"], false);
    assert!(!at.join("mdl-authority/ds/outside/key.pem").exists());

    // A request whose signature is not that of the key in it proves nothing.
    let pem = fs::read_to_string(at.join("request.pem")).unwrap();
    let at_end = pem.rfind("\n-----END").unwrap() - 8;
    let forged = format!(
        "{}{}{}",
        &pem[..at_end],
        if &pem[at_end..=at_end] == "A" {
            "B"
        } else {
            "A"
        },
        &pem[at_end + 1..]
    );
    fs::write(at.join("forged.pem"), forged).unwrap();
    let run = mdl(
        at,
        &["ds", "issue", "forged", "--csr", "forged.pem", "--at", AT],
    )
    .expect(1);
    assert!(run.stderr.contains("because: "), "{}", run.stderr);
    assert!(!at.join("mdl-authority/ds/forged").exists());
    assert_eq!(
        leftovers(&at.join("mdl-authority/ds")),
        Vec::<String>::new()
    );
}

#[test]
fn a_status_signer_has_its_profile_and_is_revoked_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    make_authority(at);
    let issue = |more: &[&str]| {
        let start = ["status-signer", "issue", "--at", AT, "--json"];
        mdl(at, &[&start[..], more].concat())
    };
    let made = issue(&["status-1"]).expect(0).json();
    let certificate = made["certificate"].as_str().unwrap();
    assert_eq!(certificate, "mdl-authority/status/status-1/certificate.pem");
    assert!(at.join("mdl-authority/status/status-1/key.pem").exists());
    let root = "mdl-authority/iaca/certificate.pem";
    let lint = |profile| {
        let arguments = ["lint", "--issuer", root, "--profile", profile, certificate];
        mdl(at, &arguments)
    };
    lint("status-signer").expect(0);
    lint("document-signer").expect(1);
    let inspected = mdl(at, &["inspect", certificate]).expect(0).stdout;
    assert!(inspected.contains("CN=status-1"), "{inspected}");

    issue(&["status-1"]).expect(2);
    issue(&["status-2", "--validity-days", "1188"]).expect(1);
    issue(&["status-2", "--curve", "Ed25519"]).expect(1);
    assert!(!at.join("mdl-authority/status/status-2").exists());

    let revoke = |name| mdl(at, &["crl", "build", "--json", "--revoke", name]);
    assert_eq!(revoke("status-1").expect(0).json()["revoked"], 1);
    // A name for two certificates says which of them by nothing.
    issue(&["ds-1"]).expect(0);
    let run = revoke("ds-1").expect(2);
    assert!(run.stderr.contains("serial number"), "{}", run.stderr);
}

#[test]
fn crls_count_on_and_carry_over() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    make_authority(at);
    mdl(at, &["crl", "show"]).expect(2);
    let build = |more: &[&str]| mdl(at, &[&["crl", "build", "--json"][..], more].concat());
    let first = build(&["--at", AT]).expect(0).json();
    assert_eq!(
        (&first["number"], &first["revoked"]),
        (&json!(1), &json!(0))
    );
    let second = build(&[
        "--at",
        "2026-06-16T00:00:00Z",
        "--revoke",
        "ds-1",
        "--revoke",
        "0a:1b",
    ])
    .expect(0)
    .json();
    assert_eq!(
        (&second["number"], &second["revoked"]),
        (&json!(2), &json!(2))
    );
    let third = build(&["--at", "2026-06-17T00:00:00Z", "--expired", "0a1b"])
        .expect(0)
        .json();
    assert_eq!(
        (&third["number"], &third["revoked"]),
        (&json!(3), &json!(1))
    );

    let shown = mdl(at, &["crl", "show", "--json"]).expect(0).json();
    assert_eq!(
        (&shown["number"], &shown["revoked_count"]),
        (&json!("3"), &json!(1))
    );
    assert_eq!(
        shown["revoked"][0]["at"], "2026-06-16T00:00:00Z",
        "the date of the revocation is kept"
    );
    assert_eq!(
        mdl(at, &["crl", "show", "mdl-authority/crl/1.der", "--json"])
            .expect(0)
            .json()["number"],
        "1"
    );
    assert!(
        mdl(at, &["crl", "show"])
            .expect(0)
            .stdout
            .contains("cRLNumber")
    );

    build(&["--at", AT]).expect(1);
    build(&["--at", "2026-06-18T00:00:00Z", "--next-update-days", "91"]).expect(1);
    build(&["--at", "2026-06-18T00:00:00Z", "--revoke", "nobody"]).expect(2);
    assert_eq!(
        mdl(at, &["crl", "show", "--json"]).expect(0).json()["number"],
        "3"
    );
}

#[test]
fn an_authority_is_reproducible_from_a_seed() {
    let files = [
        "iaca/certificate.pem",
        "iaca/key.pem",
        "ds/a/certificate.pem",
        "ds/a/request.pem",
        "ds/a/key.pem",
        "crl/crl.der",
    ];
    let make = || {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let seeded = |arguments: &[&str]| {
            mdl(at, &[arguments, &["--seed", "0123", "--at", AT]].concat()).expect(0)
        };
        seeded(&[
            "iaca",
            "init",
            "--country",
            "US",
            "--name",
            "x",
            "--contact",
            "a@b.example",
            "--crl-url",
            "https://a.example/c",
        ]);
        seeded(&["ds", "issue", "a"]);
        seeded(&["crl", "build"]);
        let contents = files.map(|file| fs::read(at.join("mdl-authority").join(file)).unwrap());
        assert_ne!(
            contents[1], contents[4],
            "root and document signer have keys of their own"
        );
        contents
    };
    let made = make();
    assert_eq!(made, make());
    // The same on every platform and with every crypto backend.
    let certificates = [&made[0], &made[2], &made[5]]
        .map(|file| hex::encode(HashAlgorithm::Sha256.digest(file).as_bytes()));
    assert_eq!(
        certificates,
        [
            "d0296db1238def4b16c5e59e2f0404f686c14e18f0f59d99bc28577275bccfe9",
            "095cfbfe18939ea1908f8e7559156be22bb0bcadced1f5e9a280fea6ccea840e",
            "673838b5cb386198e83f2f8c9048603d93de80a0256b695c5b1a864178e479d3",
        ]
    );
}

/// Names of unfinished files and folders.
fn leftovers(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with('.')).collect()
}

#[test]
fn a_new_root_comes_with_the_warnings_of_the_linter() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "iaca",
        "init",
        "--country",
        "US",
        "--state",
        "CA",
        "--name",
        "Example IACA",
        "--contact",
        "iaca@dmv.example",
        "--crl-url",
        "https://dmv.example/iaca.crl",
    ];
    let run = mdl(folder.path(), &arguments).expect(0);
    assert!(run.stderr.contains("name-state-iso-3166-2"), "{run:?}");
}

/// What `docs/operations.md` says about setting it up, up to the check of the configuration.
#[test]
fn an_authority_made_by_commands_is_good_for_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("pass.txt"), "correct horse\n").unwrap();
    for command in [
        "iaca init --country US --state US-CA --name Root --contact iaca@dmv.example --crl-url https://dmv.example/crl",
        "ds issue ds-1",
        "status-signer issue status-1",
        "crl build",
    ] {
        let command = format!("{command} --passphrase-file pass.txt");
        mdl(at, &command.split(' ').collect::<Vec<_>>()).expect(0);
    }
    for (name, secret) in [("secret", "1".repeat(64)), ("sealing", "2".repeat(64))] {
        fs::write(at.join(name), secret).unwrap();
    }
    fs::write(at.join("token"), "0123456789abcdef01234567").unwrap();
    let settings = r#"
[service]
secret_file = "secret"
sealing_key_file = "sealing"
[public]
address = "127.0.0.1:8080"
[internal]
address = "127.0.0.1:8081"
[[internal.operators]]
name = "clerk"
token_file = "token"
[store]
url = "sqlite:issuer.db"
[[tenants]]
name = "dmv"
issuer = "https://issuer.dmv.example"
display = [{ name = "DMV" }]
[[tenants.credentials]]
id = "org.iso.18013.5.1.mDL"
display = [{ name = "Driving licence" }]
[tenants.authority]
iaca_certificates = ["mdl-authority/iaca/certificate.pem"]
crl = "mdl-authority/crl/crl.der"
[[tenants.authority.document_signers]]
certificate = "mdl-authority/ds/ds-1/certificate.pem"
key = "mdl-authority/ds/ds-1/key.pem"
passphrase_file = "pass.txt"
longest_mso_life = "90d"
[tenants.authority.status_signer]
certificate = "mdl-authority/status/status-1/certificate.pem"
key = "mdl-authority/status/status-1/key.pem"
passphrase_file = "pass.txt"
[tenants.records]
kind = "folder"
path = "records"
"#;
    fs::write(at.join("issuer.toml"), settings).unwrap();
    let checked = mdl(at, &["serve", "--config", "issuer.toml", "--check"]).expect(0);
    assert!(checked.stdout.contains("good, 1 credential issuer"));
}
