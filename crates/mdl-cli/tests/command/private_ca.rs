//! A root in AWS Private CA, against the emulator.

use std::fs;
use std::path::Path;
use std::process::Command;

use mdl_iaca::certificate::{CertificateView, DistributionPointName, GeneralName};
use private_ca_emulator::{Emulator, Fault, Settings};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::mdl::{Run, command, record};

const INIT: &[&str] = &[
    "iaca",
    "init",
    "--ca",
    "private-ca",
    "--region",
    "us-west-2",
    "--crl-bucket",
    "dmv-crl",
    "--country",
    "US",
    "--state",
    "US-CA",
    "--name",
    "Example IACA",
    "--contact",
    "iaca@example.com",
];

/// An emulator and a folder.
struct Setting {
    // Stops the emulator when dropped, so it comes before the runtime.
    emulator: Emulator,
    _runtime: Runtime,
    folder: TempDir,
}

impl Setting {
    fn new(settings: Settings) -> Self {
        let runtime = Runtime::new().expect("threads");
        let emulator = runtime.block_on(Emulator::start(settings)).expect("a port");
        Self {
            emulator,
            _runtime: runtime,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `mdl` with the credentials of nobody.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut mdl = command(self.path());
        mdl.env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .args(arguments);
        mdl
    }

    fn mdl(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().expect("mdl starts");
        let run = Run {
            exit: output.status.code().expect("ended by itself"),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        assert!(!run.stderr.contains("panicked"), "{run:?}");
        run
    }

    fn init(&self, more: &[&str]) -> Run {
        let (url, host) = (self.emulator.url(), self.emulator.host());
        let place = ["--endpoint-url", &url, "--crl-host", &host];
        self.mdl(&[INIT, &place, more].concat())
    }

    /// How often an operation was carried out.
    fn done(&self, operation: &str) -> usize {
        let journal = self.emulator.journal();
        journal
            .iter()
            .filter(|call| call.operation == operation && call.error.is_none())
            .count()
    }

    fn openssl_verify(&self, signer: &str) -> (bool, String) {
        let folder = self.path().join("mdl-authority");
        let output = Command::new("openssl")
            .args(["verify", "-crl_check", "-x509_strict", "-CAfile"])
            .arg(folder.join("iaca/certificate.pem"))
            .arg("-CRLfile")
            .arg(folder.join("crl/crl.pem"))
            .arg(folder.join("ds").join(signer).join("certificate.pem"))
            .output()
            .expect("openssl starts");
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (output.status.success(), text.into_owned())
    }
}

fn quick() -> Settings {
    Settings {
        polls: 0,
        quotas: false,
        ..Settings::default()
    }
}

#[test]
fn root_signer_licence_and_crl_are_one_command_each() {
    let setting = Setting::new(Settings {
        polls: 1,
        ..Settings::default()
    });
    let made = setting.init(&["--json"]).expect(0).json();
    assert_eq!(made["certificate"], "mdl-authority/iaca/certificate.pem");
    setting.mdl(&["ds", "issue", "ds-1"]).expect(0);
    setting.mdl(&["ds", "issue", "ds-2"]).expect(0);
    setting.mdl(&["crl", "build"]).expect(0);
    for file in [
        "iaca/certificate.pem",
        "ds/ds-1/certificate.pem",
        "ds/ds-1/request.pem",
        "crl/crl.der",
    ] {
        let file = format!("mdl-authority/{file}");
        let lint = [
            "lint",
            "--issuer",
            "mdl-authority/iaca/certificate.pem",
            &file,
        ];
        setting.mdl(&lint).expect(0);
    }
    let (accepted, text) = setting.openssl_verify("ds-1");
    assert!(accepted, "{text}");

    setting
        .mdl(&[
            "key",
            "new",
            "--out",
            "device.pem",
            "--public-out",
            "device.pub",
        ])
        .expect(0);
    let record = record();
    let issue = |signer: &'static str, out: &'static str| {
        setting.mdl(&[
            "issue",
            "--record",
            &record,
            "--device-key",
            "device.pub",
            "--ds",
            signer,
            "--out",
            out,
        ])
    };
    issue("ds-1", "licence.cbor").expect(0);
    let verify = [
        "verify",
        "--static",
        "--iaca",
        "mdl-authority/iaca/certificate.pem",
        "--crl",
        "mdl-authority/crl/crl.der",
        "--require-revocation",
        "licence.cbor",
    ];
    setting.mdl(&verify).expect(0);

    setting.mdl(&["crl", "build", "--revoke", "ds-1"]).expect(0);
    let (accepted, text) = setting.openssl_verify("ds-1");
    assert!(!accepted && text.contains("certificate revoked"), "{text}");
    let (accepted, text) = setting.openssl_verify("ds-2");
    assert!(accepted, "{text}");
    setting.mdl(&verify).expect(1);
    issue("ds-1", "another.cbor").expect(1);
    issue("ds-2", "another.cbor").expect(0);
    assert_eq!(setting.emulator.complaints(), Vec::<String>::new());

    // A reason is kept, and the list that tells it no longer conforms.
    let told = setting.mdl(&[
        "crl",
        "build",
        "--revoke",
        "ds-2",
        "--reason",
        "keyCompromise",
    ]);
    assert!(told.expect(0).stderr.contains("crl-entry-extensions"));

    let status = setting.mdl(&["iaca", "status", "--json"]).expect(0).json();
    assert_eq!(
        (&status["status"], &status["crl_days"]),
        (&"ACTIVE".into(), &30.into())
    );
    let report = setting.mdl(&["iaca", "audit-report", "--bucket", "dmv-crl", "--json"]);
    let report = report.expect(0).json();
    let rows = setting
        .emulator
        .object("dmv-crl", report["key"].as_str().unwrap())
        .unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&rows)
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn certificates_that_nobody_here_knows_of_are_in_the_inventory() {
    let setting = Setting::new(quick());
    setting.init(&[]).expect(0);
    setting
        .mdl(&["ds", "issue", "ds-1", "--validity-days", "60"])
        .expect(0);
    let arn = setting.mdl(&["iaca", "status", "--json"]).expect(0).json()["arn"].clone();
    // Nothing is left of what was done here.
    fs::remove_dir_all(setting.path().join("mdl-authority")).unwrap();
    let url = setting.emulator.url();
    let list = |more: &[&str]| {
        let list = [
            "certificates",
            "list",
            "--json",
            "--audit-bucket",
            "dmv-crl",
            "--private-ca",
        ];
        let arguments = [&list[..], &[arn.as_str().unwrap()], more].concat();
        let output = setting
            .command(&arguments)
            .env("AWS_ENDPOINT_URL", &url)
            .output()
            .unwrap();
        Run {
            exit: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    };
    // It stops signing in 30 days, and nothing follows it.
    let listed = list(&["--longest-mso-life-days", "30"]).expect(1).json();
    let purposes: Vec<_> = listed["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["purpose"].as_str().unwrap(),
                entry["alarm"]["level"].as_u64(),
            )
        })
        .collect();
    assert_eq!(
        purposes,
        [("iaca-root", None), ("document-signer", Some(30))]
    );
    assert_eq!(listed["crls"].as_array().unwrap().len(), 1);
    assert_eq!(
        listed["certificates"][1]["issued_by"],
        listed["certificates"][0]["sha256"]
    );
    // One report in 30 minutes.
    let again = list(&[]);
    assert!(
        again.stderr.contains("RequestInProgress"),
        "{}",
        again.stderr
    );
    assert_ne!(again.exit, 0);
}

#[test]
fn a_root_in_private_ca_is_not_renewed_with_a_link_certificate() {
    let setting = Setting::new(quick());
    setting.init(&[]).expect(0);
    let renew = [
        "iaca",
        "renew",
        "--crl-url",
        "https://dmv.example/iaca-2.crl",
    ];
    let refused = setting.mdl(&renew).expect(1);
    assert!(
        refused.stderr.contains("link certificates"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_plan_names_every_call_and_makes_none() {
    let setting = Setting::new(quick());
    let plan = setting.init(&["--plan"]).expect(0).stdout;
    let operations = [
        "1. CreateCertificateAuthority",
        "2. GetCertificateAuthorityCsr",
        "3. DescribeCertificateAuthority",
        "4. IssueCertificate",
        "5. GetCertificate",
        "6. ImportCertificateAuthorityCertificate",
        "7. DescribeCertificateAuthority",
    ];
    for operation in operations {
        assert!(plan.contains(operation), "{plan}");
    }
    assert_eq!(setting.emulator.journal().len(), 0);
    assert!(!setting.path().join("mdl-authority").exists());

    setting.init(&[]).expect(0);
    let before = setting.emulator.journal().len();
    let plan = setting
        .mdl(&["ds", "issue", "ds-1", "--plan", "--json"])
        .expect(0)
        .json();
    assert_eq!(plan["calls"][1]["operation"], "IssueCertificate");
    assert_eq!(setting.emulator.journal().len(), before);
    assert!(!setting.path().join("mdl-authority/ds/ds-1").exists());
    setting.mdl(&["ds", "issue", "ds-1"]).expect(0);
}

#[test]
fn an_extension_left_out_stops_with_the_rule_and_nothing_is_taken_into_use() {
    let setting = Setting::new(quick());
    setting
        .emulator
        .change(|settings| settings.leave_out = vec!["2.5.29.18".to_owned()]);
    let refused = setting.init(&[]).expect(1);
    for what in ["iaca-issuer-alt-name", "left out issuerAltName", "to do:"] {
        assert!(refused.stderr.contains(what), "{}", refused.stderr);
    }
    assert_eq!(setting.done("ImportCertificateAuthorityCertificate"), 0);
    assert!(!setting.path().join("mdl-authority/iaca").exists());

    let setting = Setting::new(quick());
    setting.init(&[]).expect(0);
    setting
        .emulator
        .change(|settings| settings.leave_out = vec!["2.5.29.37".to_owned()]);
    let refused = setting.mdl(&["ds", "issue", "ds-1"]).expect(1);
    for what in ["ds-extended-key-usage", "left out extKeyUsage"] {
        assert!(refused.stderr.contains(what), "{}", refused.stderr);
    }
    assert!(!setting.path().join("mdl-authority/ds/ds-1").exists());
}

#[test]
fn a_run_that_was_broken_off_goes_on_with_the_same_key_and_certificate() {
    let setting = Setting::new(quick());
    setting
        .emulator
        .fail("GetCertificate", &[Fault::AccessDenied]);
    setting.init(&[]).expect(1);
    setting.init(&[]).expect(0);
    setting
        .emulator
        .fail("GetCertificate", &[Fault::AccessDenied]);
    setting.mdl(&["ds", "issue", "ds-1"]).expect(1);
    let begun = setting.path().join("mdl-authority/private-ca/ds/ds-1");
    let key = fs::read(begun.join("key.pem")).unwrap();
    // Something else under the name of what was begun.
    let other = setting
        .mdl(&["ds", "issue", "ds-1", "--validity-days", "90"])
        .expect(2);
    assert!(
        other.stderr.contains("was begun with other options"),
        "{}",
        other.stderr
    );
    setting.mdl(&["ds", "issue", "ds-1"]).expect(0);
    let folder = setting.path().join("mdl-authority/ds/ds-1");
    assert_eq!(fs::read(folder.join("key.pem")).unwrap(), key);
    assert!(!begun.exists());
    assert_eq!(setting.emulator.created(), (1, 2));
}

#[test]
fn a_request_in_doubt_is_settled_by_a_person() {
    let setting = Setting::new(quick());
    setting.init(&[]).expect(0);
    let settled = ["ds", "issue", "ds-1", "--in-doubt", "again"];
    assert!(
        setting
            .mdl(&settled)
            .expect(2)
            .stderr
            .contains("nothing is in doubt")
    );
    // Only the first is carried out: a repetition that is under way when the run is killed does nothing, however late.
    let mut faults = [Fault::Throttled; 200];
    faults[0] = Fault::AnswerLost;
    setting.emulator.fail("IssueCertificate", &faults);
    // The run is killed after the service heard it, and before it got an answer.
    let mut run = setting.command(&["ds", "issue", "ds-1"]).spawn().unwrap();
    while setting.done("IssueCertificate") < 2 {
        assert_eq!(run.try_wait().unwrap(), None, "it waits for an answer");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let state = setting.path().join("mdl-authority/private-ca/state.json");
    let mut content: Value = serde_json::from_slice(&fs::read(&state).unwrap()).unwrap();
    for request in content["certificates"]
        .as_object_mut()
        .unwrap()
        .values_mut()
    {
        request["requested_at"] = (request["requested_at"].as_i64().unwrap() - 600).into();
    }
    fs::write(&state, content.to_string()).unwrap();
    setting.emulator.pass(time::Duration::minutes(10));
    let doubt = setting.mdl(&["ds", "issue", "ds-1"]).expect(1);
    assert!(doubt.stderr.contains("--in-doubt"), "{}", doubt.stderr);
    let found = setting.emulator.certificates().pop().unwrap();
    setting
        .mdl(&["ds", "issue", "ds-1", "--in-doubt", &found])
        .expect(0);
    assert_eq!(setting.emulator.created(), (1, 2));
}

#[test]
fn a_root_made_by_other_means_is_taken_over() {
    let setting = Setting::new(quick());
    setting.init(&[]).expect(0);
    let status = setting.mdl(&["iaca", "status", "--json"]).expect(0).json();
    let (arn, url) = (status["arn"].as_str().unwrap(), setting.emulator.url());
    let other = |arguments: &[&str]| setting.mdl(&[arguments, &["--authority", "other"]].concat());
    other(&["iaca", "adopt", arn, "--endpoint-url", &url]).expect(0);
    other(&["ds", "issue", "ds-1"]).expect(0);
    let read = |path: &str| fs::read(setting.path().join(path)).unwrap();
    assert_eq!(
        read("other/iaca/certificate.pem"),
        read("mdl-authority/iaca/certificate.pem")
    );
    let unknown = arn.replace(&arn[arn.len() - 4..], "0000");
    setting
        .mdl(&[
            "iaca",
            "adopt",
            &unknown,
            "--endpoint-url",
            &url,
            "--authority",
            "third",
        ])
        .expect(1);
    assert!(!setting.path().join("third/private-ca").exists());
}

#[test]
fn options_that_do_not_fit_are_refused_before_any_call() {
    let setting = Setting::new(quick());
    for (more, what) in [
        (
            &["--crl-url", "https://a.example/crl"][..],
            "--crl-url with",
        ),
        (&["--seed", "07"], "--seed with"),
        (&["--curve", "brainpoolP256r1"], "P-256, P-384 or P-521"),
        (&["--crl-days", "90"], "a CRL of 90 days"),
        (&["--validity-days", "7301"], "7300 days"),
    ] {
        let run = setting.init(more);
        assert!(
            [1, 2].contains(&run.exit) && run.stderr.contains(what),
            "{run:?}"
        );
    }
    let own = [
        "iaca",
        "init",
        "--country",
        "US",
        "--name",
        "x",
        "--contact",
        "a@b.example",
    ];
    let run = setting
        .mdl(&[&own[..], &["--crl-bucket", "b"]].concat())
        .expect(2);
    assert!(run.stderr.contains("--ca private-ca"), "{run:?}");
    let run = setting.mdl(&own).expect(2);
    assert!(run.stderr.contains("--crl-url"), "{run:?}");
    assert_eq!(setting.emulator.journal().len(), 0);
    assert!(!setting.path().join("mdl-authority").exists());
}

#[test]
fn a_list_of_another_authority_is_not_taken_for_its_own() {
    let setting = Setting::new(quick());
    setting.init(&[]).expect(0);
    setting.mdl(&["ds", "issue", "ds-1"]).expect(0);
    let root = fs::read(setting.path().join("mdl-authority/iaca/certificate.pem")).unwrap();
    let documents = mdl_iaca::certificate::read_documents(&root).unwrap();
    let root = CertificateView::from_der(&documents[0].der).unwrap();
    let points = root.extensions().crl_distribution_points();
    let Some(DistributionPointName::FullName(names)) = points.unwrap().unwrap()[0].name else {
        panic!("no full name");
    };
    let Some(GeneralName::Uri(url)) = names.iter().next() else {
        panic!("no URI");
    };
    let (_, name) = url.split_once("/crl/").unwrap();
    let key = format!("crl/{name}");
    setting
        .emulator
        .put("dmv-crl", &key, b"not a list".to_vec());
    let run = setting.mdl(&["crl", "build"]).expect(1);
    assert!(
        run.stderr.contains("the published CRL cannot be read"),
        "{run:?}"
    );
    assert!(!setting.path().join("mdl-authority/crl/crl.der").exists());
}
