//! `mdl certificates watch`: each level told once, to whoever can be reached, over HTTPS and through SNS.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::certificates_of_servers::CERTIFICATES;
use crate::mdl::{AT, Run, command, make_authority, mdl};
use crate::moto::{Moto, REGION};

/// An authority whose `ds-1` stops signing on 2027-06-17, with a CRL of 90 days.
fn authority() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    make_authority(folder.path());
    let build = ["crl", "build", "--next-update-days", "90", "--at"];
    mdl(folder.path(), &[&build[..], &[AT]].concat()).expect(0);
    folder
}

fn arguments<'a>(at: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let watch = [
        "certificates",
        "watch",
        "--once",
        "--json",
        "--state",
        "told.json",
        "--at",
        at,
    ];
    [&watch[..], more].concat()
}

/// Levels and codes of what is told now.
fn told(run: &Run) -> Vec<(u64, String)> {
    let json = run.json();
    let told = json["told"].as_array().unwrap().iter();
    told.map(|notice| {
        let code = notice["code"].as_str().unwrap().to_owned();
        (notice["level"].as_u64().unwrap(), code)
    })
    .collect()
}

#[test]
fn every_level_is_told_once_and_what_has_a_successor_is_told_no_more() {
    let folder = authority();
    let at = folder.path();
    let look = |when: &str| {
        let run = mdl(at, &arguments(when, &[])).expect(0);
        (told(&run), run.json()["alarms"].as_u64().unwrap())
    };
    let stops = |level| vec![(level, "stops-signing".to_owned())];
    let crl = |level| vec![(level, "crl-due".to_owned())];
    assert_eq!(look(AT), (vec![], 0));
    // The CRL is due on 2026-09-13 at noon.
    assert_eq!(look("2026-09-08T12:00:00Z"), (crl(5), 1));
    assert_eq!(look("2026-09-12T11:00:00Z"), (vec![], 1));
    assert_eq!(look("2026-09-13T11:00:00Z"), (crl(1), 1));
    let build = ["crl", "build", "--next-update-days", "90", "--at"];
    for when in [
        "2026-09-13T11:00:00Z",
        "2026-12-01T11:00:00Z",
        "2027-03-01T11:00:00Z",
    ] {
        mdl(at, &[&build[..], &[when]].concat()).expect(0);
    }
    // Nothing is read into a list of the future: the next alarms are those of the document signer alone.
    mdl(at, &[&build[..], &["2027-05-01T00:00:00Z"]].concat()).expect(0);
    for (when, expected) in [
        ("2027-05-02T23:59:59Z", (vec![], 0)),
        ("2027-05-03T00:00:00Z", (stops(45), 1)),
        ("2027-05-03T01:00:00Z", (vec![], 1)),
        ("2027-05-18T00:00:00Z", (stops(30), 1)),
        ("2027-06-03T00:00:00Z", (stops(14), 1)),
        ("2027-06-10T00:00:00Z", (stops(7), 1)),
        ("2027-06-16T00:00:00Z", (stops(1), 1)),
        ("2027-06-17T00:00:01Z", (stops(0), 1)),
        ("2027-06-18T00:00:00Z", (vec![], 1)),
    ] {
        assert_eq!(look(when), expected, "{when}");
    }
    let state: Value = serde_json::from_slice(&fs::read(at.join("told.json")).unwrap()).unwrap();
    assert_eq!(state["told"]["output"].as_object().unwrap().len(), 1);
    mdl(at, &["ds", "issue", "ds-2", "--at", "2027-06-17T00:00:00Z"]).expect(0);
    assert_eq!(look("2027-06-18T00:00:00Z"), (vec![], 0));
    let state: Value = serde_json::from_slice(&fs::read(at.join("told.json")).unwrap()).unwrap();
    assert_eq!(state["told"]["output"], json!({}));
}

#[test]
fn a_file_of_something_else_is_not_taken_for_what_was_told() {
    let folder = authority();
    fs::write(folder.path().join("told.json"), "{\"tolt\": {}}").unwrap();
    let run = mdl(folder.path(), &arguments(AT, &[])).expect(2);
    assert!(run.stderr.contains("told.json"), "{}", run.stderr);
    let unending = ["certificates", "watch", "--state", "other.json", "--at", AT];
    mdl(folder.path(), &unending).expect(2);
}

