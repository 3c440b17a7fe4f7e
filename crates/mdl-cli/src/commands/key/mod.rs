//! Keys by themselves: for devices, and in the key stores of an authority.

mod create;
mod new;
mod show;

use clap::Subcommand;

use crate::Exit;
use crate::failure::Result;

/// Keys of an authority in files, PKCS#11 tokens and AWS KMS; keys of devices for tests
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    New(new::New),
    Create(create::Create),
    Show(show::Show),
}

impl Key {
    pub(crate) fn run(&self) -> Result<Exit> {
        match self {
            Self::New(new) => new.run(),
            Self::Create(create) => create.run(),
            Self::Show(show) => show.run(),
        }
    }
}
