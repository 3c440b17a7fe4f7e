//! `mdl reader` and `mdl wallet engage`: two processes, an encrypted session on loopback.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::mdl::{Run, command, mdl};

const NS: &str = "org.iso.18013.5.1";

/// A wallet that waits for a reader.
struct Waiting {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    address: String,
    engagement: String,
}

impl Waiting {
    /// Starts `mdl wallet engage` with the wallet of the demonstration.
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = command(folder)
            .args(["wallet", "engage", "--data", "demo/wallet", "--json"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let line = loop {
            let mut line = String::new();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "the wallet ended");
            if line.contains("mdl reader ask") {
                break line;
            }
        };
        let words: Vec<_> = line.split_whitespace().collect();
        let after = |option: &str| {
            let at = words.iter().position(|word| *word == option).unwrap();
            words[at + 1].trim_matches('\'').to_owned()
        };
        let (address, engagement) = (after("--connect"), after("--engagement"));
        Self {
            child,
            stderr,
            address,
            engagement,
        }
    }

    /// Asks it, and gives what the reader and the wallet say in the end.
    fn ask(mut self, folder: &Path, arguments: &[&str]) -> (Run, Value, String) {
        let iaca = "demo/authority/iaca/certificate.pem";
        let run = mdl(
            folder,
            &[
                &["reader", "ask", "--engagement", &self.engagement, "--json"][..],
                &["--connect", &self.address, "--iaca", iaca],
                arguments,
            ]
            .concat(),
        );
        let (mut told, mut said) = (String::new(), String::new());
        self.stderr.read_to_string(&mut told).unwrap();
        let mut stdout = self.child.stdout.take().unwrap();
        stdout.read_to_string(&mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{told}");
        (run, serde_json::from_str(&said).unwrap(), told)
    }
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap()
}

fn elements(report: &Value) -> Vec<&str> {
    let elements = &report["documents"][0]["elements"][NS];
    elements
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn a_reader_asks_and_the_wallet_answers_what_the_person_agrees_to() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    mdl(folder, &["demo", "--folder", "demo"]).expect(0);
    let trusted = ["--reader-ca", "demo/reader-authority/iaca/certificate.pem"];
    let certified = [
        "--reader-auth-key",
        "demo/reader-authority/reader/gate-7/key.pem",
        "--reader-certificate",
        "demo/reader-authority/reader/gate-7/certificate.pem",
        "--passphrase-file",
        "demo/passphrase",
    ];

    // One statement on an age that the licence does not name, to a reader that the wallet believes.
    let wallet = Waiting::start(folder, &[&trusted[..], &["--agree", "all"]].concat());
    let asked = [&["--template", "age-over-20"], &certified[..]].concat();
    let (run, said, told) = wallet.ask(folder, &asked);
    let report = json(&run.expect(0));
    assert_eq!(elements(&report), ["age_over_21"]);
    let answer = &report["request"]["documents"][0];
    assert_eq!(answer["ages"][0]["years"], 20);
    assert_eq!(answer["ages"][0]["reached"], "yes");
    assert_eq!(answer["not_requested"], serde_json::json!([]));
    assert!(
        told.contains("Gate 7 (authenticated) asks for org.iso.18013.5.1.mDL (elements: 1,"),
        "{told}"
    );
    assert_eq!(
        said["answers"][0]["reader"]["common_name"],
        "Demonstration Gate 7"
    );
    assert_eq!(
        said["answers"][0]["disclosed"][0],
        format!("{NS}:age_over_21")
    );

    // The same reader, which a wallet without its root does not believe; the person agrees to one of four.
    let name = format!("{NS}:family_name");
    let wallet = Waiting::start(folder, &["--agree", &name]);
    let asked = [
        &["--template", "identity", "--retain", &name],
        &certified[..],
    ]
    .concat();
    let (run, said, told) = wallet.ask(folder, &asked);
    let report = json(&run.expect(1));
    assert_eq!(
        (&report["verdict"], elements(&report)),
        (&"valid".into(), vec!["family_name"])
    );
    let answer = &report["request"]["documents"][0];
    assert_eq!(answer["missing"].as_array().unwrap().len(), 3);
    assert_eq!(answer["retained"], serde_json::json!([name]));
    assert!(told.contains("a reader that is not believed"), "{told}");
    assert!(told.contains("to be kept: 1"), "{told}");
    assert_eq!(said["answers"][0]["reader"]["is_authenticated"], false);

    // Nothing of what was asked for is agreed to.
    let wallet = Waiting::start(folder, &["--agree", &name]);
    let (run, said, told) = wallet.ask(folder, &["--template", "age-over-18"]);
    let report = json(&run.expect(1));
    let missing = &report["request"]["missing_documents"][0];
    assert_eq!(missing, "org.iso.18013.5.1.mDL");
    assert!(told.contains("does not say who it is"), "{told}");
    assert_eq!(said["answers"][0]["disclosed"], serde_json::json!([]));
}

#[test]
fn a_request_is_written_signed_for_one_session_and_held_against_a_response() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let request = |arguments: &[&str]| mdl(folder, &[&["reader", "request"], arguments].concat());
    request(&["--template", "aamva", "--out", "unsigned.cbor"]).expect(0);
    let again = request(&["--template", "aamva", "--out", "unsigned.cbor"]).expect(2);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    for wrong in [
        &["--out", "x.cbor"][..],
        &["--template", "everything", "--out", "x.cbor"],
        &["--elements", "all", "--out", "x.cbor"],
        &[
            "--template",
            "age-over-18",
            "--elements",
            "org.iso.18013.5.1:age_over_21,org.iso.18013.5.1:age_over_65",
            "--out",
            "x.cbor",
        ],
    ] {
        request(wrong).expect(2);
    }
    assert!(!folder.join("x.cbor").exists());

    let pass = ["--passphrase-file", "pass.txt"];
    std::fs::write(folder.join("pass.txt"), "correct horse\n").unwrap();
    let init = [
        "iaca",
        "init",
        "--name",
        "Readers",
        "--country",
        "UT",
        "--contact",
        "r@gate.example",
        "--crl-url",
        "https://gate.example/crl",
    ];
    mdl(folder, &[&init[..], &pass].concat()).expect(0);
    let issue = [
        "reader",
        "issue",
        "gate",
        "--curve",
        "Ed25519",
        "--common-name",
        "Gate",
    ];
    mdl(folder, &[&issue[..], &pass].concat()).expect(0);
    let lint = [
        "lint",
        "--profile",
        "reader-auth",
        "--issuer",
        "mdl-authority/iaca/certificate.pem",
    ];
    let certificate = "mdl-authority/reader/gate/certificate.pem";
    mdl(folder, &[&lint[..], &[certificate]].concat()).expect(0);
    let signed = [
        "--template",
        "identity",
        "--reader-auth-key",
        "mdl-authority/reader/gate/key.pem",
        "--reader-certificate",
        certificate,
        "--passphrase-file",
        "pass.txt",
    ];
    // A signature is for a session.
    request(&[&signed[..], &["--out", "x.cbor"]].concat()).expect(2);
    let session = ["--session-transcript", "83f6f6f6"];
    request(&[&signed[..], &session, &["--out", "each.cbor"]].concat()).expect(0);
    let whole = ["--reader-auth-all", "--out", "whole.cbor"];
    request(&[&signed[..], &session, &whole].concat()).expect(0);
    let shown = mdl(folder, &["inspect", "whole.cbor"]).expect(0).stdout;
    assert!(
        shown.contains("readerAuthAll") && shown.contains("\"1.1\""),
        "{shown}"
    );
}
