use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::Exit;
use crate::failure::{Failure, Result};
use crate::files::{self, Readers};
use crate::output::Output;
use crate::vectors::{self, DEFAULT_FOLDER, OtherImplementation, RunReport, VectorsError};

/// Run test vectors, or generate those of this repository
#[derive(Debug, Subcommand)]
pub(crate) enum Vectors {
    Run(Run),
    Generate(Generate),
}

/// Run test vectors against this build or another implementation
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl vectors run testvectors
  mdl vectors run --command 'sh testvectors/verify-with-mdl.sh {dir}'

{file} stands for the test as a JSON file, {dir} for the folder it lies in, together with its parts as binary files.
The command is split at white space and run without a shell, once for each test. It says valid with exit code 0 and
invalid with 1. testvectors/README.md describes the files.

Exit code 0: every test came out as it must. 1: not every one. 2: the files cannot be read.")]
pub(crate) struct Run {
    /// The folder of the vector files
    #[arg(value_name = "DIR", default_value = DEFAULT_FOLDER)]
    folder: PathBuf,
    /// Another implementation, as a command with {file} or {dir} in it
    #[arg(long, value_name = "CMD")]
    command: Option<String>,
    /// Write SHA-256 of the report on each test, which every other build and binding must give as well
    #[arg(long, value_name = "FILE", conflicts_with = "command")]
    reports: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Write the test vectors of this repository, the same bytes every time
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl vectors generate testvectors")]
pub(crate) struct Generate {
    /// The folder to write into
    #[arg(value_name = "DIR", default_value = DEFAULT_FOLDER)]
    folder: PathBuf,
    #[command(flatten)]
    output: Output,
}

impl Vectors {
    pub(crate) fn run(&self) -> Result<Exit> {
        match self {
            Self::Run(run) => run.run(),
            Self::Generate(generate) => generate.run(),
        }
    }
}

impl Run {
    fn run(&self) -> Result<Exit> {
        let other = match &self.command {
            Some(command) => Some(
                OtherImplementation::new(command)
                    .map_err(|error| Failure::usage("cannot run --command").because(&error))?,
            ),
            None => None,
        };
        let bar = self.output.progress();
        let mut progress = |done: usize, total: usize| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        };
        let report = vectors::run(&self.folder, other.as_ref(), &mut progress);
        bar.finish_and_clear();
        let report = report.map_err(|error| match error {
            VectorsError::Files(error) => Failure::usage("cannot run the vectors")
                .because(&error)
                .hint("name the folder of the vector files; `mdl vectors generate` writes them"),
            VectorsError::Command(error) => {
                Failure::outside("cannot run --command").because(&error)
            }
        })?;
        if let Some(file) = &self.reports {
            let lines = report.report_digests.iter();
            let lines: String = lines
                .map(|(id, digest)| format!("{digest}  {id}\n"))
                .collect();
            files::replace(file, lines.as_bytes(), Readers::Everyone)?;
        }
        self.output
            .result(|| as_text(&report), || as_json(&report))?;
        Ok(if report.failed() == 0 {
            Exit::Good
        } else {
            Exit::No
        })
    }
}

fn as_text(report: &RunReport) -> String {
    let mut text = String::new();
    for file in &report.files {
        let total = file.passed + file.mismatches.len();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<24} {:>4} of {total}", file.name, file.passed);
        for mismatch in &file.mismatches {
            let _ = writeln!(text, "  {}: {}", mismatch.id, mismatch.comment);
            let _ = writeln!(text, "    expected: {}", mismatch.expected);
            let _ = writeln!(text, "    found:    {}", mismatch.found);
        }
    }
    let _ = writeln!(
        text,
        "{} passed, {} failed",
        report.passed(),
        report.failed()
    );
    text
}

fn as_json(report: &RunReport) -> Value {
    let files: Vec<Value> = report
        .files
        .iter()
        .map(|file| {
            let mismatches: Vec<Value> = file
                .mismatches
                .iter()
                .map(|mismatch| {
                    json!({ "id": mismatch.id, "comment": mismatch.comment,
                            "expected": mismatch.expected, "found": mismatch.found })
                })
                .collect();
            json!({ "file": file.name, "passed": file.passed, "failed": mismatches })
        })
        .collect();
    json!({ "passed": report.passed(), "failed": report.failed(), "files": files })
}

impl Generate {
    fn run(&self) -> Result<Exit> {
        let files = vectors::generate(&self.folder)
            .map_err(|error| Failure::usage("cannot write the vectors").because(&error))?;
        let text = || {
            let lines = files
                .iter()
                .map(|(path, tests)| format!("{}: {tests} tests\n", path.display()));
            lines.collect::<String>()
        };
        let json = || {
            let list = files
                .iter()
                .map(|(path, tests)| json!({ "path": path.to_string_lossy(), "tests": tests }));
            json!({ "files": list.collect::<Vec<_>>() })
        };
        self.output.result(text, json)?;
        Ok(Exit::Good)
    }
}
