//! Running vectors against another implementation, which is a command. The protocol stands in
//! `testvectors/README.md`: files in a folder, an exit code, and optionally JSON.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mdl_crypto::PrivateKey;
use serde::Deserialize;

use super::run::Answer;
use super::vector_file::{Expected, Test};

/// How long a command may take for one test.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Bytes of standard output that are read at most.
const OUTPUT_LIMIT: u64 = 1 << 20;

/// A command that verifies one test at a time.
#[derive(Debug)]
pub(crate) struct OtherImplementation {
    program: String,
    arguments: Vec<String>,
    /// Holds the files of one test after the other.
    folder: PathBuf,
}

/// Why the other implementation cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CommandError {
    #[error("the command is empty")]
    Empty,
    #[error("the command does not say where the test goes: it needs {{file}} or {{dir}}")]
    NoPlace,
    #[error("{program}: cannot be started")]
    Start {
        program: String,
        source: std::io::Error,
    },
    #[error("{}: cannot be written", path.display())]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// What a command may print: one JSON object.
#[derive(Debug, Default, Deserialize)]
struct Printed {
    checks: Option<Vec<String>>,
    warnings: Option<Vec<String>>,
}

impl OtherImplementation {
    /// `command` is split at white space, without a shell; `{file}` and `{dir}` stand for the test.
    ///
    /// # Errors
    /// [`CommandError`] if there is nothing to run or no place for the test.
    pub(crate) fn new(command: &str) -> Result<Self, CommandError> {
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words.next().ok_or(CommandError::Empty)?;
        let arguments: Vec<String> = words.collect();
        let has_place =
            |argument: &String| argument.contains("{file}") || argument.contains("{dir}");
        if !arguments.iter().any(has_place) {
            return Err(CommandError::NoPlace);
        }
        let folder = std::env::temp_dir().join(format!("mdl-vectors-{}", std::process::id()));
        Ok(Self {
            program,
            arguments,
            folder,
        })
    }

    /// Writes the files of a test, runs the command, reads its answer.
    ///
    /// # Errors
    /// The files cannot be written, or the command cannot be started.
    pub(super) fn answer(&self, test: &Test) -> Result<Answer, CommandError> {
        let file = write_test(test, &self.folder)?;
        let place = |argument: &String| {
            argument
                .replace("{file}", &file.to_string_lossy())
                .replace("{dir}", &self.folder.to_string_lossy())
        };
        let child = Command::new(&self.program)
            .args(self.arguments.iter().map(place))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| CommandError::Start {
                program: self.program.clone(),
                source,
            })?;
        Ok(wait(child))
    }
}

impl Drop for OtherImplementation {
    fn drop(&mut self) {
        // Nothing depends on it: what is left lies in the system's folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Fills the folder with the test as JSON and with its parts as binary files; gives the path of the JSON.
fn write_test(test: &Test, folder: &Path) -> Result<PathBuf, CommandError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| CommandError::Folder { path, source }
    };
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(io(folder))?;
    }
    fs::create_dir_all(folder).map_err(io(folder))?;
    let write = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        let written = fs::File::create(&path).and_then(|mut file| file.write_all(content));
        written.map_err(io(&path)).map(|()| path)
    };
    let json = serde_json::to_vec_pretty(test);
    let json = json.expect("strings, lists and maps with string keys are JSON");
    write("input.cbor", &test.input.0)?;
    for (number, anchor) in test.iaca.iter().enumerate() {
        write(&format!("iaca-{number}.der"), &anchor.certificate.0)?;
    }
    for (number, crl) in test.crls.iter().enumerate() {
        write(&format!("crl-{number}.der"), &crl.0)?;
    }
    for (number, token) in test.status_tokens.iter().enumerate() {
        write(&format!("status-token-{number}"), &token.0)?;
    }
    if let Some(transcript) = &test.session_transcript {
        write("session-transcript.cbor", &transcript.0)?;
    }
    let reader_key = test
        .reader_key
        .as_ref()
        .map(|der| PrivateKey::from_pkcs8_der(&der.0));
    if let Some(Ok(reader_key)) = reader_key {
        write("reader-key.pem", reader_key.to_pkcs8_pem().as_bytes())?;
    }
    write("test.json", &json)
}

/// Waits for the command to end, but not longer than [`TIME_LIMIT`].
fn wait(mut child: Child) -> Answer {
    let stdout = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut output = Vec::new();
        if let Some(stdout) = stdout {
            // What cannot be read is not there, which the protocol allows.
            let _ = stdout.take(OUTPUT_LIMIT).read_to_end(&mut output);
        }
        output
    });
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < TIME_LIMIT => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Ok(None) => {
                // It may have ended in this moment; either way it is gone afterwards.
                let _ = child.kill();
                let _ = child.wait();
                return trouble(format!("no answer within {} seconds", TIME_LIMIT.as_secs()));
            }
            Err(error) => return trouble(format!("cannot be waited for: {error}")),
        }
    };
    let result = match status.code() {
        Some(0) => Expected::Valid,
        Some(1) => Expected::Invalid,
        Some(code) => return trouble(format!("exit code {code}, which is neither 0 nor 1")),
        None => return trouble("ended by a signal".to_owned()),
    };
    let output = reader.join().unwrap_or_default();
    let printed: Printed = serde_json::from_slice(&output).unwrap_or_default();
    Answer {
        result: Some(result),
        checks: printed.checks,
        warnings: printed.warnings,
        report_digest: None,
        trouble: None,
    }
}

fn trouble(trouble: String) -> Answer {
    Answer {
        trouble: Some(trouble),
        ..Answer::default()
    }
}
