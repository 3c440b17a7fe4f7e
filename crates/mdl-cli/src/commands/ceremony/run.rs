use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use time::OffsetDateTime;

use super::{CeremonyFile, read_plan, read_statements};
use crate::Exit;
use crate::ceremony::{Conduct, run};
use crate::failure::{Failure, Result};
use crate::input::parse_time;
use crate::output::{Output, remark};
use crate::passphrase::PassphraseOptions;

/// Run a ceremony: reproduce the planned hashes with the real keys, or sign nothing
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl ceremony run ceremony.toml --plan plan.json --operator 'Grace H.' \\
      --approval ada.plan.json --approval alan.plan.json

The plan must be what the file gives here too, and as many witnesses must have signed it as the file asks. Keys are \
opened, every structure is built with them and held against the plan, and only then the first signature is made. The \
transcript is written line by line; a run that was broken off goes on when it is run again, and signs nothing twice.")]
pub(crate) struct Run {
    #[command(flatten)]
    file: CeremonyFile,
    /// The plan that was reviewed
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// The signature of a witness over the plan; may be repeated
    #[arg(long, value_name = "FILE")]
    approval: Vec<PathBuf>,
    /// Where the transcript is written, or goes on
    #[arg(long, value_name = "FILE", default_value = "transcript.jsonl")]
    transcript: PathBuf,
    /// Who is at the machine, for the transcript
    #[arg(long, value_name = "NAME")]
    operator: String,
    /// Do a step once more of which nobody knows whether it was done; may be repeated
    #[arg(long, value_name = "STEP")]
    again: Vec<String>,
    /// The time to work at, which the transcript says [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    output: Output,
}

impl Run {
    pub(crate) fn run(&self) -> Result<Exit> {
        if self.operator.trim().is_empty() {
            return Err(Failure::usage("--operator: expected a name"));
        }
        let ceremony = self.file.read()?;
        let plan = read_plan(&self.plan)?;
        let tell = |what: &str| {
            if !self.output.is_json() {
                remark(what);
            }
        };
        let conduct = Conduct {
            operator: &self.operator,
            at: self.at,
            plan: &plan,
            approvals: &read_statements(&self.approval)?,
            again: &self.again,
            passphrases: &self.passphrase.when_needed(),
            tell: &tell,
        };
        let finished = run(&ceremony, &conduct, &self.transcript)?;
        let mut text = format!("the ceremony is finished: {} signed", finished.signed);
        if finished.found > 0 {
            text.push_str(&format!(", {} before", finished.found));
        }
        text.push_str(&format!(
            "\n  transcript  {}\n  SHA-256     {}\nto do: every witness reads it and signs it with `mdl ceremony sign`",
            self.transcript.display(),
            finished.transcript_sha256
        ));
        self.output.result(
            || text,
            || {
                json!({
                    "transcript": self.transcript.to_string_lossy(),
                    "sha256": finished.transcript_sha256,
                    "signed": finished.signed,
                    "signed_before": finished.found,
                })
            },
        )?;
        Ok(Exit::Good)
    }
}