/// An HTTPS server that answers with these statuses, then with 200.
struct Receiver {
    address: SocketAddr,
    /// Header lines in lower case, and body.
    arrived: Arc<Mutex<Vec<(String, Value)>>>,
    statuses: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    fn start() -> Self {
        let certificate = CertificateDer::from_pem_slice(&CERTIFICATES.read("server.pem"));
        let key = PrivateKeyDer::from_pem_slice(&CERTIFICATES.read("server.key"));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.unwrap()], key.unwrap());
        let config = Arc::new(config.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            arrived: Arc::default(),
            statuses: Arc::default(),
        };
        let (arrived, statuses) = (
            Arc::clone(&receiver.arrived),
            Arc::clone(&receiver.statuses),
        );
        // Ends with the test process.
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = BufReader::new(StreamOwned::new(tls, connection.unwrap()));
                let (mut head, mut line) = (String::new(), String::new());
                while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                    head.push_str(&line.to_lowercase());
                    line.clear();
                }
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                let Some(length) = length else { continue };
                let mut body = vec![0; length.trim().parse().unwrap()];
                stream.read_exact(&mut body).unwrap();
                let body = serde_json::from_slice(&body).unwrap();
                arrived.lock().unwrap().push((head, body));
                let status = statuses.lock().unwrap().pop_front().unwrap_or(200);
                let answer = format!(
                    "HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
                stream.get_mut().conn.send_close_notify();
                let _ = stream.get_mut().flush();
            }
        });
        receiver
    }

    fn arrived(&self) -> Vec<(String, Value)> {
        self.arrived.lock().unwrap().drain(..).collect()
    }

    fn look(&self, folder: &Path, when: &str, more: &[&str]) -> Run {
        let url = format!("https://{}/alarms?token=t0ps3cret", self.address);
        let roots = CERTIFICATES.path("root.pem").display().to_string();
        fs::write(folder.join("secret.hex"), "07".repeat(32)).unwrap();
        let webhook = ["--webhook", &url, "--webhook-roots", &roots];
        let secret = ["--webhook-secret-file", "secret.hex"];
        let arguments = [&arguments(when, &webhook)[..], &secret, more].concat();
        let run = mdl(folder, &arguments);
        let state = fs::read_to_string(folder.join("told.json")).unwrap_or_default();
        for told in [&run.stdout, &run.stderr, &state] {
            assert!(
                !told.contains("t0ps3cret") && !told.contains("070707"),
                "{told}"
            );
        }
        run
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(it, _)| *it == name).expect(name).1
}

#[test]
fn a_webhook_that_fails_is_told_at_the_next_look_and_then_no_more() {
    let (folder, receiver) = (authority(), Receiver::start());
    let at = folder.path();
    let (inside, when) = (["--webhook-allow-private"], "2026-09-13T11:00:00Z");
    receiver.look(at, when, &[]).expect(2);
    receiver.statuses.lock().unwrap().extend([503; 5]);
    let failed = receiver.look(at, when, &inside).expect(3);
    assert_eq!(
        (told(&failed), &failed.json()["failed"]),
        (vec![], &json!(1))
    );
    let refused = receiver.arrived();
    assert_eq!(refused.len(), 5);

    let delivered = receiver.look(at, when, &inside).expect(0);
    assert_eq!(told(&delivered), [(1, "crl-due".to_owned())]);
    let arrived = receiver.arrived();
    let [(head, body)] = &arrived[..] else {
        panic!("{arrived:?}")
    };
    assert!(head.starts_with("post /alarms?token=t0ps3cret "), "{head}");
    assert_eq!(
        header(head, "webhook-id"),
        header(&refused[0].0, "webhook-id")
    );
    assert_eq!(body["type"], "certificate.alarm");
    assert_eq!(
        (
            &body["data"]["level"],
            &body["data"]["number"],
            &body["data"]["ends"]
        ),
        (&json!(1), &json!("1"), &json!("2026-09-13T12:00:00Z"))
    );
    let again = receiver.look(at, when, &inside).expect(0);
    assert!(told(&again).is_empty() && receiver.arrived().is_empty());
    let late = receiver.look(at, "2026-09-13T12:00:01Z", &inside).expect(0);
    assert_eq!(told(&late), [(0, "crl-due".to_owned())]);
    assert_ne!(
        header(&receiver.arrived()[0].0, "webhook-id"),
        header(head, "webhook-id")
    );
}

