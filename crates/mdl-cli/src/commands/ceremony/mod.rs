//! Ceremonies: planned, approved, run, signed for and verified.

mod plan;
mod run;
mod sign;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::Exit;
use crate::ceremony::{Plan, Statement};
use crate::failure::{Failure, Result};
use crate::input;

/// Longer files are neither plans nor statements.
const MAX_BYTES: u64 = 1 << 20;

/// What a root key signs, decided in a reviewed file, before witnesses who sign for it
#[derive(Debug, Subcommand)]
pub(crate) enum Ceremony {
    Plan(plan::Plan),
    Run(run::Run),
    Sign(sign::Sign),
    Verify(verify::Verify),
}

impl Ceremony {
    pub(crate) fn run(&self) -> Result<Exit> {
        match self {
            Self::Plan(plan) => plan.run(),
            Self::Run(run) => run.run(),
            Self::Sign(sign) => sign.run(),
            Self::Verify(verify) => verify.run(),
        }
    }
}

/// Which ceremony a command is about.
#[derive(Args, Clone, Debug)]
struct CeremonyFile {
    /// The reviewed ceremony file, TOML
    #[arg(value_name = "CEREMONY")]
    ceremony: PathBuf,
}

impl CeremonyFile {
    fn read(&self) -> Result<crate::ceremony::Ceremony> {
        crate::ceremony::Ceremony::read(&self.ceremony)
    }
}

fn read_plan(path: &Path) -> Result<Plan> {
    Plan::read(&input::read_at_most(path, MAX_BYTES)?)
        .map_err(|failure| Failure::usage(path.display().to_string()).because(&failure))
}

fn read_statements(paths: &[PathBuf]) -> Result<Vec<Statement>> {
    let statements = paths.iter().map(|path| {
        Statement::read(&input::read_at_most(path, MAX_BYTES)?)
            .map_err(|failure| Failure::usage(path.display().to_string()).because(&failure))
    });
    statements.collect()
}
