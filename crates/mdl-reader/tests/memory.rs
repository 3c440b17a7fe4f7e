//! What the verifier spends on hostile input: bounded memory and time, whatever the input declares.
//!
//! A test binary of its own, because the peak of memory that the system tells is that of the whole process.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use mdl_iaca::trust_anchor::TrustAnchors;
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_reader::{Conditions, Session, Verdict, Verifier};
use time::macros::datetime;

/// The largest input that the default limits let through.
const LARGEST: usize = 4 << 20;

/// Peak of resident memory so far, in bytes; `None` where the system does not tell.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes << 10)
}

/// A text key and what follows it.
fn member(key: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60 | key.len() as u8];
    bytes.extend(key.as_bytes());
    bytes.extend(value);
    bytes
}

/// A response whose `documents` is this.
fn response(documents: &[u8]) -> Vec<u8> {
    [
        vec![0xa3],
        member("version", b"\x631.0"),
        member("documents", documents),
        member("status", &[0]),
    ]
    .concat()
}

/// A byte string with a head of five bytes.
fn bytes(content: &[u8]) -> Vec<u8> {
    [&[0x5a][..], &(content.len() as u32).to_be_bytes(), content].concat()
}

fn hostile_inputs() -> Vec<(&'static str, Vec<u8>)> {
    let distinct_keys: Vec<u8> = (0..49_000u32)
        .flat_map(|key| [&[0x1a][..], &key.to_be_bytes(), &[0xf6]].concat())
        .collect();
    let distinct_keys = [&[0xb9][..], &49_000u16.to_be_bytes(), &distinct_keys].concat();
    let certificates = bytes(&vec![0x30; LARGEST / 9]).repeat(8);
    let issuer_auth = [
        &[0x84, 0x43, 0xa1, 0x01, 0x26, 0xa1, 0x18, 0x21, 0x88][..],
        &certificates,
        &[0xf6, 0x40],
    ]
    .concat();
    let issuer_signed = [vec![0xa1], member("issuerAuth", &issuer_auth)].concat();
    let document = [
        vec![0xa2],
        member("docType", b"\x61a"),
        member("issuerSigned", &issuer_signed),
    ]
    .concat();
    let embedded = [&[0x81, 0xd8, 0x18][..], &bytes(&vec![0x80; LARGEST / 2])].concat();
    vec![
        ("nested arrays", vec![0x81; LARGEST]),
        ("nested indefinite maps", [0xbf, 0x00].repeat(LARGEST / 2)),
        ("nested tags", vec![0xc6; LARGEST]),
        (
            "an array of 2^32 elements",
            [
                &[0x9b, 0, 0, 0, 1, 0, 0, 0, 0][..],
                &vec![0xf6; LARGEST - 9],
            ]
            .concat(),
        ),
        (
            "a map of 2^63 entries",
            vec![0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
        ("bytes of 2^32", vec![0x5b, 0, 0, 0, 1, 0, 0, 0, 0]),
        (
            "documents of 2^32",
            response(&[0x9b, 0, 0, 0, 1, 0, 0, 0, 0]),
        ),
        (
            "an array of four million",
            [&[0x9a, 0, 0x3f, 0xff, 0xfb][..], &vec![0xf6; LARGEST - 5]].concat(),
        ),
        (
            "an endless array",
            vec![0x9f; 1]
                .into_iter()
                .chain(vec![0xf6; LARGEST - 1])
                .collect(),
        ),
        ("a map with 49,000 keys", distinct_keys),
        (
            "certificates of 3.7 MB",
            response(&[vec![0x81], document].concat()),
        ),
        ("embedded noise", embedded),
        (
            "a text of 4 MB",
            [
                &[0x7a][..],
                &(LARGEST as u32 - 5).to_be_bytes(),
                &vec![b'a'; LARGEST - 5],
            ]
            .concat(),
        ),
        ("more than the limit", vec![0; LARGEST + 1]),
    ]
}

#[test]
fn hostile_input_costs_little_memory_and_time() {
    let inputs = hostile_inputs();
    let transcript = SessionTranscript::from_bytes(vec![0x83, 0xf6, 0xf6, 0xf6], &Limits::DEFAULT);
    let transcript = transcript.unwrap();
    let session = Session::Device {
        transcript: &transcript,
        reader_key: None,
    };
    let conditions = Conditions::new(datetime!(2026-06-15 12:00 UTC), session);
    let verifier = Verifier::new(TrustAnchors::new([]));
    for (name, input) in &inputs {
        let before = peak();
        let started = Instant::now();
        for report in [
            verifier.verify(input, &conditions),
            verifier.verify_issuer_signed(input, &conditions),
        ] {
            assert_ne!(report.verdict(), Verdict::Valid, "{name}");
        }
        let elapsed = started.elapsed();
        assert!(elapsed < Duration::from_secs(10), "{name}: {elapsed:?}");
        match before.zip(peak()) {
            Some((before, after)) => {
                let grown = after - before;
                assert!(grown < 8 * LARGEST, "{name}: {grown} bytes");
            }
            None => eprintln!("memory: not measured, this system does not tell"),
        }
    }
}
