//! The command line itself: exit codes for wrong use, help, completions, manual pages, closed pipes.

use std::fs;
use std::process::Stdio;

use crate::mdl::{AT, Sample, TRANSCRIPT, command, mdl};

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    let sample = Sample::get();
    let (iaca, licence) = (sample.iaca(), sample.file("licence.cbor"));
    let cases: &[&[&str]] = &[
        &[],
        &["frobnicate"],
        &["verify"],
        &["verify", "--static", &licence],
        &["verify", "--iaca", &iaca, &licence],
        &[
            "verify",
            "--iaca",
            &iaca,
            "--static",
            "--session-transcript",
            TRANSCRIPT,
            &licence,
        ],
        &[
            "verify",
            "--iaca",
            &iaca,
            "--static",
            "--reader-key",
            &licence,
            &licence,
        ],
        &[
            "verify",
            "--iaca",
            &iaca,
            "--static",
            "--at",
            "yesterday",
            &licence,
        ],
        &[
            "verify",
            "--iaca",
            &iaca,
            "--static",
            "--at",
            "9999-12-31T23:59:59-23:59",
            &licence,
        ],
        &[
            "verify", "--iaca", &iaca, "--static", "--policy", "lenient", &licence,
        ],
        &["issue", "--seed", "xyz"],
        &["ds", "issue", "../escape"],
        &["lint"],
        &["inspect"],
        &["completions", "cmd.exe"],
    ];
    for arguments in cases {
        let run = mdl(sample.folder(), arguments).expect(2);
        assert!(!run.stderr.is_empty(), "{arguments:?}");
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_exit_code_2_and_named() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("junk"), [0xff; 40]).unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    let (iaca, licence, key) = (
        sample.iaca(),
        sample.file("licence.cbor"),
        sample.file("device.pem"),
    );
    let crl_of = |crl: &'static str| {
        [
            "verify", "--iaca", &iaca, "--static", "--crl", crl, &licence,
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let anchor_of = |anchor: &str| {
        ["verify", "--iaca", anchor, "--static", &licence]
            .map(str::to_owned)
            .to_vec()
    };
    let session_of = |transcript: &str, reader_key: &str| {
        [
            "verify",
            "--iaca",
            &iaca,
            "--session-transcript",
            transcript,
            "--reader-key",
            reader_key,
            &licence,
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let cases = [
        (
            "missing",
            ["verify", "--iaca", &iaca, "--static", "missing"]
                .map(str::to_owned)
                .to_vec(),
        ),
        ("missing", anchor_of("missing")),
        ("junk", anchor_of("junk")),
        ("empty", anchor_of("empty")),
        ("crl.pem", anchor_of("crl.pem")),
        ("missing", crl_of("missing")),
        ("junk", crl_of("junk")),
        ("missing", session_of("missing", &key)),
        ("--session-transcript", session_of("junk", &key)),
        ("--session-transcript", session_of("82f6f6", &key)),
        ("junk", session_of(TRANSCRIPT, "junk")),
        (
            "missing",
            ["inspect", "missing"].map(str::to_owned).to_vec(),
        ),
        ("missing", ["lint", "missing"].map(str::to_owned).to_vec()),
        (".", ["inspect", "."].map(str::to_owned).to_vec()),
    ];
    let authority = sample.folder().join("mdl-authority");
    fs::copy(
        authority.join("ds/ds-1/request.pem"),
        folder.path().join("crl.pem"),
    )
    .unwrap();
    for (named, arguments) in cases {
        let run = mdl(folder.path(), &arguments).expect(2);
        assert!(
            run.stderr.starts_with("error: "),
            "{arguments:?}: {}",
            run.stderr
        );
        assert!(run.stderr.contains(named), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

#[test]
fn files_are_never_overwritten_without_being_asked() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("taken"), "precious").unwrap();
    let (licence, key, authority) = (
        sample.file("licence.cbor"),
        sample.file("device.pem"),
        sample.file("mdl-authority"),
    );
    let record = crate::mdl::record();
    let present = [
        "present",
        "--issuer-signed",
        &licence,
        "--device-key",
        &key,
        "--session-transcript",
        TRANSCRIPT,
        "--elements",
        "all",
        "--out",
        "taken",
    ];
    let issue = [
        "issue",
        "--authority",
        &authority,
        "--record",
        &record,
        "--device-key",
        &key,
        "--ds",
        "ds-1",
        "--at",
        AT,
        "--out",
        "taken",
    ];
    for arguments in [
        &present[..],
        &issue,
        &["key", "new", "--out", "taken"],
        &["demo", "--folder", "taken"],
    ] {
        let run = mdl(at, arguments).expect(2);
        assert!(run.stderr.contains("exists"), "{}", run.stderr);
        assert_eq!(fs::read(at.join("taken")).unwrap(), b"precious");
    }
    let forced = [&present[..], &["--force"]].concat();
    mdl(at, &forced).expect(0);
    assert_ne!(fs::read(at.join("taken")).unwrap(), b"precious");
    assert_eq!(
        fs::read_dir(at).unwrap().count(),
        1,
        "no temporary file is left"
    );
}

#[test]
fn secrets_are_private_files() {
    let sample = Sample::get();
    #[cfg(unix)]
    for secret in [
        "mdl-authority/iaca/key.pem",
        "mdl-authority/ds/ds-1/key.pem",
        "device.pem",
        "licence.cbor",
    ] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(sample.folder().join(secret))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    let key = fs::read_to_string(sample.folder().join("mdl-authority/iaca/key.pem")).unwrap();
    assert!(key.contains("ENCRYPTED PRIVATE KEY"));
}

#[test]
fn help_version_completions_and_manual_pages_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert!(mdl(at, &["--help"]).expect(0).stdout.contains("Exit codes"));
    assert!(
        mdl(at, &["verify", "--help"])
            .expect(0)
            .stdout
            .contains("Example")
    );
    assert!(mdl(at, &["--version"]).expect(0).stdout.starts_with("mdl "));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(
            mdl(at, &["completions", shell])
                .expect(0)
                .stdout
                .contains("mdl")
        );
    }
    assert!(mdl(at, &["man"]).expect(0).stdout.contains(".TH mdl 1"));
    let pages = mdl(at, &["man", "--out", "man1", "--json"])
        .expect(0)
        .json();
    assert!(pages["pages"].as_array().unwrap().len() > 15);
    let page = fs::read_to_string(at.join("man1/mdl-ds-issue.1")).unwrap();
    assert!(page.contains("mdl ds issue"), "{page}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sample = Sample::get();
    for arguments in [
        &["inspect", "licence.cbor", "--json"][..],
        &["--help"],
        &["completions", "zsh"],
    ] {
        let mut child = command(sample.folder())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(output.stderr, b"", "{output:?}");
    }
}

#[test]
fn the_passphrase_is_never_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let init = [
        "iaca",
        "init",
        "--country",
        "US",
        "--name",
        "x",
        "--contact",
        "a@b.example",
        "--crl-url",
        "https://b.example/c",
    ];
    let mut none = command(at);
    none.args(init)
        .env_remove("MDL_PASSPHRASE")
        .stdin(Stdio::null());
    let output = none.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("--passphrase-file") && said.contains("MDL_PASSPHRASE"),
        "{said}"
    );
    assert!(!at.join("mdl-authority").exists());

    fs::write(at.join("pass"), "from a file\n").unwrap();
    mdl(at, &[&init[..], &["--passphrase-file", "pass"]].concat()).expect(0);
    let wrong = mdl(at, &["ds", "issue", "a"]).expect(2);
    assert!(wrong.stderr.contains("passphrase"), "{}", wrong.stderr);
    assert!(!wrong.stderr.contains("correct horse"));
    assert!(!at.join("mdl-authority/ds/a").exists());
    mdl(at, &["ds", "issue", "a", "--passphrase-file", "pass"]).expect(0);
    fs::write(at.join("pass"), "").unwrap();
    mdl(at, &["ds", "issue", "b", "--passphrase-file", "pass"]).expect(2);
}

#[cfg(unix)]
#[test]
fn names_of_files_need_not_be_utf_8() {
    use std::os::unix::ffi::OsStringExt;

    let sample = Sample::get();
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsString::from_vec(b"ds\xff.pem".to_vec());
    fs::copy(sample.iaca(), folder.path().join(&name)).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = command(folder.path());
        command.args(arguments).arg(&name).output().unwrap()
    };
    for arguments in [
        &["lint", "--json"][..],
        &["inspect", "--json"],
        &["key", "new", "--json", "--out", "k.pem", "--public-out"],
        &["man", "--json", "--out"],
    ] {
        if arguments[0] != "lint" && arguments[0] != "inspect" {
            let path = folder.path().join(&name);
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
        }
        let output = run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        let json: Result<serde_json::Value, _> = serde_json::from_slice(&output.stdout);
        assert!(json.is_ok(), "{arguments:?}");
    }
}
