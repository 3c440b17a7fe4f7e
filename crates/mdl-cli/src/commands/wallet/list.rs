use clap::Args;
use mdl_wallet::folder::StoredBatch;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Data, folder_failure};
use crate::Exit;
use crate::failure::Result;
use crate::output::Output;

/// List the batches that the wallet holds
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl wallet list --json

Each batch with its issuer, its life, and how many of its licences were never presented.")]
pub(crate) struct List {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: Output,
}

impl List {
    pub(crate) fn run(&self) -> Result<Exit> {
        let batches = self.data.folder().batches();
        let batches = batches.map_err(|error| folder_failure(&error))?;
        let unfinished = self.data.folder().unfinished_count();
        let unfinished = unfinished.map_err(|error| folder_failure(&error))?;
        self.output.result(
            || {
                let mut text: String = batches.iter().map(line).collect();
                if batches.is_empty() {
                    text.push_str("no licences\n");
                }
                if unfinished > 0 {
                    text.push_str(&format!(
                        "{unfinished} interrupted: repeat `mdl wallet collect` with the same offer\n"
                    ));
                }
                text
            },
            || {
                json!({
                    "batches": batches.iter().map(entry).collect::<Vec<_>>(),
                    "unfinished": unfinished,
                })
            },
        )?;
        Ok(Exit::Good)
    }
}

fn unused(batch: &StoredBatch) -> usize {
    batch.presented.iter().filter(|count| **count == 0).count()
}

fn line(batch: &StoredBatch) -> String {
    format!(
        "{}  {}  {} of {} unused  until {}  {}\n",
        batch.name,
        batch.doc_type,
        unused(batch),
        batch.presented.len(),
        written(batch.valid_until),
        batch.credential_issuer,
    )
}

fn entry(batch: &StoredBatch) -> Value {
    json!({
        "batch": batch.name,
        "credential_issuer": batch.credential_issuer,
        "configuration_id": batch.configuration_id,
        "doc_type": batch.doc_type,
        "collected": written(batch.collected),
        "valid_until": written(batch.valid_until),
        "expected_update": batch.expected_update.map(written),
        "iaca_checked": batch.anchored,
        "documents": batch.presented.len(),
        "unused": unused(batch),
    })
}

fn written(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}
