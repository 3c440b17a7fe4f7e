//! The certificate revocation list: built, published, shown.

mod build;
mod publish;
mod show;

use clap::Subcommand;

use crate::Exit;
use crate::failure::Result;

/// The root's certificate revocation list
#[derive(Debug, Subcommand)]
pub(crate) enum Crl {
    Build(build::Build),
    Publish(publish::Publish),
    Show(show::Show),
}

impl Crl {
    pub(crate) fn run(&self) -> Result<Exit> {
        match self {
            Self::Build(build) => build.run(),
            Self::Publish(publish) => publish.run(),
            Self::Show(show) => show.run(),
        }
    }
}
