//! The reference wallet: not for production.

mod collect;
pub(crate) mod engage;
mod list;
mod load;
mod present;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mdl_iaca::certificate::DocumentKind;
use mdl_signer::key_file::Passphrase;
use mdl_wallet::connection::{Connection, ConnectionOptions};
use mdl_wallet::folder::{FolderError, WalletFolder};
use zeroize::Zeroizing;

use crate::Exit;
use crate::failure::{Failure, Result};
use crate::input;

/// Collect and present licences with the reference wallet, which is not for production
#[derive(Debug, Subcommand)]
pub(crate) enum Wallet {
    Collect(collect::Collect),
    Engage(Box<engage::Engage>),
    List(list::List),
    Present(present::Present),
    Load(load::Load),
}

impl Wallet {
    pub(crate) fn run(&self) -> Result<Exit> {
        match self {
            Self::Collect(collect) => collect.run(),
            Self::Engage(engage) => engage.run(),
            Self::List(list) => list.run(),
            Self::Present(present) => present.run(),
            Self::Load(load) => load.run(),
        }
    }
}

/// Where the wallet keeps its batches.
#[derive(Args, Clone, Debug)]
struct Data {
    /// The wallet's folder
    #[arg(long, value_name = "DIR", default_value = "mdl-wallet")]
    data: PathBuf,
}

impl Data {
    fn folder(&self) -> WalletFolder {
        WalletFolder::new(&self.data)
    }
}

/// The passphrase of device keys, which may lie there without one: this wallet protects nobody.
#[derive(Args, Clone, Debug, Default)]
struct KeyPassphrase {
    /// File whose first line is the passphrase of the device keys [default: keys are not encrypted]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl KeyPassphrase {
    fn get(&self) -> Result<Option<Passphrase>> {
        let Some(path) = &self.passphrase_file else {
            return Ok(None);
        };
        let passphrase = Passphrase::new(first_line(path)?);
        passphrase.map(Some).map_err(|error| {
            Failure::usage(format!("{}: no passphrase", path.display())).because(&error)
        })
    }
}

/// How servers are reached.
#[derive(Args, Clone, Debug)]
struct Network {
    /// Root certificate that the service's TLS certificate ends in, in place of the machine's; may be repeated
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
    /// Allow plain http to a service on this machine
    #[arg(long)]
    allow_loopback_http: bool,
}

impl Network {
    fn connection(&self) -> Result<Connection> {
        let mut options = ConnectionOptions {
            allow_loopback_http: self.allow_loopback_http,
            ..ConnectionOptions::default()
        };
        for path in &self.ca {
            let mut roots = input::read_pem_or_der(path, DocumentKind::Certificate)?;
            options.roots.append(&mut roots);
        }
        Connection::new(&options).map_err(|error| {
            Failure::usage("the network cannot be used with these options").because(&error)
        })
    }
}

/// A secret from a file: its first line.
fn first_line(path: &std::path::Path) -> Result<Zeroizing<String>> {
    let content = Zeroizing::new(input::read_at_most(path, 4096)?);
    let text = std::str::from_utf8(&content).map_err(|error| {
        Failure::usage(format!("{}: expected text", path.display())).because(&error)
    })?;
    Ok(Zeroizing::new(
        text.lines().next().unwrap_or_default().to_owned(),
    ))
}

fn folder_failure(error: &FolderError) -> Failure {
    let failure = match error {
        FolderError::Ended { .. } => Failure::no("there is nothing to present"),
        _ => Failure::usage("the wallet's folder cannot be used"),
    };
    let failure = failure.because(error);
    match error {
        FolderError::NoBatch { .. } | FolderError::Ended { .. } => {
            failure.hint("`mdl wallet collect` gets a batch, `mdl wallet list` shows what is there")
        }
        _ => failure,
    }
}
