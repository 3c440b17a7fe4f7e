//! `mdl demo`.

use std::fs;

use crate::mdl::{AT, mdl};

#[test]
fn the_demonstration_ends_with_a_verified_licence_and_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let run = mdl(folder.path(), &["demo"]).expect(0);
    for expected in [
        "1. authority makes its root",
        " ms)",
        "VALID",
        "revocation not-revoked",
        "family_name",
        "value-digest",
        "Everything lies in mdl-demo",
    ] {
        assert!(run.stdout.contains(expected), "{expected}\n{}", run.stdout);
    }
    for file in [
        "authority/iaca/certificate.pem",
        "licence.cbor",
        "response.cbor",
        "transcript.cbor",
        "passphrase",
    ] {
        assert!(folder.path().join("mdl-demo").join(file).exists(), "{file}");
    }
    // Once more does not disturb the first.
    mdl(folder.path(), &["demo"]).expect(0);
    assert!(folder.path().join("mdl-demo-2/response.cbor").exists());
    // The command it prints does what it says.
    let line = run
        .stdout
        .lines()
        .find(|line| line.contains("$ mdl verify"))
        .unwrap();
    let arguments: Vec<_> = line.split_whitespace().skip(2).collect();
    mdl(folder.path(), &arguments).expect(0);
}

#[test]
fn a_seed_makes_it_reproducible() {
    let folder = tempfile::tempdir().unwrap();
    let demo = |name: &str| {
        let report = mdl(
            folder.path(),
            &[
                "demo", "--folder", name, "--seed", "aa", "--at", AT, "--json",
            ],
        )
        .expect(0)
        .json();
        assert_eq!(report["report"]["verdict"], "valid");
        [
            "licence.cbor",
            "transcript.cbor",
            "authority/iaca/key.pem",
            "authority/crl/crl.der",
        ]
        .map(|file| fs::read(folder.path().join(name).join(file)).unwrap())
    };
    assert_eq!(demo("a"), demo("b"));
}
