use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::Exit;
use crate::failure::Result;
use crate::input;
use crate::output::Output;
use crate::presentation::SessionOptions;

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
    #[command(flatten)]
    session: SessionOptions,
    #[command(flatten)]
    output: Output,
}

impl Present {
    pub(crate) fn run(&self) -> Result<Exit> {
        let session = self.session.open()?;
        let device_key = input::read_private_key(&self.device_key)?;
        let issuer_signed = input::read(&self.issuer_signed)?;
        let bytes = session.present(&issuer_signed, &device_key)?;
        let how = if self.session.reader_key.is_some() {
            "mac"
        } else {
            "signature"
        };
        let text = format!(
            "presented with a device {how}, {} bytes: {}",
            bytes,
            self.session.out.display()
        );
        self.output.result(
            || text,
            || json!({ "out": self.session.out.to_string_lossy(), "bytes": bytes, "device_authentication": how }),
        )?;
        Ok(Exit::Good)
    }
}
