//! Results on standard output: text for people or JSON for programs, never a mixture; remarks on standard error.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use clap::Args;
use indicatif::ProgressBar;
use serde_json::Value;

use crate::failure::{Failure, Result};

/// The option every command with a result has.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

impl Output {
    /// Prints the result in the form that was asked for.
    pub(crate) fn result<T: Display>(
        self,
        text: impl FnOnce() -> T,
        json: impl FnOnce() -> Value,
    ) -> Result<()> {
        if self.json {
            print(format_args!("{:#}", json()))
        } else {
            print(text())
        }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// A bar for long work: on a terminal only, and not beside JSON.
    pub(crate) fn progress(self) -> ProgressBar {
        if self.json {
            return ProgressBar::hidden();
        }
        // It draws on standard error, and nothing if that is no terminal.
        ProgressBar::new(0)
    }
}

/// Prints text and a line end on standard output.
///
/// A reader that closed the pipe has read what it wanted, so that is no failure.
pub(crate) fn print(text: impl Display) -> Result<()> {
    let text = text.to_string();
    let mut bytes = text.into_bytes();
    if bytes.last() != Some(&b'\n') {
        bytes.push(b'\n');
    }
    print_bytes(&bytes)
}

/// Prints bytes on standard output as they are.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::outside("cannot write to standard output").because(&error))
        }
        _ => Ok(()),
    }
}

/// Prints a remark on standard error; if nobody can read it, it is lost.
pub(crate) fn remark(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}
