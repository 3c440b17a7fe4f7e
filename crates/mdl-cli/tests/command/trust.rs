//! Trust bundles, trust lists, folders and link certificates: whom the command believes.

use std::fs;
use std::path::Path;

use mdl_crypto::PrivateKey;
use mdl_iaca::certificate::read_documents;
use mdl_iaca::crl::CrlProfile;
use mdl_iaca::profile::{
    Contact, DistinguishedName, IacaProfile, Issuer, LinkCertificateProfile, SerialNumber, Validity,
};
use mdl_signer::key_file::{self, Passphrase};
use time::macros::datetime;

use crate::mdl::{AT, PASSPHRASE, Run, Sample, mdl};

/// A folder with a publisher's key.
fn publisher() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["key", "new", "--out", "p.pem", "--public-out", "p.pub.pem"];
    mdl(folder.path(), &arguments).expect(0);
    folder
}

fn build(folder: &Path, more: &[&str]) -> Run {
    let fixed = [
        "trust",
        "build",
        "--key",
        "p.pem",
        "--publisher",
        "Utopia Police",
        "--out",
        "trust.cbor",
        "--force",
    ];
    mdl(folder, &[&fixed[..], more].concat())
}

/// Verifies the sample licence with `more` as the source of trust.
fn verify(folder: &Path, more: &[&str]) -> Run {
    let licence = Sample::get().file("licence.cbor");
    let fixed = ["verify", "--static", "--json", &licence];
    mdl(folder, &[&fixed[..], more].concat())
}

const TRUST: [&str; 4] = ["--trust", "trust.cbor", "--trust-key", "p.pub.pem"];

/// A CRL of the sample's root, on which nothing stands.
fn crl() -> Vec<u8> {
    let sample = Sample::get();
    let iaca = fs::read(sample.iaca()).unwrap();
    let issuer = Issuer::from_certificate(&read_documents(&iaca).unwrap().remove(0).der).unwrap();
    let passphrase = Passphrase::new(PASSPHRASE.to_owned()).unwrap();
    let key = sample.folder().join("mdl-authority/iaca/key.pem");
    let key = key_file::load(&key, Some(&passphrase)).unwrap();
    let from = datetime!(2026-06-15 0:00 UTC);
    let profile = CrlProfile::new(&issuer, 1, from, from + time::Duration::days(60)).unwrap();
    let unsigned = profile.build().unwrap();
    let signature = key.sign(unsigned.to_be_signed());
    unsigned.attach(&signature).unwrap().into_der()
}

