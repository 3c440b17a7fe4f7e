//! OpenSSL reads what we write and we read what it writes, where it is installed.

use mdl_crypto::{Curve, PrivateKey, PublicKey, Signature};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

/// Runs `openssl` in `folder`; `None`, and why on standard output, where it is not installed.
fn openssl(folder: &Path, arguments: &[&str]) -> Option<Output> {
    match Command::new("openssl")
        .current_dir(folder)
        .args(arguments)
        .output()
    {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "openssl {arguments:?}: {errors}");
            Some(output)
        }
        Err(error) => {
            println!("skipped: openssl cannot be run: {error}");
            None
        }
    }
}

fn generate(folder: &Path, curve: Curve) -> Option<Output> {
    let name = match curve {
        Curve::Ed25519 => {
            return openssl(
                folder,
                &["genpkey", "-algorithm", "ED25519", "-out", "key.pem"],
            );
        }
        nist_or_brainpool => format!("ec_paramgen_curve:{nist_or_brainpool}"),
    };
    let arguments = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        &name,
        "-out",
        "key.pem",
    ];
    openssl(folder, &arguments)
}

#[test]
fn keys_of_openssl_are_read_and_sign_alike() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for curve in Curve::ALL {
        if generate(folder, curve).is_none() {
            return;
        }
        let key = PrivateKey::from_pkcs8_pem(&fs::read_to_string(folder.join("key.pem")).unwrap());
        let key = key.unwrap();
        assert_eq!(key.curve(), curve);

        openssl(
            folder,
            &[
                "pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "pub.der",
            ],
        );
        let spki = fs::read(folder.join("pub.der")).unwrap();
        assert_eq!(
            PublicKey::from_spki_der(&spki).unwrap(),
            *key.public_key(),
            "{curve}"
        );
        assert_eq!(key.public_key().to_spki_der(), spki, "{curve}");

        openssl(
            folder,
            &[
                "pkcs8", "-topk8", "-nocrypt", "-in", "key.pem", "-outform", "DER", "-out",
                "key.der",
            ],
        );
        let der = fs::read(folder.join("key.der")).unwrap();
        assert_eq!(
            PrivateKey::from_pkcs8_der(&der).unwrap().public_key(),
            key.public_key()
        );
        assert_eq!(
            *key.to_pkcs8_der(),
            der,
            "{curve}: the same bytes as OpenSSL writes"
        );
        assert_eq!(
            *key.to_pkcs8_pem(),
            fs::read_to_string(folder.join("key.pem")).unwrap()
        );
    }
}

#[test]
fn signatures_are_verified_by_openssl_and_the_other_way_round() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let message = b"Sig_structure";
    fs::write(folder.join("message"), message).unwrap();
    for curve in Curve::ALL {
        if generate(folder, curve).is_none() {
            return;
        }
        let key = PrivateKey::from_pkcs8_pem(&fs::read_to_string(folder.join("key.pem")).unwrap());
        let key = key.unwrap();
        for signature in [key.sign(message), key.sign_deterministic(message)] {
            fs::write(folder.join("signature"), signature.to_der()).unwrap();
            openssl(folder, &pkeyutl("-verify", curve, "-sigfile"));
        }
        openssl(folder, &pkeyutl("-sign", curve, "-out"));
        let received = fs::read(folder.join("signature")).unwrap();
        if curve.is_edwards() {
            let verdict = key
                .public_key()
                .verify(curve.algorithm(), message, &received);
            assert_eq!(verdict, Ok(()));
        } else {
            let hash = curve.algorithm().hash().unwrap();
            assert_eq!(
                key.public_key().verify_ecdsa_der(hash, message, &received),
                Ok(())
            );
            assert_eq!(
                Signature::from_der(curve, &received).unwrap().to_der(),
                received
            );
        }
    }
}

/// Arguments of `openssl pkeyutl` for `key.pem`, `message` and `signature`.
fn pkeyutl(operation: &'static str, curve: Curve, signature: &'static str) -> Vec<&'static str> {
    let mut arguments = vec![
        "pkeyutl", operation, "-inkey", "key.pem", "-rawin", "-in", "message",
    ];
    arguments.extend([signature, "signature"]);
    match curve.field_len() {
        _ if curve.is_edwards() => (),
        32 => arguments.extend(["-digest", "sha256"]),
        48 => arguments.extend(["-digest", "sha384"]),
        _ => arguments.extend(["-digest", "sha512"]),
    }
    arguments
}

#[test]
fn openssl_verifies_every_pairing_of_curve_and_hash() {
    // Certificates may pair a curve with any of the hashes.
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("message"), b"TBSCertificate").unwrap();
    for curve in Curve::ALL {
        if curve.is_edwards() {
            continue;
        }
        if generate(folder, curve).is_none() {
            return;
        }
        let key = PrivateKey::from_pkcs8_pem(&fs::read_to_string(folder.join("key.pem")).unwrap());
        let key = key.unwrap();
        for (digest, hash) in [
            ("-sha256", mdl_crypto::HashAlgorithm::Sha256),
            ("-sha384", mdl_crypto::HashAlgorithm::Sha384),
            ("-sha512", mdl_crypto::HashAlgorithm::Sha512),
        ] {
            openssl(
                folder,
                &[
                    "dgst",
                    digest,
                    "-sign",
                    "key.pem",
                    "-out",
                    "signature",
                    "message",
                ],
            );
            let signature = fs::read(folder.join("signature")).unwrap();
            let public = key.public_key();
            let verdict = public.verify_ecdsa_der(hash, b"TBSCertificate", &signature);
            assert_eq!(verdict, Ok(()), "{curve} with {hash}");
            assert!(
                public
                    .verify_ecdsa_der(hash, b"TBSCertificatf", &signature)
                    .is_err()
            );
            for other in ["SHA-256", "SHA-384", "SHA-512"] {
                let other = mdl_crypto::HashAlgorithm::from_name(other).unwrap();
                let verdict = public.verify_ecdsa_der(other, b"TBSCertificate", &signature);
                assert_eq!(
                    verdict.is_ok(),
                    other == hash,
                    "{curve}: {other} for {hash}"
                );
            }
        }
    }
}
