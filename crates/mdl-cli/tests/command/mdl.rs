//! Runs the binary in folders of its own, and holds every run to what is promised for all of them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// When the tests work, unless they say otherwise.
pub(crate) const AT: &str = "2026-06-15T12:00:00Z";
/// `[null, null, null]`.
pub(crate) const TRANSCRIPT: &str = "83f6f6f6";
pub(crate) const PASSPHRASE: &str = "correct horse";
/// No single command may take longer, even unoptimised on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How one run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn expect(self, exit: i32) -> Self {
        assert_eq!(self.exit, exit, "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs `mdl` in `folder` with these arguments.
#[track_caller]
pub(crate) fn mdl<S: AsRef<str>>(folder: &Path, arguments: &[S]) -> Run {
    mdl_with_input(folder, arguments, b"")
}

/// The same, with something on standard input.
#[track_caller]
pub(crate) fn mdl_with_input<S: AsRef<str>>(folder: &Path, arguments: &[S], input: &[u8]) -> Run {
    let started = Instant::now();
    let mut child = command(folder)
        .args(arguments.iter().map(AsRef::as_ref))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let run = Run {
        exit: output.status.code().expect("ended by itself"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!run.stderr.contains("panicked"), "{run:?}");
    assert!(!run.stderr.contains("backtrace"), "{run:?}");
    assert!((0..=3).contains(&run.exit), "{run:?}");
    assert!(started.elapsed() < PATIENCE, "{run:?}");
    run
}

pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdl"));
    command
        .current_dir(folder)
        .env_remove("MDL_AUTHORITY")
        .env("MDL_PASSPHRASE", PASSPHRASE);
    command
}

/// The sample record of the repository.
pub(crate) fn record() -> String {
    repository()
        .join("examples/records/erika.json")
        .display()
        .to_string()
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// An authority with a document signer `ds-1`, a device key and a licence, which no test changes.
pub(crate) struct Sample {
    folder: TempDir,
}

impl Sample {
    pub(crate) fn get() -> &'static Self {
        static SAMPLE: OnceLock<Sample> = OnceLock::new();
        SAMPLE.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let at = folder.path();
            make_authority(at);
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
            Self { folder }
        })
    }

    /// Path of one of its files.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn iaca(&self) -> String {
        self.file("mdl-authority/iaca/certificate.pem")
    }

    /// A response that discloses `elements`, made in `folder`.
    pub(crate) fn present(&self, folder: &Path, elements: &str, more: &[&str]) -> PathBuf {
        let (licence, key) = (self.file("licence.cbor"), self.file("device.pem"));
        let out = folder.join("response.cbor").display().to_string();
        let mut arguments = vec![
            "present",
            "--issuer-signed",
            &licence,
            "--device-key",
            &key,
            "--session-transcript",
            TRANSCRIPT,
            "--elements",
            elements,
            "--out",
            &out,
            "--force",
        ];
        arguments.extend(more);
        mdl(folder, &arguments).expect(0);
        PathBuf::from(out)
    }

    /// Verifies a file with the trust anchor of the sample, at the time of the tests.
    pub(crate) fn verify(&self, file: &Path, more: &[&str]) -> Run {
        let (iaca, file) = (self.iaca(), file.display().to_string());
        let mut arguments = vec!["verify", "--iaca", &iaca, "--at", AT, "--json", &file];
        arguments.extend(more);
        mdl(self.folder(), &arguments)
    }
}

/// Makes `mdl-authority` with `ds-1` in a folder.
pub(crate) fn make_authority(folder: &Path) {
    mdl(
        folder,
        &[
            "iaca",
            "init",
            "--country",
            "US",
            "--state",
            "US-CA",
            "--name",
            "Example IACA",
            "--contact",
            "iaca@dmv.example",
            "--crl-url",
            "https://dmv.example/iaca.crl",
            "--at",
            AT,
        ],
    )
    .expect(0);
    mdl(folder, &["ds", "issue", "ds-1", "--at", AT]).expect(0);
}

/// The command that issues the sample record to `device.pub` of the working folder.
pub(crate) fn issue_arguments(out: &str) -> Vec<String> {
    let record = record();
    [
        "issue",
        "--record",
        &record,
        "--device-key",
        "device.pub",
        "--ds",
        "ds-1",
        "--out",
        out,
        "--at",
        AT,
    ]
    .map(ToOwned::to_owned)
    .to_vec()
}

/// Ids of the checks of a report with this result: of the response, then of its documents.
pub(crate) fn checks_with(report: &Value, result: &str) -> Vec<String> {
    let of_documents = report["documents"].as_array().unwrap().iter();
    let lists = std::iter::once(report)
        .chain(of_documents)
        .map(|part| part["checks"].as_array().unwrap());
    lists
        .flatten()
        .filter(|check| check["result"] == result)
        .map(|check| check["id"].as_str().unwrap().to_owned())
        .collect()
}
