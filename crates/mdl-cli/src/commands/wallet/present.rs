use std::path::PathBuf;

use clap::Args;
use mdl_mdoc::MDL_DOC_TYPE;
use serde_json::json;
use time::OffsetDateTime;

use super::{Data, KeyPassphrase, folder_failure};
use crate::Exit;
use crate::commands::present::read_transcript;
use crate::failure::Result;
use crate::files::{Readers, or_force, refuse_existing, write};
use crate::input::{self, HexOrFile, parse_time, time_or_now};
use crate::output::Output;
use crate::presentation::{Authentication, Selection, present};

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
    /// The SessionTranscript array, not in tag 24: hexadecimal, or a file with the bytes
    #[arg(long, value_name = "HEX|FILE")]
    session_transcript: HexOrFile,
    /// Elements to disclose, NAMESPACE:IDENTIFIER separated by commas, or all
    #[arg(
        long,
        value_name = "NS:ID,…|all",
        value_delimiter = ',',
        required = true
    )]
    elements: Vec<Selection>,
    /// Authenticate by a MAC for the reader with this ephemeral public key instead of a signature
    #[arg(long, value_name = "FILE")]
    reader_key: Option<PathBuf>,
    /// Where the DeviceResponse is written
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Overwrite the file
    #[arg(long)]
    force: bool,
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
        refuse_existing(&self.out, self.force).map_err(or_force)?;
        let transcript = read_transcript(&self.session_transcript)?;
        let reader_key = self.reader_key.as_deref().map(input::read_public_key);
        let reader_key = reader_key.transpose()?;
        let passphrase = self.passphrase.get()?;
        let taken = self.data.folder().take(
            &self.doc_type,
            self.batch.as_deref(),
            passphrase.as_ref(),
            time_or_now(self.at),
        );
        let taken = taken.map_err(|error| folder_failure(&error))?;
        let authentication = reader_key
            .as_ref()
            .map_or(Authentication::Signature, Authentication::Mac);
        let response = present(
            &taken.issuer_signed,
            &self.elements,
            &taken.key,
            authentication,
            &transcript,
        )?;
        write(&self.out, &response, Readers::Owner, self.force)?;
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
                    response.len(),
                    self.out.display()
                )
            },
            || {
                json!({
                    "out": self.out.to_string_lossy(),
                    "bytes": response.len(),
                    "batch": taken.batch,
                    "document": taken.index,
                    "presented_before": taken.presented_before,
                })
            },
        )?;
        Ok(Exit::Good)
    }
}
