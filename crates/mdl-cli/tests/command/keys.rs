//! Keys in each key store: one way from the key to a licence that a reader accepts.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::mdl::{AT, Run, command, mdl, record};
use crate::moto::{Moto, REGION};
use crate::token_folder::{CONFIGURATION, MODULE, PIN, make_token};

/// A key store for one test.
struct KeyStore {
    folder: TempDir,
    /// What `mdl key create` is given.
    place: String,
    environment: Vec<(&'static str, String)>,
    _moto: Option<Moto>,
}

impl KeyStore {
    fn file() -> Self {
        Self::new("keys/KEY.pem".to_owned(), Vec::new(), None)
    }

    /// A token of SoftHSM.
    fn token() -> Self {
        let mut store = Self::new(String::new(), Vec::new(), None);
        let configuration = make_token(store.path());
        fs::write(store.path().join("pin"), format!("{PIN}\n")).unwrap();
        store.environment = vec![(CONFIGURATION, configuration)];
        store.place =
            format!("pkcs11:token=mdl%20test;object=KEY?module-path={MODULE}&pin-source=file:pin");
        store
    }

    /// KMS, as moto plays it.
    fn kms() -> Self {
        let moto = Moto::start();
        let environment = [
            ("AWS_ENDPOINT_URL", moto.url.as_str()),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret-access-key"),
            ("AWS_REGION", REGION),
        ];
        let environment = environment.map(|(name, value)| (name, value.to_owned()));
        Self::new("awskms:".to_owned(), environment.to_vec(), Some(moto))
    }

