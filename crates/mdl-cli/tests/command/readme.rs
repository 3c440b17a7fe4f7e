//! The commands that the README and the examples tell people to type.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::mdl::repository;

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
