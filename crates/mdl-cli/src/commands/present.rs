use std::path::PathBuf;

use clap::Args;
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::session_transcript::SessionTranscript;
use serde_json::json;

use crate::Exit;
use crate::failure::{Failure, Result};
use crate::files::{Readers, or_force, refuse_existing, write};
use crate::input::{self, HexOrFile};
use crate::output::Output;
use crate::presentation::{Authentication, Selection, present};

/// Present a licence: a DeviceResponse with chosen elements, for tests and demonstrations
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl present --issuer-signed licence.cbor --device-key device.pem \\
      --session-transcript 83f6f6f6 --out response.cbor \\
      --elements org.iso.18013.5.1:family_name,org.iso.18013.5.1:age_over_18

The device key authenticates the response for the one session that the transcript stands for; 83f6f6f6 is \
[null, null, null], good enough for a first try. `mdl key new` makes device keys and reader keys.")]
pub(crate) struct Present {
    /// The IssuerSigned that `mdl issue` wrote
    #[arg(long, value_name = "FILE")]
    issuer_signed: PathBuf,
    /// Private key of the device: PKCS#8, PEM or DER
    #[arg(long, value_name = "FILE")]
    device_key: PathBuf,
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
    #[command(flatten)]
    output: Output,
}

impl Present {
    pub(crate) fn run(&self) -> Result<Exit> {
        refuse_existing(&self.out, self.force).map_err(or_force)?;
        let transcript = read_transcript(&self.session_transcript)?;
        let device_key = input::read_private_key(&self.device_key)?;
        let reader_key = self
            .reader_key
            .as_deref()
            .map(input::read_public_key)
            .transpose()?;
        let issuer_signed = input::read(&self.issuer_signed)?;
        let authentication = reader_key
            .as_ref()
            .map_or(Authentication::Signature, Authentication::Mac);
        let response = present(
            &issuer_signed,
            &self.elements,
            &device_key,
            authentication,
            &transcript,
        )?;
        write(&self.out, &response, Readers::Owner, self.force)?;
        let how = if reader_key.is_some() {
            "mac"
        } else {
            "signature"
        };
        let text = format!(
            "presented with a device {how}, {} bytes: {}",
            response.len(),
            self.out.display()
        );
        self.output.result(
            || text,
            || json!({ "out": self.out.to_string_lossy(), "bytes": response.len(), "device_authentication": how }),
        )?;
        Ok(Exit::Good)
    }
}

/// The transcript of a session from the command line.
///
/// # Errors
/// Exit code 2 if it is none.
pub(crate) fn read_transcript(value: &HexOrFile) -> Result<SessionTranscript> {
    SessionTranscript::from_bytes(value.read()?, &Limits::DEFAULT).map_err(|error| {
        Failure::usage(
            "--session-transcript: expected the CBOR of a SessionTranscript, an array of three",
        )
        .because(&error)
        .hint("it is the bare array, without tag 24; 83f6f6f6 is the smallest")
    })
}
