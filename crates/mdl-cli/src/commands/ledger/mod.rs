//! The ledger of a service: verified, exported and compared with records of key use, from its database or from an export.

mod export;
mod reconcile;
mod source;
mod verify;

pub(crate) use source::{Opened, open_any};

use clap::Subcommand;

use crate::Exit;
use crate::failure::Result;

/// The issuing service's ledger of signatures
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    Verify(verify::Verify),
    Reconcile(reconcile::Reconcile),
    Export(export::Export),
}

impl Ledger {
    pub(crate) fn run(&self) -> Result<Exit> {
        match self {
            Self::Verify(verify) => verify.run(),
            Self::Reconcile(reconcile) => reconcile.run(),
            Self::Export(export) => export.run(),
        }
    }
}