#[test]
fn a_bundle_is_built_shown_verified_and_believed() {
    let (folder, iaca) = (publisher(), Sample::get().iaca());
    let folder = folder.path();
    fs::write(folder.join("crl.der"), crl()).unwrap();
    let made = build(
        folder,
        &["--iaca", &iaca, "--crl", "crl.der", "--at", AT, "--json"],
    )
    .expect(0)
    .json();
    assert_eq!(made["trust_anchors"], 1);
    assert_eq!(made["next_update"], "2026-06-22T12:00:00Z");
    let shown = mdl(folder, &["trust", "show", "trust.cbor", "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&shown["verified"], &shown["publisher"]),
        (&false.into(), &"Utopia Police".into())
    );
    let text = mdl(folder, &["trust", "show", "trust.cbor"])
        .expect(0)
        .stdout;
    assert!(
        text.contains("not verified") && text.contains("\nCRL of "),
        "{text}"
    );

    let verified = [
        "trust",
        "verify",
        "trust.cbor",
        "--key",
        "p.pub.pem",
        "--at",
        AT,
    ];
    assert!(
        mdl(folder, &verified)
            .expect(0)
            .stdout
            .starts_with("accepted")
    );
    let report = verify(
        folder,
        &[&TRUST[..], &["--at", AT, "--require-revocation"]].concat(),
    )
    .expect(0)
    .json();
    assert_eq!(report["trust_bundle"]["publisher"], "Utopia Police");
    assert_eq!(report["documents"][0]["revocation"], "not-revoked");

    // Due, but not at its end: a finding, and under strict a refusal.
    let late = "2026-06-23T12:00:00Z";
    let report = verify(folder, &[&TRUST[..], &["--at", late]].concat())
        .expect(0)
        .json();
    let findings = report["findings"].to_string();
    assert!(findings.contains("trust-bundle-next-update"), "{findings}");
    let strict = verify(
        folder,
        &[&TRUST[..], &["--at", late, "--policy", "strict"]].concat(),
    );
    assert!(strict.expect(1).stderr.contains("a newer bundle was due"));
    verify(
        folder,
        &[&TRUST[..], &["--at", "2026-07-16T12:00:00Z"]].concat(),
    )
    .expect(1);
}

#[test]
fn what_is_remembered_keeps_an_old_bundle_from_coming_back() {
    let (folder, iaca) = (publisher(), Sample::get().iaca());
    let folder = folder.path();
    let state = [&TRUST[..], &["--at", AT, "--trust-state", "seen.json"]].concat();
    for (sequence, exit) in [("7", 0), ("8", 0), ("7", 1), ("8", 0)] {
        build(
            folder,
            &["--iaca", &iaca, "--at", AT, "--sequence", sequence],
        )
        .expect(0);
        let run = verify(folder, &state).expect(exit);
        assert_eq!(
            run.stderr.contains("8 was accepted before"),
            exit == 1,
            "{}",
            run.stderr
        );
    }
    // Another bundle of the same number is not the same bundle; the same one signed once more was.
    let other = [
        "--iaca",
        &iaca,
        "--at",
        AT,
        "--sequence",
        "8",
        "--validity-days",
        "9",
    ];
    build(folder, &other).expect(0);
    verify(folder, &state).expect(1);
    fs::write(folder.join("seen.json"), "{}x").unwrap();
    verify(folder, &state).expect(2);
}

#[test]
fn a_bundle_of_somebody_else_is_not_believed() {
    let (folder, other) = (publisher(), publisher());
    build(
        folder.path(),
        &["--iaca", &Sample::get().iaca(), "--at", AT],
    )
    .expect(0);
    let key = other.path().join("p.pub.pem").display().to_string();
    let arguments = ["--trust", "trust.cbor", "--trust-key", &key, "--at", AT];
    let run = verify(folder.path(), &arguments).expect(1);
    assert!(
        run.stderr.contains("signed by another key"),
        "{}",
        run.stderr
    );
    let run = verify(
        folder.path(),
        &["--trust", "p.pem", "--trust-key", &key, "--at", AT],
    );
    assert!(run.expect(2).stderr.contains("expected a trust bundle"));
}

#[test]
fn a_bundle_holds_nothing_that_a_reader_could_not_use() {
    let folder = publisher();
    let folder = folder.path();
    let mut forged = crl();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    fs::write(folder.join("crl.der"), forged).unwrap();
    let iaca = Sample::get().iaca();
    let run = build(folder, &["--iaca", &iaca, "--at", AT, "--crl", "crl.der"]).expect(1);
    assert!(run.stderr.contains("none of the anchors"), "{}", run.stderr);
    let ds = Sample::get().file("mdl-authority/ds/ds-1/certificate.pem");
    build(folder, &["--iaca", &ds, "--at", AT]).expect(1);
    build(
        folder,
        &["--iaca", &iaca, "--at", AT, "--status-list", "p.pem"],
    )
    .expect(2);
    build(
        folder,
        &["--iaca", &iaca, "--at", AT, "--next-update-days", "31"],
    )
    .expect(2);
}

#[test]
fn a_trust_list_limits_what_its_certificates_are_trusted_for() {
    let folder = publisher();
    let folder = folder.path();
    fs::copy(Sample::get().iaca(), folder.join("iaca.pem")).unwrap();
    let list = |limits: &str| {
        let text = format!("[[anchor]]\ncertificate = \"iaca.pem\"\n{limits}");
        fs::write(folder.join("list.toml"), text).unwrap();
        verify(folder, &["--trust-list", "list.toml", "--at", AT])
    };
    let failed = |run: Run| crate::mdl::checks_with(&run.expect(1).json(), "fail");
    list("").expect(0);
    list("doc_types = [\"org.iso.18013.5.1.mDL\"]\ncountry = \"US\"").expect(0);
    assert_eq!(failed(list("doc_types = [\"other\"]")), ["anchor-doc-type"]);
    assert_eq!(failed(list("country = \"CA\"")), ["anchor-region"]);
    assert_eq!(failed(list("state = \"US-ZZ\"")), ["anchor-region"]);
    list("doc_types = []").expect(2);
    list("doctypes = [\"other\"]").expect(2);

    // The limits travel in a bundle.
    build(folder, &["--trust-list", "list.toml", "--at", AT]).expect(2);
    list("state = \"US-ZZ\"").expect(1);
    build(folder, &["--trust-list", "list.toml", "--at", AT]).expect(0);
    let run = verify(folder, &[&TRUST[..], &["--at", AT]].concat());
    assert_eq!(failed(run), ["anchor-region"]);
}

#[test]
fn a_folder_of_certificates_is_trusted_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let iacas = folder.path().join("iacas");
    fs::create_dir(&iacas).unwrap();
    verify(folder.path(), &["--iaca", "iacas", "--at", AT]).expect(2);
    fs::copy(Sample::get().iaca(), iacas.join("us.crt")).unwrap();
    fs::write(iacas.join("README"), "whom we trust").unwrap();
    verify(folder.path(), &["--iaca", "iacas", "--at", AT]).expect(0);
    fs::write(iacas.join("zz.pem"), "no certificate").unwrap();
    verify(folder.path(), &["--iaca", "iacas", "--at", AT]).expect(2);
}

