//! The vectors hold against this build, are what is committed, and leave no check out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mdl_reader::{CheckId, Weight};
use serde_json::Value;

use super::run::run;
use super::vector_file::{Expected, Test, VectorFile};
use super::{cases, generate};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testvectors")
}

/// Every file, made once for all tests.
fn files() -> &'static [(&'static str, VectorFile)] {
    static FILES: OnceLock<Vec<(&'static str, VectorFile)>> = OnceLock::new();
    FILES.get_or_init(cases::all)
}

fn tests() -> impl Iterator<Item = &'static Test> {
    files().iter().flat_map(|(_, file)| &file.tests)
}

#[test]
fn every_test_comes_out_as_it_must() {
    let report = run(&committed(), None, &mut |_, _| ()).unwrap();
    let mismatches: Vec<_> = report
        .files
        .iter()
        .flat_map(|file| &file.mismatches)
        .collect();
    for mismatch in &mismatches {
        println!(
            "{}\n  expected: {}\n  found:    {}",
            mismatch.id, mismatch.expected, mismatch.found
        );
    }
    assert!(mismatches.is_empty(), "{} tests did not", mismatches.len());
}

#[test]
fn generating_again_gives_the_committed_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut names =
        BTreeSet::from(["README.md", "schema.json", "verify-with-mdl.sh"].map(Into::into));
    for (path, _) in generate(folder.path()).unwrap() {
        let name = path.file_name().unwrap().to_owned();
        let again = std::fs::read(&path).unwrap();
        let before = std::fs::read(committed().join(&name)).unwrap();
        assert!(
            again == before,
            "{}: run `mdl vectors generate`",
            path.display()
        );
        names.insert(name);
    }
    let present = std::fs::read_dir(committed()).unwrap();
    let present: BTreeSet<_> = present.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(present, names, "files that no generator made");
}

/// Checks that never fail, so that no vector can show it; there is one in which they give a warning, or nothing to see.
const NEVER_FAILS: &[(CheckId, &str)] = &[
    (
        CheckId::ExpectedUpdate,
        "an overdue update is a notice to the holder, not a reason to reject",
    ),
    (
        CheckId::LicenceExpiry,
        "an expired licence is authentic; what follows is for the person who reads it",
    ),
];

#[test]
fn every_check_has_a_test_in_which_only_it_fails() {
    for check in CheckId::ALL {
        let alone = tests().any(|test| test.checks == [check.id()]);
        let exempt = NEVER_FAILS.iter().any(|(id, _)| id == check);
        assert_ne!(
            alone, exempt,
            "{check}: a test in which only it fails, or a reason why there is none"
        );
        if exempt {
            assert_eq!(check.weight(), Weight::Notice, "{check}");
            let warned = tests().any(|test| test.warnings == [check.id()]);
            assert!(warned, "{check}");
        }
    }
}

#[test]
fn there_are_tests_enough_and_each_is_complete() {
    let mut ids = BTreeSet::new();
    for (name, file) in files() {
        let used: BTreeSet<_> = file.tests.iter().flat_map(|test| &test.flags).collect();
        let noted: BTreeSet<_> = file.notes.keys().collect();
        assert_eq!(used, noted, "{name}: flags and notes");
        for test in &file.tests {
            assert!(ids.insert(test.id.clone()), "{} twice", test.id);
            assert!(!test.comment.is_empty(), "{}", test.id);
            assert_eq!(
                test.result == Expected::Valid,
                test.checks.is_empty(),
                "{}",
                test.id
            );
            for id in test.checks.iter().chain(&test.warnings) {
                assert!(
                    CheckId::ALL.iter().any(|check| check.id() == id),
                    "{}: {id}",
                    test.id
                );
            }
        }
    }
    assert!(ids.len() >= 150, "{} tests", ids.len());
}

#[test]
fn every_trap_of_the_readme_has_its_tests() {
    let readme = std::fs::read_to_string(committed().join("README.md")).unwrap();
    let traps = readme.split("## Known traps").nth(1).unwrap();
    let mut named = 0;
    for row in traps
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
    {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let quoted = |column: &str| -> Vec<String> {
            column
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect()
        };
        let checks = quoted(columns[3]);
        for id in quoted(columns[2]) {
            let test = tests().find(|test| test.id == id);
            let test = test.unwrap_or_else(|| panic!("no test {id}"));
            assert_eq!(test.checks, checks, "{id}");
            named += 1;
        }
    }
    assert!(named > 50, "{named} tests in the table");
}

#[test]
fn the_schema_describes_the_files() {
    let schema = std::fs::read_to_string(committed().join("schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    for (name, _) in files() {
        let file = std::fs::read_to_string(committed().join(name).with_extension("json")).unwrap();
        conforms(
            &schema,
            &schema,
            &serde_json::from_str(&file).unwrap(),
            name,
        );
    }
}

/// As much of JSON Schema as the schema uses.
fn conforms(root: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let definition = root.pointer(reference.strip_prefix('#').unwrap());
        return conforms(root, definition.unwrap(), value, place);
    }
    match schema["type"].as_str() {
        Some("object") => assert!(value.is_object(), "{place}"),
        Some("array") => assert!(value.is_array(), "{place}"),
        Some("string") => assert!(value.is_string(), "{place}"),
        Some("boolean") => assert!(value.is_boolean(), "{place}"),
        Some(other) => panic!("{place}: {other} is not a type that this reads"),
        None => {}
    }
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{place}");
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(
            value.get(required.as_str().unwrap()).is_some(),
            "{place}: {required}"
        );
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let place = format!("{place}/{name}");
        match schema["properties"].get(name) {
            Some(property) => conforms(root, property, member, &place),
            None => {
                let further = &schema["additionalProperties"];
                assert!(further.is_object(), "{place} is not in the schema");
                conforms(root, further, member, &place);
            }
        }
    }
    for (index, element) in value.as_array().into_iter().flatten().enumerate() {
        conforms(root, &schema["items"], element, &format!("{place}/{index}"));
    }
}
