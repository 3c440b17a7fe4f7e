//! The passphrase of an authority's keys: from a file, the environment or a prompt, never from the command line,
//! where every user of the machine could read it.

use std::cell::OnceCell;
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

/// The passphrase of an authority's keys, obtained when it is first needed: a key in a key store needs none.
#[derive(Debug)]
pub(crate) struct Passphrases {
    options: PassphraseOptions,
    known: OnceCell<Passphrase>,
}

impl From<Passphrase> for Passphrases {
    fn from(passphrase: Passphrase) -> Self {
        Self {
            options: PassphraseOptions::default(),
            known: passphrase.into(),
        }
    }
}

impl Passphrases {
    /// The passphrase of keys that exist.
    ///
    /// # Errors
    /// Exit code 2 if there is none.
    pub(crate) fn of_keys(&self) -> Result<&Passphrase> {
        self.known(PassphraseOptions::get)
    }

    /// A passphrase for new keys: a prompt asks twice.
    ///
    /// # Errors
    /// Exit code 2 if there is none.
    pub(crate) fn for_new_keys(&self) -> Result<&Passphrase> {
        self.known(PassphraseOptions::choose)
    }

    fn known(
        &self,
        obtain: impl FnOnce(&PassphraseOptions) -> Result<Passphrase>,
    ) -> Result<&Passphrase> {
        match self.known.get() {
            Some(known) => Ok(known),
            None => {
                let passphrase = obtain(&self.options)?;
                Ok(self.known.get_or_init(|| passphrase))
            }
        }
    }
}

impl PassphraseOptions {
    /// To be asked when a passphrase is needed.
    pub(crate) fn when_needed(&self) -> Passphrases {
        Passphrases {
            options: self.clone(),
            known: OnceCell::new(),
        }
    }

    /// The passphrase of keys that exist.
    ///
    /// # Errors
    /// Exit code 2 if there is none.
    fn get(&self) -> Result<Passphrase> {
        self.obtain(|| prompt("Passphrase: "))
    }

    /// A passphrase for new keys: a prompt asks twice.
    ///
    /// # Errors
    /// Exit code 2 if there is none.
    fn choose(&self) -> Result<Passphrase> {
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

/// The PIN of a token, from whoever sits at the terminal; `None` without one.
///
/// # Errors
/// Exit code 2 if it cannot be read.
pub(crate) fn ask_for_pin() -> Result<Option<Zeroizing<String>>> {
    stdin()
        .is_terminal()
        .then(|| prompt("PIN of the token: "))
        .transpose()
}

fn prompt(question: &str) -> Result<Zeroizing<String>> {
    rpassword::prompt_password(question)
        .map(Zeroizing::new)
        .map_err(|error| Failure::usage("cannot ask for the passphrase").because(&error))
}
