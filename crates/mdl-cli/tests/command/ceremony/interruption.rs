//! Runs that die.

use std::fs;

use serde_json::Value;

use super::{Hall, STEPS};

/// A run dies after each line, and in the middle of each: what was signed is never signed again without being told.
#[test]
fn a_run_that_died_goes_on_and_signs_nothing_twice() {
    let (before, rest) = STEPS
        .split_once("\n[[steps]]\ndo = \"key\"\nname = \"ds-key\"")
        .unwrap();
    let (_, root) = rest.split_once("\n[[steps]]\ndo = \"root\"").unwrap();
    let (root, _) = root
        .split_once("\n[[steps]]\ndo = \"document-signer\"")
        .unwrap();
    let (_, crl) = STEPS.split_once("\n[[steps]]\ndo = \"crl\"").unwrap();
    let steps = format!("{before}\n[[steps]]\ndo = \"root\"{root}\n[[steps]]\ndo = \"crl\"{crl}");
    let hall = Hall::with_files(&steps);
    hall.approve();
    hall.run(&[]).expect(0);
    let (whole, lines) = (hall.transcript(), hall.lines());
    let key = fs::read(hall.path().join("keys/root.pem")).unwrap();
    let mut ends: Vec<usize> = Vec::new();
    for (at, byte) in whole.iter().enumerate() {
        if *byte == b'\n' {
            ends.push(at + 1);
        }
    }
    assert_eq!(ends.len(), lines.len());
    let mut doubts = 0;
    for (number, end) in ends.iter().enumerate().take(lines.len() - 1) {
        let last = &lines[number]["event"];
        let torn = number % 2;
        let before = &whole[..end + 20 * torn];
        fs::write(hall.path().join("transcript.jsonl"), before).unwrap();
        fs::remove_dir_all(hall.path().join("authority")).unwrap_or_default();
        let made = lines[..=number]
            .iter()
            .any(|line| line["event"]["is"] == "key-made");
        if made {
            fs::write(hall.path().join("keys/root.pem"), &key).unwrap();
        } else {
            fs::remove_file(hall.path().join("keys/root.pem")).unwrap();
        }
        let mut run = hall.run(&[]);
        if ["making-key", "signing"].contains(&last["is"].as_str().unwrap()) {
            let step = last["step"].as_str().unwrap();
            let told = run.expect(1);
            assert!(told.stderr.contains(&format!("--again {step}")), "{told:?}");
            assert_eq!(hall.transcript(), before, "nothing happened");
            run = hall.run(&["--again", step]);
            doubts += 1;
        }
        run.expect(0);
        let after = hall.lines();
        let signed = |lines: &[Value]| -> Vec<Value> {
            let events = lines.iter().map(|line| line["event"].clone());
            events.filter(|event| event["is"] == "signed").collect()
        };
        let before = signed(&lines[..=number]);
        let all = signed(&after);
        assert_eq!(all.len(), 2);
        assert_eq!(all[..before.len()], before, "line {number}");
        let resumed = &after[number + 1]["event"];
        assert_eq!(
            (&resumed["is"], &resumed["torn"]),
            (&"resumed".into(), &(20 * torn).into())
        );
        for witness in ["ada", "alan"] {
            // A witness is told of a doubt by not being able to sign.
            let expected = i32::from(resumed["again"] != serde_json::json!([]));
            let _ = fs::remove_file(hall.path().join(format!("{witness}.transcript.jsonl")));
            hall.sign("transcript.jsonl", witness).expect(expected);
        }
    }
    assert_eq!(doubts, 3);
}
