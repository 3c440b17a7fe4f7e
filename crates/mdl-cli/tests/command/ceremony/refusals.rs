//! What stops a ceremony before its first signature.

use std::fs;

use super::{Hall, STEPS, forge_statement};
use crate::mdl::{Run, mdl};

#[test]
fn a_ceremony_file_that_cannot_be_held_is_refused_with_what_is_wrong() {
    let hall = Hall::with_files(STEPS);
    let good = fs::read_to_string(hall.path().join("ceremony.toml")).unwrap();
    let cases = [
        (
            "threshold = 2",
            "threshold = 4",
            "threshold 4 of 3 witnesses",
        ),
        (
            "threshold = 2",
            "threshold = 0",
            "threshold 0 of 3 witnesses",
        ),
        (
            "until = 2026-06-15T18",
            "until = 2026-06-15T07",
            "from is not earlier than until",
        ),
        (
            "name = \"alan\"",
            "name = \"ada\"",
            "witnesses ada and ada are not two",
        ),
        ("\"01010101", "\"0101", "at least 16 bytes"),
        (
            "key = \"root\"\nfolder",
            "key = \"other\"\nfolder",
            "there is no key other",
        ),
        (
            "issuer = \"root\"\nkey",
            "issuer = \"first-crl\"\nkey",
            "there is no issuer first-crl before it",
        ),
        (
            "name = \"ds-key\"",
            "name = \"root-key\"",
            "the name is taken",
        ),
        (
            "name = \"ds-key\"\nkey = \"ds\"",
            "name = \"ds-key\"\nkey = \"root\"",
            "key root is made twice",
        ),
        (
            "common_name = \"Example DS 1\"\n",
            "",
            "expected either key and common_name, or request",
        ),
        (
            "longest_mso_life_days = 90",
            "longest_mso_life_days = 458",
            "at most validity_days",
        ),
        (
            "validity_days = 457",
            "validity_days = 457\nserial = \"0102\"",
            "at least 8 random bytes",
        ),
        (
            "curve = \"P-256\"",
            "curve = \"P-255\"",
            "the curve of key ds",
        ),
        ("number = 1", "number = 1\nnumbr = 1", "numbr"),
        ("do = \"crl\"", "do = \"clr\"", "clr"),
        ("validity_days = 457", "validity_days = 458", "457 days"),
        ("next_update_days = 30", "next_update_days = 91", "90 days"),
    ];
    for (from, to, why) in cases {
        assert!(good.contains(from), "{from}");
        fs::write(
            hall.path().join("ceremony.toml"),
            good.replacen(from, to, 1),
        )
        .unwrap();
        let run = hall.mdl(&["plan", "ceremony.toml"]);
        assert!(run.exit == 1 || run.exit == 2, "{to}: {run:?}");
        assert!(run.stderr.contains(why), "{to}: {run:?}");
    }
    let late_key = "\n[[steps]]\ndo = \"key\"\nname = \"late\"\nkey = \"root\"\n";
    fs::write(
        hall.path().join("ceremony.toml"),
        format!("{good}{late_key}"),
    )
    .unwrap();
    let run = hall.mdl(&["plan", "ceremony.toml"]).expect(2);
    assert!(run.stderr.contains("before anything is signed"), "{run:?}");
    let twice = good.replace(
        "validity_days = 3650",
        "validity_days = 3650\nserial = \"4142434445464748\"",
    );
    let twice = twice.replace(
        "validity_days = 457",
        "validity_days = 457\nserial = \"4142434445464748\"",
    );
    fs::write(hall.path().join("ceremony.toml"), twice).unwrap();
    let run = hall.mdl(&["plan", "ceremony.toml"]).expect(2);
    assert!(run.stderr.contains("one serial number"), "{run:?}");
}

