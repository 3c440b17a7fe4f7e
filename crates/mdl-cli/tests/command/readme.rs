//! The commands that the README and the examples tell people to type.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::mdl::{mdl, repository};

/// Runs a shell script with our `mdl` first on its path, in `folder`.
fn sh(folder: &Path, script: &str) {
    let program = Path::new(env!("CARGO_BIN_EXE_mdl"));
    let mut path = program.parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-euc", script])
        .current_dir(folder)
        .env("PATH", path)
        .env_remove("MDL_PASSPHRASE")
        .env_remove("MDL_AUTHORITY")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{script}\n{}",
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat())
    );
}

#[test]
fn the_quick_start_works_as_printed() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let (_, section) = readme.split_once("## Quick start").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let script: Vec<_> = block
        .lines()
        .filter(|line| !line.contains("cargo build"))
        .collect();
    let commands = script
        .iter()
        .filter(|line| line.starts_with("mdl "))
        .count();
    assert!((2..5).contains(&commands), "{commands} commands");
    let folder = tempfile::tempdir().unwrap();
    sh(folder.path(), &script.join("\n"));
}

#[test]
fn the_example_of_an_own_authority_works() {
    let folder = tempfile::tempdir().unwrap();
    let script = repository().join("examples/own-authority.sh");
    sh(folder.path(), &format!("sh -eu {}", script.display()));
}

#[test]
fn the_example_of_a_ceremony_works() {
    let folder = tempfile::tempdir().unwrap();
    let script = repository().join("examples/ceremony/run.sh");
    sh(folder.path(), &format!("sh -eu {}", script.display()));
}

#[test]
fn the_example_of_an_issuing_service_works() {
    let folder = tempfile::tempdir().unwrap();
    // Records that are there stay, and no portraits need to be drawn without optimisation.
    let records = folder.path().join("service/records");
    fs::create_dir_all(&records).unwrap();
    let examples = repository().join("examples/records");
    fs::copy(examples.join("portrait.jpg"), records.join("portrait.jpg")).unwrap();
    for number in 1..=200 {
        let record = records.join(format!("sample-{number:03}.json"));
        fs::copy(examples.join("erika.json"), record).unwrap();
    }
    let script = repository().join("examples/issuing-service.sh");
    let port = crate::wallet::two_free_ports();
    sh(
        folder.path(),
        &format!("PORT={port} sh -eu {}", script.display()),
    );
}

/// The commands in the help of a command, as they are printed.
fn examples(command: &str) -> String {
    let arguments: Vec<_> = command.split(' ').chain(["--help"]).collect();
    let help = mdl(&repository(), &arguments).expect(0).stdout;
    let (_, help) = help.split_once("Example:\n").unwrap();
    let (examples, _) = help.split_once("\n\n").unwrap_or((help, ""));
    assert!(examples.starts_with("  mdl "), "{command}: {examples}");
    examples.to_owned()
}

#[test]
fn the_examples_of_every_help_work_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["examples", "testvectors"] {
        std::os::unix::fs::symlink(repository().join(name), folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("pass.txt"), "correct horse\n").unwrap();
    for command in [
        "demo",
        "iaca init",
        "iaca show",
        "ds issue",
        "ds list",
        "ds rotate",
        "status-signer issue",
        "reader issue",
        "reader request",
        "key new",
        "issue",
        "present",
        "verify",
        "lint",
        "inspect",
        "crl build",
        "crl show",
        "ds retire",
        "man",
    ] {
        // The pagers that some of them end in need not be installed.
        let script = examples(command)
            .replace("| less", "")
            .replace("&& man -l", "&& test -e");
        sh(folder.path(), &script);
    }
    assert!(examples("completions").contains("mdl completions bash > "));
    assert!(examples("vectors generate").contains("mdl vectors generate"));
    // All test vectors once more would take long; that the script in it exists is enough here.
    assert!(examples("vectors run").contains("testvectors/verify-with-mdl.sh {dir}"));
}
