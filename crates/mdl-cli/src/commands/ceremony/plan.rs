use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::CeremonyFile;
use crate::Exit;
use crate::ceremony::plan;
use crate::failure::Result;
use crate::files::{Readers, write};
use crate::output::Output;

/// Rehearse a ceremony on throw-away keys, and print the SHA-256 of everything that will be signed
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl ceremony plan ceremony.toml --out plan.json

Nothing is opened or signed but with keys that are thrown away. The plan is a function of the file: everybody who has \
the file gets the same one, and every witness should make it again. Where the file does not know a public key, its \
bits and its key identifier are zeros in what is hashed, and the plan says so.")]
pub(crate) struct Plan {
    #[command(flatten)]
    file: CeremonyFile,
    /// Where the plan is written
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Overwrite the file
    #[arg(long, requires = "out")]
    force: bool,
    #[command(flatten)]
    output: Output,
}

impl Plan {
    pub(crate) fn run(&self) -> Result<Exit> {
        let plan = plan(&self.file.read()?)?;
        if let Some(path) = &self.out {
            write(path, plan.text().as_bytes(), Readers::Everyone, self.force)
                .map_err(crate::files::or_force)?;
        }
        self.output.result(|| plan.summary(), || json!(plan))?;
        Ok(Exit::Good)
    }
}
