use std::path::PathBuf;

use clap::Args;
use time::OffsetDateTime;

use crate::Exit;
use crate::commands::verify::PolicyName;
use crate::failure::Result;
use crate::input::{self, parse_time, time_or_now};
use crate::output::Output;
use crate::trust::{Remembered, TrustFinding, bundle};

/// Verify a trust bundle as a reader: signature, times, and that it is no older one
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl trust verify trust.cbor --key publisher.pub.pem --trust-state seen.json

Exit code 0: a reader accepts the bundle. 1: it gives no trust, and the reason. 2: it is no trust bundle, or a file \
cannot be read.")]
pub(crate) struct Verify {
    /// The trust bundle
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
    /// The publisher's public key, PEM or DER
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The time to verify at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    /// Under strict, a bundle is refused as soon as a newer one is due
    #[arg(long, value_enum, default_value_t = PolicyName::Iso)]
    policy: PolicyName,
    /// Remember the bundle in this file, and refuse older ones
    #[arg(long, value_name = "FILE")]
    trust_state: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Verify {
    pub(super) fn run(&self) -> Result<Exit> {
        let at = time_or_now(self.at);
        let key = input::read_public_key(&self.key)?;
        let mut remembered = Remembered::read(self.trust_state.as_deref())?;
        let policy = self.policy.into();
        let verified = bundle::verify(&self.bundle, &key, at, policy, &mut remembered)?;
        remembered.keep()?;
        let findings = bundle::findings(&verified, at);
        let text = || format!("accepted{}", bundle::to_text(&verified, &findings));
        self.output.result(text, || {
            let mut json = bundle::to_json(&verified);
            json["findings"] = findings.iter().map(TrustFinding::to_json).collect();
            json
        })?;
        Ok(Exit::Good)
    }
}
