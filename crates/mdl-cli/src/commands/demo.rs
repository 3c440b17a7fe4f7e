use std::path::PathBuf;

use clap::Args;
use mdl_reader::request::Answer;
use serde_json::{Value, json};

use crate::Exit;
use crate::demonstration::{Demonstration, Step};
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::reader_request::{answer_json, answer_text};
use crate::verification_report;

/// Demonstrations in one folder, beside each other.
const MAX_FOLDERS: u32 = 1000;

/// Go the whole way once: authority, issuing service, wallet, reader, all on this machine
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl demo

Makes a throw-away authority with sample people, runs the issuing service on loopback, has the reference wallet collect \
a batch from it, presents one licence to a reader over an encrypted session and verifies it. Leaves every file in one folder, with the command that does each \
step by hand. Nothing leaves the machine.")]
pub(crate) struct Demo {
    /// Folder to make and fill [default: mdl-demo, or mdl-demo-2 and so on if that exists]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Demo {
    pub(crate) fn run(&self) -> Result<Exit> {
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => free_folder()?,
        };
        let mut demonstration = Demonstration::start(&folder)?;
        let presented = demonstration.run()?;
        let answer = demonstration.verify(&presented)?;
        demonstration.refuse_forgery(&presented)?;
        let steps = &demonstration.steps;
        self.output.result(
            || text(steps, &answer, &folder),
            || {
                json!({
                    "folder": folder.to_string_lossy(),
                    "steps": steps.iter().map(step_json).collect::<Vec<_>>(),
                    "report": mdl_reader::json::to_json(answer.report()),
                    "request": answer_json(&answer),
                })
            },
        )?;
        Ok(match answer.is_complete() {
            true => Exit::Good,
            false => Exit::No,
        })
    }
}

fn free_folder() -> Result<PathBuf> {
    let names = std::iter::once("mdl-demo".to_owned())
        .chain((2..MAX_FOLDERS).map(|number| format!("mdl-demo-{number}")));
    names
        .map(PathBuf::from)
        .find(|folder| folder.symlink_metadata().is_err())
        .ok_or_else(|| {
            Failure::usage("too many folders named mdl-demo")
                .hint("remove some, or give --folder DIR")
        })
}

fn text(steps: &[Step], answer: &Answer<'_>, folder: &std::path::Path) -> String {
    let mut text = String::new();
    for (number, step) in steps.iter().enumerate() {
        text.push_str(&format!(
            "{}. {}  ({:.1} ms)\n",
            number + 1,
            step.what,
            step.milliseconds
        ));
        for file in &step.files {
            text.push_str(&format!("     {}\n", file.display()));
        }
        if let Some(command) = &step.command {
            text.push_str(&format!("     $ {command}\n"));
        }
    }
    text.push_str(&format!(
        "\nThe reader's report:\n\n{}{}",
        verification_report::to_text(answer.report()),
        answer_text(answer)
    ));
    text.push_str(&format!(
        "\nEverything lies in {}. Look at it with: mdl inspect {}\n",
        folder.display(),
        folder.join("response.cbor").display()
    ));
    text
}

fn step_json(step: &Step) -> Value {
    let files = step.files.iter().map(|file| file.to_string_lossy());
    json!({
        "what": step.what,
        "milliseconds": step.milliseconds,
        "files": files.collect::<Vec<_>>(),
        "command": step.command,
    })
}
