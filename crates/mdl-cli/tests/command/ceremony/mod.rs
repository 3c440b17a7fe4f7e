//! Ceremonies, from the reviewed file to somebody who was not there.

mod interruption;
mod next_root;
mod refusals;
mod verification;

use std::fs;
use std::path::Path;

use mdl_crypto::{HashAlgorithm, PrivateKey};
use serde_json::Value;
use tempfile::TempDir;

use crate::mdl::{AT, Run, command, mdl};
use crate::token_folder::{CONFIGURATION, MODULE, PIN, make_token};

/// Ada, Alan and Grace, two of whom must sign.
const WITNESSES: [&str; 3] = ["ada", "alan", "grace"];

/// A root, a document signer and a list, whose keys are made in the ceremony.
const STEPS: &str = r#"
[[steps]]
do = "key"
name = "root-key"
key = "root"

[[steps]]
do = "key"
name = "ds-key"
key = "ds"

[[steps]]
do = "root"
name = "root"
key = "root"
folder = "authority"
country = "US"
state = "US-CA"
common_name = "Example IACA"
contact = "iaca@dmv.example"
crl_url = "https://dmv.example/iaca.crl"
not_before = 2026-06-15T00:00:00Z
validity_days = 3650

[[steps]]
do = "document-signer"
name = "ds-1"
issuer = "root"
key = "ds"
common_name = "Example DS 1"
crl_url = "https://dmv.example/iaca.crl"
not_before = 2026-06-15T00:00:00Z
validity_days = 457
longest_mso_life_days = 90

[[steps]]
do = "crl"
name = "first-crl"
issuer = "root"
number = 1
this_update = 2026-06-15T12:00:00Z
next_update_days = 30
"#;

/// A folder with the keys of the witnesses and a ceremony file.
struct Hall {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Hall {
    fn new(keys: &str, steps: &str) -> Self {
        let hall = Self {
            folder: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
        };
        hall.write(keys, steps);
        hall
    }

    /// Keys in files.
    fn with_files(steps: &str) -> Self {
        Self::new(FILE_KEYS, steps)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, keys: &str, steps: &str) {
        let mut text = "name = \"Utopia 2026\"\nfrom = 2026-06-15T08:00:00Z\n\
                        until = 2026-06-15T18:00:00Z\nthreshold = 2\n"
            .to_owned();
        for (number, name) in (1..).zip(WITNESSES) {
            let (key, public) = (format!("{name}.pem"), format!("{name}.pub"));
            if !self.path().join(&key).exists() {
                let arguments = ["key", "new", "--out", &key, "--public-out", &public];
                mdl(self.path(), &arguments).expect(0);
            }
            let public = fs::read_to_string(self.path().join(&public)).unwrap();
            let entropy = hex::encode([number; 16]);
            text.push_str(&format!(
                "\n[[witnesses]]\nname = \"{name}\"\nentropy = \"{entropy}\"\npublic_key = \"\"\"\n{public}\"\"\"\n"
            ));
        }
        text.push_str(keys);
        text.push_str(steps);
        fs::write(self.path().join("ceremony.toml"), text).unwrap();
    }

