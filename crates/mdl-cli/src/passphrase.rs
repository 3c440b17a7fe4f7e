//! The passphrase of an authority's keys: from a file, the environment or a prompt, never from the command line,
//! where every user of the machine could read it.

use std::io::{IsTerminal, stdin};
use std::path::PathBuf;

use clap::Args;
use mdl_signer::key_file::Passphrase;
use zeroize::Zeroizing;

use crate::failure::{Failure, Result};
use crate::input;

const VARIABLE: &str = "MDL_PASSPHRASE";

/// Where the passphrase comes from.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PassphraseOptions {
    /// File whose first line is the passphrase of the authority's keys; otherwise the environment variable
    /// MDL_PASSPHRASE, otherwise a prompt
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

impl PassphraseOptions {
    /// The passphrase of keys that exist.
    ///
    /// # Errors
    /// Exit code 2 if there is none.
    pub(crate) fn get(&self) -> Result<Passphrase> {
        self.obtain(|| prompt("Passphrase: "))
    }

    /// A passphrase for new keys: a prompt asks twice.
    ///
    /// # Errors
    /// Exit code 2 if there is none.
    pub(crate) fn choose(&self) -> Result<Passphrase> {
        self.obtain(|| {
            let passphrase = prompt("New passphrase: ")?;
            if prompt("Again: ")? == passphrase {
                Ok(passphrase)
            } else {
                Err(Failure::usage("the two passphrases differ").hint("try again"))
            }
        })
    }

    fn obtain(&self, ask: impl FnOnce() -> Result<Zeroizing<String>>) -> Result<Passphrase> {
        let passphrase = if let Some(path) = &self.passphrase_file {
            let content = Zeroizing::new(input::read_at_most(path, 4096)?);
            let text = std::str::from_utf8(&content).map_err(|error| {
                Failure::usage(format!("{}: expected text", path.display())).because(&error)
            })?;
            Zeroizing::new(text.lines().next().unwrap_or_default().to_owned())
        } else if let Some(value) = std::env::var_os(VARIABLE) {
            let text = value.into_string();
            Zeroizing::new(text.map_err(|_| Failure::usage(format!("{VARIABLE} is not text")))?)
        } else if stdin().is_terminal() {
            ask()?
        } else {
            return Err(
                Failure::usage("no passphrase for the authority's keys").hint(format!(
                    "give --passphrase-file FILE, or set {VARIABLE}, or run it in a terminal"
                )),
            );
        };
        Passphrase::new(passphrase).map_err(|error| {
            Failure::usage("no passphrase for the authority's keys").because(&error)
        })
    }
}

fn prompt(question: &str) -> Result<Zeroizing<String>> {
    rpassword::prompt_password(question)
        .map(Zeroizing::new)
        .map_err(|error| Failure::usage("cannot ask for the passphrase").because(&error))
}
