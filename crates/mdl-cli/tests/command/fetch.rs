//! Revocation evidence over the network: from where the certificates say, and from nowhere inside unless told so.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use crate::mdl::{AT, issue_arguments, mdl};

/// Serves one file to everybody, until the tests end; counts how often.
fn serve(listener: TcpListener, content: Vec<u8>) -> Arc<AtomicUsize> {
    let served = Arc::new(AtomicUsize::new(0));
    let count = served.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::SeqCst);
            let mut lines = BufReader::new(&stream).lines();
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                content.len()
            );
            let _ = (&stream).write_all(&[head.as_bytes(), &content].concat());
        }
    });
    served
}

#[test]
fn what_is_needed_is_fetched_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}/iaca.crl", listener.local_addr().unwrap());
    let init = [
        "iaca",
        "init",
        "--country",
        "US",
        "--state",
        "US-CA",
        "--name",
        "Example IACA",
    ];
    let more = [
        "--contact",
        "iaca@dmv.example",
        "--crl-url",
        &uri,
        "--at",
        AT,
    ];
    mdl(at, &[&init[..], &more].concat()).expect(0);
    mdl(at, &["ds", "issue", "ds-1", "--at", AT]).expect(0);
    mdl(at, &["crl", "build", "--at", AT]).expect(0);
    mdl(
        at,
        &[
            "key",
            "new",
            "--out",
            "device.pem",
            "--public-out",
            "device.pub",
        ],
    )
    .expect(0);
    mdl(at, &issue_arguments("licence.cbor")).expect(0);
    let served = serve(
        listener,
        fs::read(at.join("mdl-authority/crl/crl.der")).unwrap(),
    );

    let verify = |more: &[&str]| {
        let iaca = "mdl-authority/iaca/certificate.pem";
        let fixed = [
            "verify",
            "--static",
            "--iaca",
            iaca,
            "--require-revocation",
            "--at",
            AT,
        ];
        mdl(at, &[&fixed[..], more, &["licence.cbor"]].concat())
    };
    let text = verify(&[]).expect(1).stdout;
    assert!(text.contains(&format!("needed: CRL {uri}")), "{text}");
    let refused = verify(&["--fetch", "--json"]).expect(1).json();
    let findings = refused["findings"].to_string();
    assert!(
        findings.contains("private, local or reserved"),
        "{findings}"
    );
    assert_eq!(refused["needed"][0]["uri"], uri);
    assert_eq!(served.load(Ordering::SeqCst), 0);

    let fetched = verify(&["--fetch", "--fetch-private", "--json"])
        .expect(0)
        .json();
    assert_eq!(fetched["documents"][0]["revocation"], "not-revoked");
    assert_eq!(fetched["needed"], serde_json::json!([]));
    assert_eq!(served.load(Ordering::SeqCst), 1);
    verify(&["--fetch-private"]).expect(2);
}
