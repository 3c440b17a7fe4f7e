//! `mdl demo`.

use crate::mdl::mdl;

#[test]
fn the_demonstration_ends_with_a_verified_licence_and_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let run = mdl(folder.path(), &["demo"]).expect(0);
    for expected in [
        "1. authority makes its root",
        " ms)",
        "VALID",
        "service starts",
        "wallet collects 10 licences",
        "revocation not-revoked",
        "reader gets a certificate",
        "(authenticated) asks for org.iso.18013.5.1.mDL (elements: 12, to be kept: 0)",
        "family_name",
        "age 20 reached: yes",
        "everything that was asked for is there",
        "value-digest",
        "Everything lies in mdl-demo",
    ] {
        assert!(run.stdout.contains(expected), "{expected}\n{}", run.stdout);
    }
    for file in [
        "authority/iaca/certificate.pem",
        "issuer.toml",
        "licence.cbor",
        "engagement.txt",
        "request.cbor",
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
