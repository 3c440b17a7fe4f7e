use clap::Args;
use mdl_mdoc::MDL_DOC_TYPE;
use serde_json::json;
use time::OffsetDateTime;

use super::{Data, KeyPassphrase, folder_failure};
use crate::Exit;
use crate::failure::Result;
use crate::input::{parse_time, time_or_now};
use crate::output::Output;
use crate::presentation::SessionOptions;

/// Present a licence that the wallet holds: the one of the newest batch that was presented least often
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl wallet present --session-transcript 83f6f6f6 --out response.cbor \\
      --elements org.iso.18013.5.1:family_name,org.iso.18013.5.1:age_over_18

Each licence of a batch is presented once before any is presented again, so that two readers cannot tell that they met \
the same holder. As with `mdl present`, the response is for one session.")]
pub(crate) struct Present {
    #[command(flatten)]
    data: Data,
    /// The batch, as `mdl wallet list` names it [default: the newest that has not ended]
    #[arg(long, value_name = "NAME")]
    batch: Option<String>,
    /// Document type to present
    #[arg(long, value_name = "TYPE", default_value = MDL_DOC_TYPE)]
    doc_type: String,
    #[command(flatten)]
    session: SessionOptions,
    /// The time to work at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    #[command(flatten)]
    passphrase: KeyPassphrase,
    #[command(flatten)]
    output: Output,
}

impl Present {
    pub(crate) fn run(&self) -> Result<Exit> {
        let session = self.session.open()?;
        let passphrase = self.passphrase.get()?;
        let taken = self.data.folder().take(
            &self.doc_type,
            self.batch.as_deref(),
            passphrase.as_ref(),
            time_or_now(self.at),
        );
        let taken = taken.map_err(|error| folder_failure(&error))?;
        let bytes = session.present(&taken.issuer_signed, &taken.key)?;
        let before = match taken.presented_before {
            0 => "for the first time".to_owned(),
            1 => "which a reader has seen once before".to_owned(),
            count => format!("which readers have seen {count} times before"),
        };
        self.output.result(
            || {
                format!(
                    "presented licence {} of {}, {before}, {} bytes: {}",
                    taken.index,
                    taken.batch,
                    bytes,
                    self.session.out.display()
                )
            },
            || {
                json!({
                    "out": self.session.out.to_string_lossy(),
                    "bytes": bytes,
                    "batch": taken.batch,
                    "document": taken.index,
                    "presented_before": taken.presented_before,
                })
            },
        )?;
        Ok(Exit::Good)
    }
}
