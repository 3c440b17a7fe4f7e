//! What somebody finds who was not there.

use std::fs;

use base64ct::{Base64, Encoding};
use mdl_iaca::certificate::read_documents;
use serde_json::Value;

use super::{Hall, STEPS, checks_failed, forge_statement, sha256};
use crate::mdl::{AT, mdl};

/// A transcript of these events, as somebody writes it who can have everything signed by two witnesses.
fn forge(hall: &Hall, mut lines: Vec<Value>) {
    if let Some(begun) = lines.first_mut() {
        let mut plan = serde_json::to_string_pretty(&begun["event"]["plan"]).unwrap();
        plan.push('\n');
        let approvals = begun["event"]["approvals"].as_array().unwrap().len();
        let approvals = ["ada", "grace"][..approvals].iter();
        begun["event"]["approvals"] = approvals
            .map(|witness| forge_statement(hall, witness, "plan", plan.as_bytes()))
            .collect();
    }
    let (mut text, mut previous) = (String::new(), String::new());
    for (number, line) in (1..).zip(&mut lines) {
        line["number"] = number.into();
        line["previous"] = previous.into();
        let line = line.to_string();
        previous = sha256(line.as_bytes());
        text.push_str(&line);
        text.push('\n');
    }
    fs::write(hall.path().join("transcript.jsonl"), &text).unwrap();
    for witness in ["ada", "alan"] {
        let statement = forge_statement(hall, witness, "transcript", text.as_bytes());
        let path = hall.path().join(format!("{witness}.transcript.jsonl"));
        fs::write(path, statement.to_string()).unwrap();
    }
}

/// Everything about a transcript is right but one thing, and only the check for that fails.
#[test]
fn every_check_of_a_transcript_fails_alone() {
    let hall = Hall::with_files(STEPS);
    hall.hold();
    let lines = hall.lines();
    let position = |is: &str, structure: &str| {
        let found = lines.iter().position(|line| {
            let event = &line["event"];
            event["is"] == is && (structure.is_empty() || event["structure"] == structure)
        });
        found.unwrap()
    };
    let failed = |lines: Vec<Value>, more: &[&str]| -> Vec<String> {
        forge(&hall, lines);
        let verified = hall.verify(more).expect(1).json();
        checks_failed(&verified)
            .into_iter()
            .map(ToOwned::to_owned)
            .collect()
    };
    forge(&hall, lines.clone());
    hall.verify(&["--files"]).expect(0);

    let unfinished = lines[..lines.len() - 1].to_vec();
    assert_eq!(failed(unfinished, &[]), ["transcript"]);
    let mut twice_begun = lines.clone();
    twice_begun.insert(1, lines[0].clone());
    assert_eq!(failed(twice_begun, &[]), ["transcript"]);

    let mut other_plan = lines.clone();
    other_plan[0]["event"]["plan"]["structures"][0]["length"] = 1.into();
    assert_eq!(failed(other_plan, &[]), ["plan"]);
    let file = fs::read_to_string(hall.path().join("ceremony.toml")).unwrap();
    fs::write(
        hall.path().join("ceremony.toml"),
        format!("# Another file.\n{file}"),
    )
    .unwrap();
    assert_eq!(failed(lines.clone(), &[]), ["plan"]);
    fs::write(hall.path().join("ceremony.toml"), file).unwrap();

    let mut one_approval = lines.clone();
    one_approval[0]["event"]["approvals"]
        .as_array_mut()
        .unwrap()
        .pop();
    assert_eq!(failed(one_approval, &[]), ["approvals"]);

    let mut other_key = lines.clone();
    let ds = lines[position("key-made", "") + 2]["event"]["public_key"].clone();
    other_key[position("key-opened", "")]["event"]["public_key"] = ds;
    let opened: Vec<_> = lines
        .iter()
        .filter(|line| line["event"]["is"] == "key-opened")
        .collect();
    let last = opened.last().unwrap()["event"]["public_key"].clone();
    let first = opened[0]["event"]["public_key"].clone();
    assert_ne!(first, last);
    other_key[position("key-opened", "")]["event"]["public_key"] = last;
    assert_eq!(failed(other_key, &[]), ["keys"]);

    // Another document signer of the same root and key, which nobody planned.
    let arguments = [
        "ds",
        "issue",
        "ds-2",
        "--authority",
        "authority",
        "--key",
        "keys/ds.pem",
    ];
    mdl(hall.path(), &[&arguments[..], &["--at", AT]].concat()).expect(0);
    let pem = fs::read(hall.path().join("authority/ds/ds-2/certificate.pem")).unwrap();
    let der = read_documents(&pem).unwrap().remove(0).der;
    let mut unplanned = lines.clone();
    let signer = position("signed", "document-signer-certificate");
    unplanned[signer]["event"]["der"] = Base64::encode_string(&der).into();
    assert_eq!(failed(unplanned, &[]), ["structures"]);
    let mut one_more = lines.clone();
    let pair = lines[signer - 1..=signer].to_vec();
    one_more.splice(lines.len() - 1..lines.len() - 1, pair);
    assert_eq!(failed(one_more, &[]), ["structures"]);

    let mut twice = lines.clone();
    twice.insert(signer, lines[signer - 1].clone());
    assert_eq!(failed(twice, &[]), ["signed-once"]);

    let mut unsigned = lines.clone();
    let der = unsigned[signer]["event"]["der"].as_str().unwrap();
    let mut der = Base64::decode_vec(der).unwrap();
    *der.last_mut().unwrap() ^= 1;
    unsigned[signer]["event"]["der"] = Base64::encode_string(&der).into();
    assert_eq!(failed(unsigned, &[]), ["signatures"]);

    fs::write(hall.path().join("authority/ds/ds-1/request.pem"), "another").unwrap();
    assert_eq!(failed(lines.clone(), &["--files"]), ["files"]);
    forge(&hall, lines.clone());
    let arguments = [
        "verify",
        "ceremony.toml",
        "transcript.jsonl",
        "--json",
        "--signature",
    ];
    let verified = hall
        .mdl(&[&arguments[..], &["ada.transcript.jsonl"]].concat())
        .expect(1)
        .json();
    assert_eq!(checks_failed(&verified), ["witnesses"]);

    // A line that was changed, and one that is gone.
    let text = String::from_utf8(hall.transcript()).unwrap();
    let changed = text.replacen("\"operator\":\"Op\"", "\"operator\":\"Po\"", 1);
    let (first, rest) = text.split_once('\n').unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    let spaced = text.replacen("{\"number\":1,", "{ \"number\":1,", 1);
    for (transcript, why) in [
        (changed, "does not follow the one before it"),
        (
            format!("{first}\n{after}"),
            "does not follow the one before it",
        ),
        (spaced, "is not written as we write it"),
    ] {
        fs::write(hall.path().join("transcript.jsonl"), transcript).unwrap();
        let run = hall.verify(&[]).expect(1);
        assert!(run.stderr.contains(why), "{run:?}");
    }
}
