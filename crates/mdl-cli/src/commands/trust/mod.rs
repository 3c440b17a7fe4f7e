//! Trust bundles: whom a reader without a network believes.

mod build;
mod show;
mod verify;

use clap::Subcommand;

use crate::Exit;
use crate::failure::Result;

/// Trust bundles: anchors, CRLs and status lists for readers, in one signed file
#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    Build(Box<build::Build>),
    Show(show::Show),
    Verify(verify::Verify),
}

impl Trust {
    pub(crate) fn run(&self) -> Result<Exit> {
        match self {
            Self::Build(build) => build.run(),
            Self::Show(show) => show.run(),
            Self::Verify(verify) => verify.run(),
        }
    }
}