#[test]
fn a_topic_of_sns_and_a_webhook_are_told_independently() {
    let (folder, receiver, moto) = (authority(), Receiver::start(), Moto::start());
    let at = folder.path();
    let ask = |service: &str, form: &str| {
        let authorization = format!(
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260615/{REGION}/{service}/aws4_request, \
             SignedHeaders=host, Signature=00"
        );
        let output = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--fail",
                "--header",
                &authorization,
            ])
            .args(["--data", form, &moto.url])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    ask("sns", "Action=CreateTopic&Name=alarms");
    ask("sqs", "Action=CreateQueue&QueueName=inbox");
    let topic = format!("arn:aws:sns:{REGION}:123456789012:alarms");
    let queue = format!("arn:aws:sqs:{REGION}:123456789012:inbox");
    ask(
        "sns",
        &format!("Action=Subscribe&Protocol=sqs&TopicArn={topic}&Endpoint={queue}"),
    );

    let url = format!("https://{}/alarms", receiver.address);
    fs::write(at.join("secret.hex"), "07".repeat(32)).unwrap();
    let look = || {
        let roots = CERTIFICATES.path("root.pem").display().to_string();
        let output = command(at)
            .env("AWS_ENDPOINT_URL_SNS", &moto.url)
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret-access-key")
            .env("AWS_REGION", REGION)
            .args(arguments(
                "2026-09-13T11:00:00Z",
                &["--sns", &topic, "--webhook", &url],
            ))
            .args([
                "--webhook-secret-file",
                "secret.hex",
                "--webhook-roots",
                &roots,
            ])
            .arg("--webhook-allow-private")
            .output()
            .unwrap();
        Run {
            exit: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    };
    receiver.statuses.lock().unwrap().push_back(400);
    // The webhook refuses, which no repetition helps; the topic is told all the same.
    let first = look().expect(2).json();
    assert_eq!(first["told"][0]["receiver"], json!(topic));
    let received = ask(
        "sqs",
        &format!(
            "Action=ReceiveMessage&QueueUrl={}/123456789012/inbox",
            moto.url
        ),
    );
    assert!(received.contains("crl-due"), "{received}");
    let second = look().expect(0).json();
    assert_eq!(second["told"].as_array().unwrap().len(), 1);
    assert_ne!(second["told"][0]["receiver"], json!(topic));
    assert_eq!(look().expect(0).json()["told"], json!([]));
}

#[test]
fn what_was_told_may_be_kept_in_s3() {
    let (folder, moto) = (authority(), Moto::start());
    let at = folder.path();
    let made = Command::new("curl")
        .args([
            "--silent",
            "--fail",
            "-X",
            "PUT",
            &format!("{}/alarms", moto.url),
        ])
        .status();
    assert!(made.unwrap().success());
    let look = |when: &str, state: &str| {
        let output = command(at)
            .env("AWS_ENDPOINT_URL", &moto.url)
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret-access-key")
            .env("AWS_REGION", REGION)
            .args([
                "certificates",
                "watch",
                "--once",
                "--json",
                "--at",
                when,
                "--state",
                state,
            ])
            .output()
            .unwrap();
        Run {
            exit: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    };
    let state = "s3://alarms/mdl/told.json";
    for (when, level) in [
        (AT, None),
        ("2026-09-08T12:00:00Z", Some(5)),
        ("2026-09-12T13:00:00Z", Some(1)),
    ] {
        let told_now = told(&look(when, state).expect(0));
        let expected: Vec<_> = level
            .map(|level| (level, "crl-due".to_owned()))
            .into_iter()
            .collect();
        assert_eq!(told_now, expected, "{when}");
        assert!(told(&look(when, state).expect(0)).is_empty());
    }
    look(AT, "s3://alarms/mdl/").expect(2);
}
