use std::path::PathBuf;

use clap::Args;
use mdl_mdoc::device_request::ReaderAuthForm;
use serde_json::json;

use crate::Exit;
use crate::failure::{Failure, Result};
use crate::files::{Readers, or_force, refuse_existing, write};
use crate::input::HexOrFile;
use crate::output::Output;
use crate::presentation::read_transcript;
use crate::reader_request::{ReaderOptions, RequestOptions};

/// Write a request: a DeviceRequest, signed or not
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl reader request --template age-over-18 --out request.cbor

Nothing that it asks for is to be kept, unless --retain says so. A signature is for one session, so whoever signs gives \
its transcript. `mdl verify --request FILE` holds a response against it.")]
pub(crate) struct Request {
    #[command(flatten)]
    request: RequestOptions,
    #[command(flatten)]
    reader: ReaderOptions,
    /// The SessionTranscript array that the signature is for, not in tag 24: hexadecimal, or a file with the bytes
    #[arg(long, value_name = "HEX|FILE", requires = "reader_auth_key")]
    session_transcript: Option<HexOrFile>,
    /// Sign the request as a whole (readerAuthAll, version 1.1), not each document's part of it
    #[arg(long, requires = "session_transcript")]
    reader_auth_all: bool,
    /// Where the DeviceRequest is written
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Overwrite the file
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: Output,
}

impl Request {
    pub(super) fn run(&self) -> Result<Exit> {
        refuse_existing(&self.out, self.force).map_err(or_force)?;
        let request = self.request.unsigned()?;
        let reader = self.reader.open()?;
        let is_signed = reader.is_some();
        let request = match (reader, &self.session_transcript) {
            (None, _) => request.into_bytes(),
            (Some(reader), Some(transcript)) => {
                let form = match self.reader_auth_all {
                    true => ReaderAuthForm::WholeRequest,
                    false => ReaderAuthForm::EachDocument,
                };
                reader.sign(request, &read_transcript(transcript)?, form)?
            }
            (Some(_), None) => {
                return Err(
                    Failure::usage("a signature needs the session that it is for")
                        .hint("give --session-transcript, or use `mdl reader ask`"),
                );
            }
        };
        write(&self.out, &request, Readers::Everyone, self.force)?;
        let bytes = request.len();
        self.output.result(
            || {
                let how = if is_signed { "signed" } else { "unsigned" };
                format!(
                    "wrote the {how} request, {bytes} bytes: {}",
                    self.out.display()
                )
            },
            || json!({ "out": self.out.to_string_lossy(), "bytes": bytes, "is_signed": is_signed }),
        )?;
        Ok(Exit::Good)
    }
}