    #[track_caller]
    fn mdl(&self, arguments: &[&str]) -> Run {
        let output = command(self.path())
            .envs(self.environment.clone())
            .args(["ceremony"])
            .args(arguments)
            .output()
            .unwrap();
        let run = Run {
            exit: output.status.code().expect("ended by itself"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!run.stderr.contains("panicked"), "{run:?}");
        run
    }

    #[track_caller]
    fn plan(&self) -> Value {
        let arguments = [
            "plan",
            "ceremony.toml",
            "--out",
            "plan.json",
            "--force",
            "--json",
        ];
        self.mdl(&arguments).expect(0).json()
    }

    /// Has a witness sign `document`.
    fn sign(&self, document: &str, witness: &str) -> Run {
        let (key, out) = (format!("{witness}.pem"), format!("{witness}.{document}"));
        let _ = fs::remove_file(self.path().join(&out));
        let arguments = ["sign", "ceremony.toml", document, "--witness", witness];
        self.mdl(&[&arguments[..], &["--key", &key, "--out", &out, "--at", AT]].concat())
    }

    /// Plans, and has two witnesses approve.
    #[track_caller]
    fn approve(&self) {
        self.plan();
        for witness in ["ada", "grace"] {
            self.sign("plan.json", witness).expect(0);
        }
    }

    fn run(&self, more: &[&str]) -> Run {
        let approvals = [
            "--approval",
            "ada.plan.json",
            "--approval",
            "grace.plan.json",
        ];
        self.run_with(&[&approvals[..], more].concat())
    }

    fn run_with(&self, more: &[&str]) -> Run {
        let arguments = [
            "run",
            "ceremony.toml",
            "--plan",
            "plan.json",
            "--operator",
            "Op",
        ];
        self.mdl(&[&arguments[..], more, &["--at", AT, "--json"]].concat())
    }

    fn verify(&self, more: &[&str]) -> Run {
        let arguments = ["verify", "ceremony.toml", "transcript.jsonl", "--json"];
        let signatures = [
            "--signature",
            "ada.transcript.jsonl",
            "--signature",
            "alan.transcript.jsonl",
        ];
        self.mdl(&[&arguments[..], &signatures, more].concat())
    }

    fn transcript(&self) -> Vec<u8> {
        fs::read(self.path().join("transcript.jsonl")).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        let transcript = self.transcript();
        let lines = transcript.split(|byte| *byte == b'\n');
        lines
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    /// From the plan to the verified transcript.
    #[track_caller]
    fn hold(&self) {
        self.approve();
        self.run(&[]).expect(0);
        for witness in ["ada", "alan"] {
            self.sign("transcript.jsonl", witness).expect(0);
        }
        let verified = self.verify(&["--files"]).expect(0).json();
        assert_eq!(verified["verdict"], "verified");
    }
}

const FILE_KEYS: &str = r#"
[keys.root]
uri = "keys/root.pem"
curve = "P-384"

[keys.ds]
uri = "keys/ds.pem"
curve = "P-256"
"#;

fn checks_failed(verified: &Value) -> Vec<&str> {
    let checks = verified["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["result"] == "fail")
        .map(|check| check["id"].as_str().unwrap())
        .collect()
}

/// What the ceremony left is an authority like any other.
fn authority_works(hall: &Hall) {
    let environment = &hall.environment;
    let run = |arguments: &[&str]| {
        let mut command = command(hall.path());
        command.envs(environment.clone()).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let authority = ["--authority", "authority"];
    let list = run(&[&["ds", "list", "--at", AT], &authority[..]].concat());
    assert!(list.contains("ds-1: signing"), "{list}");
    let issuer = "authority/iaca/certificate.pem";
    run(&[
        "lint",
        "--issuer",
        issuer,
        "authority/ds/ds-1/certificate.pem",
    ]);
    run(&["lint", "--issuer", issuer, "authority/crl/crl.der"]);
    let next = [
        "crl",
        "build",
        "--at",
        "2026-06-20T12:00:00Z",
        "--revoke",
        "ds-1",
    ];
    run(&[&next, &authority[..]].concat());
    let list = run(&[&["ds", "list", "--at", AT], &authority[..]].concat());
    assert!(list.contains("ds-1: revoked"), "{list}");
}

#[test]
fn a_ceremony_makes_an_authority_that_works() {
    let hall = Hall::with_files(STEPS);
    hall.hold();
    let again = hall.run(&[]).expect(0).json();
    assert_eq!(
        (&again["signed"], &again["signed_before"]),
        (&0.into(), &4.into())
    );
    authority_works(&hall);
}

#[test]
fn a_ceremony_with_keys_in_a_token_makes_an_authority_that_works() {
    let place = |key| {
        format!("pkcs11:token=mdl%20test;object={key}?module-path={MODULE}&pin-source=file:pin")
    };
    let keys = format!(
        "\n[keys.root]\nuri = \"{}\"\ncurve = \"P-384\"\n\n[keys.ds]\nuri = \"{}\"\ncurve = \"P-256\"\n",
        place("root"),
        place("ds")
    );
    let mut hall = Hall::new(&keys, STEPS);
    let configuration = make_token(hall.path());
    hall.environment = vec![(CONFIGURATION, configuration)];
    fs::write(hall.path().join("pin"), format!("{PIN}\n")).unwrap();
    hall.hold();
    let transcript = String::from_utf8(hall.transcript()).unwrap();
    assert!(!transcript.contains(PIN));
    authority_works(&hall);
}

#[test]
fn a_plan_is_the_same_each_time_and_says_what_it_does_not_know() {
    let hall = Hall::with_files(STEPS);
    let plan = hall.plan();
    assert_eq!(hall.plan(), plan);
    let structures = plan["structures"].as_array().unwrap();
    let kinds: Vec<_> = structures
        .iter()
        .map(|one| one["structure"].as_str().unwrap())
        .collect();
    let expected = [
        "root-certificate",
        "certification-request",
        "document-signer-certificate",
        "crl",
    ];
    assert_eq!(kinds, expected);
    let unknown: Vec<_> = structures
        .iter()
        .map(|one| one["without_keys"].to_string())
        .collect();
    assert_eq!(
        unknown,
        [
            r#"["root"]"#,
            r#"["ds"]"#,
            r#"["ds","root"]"#,
            r#"["root"]"#
        ]
    );

    // With keys that exist and are stated, the hashes are those of what will be signed.
    for key in ["root", "ds"] {
        let curve = if key == "root" { "P-384" } else { "P-256" };
        let file = format!("keys/{key}.pem");
        fs::create_dir_all(hall.path().join("keys")).unwrap();
        mdl(hall.path(), &["key", "create", &file, "--curve", curve]).expect(0);
    }
    let stated = |key: &str| {
        let file = format!("keys/{key}.pem");
        let shown = mdl(hall.path(), &["key", "show", &file, "--json"])
            .expect(0)
            .json();
        format!(
            "public_key = \"\"\"\n{}\"\"\"\n",
            shown["public_key"].as_str().unwrap()
        )
    };
    let keys = format!(
        "\n[keys.root]\nuri = \"keys/root.pem\"\ncurve = \"P-384\"\n{}\n[keys.ds]\nuri = \"keys/ds.pem\"\ncurve = \"P-256\"\n{}",
        stated("root"),
        stated("ds")
    );
    let (_, steps) = STEPS.split_once("[[steps]]\ndo = \"root\"").unwrap();
    hall.write(&keys, &format!("\n[[steps]]\ndo = \"root\"{steps}"));
    hall.hold();
    let plan: Value =
        serde_json::from_slice(&fs::read(hall.path().join("plan.json")).unwrap()).unwrap();
    let signing: Vec<_> = hall
        .lines()
        .iter()
        .filter(|line| line["event"]["is"] == "signing")
        .map(|line| line["event"]["to_be_signed_sha256"].clone())
        .collect();
    let planned: Vec<_> = plan["structures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["sha256"].clone())
        .collect();
    assert_eq!(signing, planned);
    assert_eq!(checks_failed(&hall.verify(&[]).json()), Vec::<&str>::new());
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(HashAlgorithm::Sha256.digest(bytes).as_bytes())
}

/// What a witness would sign who looks at nothing.
fn forge_statement(hall: &Hall, witness: &str, document: &str, content: &[u8]) -> Value {
    let key = fs::read_to_string(hall.path().join(format!("{witness}.pem"))).unwrap();
    let key = PrivateKey::from_pkcs8_pem(&key).unwrap();
    let mut statement = serde_json::json!({
        "witness": witness, "document": document, "sha256": sha256(content), "at": AT,
        "algorithm": "ES256", "signature": "",
    });
    let message = format!("mdl ceremony statement 1\n{statement}");
    let signature = key.sign(message.as_bytes());
    statement["signature"] = hex::encode(signature.as_bytes()).into();
    statement
}

#[test]
fn every_witness_has_a_part_in_serial_numbers() {
    let hall = Hall::with_files(STEPS);
    let hashes = |plan: &Value| -> Vec<Value> {
        let structures = plan["structures"].as_array().unwrap().iter();
        structures.map(|one| one["sha256"].clone()).collect()
    };
    let before = hashes(&hall.plan());
    let file = fs::read_to_string(hall.path().join("ceremony.toml")).unwrap();
    for number in 1..=3 {
        let entropy = hex::encode([number; 16]);
        let other = hex::encode([number + 100; 16]);
        let changed = file.replace(&entropy, &other);
        fs::write(hall.path().join("ceremony.toml"), changed).unwrap();
        let after = hashes(&hall.plan());
        let same: Vec<bool> = before
            .iter()
            .zip(&after)
            .map(|(one, other)| one == other)
            .collect();
        // The request and the list have no serial number.
        assert_eq!(same, [false, true, false, true], "witness {number}");
    }
}
