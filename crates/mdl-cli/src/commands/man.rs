use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use clap_mangen::Man as Page;

use crate::Exit;
use crate::command_line::CommandLine;
use crate::failure::{Failure, Result};
use crate::files::{Readers, replace};
use crate::output::{Output, print_bytes};

/// Print the manual page, or write one for every command
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl man --out man1 && man -l man1/mdl-verify.1")]
pub(crate) struct Man {
    /// Folder to write the pages of all commands to
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Man {
    pub(crate) fn run(&self) -> Result<Exit> {
        let mut command = CommandLine::command();
        command.build();
        let Some(folder) = &self.out else {
            print_bytes(&page(command)?)?;
            return Ok(Exit::Good);
        };
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::usage(format!("cannot write {}", folder.display())).because(&error)
        })?;
        let mut written = Vec::new();
        write_pages(command, "mdl", folder, &mut written)?;
        self.output.result(
            || format!("wrote {} pages to {}", written.len(), folder.display()),
            || {
                let pages = written.iter().map(|page| page.to_string_lossy());
                serde_json::json!({ "pages": pages.collect::<Vec<_>>() })
            },
        )?;
        Ok(Exit::Good)
    }
}

fn write_pages(
    command: clap::Command,
    name: &str,
    folder: &Path,
    written: &mut Vec<PathBuf>,
) -> Result<()> {
    for child in command.get_subcommands() {
        if child.get_name() != "help" {
            let name = format!("{name}-{}", child.get_name());
            write_pages(child.clone(), &name, folder, written)?;
        }
    }
    let path = folder.join(format!("{name}.1"));
    replace(&path, &page(command)?, Readers::Everyone)?;
    written.push(path);
    Ok(())
}

fn page(command: clap::Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    Page::new(command)
        .render(&mut page)
        .map_err(|error| Failure::outside("the manual page cannot be made").because(&error))?;
    Ok(page)
}
