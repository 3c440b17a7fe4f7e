//! OpenSSL reads, verifies and accepts what the builders make, and we read what it makes.

mod authority;

use std::path::{Path, PathBuf};
use std::process::Command;

use authority::{Authority, CRL_URI, ECDSA_CURVES, NOW, days, iaca_name, key, serial, sign};
use base64ct::{Base64, Encoding};
use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::csr::{CertificateRequest, UnsignedRequest};
use mdl_iaca::profile::{
    DistinguishedName, DocumentSignerProfile, LinkCertificateProfile,
    MsoRevocationListSignerProfile, OcspSignerProfile, ReaderAuthenticationProfile, Validity,
    VicalSignerProfile,
};
use tempfile::TempDir;

/// A directory to hand files to the `openssl` command in, or `None` where that is not installed.
struct OpenSsl {
    directory: TempDir,
}

impl OpenSsl {
    fn new() -> Option<Self> {
        match Command::new("openssl").arg("version").output() {
            Ok(output) if output.status.success() => Some(Self {
                directory: tempfile::tempdir().expect("a temporary directory"),
            }),
            _ => {
                println!("skipped: there is no openssl command");
                None
            }
        }
    }

    fn file(&self, name: &str, label: &str, der: &[u8]) -> PathBuf {
        let path = self.directory.path().join(name);
        let base64 = Base64::encode_string(der);
        let lines: Vec<&str> = base64
            .as_bytes()
            .chunks(64)
            .filter_map(|line| std::str::from_utf8(line).ok())
            .collect();
        let pem = format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            lines.join("\n")
        );
        std::fs::write(&path, pem).expect("the directory is writable");
        path
    }

    /// Runs a command; what it printed, and whether it succeeded.
    fn run(&self, arguments: &[&str], files: &[(&str, &Path)]) -> (bool, String) {
        let mut command = Command::new("openssl");
        command.args(arguments);
        for (option, file) in files {
            if !option.is_empty() {
                command.arg(option);
            }
            command.arg(file);
        }
        let output = command.output().expect("openssl runs");
        let text = [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .concat();
        (output.status.success(), text)
    }

    #[track_caller]
    fn accepts(&self, arguments: &[&str], files: &[(&str, &Path)]) -> String {
        let (success, text) = self.run(arguments, files);
        assert!(success, "openssl {}: {text}", arguments.join(" "));
        text
    }
}

fn verify_at_now() -> [String; 4] {
    [
        "verify".into(),
        "-x509_strict".into(),
        "-attime".into(),
        NOW.unix_timestamp().to_string(),
    ]
}

#[test]
fn certificates_of_every_curve_verify_with_crl_check() {
    let Some(openssl) = OpenSsl::new() else {
        return;
    };
    for iaca_curve in ECDSA_CURVES {
        let authority = Authority::new(iaca_curve);
        let iaca = openssl.file("iaca.pem", "CERTIFICATE", &authority.certificate);
        let empty = openssl.file("empty.pem", "X509 CRL", &authority.crl(1, &[]));
        let revoking = openssl.file(
            "revoking.pem",
            "X509 CRL",
            &authority.crl(2, &[serial(1), serial(77)]),
        );
        let crl = openssl.accepts(
            &["crl", "-noout", "-text"],
            &[("-CAfile", &iaca), ("-in", &revoking)],
        );
        assert!(
            crl.contains("verify OK") && crl.contains("Version 2 (0x1)"),
            "{crl}"
        );

        for ds_curve in ECDSA_CURVES.into_iter().chain([Curve::Ed25519]) {
            let ds = authority.document_signer(&key(ds_curve, 2));
            let ds = openssl.file("ds.pem", "CERTIFICATE", &ds);
            let arguments = verify_at_now();
            let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            arguments.push("-crl_check");
            openssl.accepts(
                &arguments,
                &[("-CAfile", &iaca), ("-CRLfile", &empty), ("", &ds)],
            );
            let (accepted, text) = openssl.run(
                &arguments,
                &[("-CAfile", &iaca), ("-CRLfile", &revoking), ("", &ds)],
            );
            assert!(
                !accepted && text.contains("certificate revoked"),
                "{iaca_curve:?} {ds_curve:?}: {text}"
            );
        }
    }
}