#[test]
fn a_new_root_is_trusted_by_way_of_a_link() {
    let folder = publisher();
    let folder = folder.path();
    let iaca = fs::read(Sample::get().iaca()).unwrap();
    let new = Issuer::from_certificate(&read_documents(&iaca).unwrap().remove(0).der).unwrap();
    // The authority before the sample's, of the same country and state.
    let old_key = PrivateKey::from_scalar(mdl_crypto::Curve::P256, &[9; 32]).unwrap();
    let name = |text: &str| {
        let name = DistinguishedName::new(text).country(new.country().unwrap());
        new.state()
            .map_or(name.clone(), |state| name.clone().state(state))
    };
    let from = datetime!(2026-01-01 0:00 UTC);
    let crl = "https://old.example/crl.der";
    let unsigned = IacaProfile::new(
        old_key.public_key().clone(),
        name("The IACA before"),
        Validity::days(from, 3000).unwrap(),
        Contact::email("iaca@old.example"),
        crl,
    )
    .build(&SerialNumber::from_be_bytes(&[1; 16]).unwrap())
    .unwrap();
    let signature = old_key.sign_deterministic(unsigned.to_be_signed());
    let old = unsigned.attach(&signature).unwrap();
    let old_issuer = Issuer::from_certificate(old.as_der()).unwrap();
    let validity = Validity::days(datetime!(2026-06-01 0:00 UTC), 300).unwrap();
    let unsigned = LinkCertificateProfile::new(&old_issuer, &new, validity, crl)
        .build(&SerialNumber::from_be_bytes(&[2; 16]).unwrap())
        .unwrap();
    let signature = old_key.sign_deterministic(unsigned.to_be_signed());
    let link = unsigned.attach(&signature).unwrap();
    fs::write(folder.join("old.der"), old.as_der()).unwrap();
    let pem = link.to_pem() + std::str::from_utf8(&iaca).unwrap();
    fs::write(folder.join("link.pem"), pem).unwrap();

    let linked = ["--iaca", "old.der", "--link", "link.pem"];
    verify(folder, &["--iaca", "old.der", "--at", AT]).expect(1);
    verify(folder, &[&linked[..], &["--at", AT]].concat()).expect(0);
    let late = verify(
        folder,
        &[&linked[..], &["--at", "2027-05-01T00:00:00Z"]].concat(),
    );
    assert!(
        late.expect(1)
            .stdout
            .contains("the link is not valid at this time")
    );

    build(folder, &[&linked[..], &["--at", AT]].concat()).expect(0);
    let shown = mdl(folder, &["trust", "show", "trust.cbor"])
        .expect(0)
        .stdout;
    assert!(shown.contains("link from "), "{shown}");
    verify(folder, &[&TRUST[..], &["--at", AT]].concat()).expect(0);
}

#[test]
fn the_key_of_the_authority_is_no_key_of_a_publisher_by_itself() {
    // An encrypted key signs as well, and its passphrase is not asked for on the command line.
    let folder = publisher();
    let iaca = Sample::get().iaca();
    let key = Sample::get().file("mdl-authority/iaca/key.pem");
    let arguments = [
        "trust",
        "build",
        "--key",
        &key,
        "--publisher",
        "US",
        "--iaca",
        &iaca,
        "--out",
        "t.cbor",
        "--at",
        AT,
    ];
    mdl(folder.path(), &arguments).expect(0);
    let passphrase = Passphrase::new(PASSPHRASE.to_owned()).unwrap();
    let key = key_file::load(Path::new(&key), Some(&passphrase)).unwrap();
    let public = folder.path().join("iaca.pub.der");
    fs::write(&public, key.public_key().to_spki_der()).unwrap();
    let verified = [
        "trust",
        "verify",
        "t.cbor",
        "--key",
        "iaca.pub.der",
        "--at",
        AT,
    ];
    mdl(folder.path(), &verified).expect(0);
    let verified = [
        "trust",
        "verify",
        "t.cbor",
        "--key",
        "p.pub.pem",
        "--at",
        AT,
    ];
    mdl(folder.path(), &verified).expect(1);
    mdl(folder.path(), &arguments).expect(2);
}
