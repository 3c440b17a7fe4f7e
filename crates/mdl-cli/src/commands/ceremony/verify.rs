use std::path::PathBuf;

use clap::Args;

use super::{CeremonyFile, read_statements};
use crate::Exit;
use crate::ceremony::{read_transcript, verify};
use crate::failure::Result;
use crate::output::Output;

/// Verify a ceremony: its transcript, its witnesses, and everything that was signed in it
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl ceremony verify ceremony.toml transcript.jsonl \\
      --signature ada.transcript.json --signature alan.transcript.json

The ceremony file is what is trusted: have it from somebody else than the transcript. Everything is built again from \
it and from the public keys, and must be what was signed. Exit code 1 when a check fails.")]
pub(crate) struct Verify {
    #[command(flatten)]
    file: CeremonyFile,
    /// The transcript
    #[arg(value_name = "TRANSCRIPT")]
    transcript: PathBuf,
    /// The signature of a witness over the transcript; may be repeated
    #[arg(long, value_name = "FILE")]
    signature: Vec<PathBuf>,
    /// Look also at the files that the ceremony left beside the ceremony file
    #[arg(long)]
    files: bool,
    #[command(flatten)]
    output: Output,
}

impl Verify {
    pub(crate) fn run(&self) -> Result<Exit> {
        let ceremony = self.file.read()?;
        let content = read_transcript(&self.transcript)?;
        let signatures = read_statements(&self.signature)?;
        let outcome = verify(&ceremony, &content, Some(&signatures), self.files)?;
        self.output
            .result(|| outcome.text(), || outcome.to_json())?;
        Ok(match outcome.is_good() {
            true => Exit::Good,
            false => Exit::No,
        })
    }
}
