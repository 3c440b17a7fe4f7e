//! `mdl inspect`.

use std::fs;

use crate::mdl::{Sample, mdl, mdl_with_input};

#[test]
fn a_response_is_shown_with_offsets_names_and_digests() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let response = sample.present(folder.path(), "all", &[]);
    let run = mdl(folder.path(), &["inspect", "response.cbor"]).expect(0);
    for expected in [
        "      0  {  / DeviceResponse /",
        "/ IssuerSignedItemBytes, SHA-256 ",
        "\"elementIdentifier\": \"family_name\"",
        "1004(\"1990-06-15\")",
        "1 /alg/: -7  / ES256 /",
        "33 /x5chain/: h'",
        "/ certificate C=US, ST=US-CA, CN=ds-1, SHA-256 ",
        "/ MobileSecurityObject /",
        "-1 /crv/: 1,  / P-256 /",
        "\"deviceSignature\": [  / COSE_Sign1 /",
        "bytes /",
    ] {
        assert!(run.stdout.contains(expected), "{expected}\n{}", run.stdout);
    }
    // The offset is where the text begins, head included.
    let bytes = fs::read(response).unwrap();
    let line = run
        .stdout
        .lines()
        .find(|line| line.contains("\"docType\": "))
        .unwrap();
    let offset: usize = line.split_whitespace().next().unwrap().parse().unwrap();
    assert_eq!(&bytes[offset + 1..offset + 11], b"org.iso.18");
}

#[test]
fn json_holds_everything_in_full() {
    let sample = Sample::get();
    let licence = fs::read(sample.folder().join("licence.cbor")).unwrap();
    let tree = mdl_with_input(sample.folder(), &["inspect", "-", "--json"], &licence)
        .expect(0)
        .json();
    assert_eq!(tree["offset"], 0);
    let portrait =
        fs::read(crate::mdl::repository().join("examples/records/portrait.jpg")).unwrap();
    assert!(tree.to_string().contains(&hex::encode(portrait)));
}

#[test]
fn certificates_are_shown_field_by_field() {
    let sample = Sample::get();
    let signer = sample.file("mdl-authority/ds/ds-1/certificate.pem");
    let text = mdl(sample.folder(), &["inspect", &signer]).expect(0).stdout;
    for expected in [
        "certificate\n",
        "CN=ds-1",
        "extKeyUsage (critical)",
        "mdlDS",
        "rfc822Name iaca@dmv.example",
        "URI https://dmv.example/iaca.crl",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let json = mdl(sample.folder(), &["inspect", &signer, "--json"])
        .expect(0)
        .json();
    assert_eq!(json["documents"][0]["common_name"], "ds-1");
    let request = sample.file("mdl-authority/ds/ds-1/request.pem");
    assert!(
        mdl(sample.folder(), &["inspect", &request])
            .expect(0)
            .stdout
            .starts_with("certificate request\n")
    );
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    // ["\u{1b}[2J"]
    fs::write(folder.path().join("x"), b"\x81\x64\x1b[2J").unwrap();
    let run = mdl(folder.path(), &["inspect", "x"]).expect(0);
    assert!(!run.stdout.contains('\u{1b}'), "{:?}", run.stdout);
}