/// Each of these stops before the first signature, and leaves nothing.
#[test]
fn a_run_that_is_not_as_planned_and_approved_signs_nothing() {
    let hall = Hall::with_files(STEPS);
    hall.approve();
    let nothing = |run: Run, exit: i32, why: &str| {
        let run = run.expect(exit);
        assert!(run.stderr.contains(why), "{why}: {run:?}");
        let transcript = fs::read_to_string(hall.path().join("transcript.jsonl"));
        assert!(!transcript.unwrap_or_default().contains("signing"), "{why}");
        assert!(!hall.path().join("authority").exists(), "{why}");
    };
    let one = ["--approval", "ada.plan.json"];
    nothing(
        hall.run_with(&one),
        1,
        "1 of 2 witnesses have signed the plan",
    );
    nothing(hall.run_with(&[one, one].concat()), 1, "1 of 2 witnesses");
    for at in ["2026-06-15T07:59:59Z", "2026-06-15T18:00:01Z"] {
        let arguments = [
            "run",
            "ceremony.toml",
            "--plan",
            "plan.json",
            "--operator",
            "Op",
        ];
        let late = hall.mdl(&[&arguments[..], &one, &["--at", at]].concat());
        nothing(late, 1, "this ceremony is for the time from");
    }

    // A statement over another plan, and one whose signature is another's.
    let plan = fs::read(hall.path().join("plan.json")).unwrap();
    let statement = |name: &str| fs::read_to_string(hall.path().join(name)).unwrap();
    let alan = statement("ada.plan.json").replace("\"ada\"", "\"alan\"");
    fs::write(hall.path().join("forged.json"), alan).unwrap();
    let forged = [&one[..], &["--approval", "forged.json"]].concat();
    nothing(
        hall.run_with(&forged),
        1,
        "the statement of alan is not signed by their key",
    );
    let other = forge_statement(&hall, "alan", "plan", b"another plan");
    fs::write(hall.path().join("forged.json"), other.to_string()).unwrap();
    nothing(hall.run_with(&forged), 1, "is not about this plan");
    let transcript = forge_statement(&hall, "alan", "transcript", &plan);
    fs::write(hall.path().join("forged.json"), transcript.to_string()).unwrap();
    nothing(hall.run_with(&forged), 1, "is not about this plan");

    // The file was changed after it was approved: a witness does not sign the old plan either.
    let file = fs::read_to_string(hall.path().join("ceremony.toml")).unwrap();
    let changed = file.replace("validity_days = 3650", "validity_days = 3651");
    fs::write(hall.path().join("ceremony.toml"), changed).unwrap();
    nothing(hall.run(&[]), 1, "not the plan of this ceremony file");
    nothing(hall.sign("plan.json", "alan"), 1, "gives another plan here");
    fs::write(hall.path().join("ceremony.toml"), file).unwrap();

    // Somebody else's key, and nobody's.
    let arguments = ["sign", "ceremony.toml", "plan.json", "--witness", "alan"];
    let wrong = hall.mdl(&[&arguments[..], &["--key", "ada.pem", "--out", "x.json"]].concat());
    nothing(wrong, 2, "not the key of witness alan");
    let arguments = ["sign", "ceremony.toml", "plan.json", "--witness", "bob"];
    let wrong = hall.mdl(&[&arguments[..], &["--key", "ada.pem", "--out", "x.json"]].concat());
    nothing(wrong, 2, "has no witness bob");

    // What is there is not written over.
    fs::write(hall.path().join("transcript.jsonl"), "notes").unwrap();
    nothing(hall.run(&[]), 2, "is no transcript");
    assert_eq!(hall.transcript(), b"notes");
    fs::remove_file(hall.path().join("transcript.jsonl")).unwrap();
    nothing(
        hall.run(&["--again", "root"]),
        2,
        "no doubt about that step",
    );
    fs::create_dir_all(hall.path().join("authority/iaca")).unwrap();
    let run = hall.run(&[]).expect(2);
    assert!(
        run.stderr.contains("exists and is not overwritten"),
        "{run:?}"
    );
    fs::remove_dir_all(hall.path().join("authority")).unwrap();

    // Another run has the transcript.
    let held = fs::File::open(hall.path().join("transcript.jsonl")).unwrap();
    held.lock().unwrap();
    nothing(hall.run(&[]), 2, "is in use");
    held.unlock().unwrap();
    hall.run(&[]).expect(0);
}

#[test]
fn a_key_that_is_not_the_one_of_the_plan_signs_nothing() {
    let (_, steps) = STEPS.split_once("\n[[steps]]\ndo = \"root\"").unwrap();
    let (root, _) = steps.split_once("\n[[steps]]").unwrap();
    let root = format!("\n[[steps]]\ndo = \"root\"{root}");
    let key = |uri: &str, public: &str| {
        format!(
            "\n[keys.root]\nuri = \"{uri}\"\ncurve = \"P-256\"\npublic_key = \"\"\"\n{public}\"\"\"\n"
        )
    };
    let hall = Hall::with_files(STEPS);
    for name in ["one", "other"] {
        let (file, public) = (format!("{name}.pem"), format!("{name}.pub"));
        mdl(
            hall.path(),
            &["key", "new", "--out", &file, "--public-out", &public],
        )
        .expect(0);
    }
    let public = |name: &str| fs::read_to_string(hall.path().join(name)).unwrap();
    hall.write(&key("other.pem", &public("one.pub")), &root);
    hall.approve();
    let run = hall.run(&[]).expect(1);
    assert!(
        run.stderr.contains("not the one that the file states"),
        "{run:?}"
    );
    assert_eq!(hall.lines().len(), 1);

    // A witness's key may not sign, whether the file states it or not.
    hall.write(&key("ada.pem", &public("ada.pub")), &root);
    let run = hall.mdl(&["plan", "ceremony.toml"]).expect(2);
    assert!(
        run.stderr.contains("witness ada has a key that signs"),
        "{run:?}"
    );
    fs::remove_file(hall.path().join("transcript.jsonl")).unwrap();
    let unstated = "\n[keys.root]\nuri = \"ada.pem\"\ncurve = \"P-256\"\n";
    hall.write(unstated, &root);
    hall.approve();
    let run = hall.run(&[]).expect(1);
    assert!(run.stderr.contains("it is the key of a witness"), "{run:?}");
    fs::remove_file(hall.path().join("transcript.jsonl")).unwrap();
    hall.write(
        &unstated.replace("P-256", "P-384").replace("ada", "one"),
        &root,
    );
    hall.approve();
    let run = hall.run(&[]).expect(1);
    assert!(
        run.stderr.contains("expected a key on P-384, found P-256"),
        "{run:?}"
    );
    assert_eq!(hall.lines().len(), 1);
}
