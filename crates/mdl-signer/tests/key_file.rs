//! Key files: written once and privately, read with the right passphrase only.

use mdl_crypto::{Curve, InvalidPrivateKey, PrivateKey};
use mdl_signer::key_file::{self, EmptyPassphrase, KeyFileError, Passphrase};
#[cfg(unix)]
use pkcs8::{
    EncryptedPrivateKeyInfoRef,
    der::{Encode, asn1::OctetStringRef, pem},
    pkcs5::{pbes2::Parameters, scrypt},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use std::{fs, path::Path, process::Command};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned()).expect("not empty")
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([3; 32])
}

fn key(curve: Curve) -> PrivateKey {
    PrivateKey::generate(curve, &mut rng())
}

#[test]
fn encrypted_keys_come_back() {
    let folder = tempfile::tempdir().unwrap();
    for curve in Curve::ALL {
        let path = folder.path().join(curve.name());
        let key = key(curve);
        key_file::create(&path, &key, &passphrase("open sesame"), &mut rng()).unwrap();

        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        let loaded = key_file::load(&path, Some(&passphrase("open sesame"))).unwrap();
        assert_eq!(loaded.public_key(), key.public_key());

        assert!(matches!(
            key_file::load(&path, None),
            Err(KeyFileError::PassphraseNeeded { .. })
        ));
    }
}

#[test]
fn another_passphrase_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    key_file::create(
        &path,
        &key(Curve::P256),
        &passphrase("open sesame"),
        &mut rng(),
    )
    .unwrap();
    for wrong in ["Open sesame", "open sesame ", "x"] {
        assert!(matches!(
            key_file::load(&path, Some(&passphrase(wrong))),
            Err(KeyFileError::WrongPassphrase { .. })
        ));
    }
}

#[test]
fn empty_passphrases_are_refused() {
    assert_eq!(Passphrase::new(String::new()).err(), Some(EmptyPassphrase));
    assert_eq!(format!("{:?}", passphrase("secret")), "Passphrase(..)");
}

#[test]
fn files_are_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    fs::write(&path, "another key").unwrap();
    let (key, mut rng) = (key(Curve::P256), rng());
    for refused in [
        key_file::create(&path, &key, &passphrase("open sesame"), &mut rng),
        key_file::create_unencrypted(&path, &key, &mut rng),
    ] {
        assert!(matches!(refused, Err(KeyFileError::Exists { .. })));
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "another key");
    // And nothing is left beside it.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/key.pem");
    let failed = key_file::create_unencrypted(&path, &key(Curve::P256), &mut rng());
    assert!(matches!(failed, Err(KeyFileError::Io { .. })));
    assert!(matches!(
        key_file::load(&path, None),
        Err(KeyFileError::Io { .. })
    ));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (encrypted, plain) = (folder.path().join("encrypted"), folder.path().join("plain"));
    let key = key(Curve::P256);
    key_file::create(&encrypted, &key, &passphrase("open sesame"), &mut rng()).unwrap();
    key_file::create_unencrypted(&plain, &key, &mut rng()).unwrap();
    for path in [&encrypted, &plain] {
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    assert_eq!(
        key_file::load(&plain, None).unwrap().public_key(),
        key.public_key()
    );

    // Others may see an encrypted key, not a plain one.
    for mode in [0o640, 0o604, 0o660, 0o644, 0o610] {
        for path in [&encrypted, &plain] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        assert!(key_file::load(&encrypted, Some(&passphrase("open sesame"))).is_ok());
        let refused = key_file::load(&plain, None);
        assert!(
            matches!(refused, Err(KeyFileError::ReadableByOthers { .. })),
            "{mode:o}"
        );
    }
}

#[cfg(unix)]
fn write_private(path: &Path, content: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, content).expect("the folder is writable");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
}

#[cfg(unix)]
#[test]
fn files_that_hold_no_key_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    for (content, error) in [
        (&b""[..], InvalidPrivateKey::Pem),
        (b"\xff\xfe\x00", InvalidPrivateKey::Pem),
        (
            b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
            InvalidPrivateKey::PemLabel("CERTIFICATE".to_owned()),
        ),
        (
            b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
            InvalidPrivateKey::Pkcs8,
        ),
    ] {
        write_private(&path, content);
        let refused = key_file::load(&path, Some(&passphrase("open sesame")));
        assert!(matches!(refused, Err(KeyFileError::Key { source, .. }) if source == error));
    }
    write_private(&path, &vec![b'A'; 65 * 1024]);
    assert!(matches!(
        key_file::load(&path, None),
        Err(KeyFileError::TooLarge { .. })
    ));
    write_private(
        &path,
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let refused = key_file::load(&path, Some(&passphrase("open sesame")));
    assert!(matches!(refused, Err(KeyFileError::Encryption { .. })));
}