#[test]
fn every_profile_verifies_and_shows_its_extensions() {
    let Some(openssl) = OpenSsl::new() else {
        return;
    };
    let authority = Authority::new(Curve::P384);
    let iaca = openssl.file("iaca.pem", "CERTIFICATE", &authority.certificate);
    let root = openssl.accepts(
        &["x509", "-noout", "-text", "-nameopt", "RFC2253"],
        &[("-in", &iaca)],
    );
    for shown in [
        "Version: 3 (0x2)",
        "ecdsa-with-SHA384",
        "Issuer: CN=Utopia IACA,O=Utopia DMV,ST=UT-01,C=UT",
        "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign",
        "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0",
        "X509v3 Issuer Alternative Name: \n                email:iaca@dmv.example, URI:https://dmv.example",
        "URI:https://iaca.example/crl.der",
    ] {
        assert!(root.contains(shown), "{shown}: {root}");
    }

    let leaf_key = key(Curve::P256, 2);
    let public = || leaf_key.public_key().clone();
    let name = || {
        DistinguishedName::new("Leaf")
            .country("UT")
            .organization("Utopia DMV")
    };
    let validity = |days_long| Validity::days(NOW - days(1), days_long).expect("a validity");
    let issuer = &authority.issuer;
    let leaves = [
        (
            DocumentSignerProfile::new(issuer, public(), name(), validity(457), CRL_URI)
                .with_mdoc_purpose()
                .build(&serial(2)),
            "X509v3 Extended Key Usage: critical\n                1.0.18013.5.1.2, 1.0.23220.4.1.2",
        ),
        (
            ReaderAuthenticationProfile::new(issuer, public(), name(), validity(1187), CRL_URI)
                .ocsp_responder("http://ocsp.example")
                .build(&serial(3)),
            "X509v3 Extended Key Usage: critical\n                1.0.18013.5.1.6",
        ),
        (
            OcspSignerProfile::new(issuer, public(), name(), validity(457), CRL_URI)
                .build(&serial(4)),
            "X509v3 Extended Key Usage: critical\n                OCSP Signing",
        ),
        (
            OcspSignerProfile::without_check(issuer, public(), name(), validity(90))
                .build(&serial(5)),
            "OCSP No Check",
        ),
        (
            MsoRevocationListSignerProfile::new(issuer, public(), name(), validity(1187))
                .key_purpose("1.3.6.1.5.5.7.3.30")
                .build(&serial(6)),
            "X509v3 Key Usage: critical\n                Digital Signature",
        ),
        (
            VicalSignerProfile::new(issuer, public(), name(), validity(1187), CRL_URI)
                .build(&serial(7)),
            "X509v3 Key Usage: critical\n                Non Repudiation",
        ),
    ];
    for (unsigned, shown) in leaves {
        let leaf = sign(unsigned.expect("within the profile"), &authority.key);
        let leaf = openssl.file("leaf.pem", "CERTIFICATE", &leaf);
        let arguments = verify_at_now();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        openssl.accepts(&arguments, &[("-CAfile", &iaca), ("", &leaf)]);
        let text = openssl.accepts(&["x509", "-noout", "-text"], &[("-in", &leaf)]);
        assert!(text.contains(shown), "{shown}: {text}");
    }
}