    fn new(place: String, environment: Vec<(&'static str, String)>, moto: Option<Moto>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("keys")).unwrap();
        Self {
            folder,
            place,
            environment,
            _moto: moto,
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `mdl`, which says no secret, whatever happens.
    #[track_caller]
    fn mdl(&self, arguments: &[&str]) -> Run {
        let output = command(self.path())
            .envs(self.environment.clone())
            .args(arguments)
            .output()
            .unwrap();
        let run = Run {
            exit: output.status.code().expect("ended by itself"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for secret in [PIN, "secret-access-key", "panicked"] {
            assert!(
                !run.stdout.contains(secret) && !run.stderr.contains(secret),
                "{run:?}"
            );
        }
        run
    }

    /// Makes a key and gives its URI.
    #[track_caller]
    fn create(&self, name: &str, curve: &str) -> String {
        let place = self.place.replace("KEY", name);
        let create = [
            "key", "create", &place, "--name", name, "--curve", curve, "--json",
        ];
        let made = self.mdl(&create).expect(0).json();
        assert_eq!(made["curve"], curve);
        made["key"].as_str().unwrap().to_owned()
    }
}

/// Root, document signer, CRL and licence, each by a key of the store; then linter, OpenSSL and reader judge them.
fn whole_way(store: &KeyStore, iaca_curve: &str, ds_curve: &str) {
    let at = store.path();
    let (iaca, ds) = (
        store.create("iaca", iaca_curve),
        store.create("ds", ds_curve),
    );
    let shown = store.mdl(&["key", "show", &ds, "--json"]).expect(0).json();
    assert_eq!(shown["curve"], ds_curve);
    store
        .mdl(&[
            "iaca",
            "init",
            "--country",
            "US",
            "--state",
            "US-CA",
            "--name",
            "Example IACA",
            "--contact",
            "iaca@example.com",
            "--crl-url",
            "https://example.com/iaca.crl",
            "--at",
            AT,
            "--key",
            &iaca,
        ])
        .expect(0);
    store
        .mdl(&["ds", "issue", "ds-1", "--at", AT, "--key", &ds])
        .expect(0);
    store.mdl(&["crl", "build", "--at", AT]).expect(0);
    mdl(at, &["key", "new", "--out", "device.pem"]).expect(0);
    let issue = [
        "issue",
        "--record",
        &record(),
        "--device-key",
        "device.pem",
        "--ds",
        "ds-1",
        "--at",
        AT,
        "--out",
        "licence.cbor",
    ];
    store.mdl(&issue).expect(0);

    let root = "mdl-authority/iaca/certificate.pem";
    let signer = "mdl-authority/ds/ds-1/certificate.pem";
    let crl = "mdl-authority/crl/crl.pem";
    let kept = fs::read_to_string(at.join("mdl-authority/ds/ds-1/key.uri")).unwrap();
    assert!(!kept.contains(PIN), "{kept}");
    assert!(fs::exists(at.join("mdl-authority/ds/ds-1/key.pem")).is_ok_and(|there| !there));
    mdl(at, &["lint", "--issuer", root, root, signer]).expect(0);
    mdl(at, &["lint", "--issuer", root, crl]).expect(0);
    let lenient = [
        "verify",
        "--static",
        "--iaca",
        root,
        "--crl",
        "mdl-authority/crl/crl.der",
        "--policy",
        "strict",
        "--require-revocation",
        "--at",
        AT,
        "licence.cbor",
    ];
    mdl(at, &lenient).expect(0);
    let openssl = Command::new("openssl")
        .current_dir(at)
        .args([
            "verify",
            "-crl_check",
            "-ignore_critical",
            "-attime",
            "1781524800",
        ])
        .args(["-CAfile", root, "-CRLfile", crl, signer])
        .output()
        .unwrap();
    assert!(openssl.status.success(), "{openssl:?}");

    // Revoked by a CRL of the same key: the guard does not ask the store again.
    store
        .mdl(&["crl", "build", "--at", AT, "--revoke", "ds-1"])
        .expect(0);
    let refused = store.mdl(&[&issue[..], &["--force"]].concat()).expect(1);
    assert!(refused.stderr.contains("revoked"), "{refused:?}");
}

#[test]
fn keys_in_files_go_the_whole_way() {
    whole_way(&KeyStore::file(), "brainpoolP384r1", "P-256");
}

#[test]
fn keys_in_a_token_go_the_whole_way() {
    whole_way(&KeyStore::token(), "P-384", "P-256");
}

#[test]
fn keys_in_kms_go_the_whole_way() {
    whole_way(&KeyStore::kms(), "P-521", "P-256");
}

#[test]
fn what_a_token_refuses_is_wrong_usage_and_what_may_pass_is_worth_a_retry() {
    let store = KeyStore::token();
    store.create("ds", "P-256");
    let show = |uri: &str| store.mdl(&["key", "show", uri]);
    let token = "pkcs11:token=mdl%20test";
    let module = format!("module-path={MODULE}");
    show(&format!(
        "{token};object=other?{module}&pin-source=file:pin"
    ))
    .expect(2);
    show(&format!("{token}?{module}&pin-source=file:pin")).expect(2);
    show(&format!("{token};object=ds?{module}&pin-source=file:none")).expect(2);
    show(&format!("{token};object=ds?{module}&pin-value={PIN}x").replace(PIN, "1234")).expect(2);
    show(&format!(
        "{token};object=ds?module-path=/none.so&pin-source=file:pin"
    ))
    .expect(2);
    show(&format!("{token};object=ds?pin-source=file:pin")).expect(2);
    let no_pin = show(&format!("{token};object=ds?{module}")).expect(2);
    assert!(no_pin.stderr.contains("MDL_PKCS11_PIN"), "{no_pin:?}");
    fs::write(store.path().join("wrong"), "wrong-pin").unwrap();
    let wrong = show(&format!("{token};object=ds?{module}&pin-source=file:wrong")).expect(2);
    assert!(wrong.stderr.contains("refuses the PIN"), "{wrong:?}");
    show(&format!(
        "pkcs11:token=gone;object=ds?{module}&pin-source=file:pin"
    ))
    .expect(3);
    // A key is not made twice.
    let again = ["key", "create", &store.place.replace("KEY", "ds")];
    store.mdl(&again).expect(2);
}

#[test]
fn kms_out_of_reach_is_worth_a_retry_and_a_missing_key_is_not() {
    let mut store = KeyStore::kms();
    let arn = store.create("ds", "P-256");
    let other = format!("awskms:///arn:aws:kms:{REGION}:123456789012:key/none");
    store.mdl(&["key", "show", &other]).expect(2);
    store
        .mdl(&["key", "create", "awskms:", "--curve", "Ed25519"])
        .expect(2);
    for (_, value) in &mut store.environment {
        if value.starts_with("http") {
            *value = "http://127.0.0.1:1".to_owned();
        }
    }
    store.mdl(&["key", "show", &arn]).expect(3);
}
