use std::path::{Path, PathBuf};

use clap::Args;
use mdl_crypto::{Curve, PrivateKey};
use mdl_signer::key_file::{self, KeyFileError};
use serde_json::json;

use crate::curve_option::parse_curve;
use crate::failure::{Failure, Result};
use crate::files::{Readers, refuse_existing, write_new};
use crate::output::Output;
use crate::randomness::{Seed, generator};
use crate::{Exit, pem};

/// Make a key that is not encrypted: a holder's device key, or a reader's ephemeral key
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl key new --out device.pem --public-out device.pub.pem

The private key is PKCS#8 in PEM with mode 0600, the public key SPKI in PEM. A real device keeps its key in hardware \
and sends the public one.")]
pub(crate) struct New {
    /// P-256, P-384, P-521, brainpoolP256r1, brainpoolP384r1 or Ed25519
    #[arg(long, default_value = "P-256", value_parser = parse_curve)]
    curve: Curve,
    /// Where the private key is written
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where the public key is written
    #[arg(long, value_name = "FILE")]
    public_out: Option<PathBuf>,
    /// Make the key reproducible; whoever knows the seed has the key, so for tests only
    #[arg(long, value_name = "HEX")]
    seed: Option<Seed>,
    #[command(flatten)]
    output: Output,
}

impl New {
    pub(super) fn run(&self) -> Result<Exit> {
        if let Some(path) = &self.public_out {
            refuse_existing(path, false)?;
        }
        let mut rng = generator(self.seed.as_ref(), "key new")?;
        let key = PrivateKey::generate(self.curve, &mut rng);
        // The rest of the generator names a temporary file, which must not be predictable.
        key_file::create_unencrypted(&self.out, &key, &mut generator(None, "key file")?).map_err(
            |error| {
                let what = format!("cannot write {}", self.out.display());
                match &error {
                    KeyFileError::Exists { .. } => Failure::usage(what)
                        .because(&error)
                        .hint("choose another name"),
                    _ => Failure::usage(what).because(&error),
                }
            },
        )?;
        if let Some(path) = &self.public_out {
            let text = pem::encode("PUBLIC KEY", &key.public_key().to_spki_der());
            write_new(path, text.as_bytes(), Readers::Everyone)?;
        }
        let text = format!(
            "made the key {} on {}",
            self.out.display(),
            self.curve.name()
        );
        let public_out = self.public_out.as_deref().map(Path::to_string_lossy);
        self.output.result(
            || text,
            || {
                json!({
                    "key": self.out.to_string_lossy(),
                    "public_key": public_out,
                    "curve": self.curve.name(),
                })
            },
        )?;
        Ok(Exit::Good)
    }
}