/// Runs `openssl` in `folder`; false, and why on standard output, where it is not installed.
fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    match Command::new("openssl")
        .current_dir(folder)
        .args(arguments)
        .output()
    {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "openssl {arguments:?}: {errors}");
            true
        }
        Err(error) => {
            println!("skipped: openssl cannot be run: {error}");
            false
        }
    }
}

#[test]
fn openssl_reads_our_files() {
    let folder = tempfile::tempdir().unwrap();
    for curve in Curve::ALL {
        let key = key(curve);
        let path = folder.path().join(curve.name());
        key_file::create(&path, &key, &passphrase("open sesame"), &mut rng()).unwrap();
        let arguments = [
            "pkcs8",
            "-in",
            curve.name(),
            "-passin",
            "pass:open sesame",
            "-out",
            "plain.pem",
        ];
        if !openssl(folder.path(), &arguments) {
            return;
        }
        let plain = fs::read_to_string(folder.path().join("plain.pem")).unwrap();
        assert_eq!(*key.to_pkcs8_pem(), plain, "{curve}");
    }
}

#[test]
fn files_of_openssl_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(Curve::P384);
    fs::write(
        folder.path().join("plain.pem"),
        key.to_pkcs8_pem().as_bytes(),
    )
    .unwrap();
    for options in [
        &["-v2", "aes-256-cbc"][..],
        &["-scrypt"],
        &["-v2", "aes-128-cbc"],
    ] {
        let mut arguments = vec!["pkcs8", "-topk8", "-in", "plain.pem", "-out", "key.pem"];
        arguments.extend(["-passout", "pass:open sesame"]);
        arguments.extend(options);
        if !openssl(folder.path(), &arguments) {
            return;
        }
        let path = folder.path().join("key.pem");
        let loaded = key_file::load(&path, Some(&passphrase("open sesame"))).unwrap();
        assert_eq!(loaded.public_key(), key.public_key(), "{options:?}");
    }
}

/// Writes an `EncryptedPrivateKeyInfo` with this content under the passphrase "open sesame".
#[cfg(unix)]
fn write_encrypted(path: &Path, parameters: &Parameters, ciphertext: &[u8]) {
    let info = EncryptedPrivateKeyInfoRef {
        encryption_algorithm: parameters.clone().into(),
        encrypted_data: OctetStringRef::new(ciphertext).expect("short"),
    };
    let der = info.to_der().expect("short");
    let pem = pem::encode_string("ENCRYPTED PRIVATE KEY", pem::LineEnding::LF, &der);
    write_private(path, pem.expect("short").as_bytes());
}

#[cfg(unix)]
#[test]
fn a_passphrase_that_opens_to_no_key_is_wrong() {
    // What one wrong passphrase in 256 leads to: the padding is good by chance.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(1000, &[1; 16], [2; 16]).unwrap();
    let ciphertext = parameters
        .encrypt("open sesame", b"not a PrivateKeyInfo")
        .unwrap();
    write_encrypted(&path, &parameters, &ciphertext);
    let refused = key_file::load(&path, Some(&passphrase("open sesame")));
    assert!(matches!(refused, Err(KeyFileError::WrongPassphrase { .. })));
}

#[cfg(unix)]
#[test]
fn unaffordable_encryption_is_refused_without_trying() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    let scrypt = |log_n, r, p| {
        let cost = scrypt::Params::new(log_n, r, p).unwrap();
        Parameters::generate_scrypt_aes256cbc(cost, &[1; 16], [2; 16]).unwrap()
    };
    for parameters in [
        // 1 GiB of memory; 32 MiB of it a thousand times; a day of hashing.
        scrypt(20, 8, 1),
        scrypt(15, 8, 1000),
        Parameters::generate_pbkdf2_sha256_aes256cbc(100_000_000, &[1; 16], [2; 16]).unwrap(),
    ] {
        write_encrypted(&path, &parameters, &[0; 32]);
        let refused = key_file::load(&path, Some(&passphrase("open sesame")));
        assert!(matches!(refused, Err(KeyFileError::Encryption { .. })));
    }
}

#[test]
fn outdated_encryption_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(Curve::P256);
    fs::write(
        folder.path().join("plain.pem"),
        key.to_pkcs8_pem().as_bytes(),
    )
    .unwrap();
    let mut arguments = vec!["pkcs8", "-topk8", "-in", "plain.pem", "-out", "key.pem"];
    arguments.extend(["-passout", "pass:open sesame", "-v1", "PBE-SHA1-3DES"]);
    if !openssl(folder.path(), &arguments) {
        return;
    }
    let path = folder.path().join("key.pem");
    let refused = key_file::load(&path, Some(&passphrase("open sesame")));
    assert!(matches!(refused, Err(KeyFileError::Encryption { .. })));
}