#[test]
fn a_link_certificate_is_signed_by_the_old_root() {
    let Some(openssl) = OpenSsl::new() else {
        return;
    };
    let old = Authority::new(Curve::P256);
    let same_name = Authority::named(Curve::P384, 20, iaca_name());
    let other_name = Authority::named(
        Curve::P384,
        21,
        DistinguishedName::new("Utopia IACA 2")
            .country("UT")
            .state("UT-01"),
    );
    let old_file = openssl.file("old.pem", "CERTIFICATE", &old.certificate);
    for (new, has_alternative_name) in [(same_name, false), (other_name, true)] {
        let validity = Validity::new(NOW, old.issuer.not_after()).expect("a validity");
        let unsigned = LinkCertificateProfile::new(&old.issuer, &new.issuer, validity, CRL_URI)
            .build(&serial(30))
            .expect("within the profile");
        let link = openssl.file("link.pem", "CERTIFICATE", &sign(unsigned, &old.key));
        let arguments = verify_at_now();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        openssl.accepts(&arguments, &[("-CAfile", &old_file), ("", &link)]);
        let text = openssl.accepts(&["x509", "-noout", "-text"], &[("-in", &link)]);
        assert_eq!(
            text.contains("X509v3 Subject Alternative Name"),
            has_alternative_name,
            "{text}"
        );
        assert_eq!(text.contains("DirName:"), has_alternative_name, "{text}");
    }
}

fn request(key: &PrivateKey, name: &DistinguishedName) -> Vec<u8> {
    let unsigned = UnsignedRequest::new(key.public_key().clone(), name).expect("a good name");
    let signature = key.sign(unsigned.to_be_signed());
    unsigned
        .attach(&signature)
        .expect("its own signature")
        .into_der()
}

#[test]
fn requests_of_every_curve_verify() {
    let Some(openssl) = OpenSsl::new() else {
        return;
    };
    let name = DistinguishedName::new("Utopia DS 1")
        .country("UT")
        .organization("Utopia DMV");
    for curve in ECDSA_CURVES.into_iter().chain([Curve::Ed25519]) {
        let key = key(curve, 2);
        let der = request(&key, &name);
        let file = openssl.file("request.pem", "CERTIFICATE REQUEST", &der);
        let text = openssl.accepts(&["req", "-verify", "-noout", "-subject"], &[("-in", &file)]);
        assert!(
            text.contains("verify OK") && text.contains("Utopia DS 1"),
            "{curve:?}: {text}"
        );
    }
}

#[test]
fn requests_made_by_openssl_are_read() {
    let Some(openssl) = OpenSsl::new() else {
        return;
    };
    let key_file = openssl.directory.path().join("key.pem");
    let request_file = openssl.directory.path().join("request.der");
    for algorithm in [
        &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"][..],
        &["ed25519"],
    ] {
        let arguments = [&["genpkey", "-algorithm"], algorithm].concat();
        openssl.accepts(&arguments, &[("-out", &key_file)]);
        openssl.accepts(
            &[
                "req",
                "-new",
                "-outform",
                "DER",
                "-subj",
                "/C=XX/ST=Elsewhere/O=Utopia DMV/OU=Unit/CN=DS 7",
            ],
            &[("-key", &key_file), ("-out", &request_file)],
        );
        let der = std::fs::read(&request_file).expect("openssl wrote it");
        let request = CertificateRequest::from_der(&der).expect("a good request");

        // Country and state are the IACA's, whatever the request says.
        let authority = Authority::new(Curve::P256);
        let validity = Validity::days(NOW, 30).expect("a validity");
        let unsigned =
            DocumentSignerProfile::from_request(&authority.issuer, &request, validity, CRL_URI)
                .build(&serial(8))
                .expect("within the profile");
        let ds = openssl.file("ds.pem", "CERTIFICATE", &sign(unsigned, &authority.key));
        let text = openssl.accepts(
            &["x509", "-noout", "-subject", "-nameopt", "RFC2253"],
            &[("-in", &ds)],
        );
        assert_eq!(text.trim(), "subject=CN=DS 7,O=Utopia DMV,ST=UT-01,C=UT");
    }
}
