//! The walk-through on AWS, against moto and the emulator of Private CA, and what `mdl lint` says of the article's
//! signatures.

use std::fs;
use std::path::Path;
use std::process::Command;

use mdl_crypto::{HashAlgorithm, PrivateKey};
use private_ca_emulator::{Emulator, Settings};

use crate::mdl::{make_authority, mdl, record, repository};
use crate::moto;

#[test]
fn the_walk_through_on_aws_ends_in_a_reader_that_accepts() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let settings = Settings {
        region: moto::REGION.to_owned(),
        polls: 0,
        ..Settings::default()
    };
    let emulator = runtime.block_on(Emulator::start(settings)).unwrap();
    let moto = moto::Moto::start();
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_mdl"));
    let mut path = program.parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let output = Command::new("sh")
        .arg(repository().join("examples/aws-walkthrough/run.sh"))
        .current_dir(folder.path())
        .env("PATH", path)
        .env_remove("MDL_AUTHORITY")
        // Neither key is a file, so no passphrase is needed.
        .env_remove("MDL_PASSPHRASE")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", moto::REGION)
        .env("AWS_ENDPOINT_URL_KMS", &moto.url)
        .env("AWS_ENDPOINT_URL_ACM_PCA", emulator.url())
        .env("BUCKET", "dmv-crl")
        .env("CRL_HOST", emulator.host())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert_eq!(emulator.complaints(), Vec::<String>::new());
    assert_eq!(emulator.created(), (1, 2));
}

/// A licence whose signature is replaced by another one of the same key.
struct Licence {
    before: Vec<u8>,
    /// `MobileSecurityObjectBytes`, as the payload holds it.
    payload: Vec<u8>,
    key: PrivateKey,
}

impl Licence {
    fn new(folder: &Path) -> Self {
        make_authority(folder);
        let run = |arguments: &[&str]| mdl(folder, arguments).expect(0);
        run(&["key", "new", "--out", "ds.pem", "--public-out", "ds.pub"]);
        run(&[
            "ds",
            "issue",
            "ds-2",
            "--key",
            "ds.pem",
            "--at",
            crate::mdl::AT,
        ]);
        run(&[
            "key",
            "new",
            "--out",
            "device.pem",
            "--public-out",
            "device.pub",
        ]);
        run(&[
            "issue",
            "--record",
            &record(),
            "--device-key",
            "device.pub",
            "--ds",
            "ds-2",
            "--out",
            "licence.cbor",
            "--at",
            crate::mdl::AT,
        ]);
        let key = fs::read_to_string(folder.join("ds.pem")).unwrap();
        let licence = fs::read(folder.join("licence.cbor")).unwrap();
        // The signature of 64 bytes is the last value; the payload, of more than 256 bytes, the one before it.
        let (before, signature) = licence.split_at(licence.len() - 66);
        assert_eq!(signature[..2], [0x58, 0x40]);
        let payload = (0..before.len() - 3)
            .find_map(|start| {
                let length =
                    usize::from(u16::from_be_bytes([before[start + 1], before[start + 2]]));
                let content = &before[start + 3..];
                let is_payload = before[start] == 0x59 && length == content.len();
                (is_payload && content.starts_with(&[0xd8, 0x18])).then(|| content.to_vec())
            })
            .expect("a payload");
        Self {
            before: before.to_vec(),
            payload,
            key: PrivateKey::from_pkcs8_pem(&key).unwrap(),
        }
    }

    fn with(&self, signature: &[u8]) -> Vec<u8> {
        let head = [0x58, u8::try_from(signature.len()).unwrap()];
        [&self.before[..], &head, signature].concat()
    }

    /// `Sig_structure` (RFC 9052, 4.4), for ES256.
    fn sig_structure(&self) -> Vec<u8> {
        let length = u16::try_from(self.payload.len()).unwrap().to_be_bytes();
        let mut structure = vec![0x84, 0x6a];
        structure.extend_from_slice(b"Signature1");
        structure.extend_from_slice(&[0x43, 0xa1, 0x01, 0x26, 0x40, 0x59]);
        structure.extend_from_slice(&length);
        structure.extend_from_slice(&self.payload);
        structure
    }
}

#[test]
fn the_signatures_of_the_article_are_found_by_the_linter() {
    let folder = tempfile::tempdir().unwrap();
    let licence = Licence::new(folder.path());
    let structure = licence.sig_structure();
    let good = licence.key.sign(&structure);
    let text = hex::encode(HashAlgorithm::Sha256.digest(&structure).as_bytes());
    let cases = [
        ("as it should be", good.as_bytes().to_vec(), 0),
        (
            "text of a digest",
            licence.key.sign(text.as_bytes()).as_bytes().to_vec(),
            1,
        ),
        (
            "over the MSO",
            licence.key.sign(&licence.payload).as_bytes().to_vec(),
            1,
        ),
        ("DER", good.to_der(), 1),
    ];
    for (what, signature, exit) in cases {
        fs::write(folder.path().join("changed.cbor"), licence.with(&signature)).unwrap();
        let lint = [
            "lint",
            "--issuer",
            "mdl-authority/iaca/certificate.pem",
            "changed.cbor",
        ];
        let run = mdl(folder.path(), &lint);
        assert_eq!(run.exit, exit, "{what}: {run:?}");
        assert_eq!(
            run.stdout.contains("issuer-signature"),
            exit == 1,
            "{what}: {run:?}"
        );
    }
}
