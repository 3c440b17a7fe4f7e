use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::Exit;
use crate::command_line::CommandLine;
use crate::failure::Result;
use crate::output::print_bytes;

/// Print completions for a shell
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl completions bash > ~/.local/share/bash-completion/completions/mdl")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> Result<Exit> {
        // Into memory first, because a closed pipe is no reason to panic.
        let mut script = Vec::new();
        generate(self.shell, &mut CommandLine::command(), "mdl", &mut script);
        print_bytes(&script)?;
        Ok(Exit::Good)
    }
}
