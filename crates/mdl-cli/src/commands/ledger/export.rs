use clap::Args;
use mdl_issuer::ledger::ExportLine;

use super::source::Database;
use crate::Exit;
use crate::commands::runtime;
use crate::failure::Result;
use crate::output::print;

/// Print the ledger as lines of JSON: entries, checkpoints, and the newest entry
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl ledger export --sqlite issuer.db > ledger.jsonl

An auditor who keeps an export sees later whether the service's ledger still begins with it. It names no person.")]
pub(crate) struct Export {
    #[command(flatten)]
    source: Database,
}

impl Export {
    pub(crate) fn run(&self) -> Result<Exit> {
        runtime()?.block_on(self.export())?;
        Ok(Exit::Good)
    }

    async fn export(&self) -> Result<()> {
        let opened = self.source.open().await?;
        let (checkpoints, head) = opened.source.frame().await?;
        let mut printed = Ok(());
        let take = |row| {
            if printed.is_ok() {
                printed = print(ExportLine::Entry(row).to_json());
            }
        };
        opened.source.entries(head, take).await?;
        printed?;
        for checkpoint in checkpoints {
            print(ExportLine::Checkpoint(checkpoint).to_json())?;
        }
        match head {
            Some(head) => print(ExportLine::Head(head).to_json()),
            None => Ok(()),
        }
    }
}
