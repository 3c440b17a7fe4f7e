use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::Exit;
use crate::commands::{
    ceremony, certificates, checks, completions, crl, demo, ds, health, iaca, inspect, issue, key,
    ledger, lint, man, present, reader, serve, status_signer, trust, vectors, verify, wallet,
};
use crate::failure::Result;
use crate::output::{print_bytes, remark};

/// Issue, present and verify mobile driving licences (ISO/IEC 18013-5)
#[derive(Debug, Parser)]
#[command(
    name = "mdl",
    version,
    max_term_width = 110,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done and good; 1 the answer is no; 2 wrong usage, or a file that cannot be read; \
3 something outside failed and a retry may help.\n\n`mdl COMMAND --help` shows a worked example of each command."
)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Serve(serve::Serve),
    Health(health::Health),
    #[command(subcommand)]
    Iaca(iaca::Iaca),
    #[command(subcommand)]
    Ds(ds::Ds),
    #[command(subcommand)]
    StatusSigner(status_signer::StatusSigner),
    #[command(subcommand)]
    Crl(crl::Crl),
    #[command(subcommand)]
    Ceremony(ceremony::Ceremony),
    #[command(subcommand)]
    Certificates(certificates::Certificates),
    Issue(issue::Issue),
    Present(present::Present),
    Verify(verify::Verify),
    Checks(checks::Checks),
    #[command(subcommand)]
    Reader(reader::Reader),
    #[command(subcommand)]
    Trust(trust::Trust),
    #[command(subcommand)]
    Wallet(wallet::Wallet),
    Lint(lint::Lint),
    Inspect(inspect::Inspect),
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    #[command(subcommand)]
    Vectors(vectors::Vectors),
    #[command(subcommand)]
    Key(key::Key),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    fn run(&self) -> Result<Exit> {
        match self {
            Self::Demo(demo) => demo.run(),
            Self::Serve(serve) => serve.run(),
            Self::Health(health) => health.run(),
            Self::Iaca(iaca) => iaca.run(),
            Self::Ds(ds) => ds.run(),
            Self::StatusSigner(status_signer) => status_signer.run(),
            Self::Crl(crl) => crl.run(),
            Self::Ceremony(ceremony) => ceremony.run(),
            Self::Certificates(certificates) => certificates.run(),
            Self::Issue(issue) => issue.run(),
            Self::Present(present) => present.run(),
            Self::Verify(verify) => verify.run(),
            Self::Reader(reader) => reader.run(),
            Self::Trust(trust) => trust.run(),
            Self::Checks(checks) => checks.run(),
            Self::Wallet(wallet) => wallet.run(),
            Self::Lint(lint) => lint.run(),
            Self::Inspect(inspect) => inspect.run(),
            Self::Ledger(ledger) => ledger.run(),
            Self::Vectors(vectors) => vectors.run(),
            Self::Key(key) => key.run(),
            Self::Completions(completions) => completions.run(),
            Self::Man(man) => man.run(),
        }
    }
}

/// Runs the command with these arguments, the first of which is its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let command_line = match CommandLine::try_parse_from(arguments) {
        Ok(command_line) => command_line,
        Err(error) => return usage(&error),
    };
    command_line.command.run().unwrap_or_else(|failure| {
        remark(&failure);
        failure.exit()
    })
}

/// Prints what the parser says: help and version on standard output, errors on standard error.
fn usage(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        remark(error.render());
        Exit::Usage
    } else {
        match print_bytes(error.render().to_string().as_bytes()) {
            Ok(()) => Exit::Good,
            Err(failure) => failure.exit(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_command_has_a_worked_example() {
        fn check(command: &clap::Command) {
            for command in command.get_subcommands() {
                if command.has_subcommands() {
                    check(command);
                } else {
                    let help = command.get_after_help().map(ToString::to_string);
                    let help = help.unwrap_or_default();
                    assert!(help.contains("Example"), "{}", command.get_name());
                    // A line that the terminal breaks cannot be copied.
                    let broken = help
                        .lines()
                        .find(|line| line.starts_with("  ") && line.len() > 79);
                    assert_eq!(broken, None);
                }
            }
        }
        check(&CommandLine::command());
    }
}
