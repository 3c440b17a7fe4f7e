use clap::Args;
use mdl_crypto::{Curve, PrivateKey};
use mdl_issuer::key_store::{AwsOptions, KeyStores};
use mdl_signer::key_file::{self, KeyFileError};
use mdl_signer::key_uri::KeyUri;
use serde_json::json;

use crate::Exit;
use crate::authority::{key_store_failure, pin};
use crate::curve_option::parse_curve;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::passphrase::PassphraseOptions;
use crate::randomness::generator;
use crate::runtime::wait_for;

/// Make a key of an authority in a key store, and print its URI
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  HSM='module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:pin.txt'
  mdl key create --name ds-2026 \"pkcs11:token=mdl?$HSM\"
  mdl key create --name ds-2026 --region eu-central-1 awskms:
  mdl key create ds-2026.pem --passphrase-file pass.txt

The URI that it prints is what --key of `mdl iaca init` and `mdl ds issue` takes, and the key of a document signer in \
the configuration of `mdl serve`. In a token the key is made sensitive, not extractable and for signing only; its PIN \
comes from pin-source, from MDL_PKCS11_PIN or from a prompt. In KMS it has the account's default key policy, and \
credentials come from where the AWS tools find them. A file is encrypted under the passphrase.")]
pub(crate) struct Create {
    /// Where: pkcs11:…, awskms: or a file
    #[arg(value_name = "STORE")]
    store: KeyUri,
    /// What the key is called in its store; object=LABEL of a pkcs11: URI goes before it
    #[arg(long, value_name = "TEXT", default_value = "mdl")]
    name: String,
    /// P-256, P-384 or P-521, and where the store has them brainpoolP256r1 or brainpoolP384r1; Ed25519 in files only
    #[arg(long, default_value = "P-256", value_parser = parse_curve)]
    curve: Curve,
    /// The Region of a key in KMS [default: that of the environment]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    output: Output,
}

impl Create {
    pub(super) fn run(&self) -> Result<Exit> {
        let uri = match &self.store {
            KeyUri::File(path) => {
                let mut rng = generator(None, "key create")?;
                let key = PrivateKey::generate(self.curve, &mut rng);
                let passphrases = self.passphrase.when_needed();
                let passphrase = passphrases.for_new_keys()?;
                key_file::create(path, &key, passphrase, &mut rng).map_err(|error| {
                    let failure = Failure::usage("no key was made").because(&error);
                    match &error {
                        KeyFileError::Exists { .. } => failure.hint("choose another name"),
                        _ => failure,
                    }
                })?;
                self.store.clone()
            }
            store => {
                let aws = AwsOptions {
                    region: self.region.clone(),
                    ..AwsOptions::default()
                };
                let stores = KeyStores::new(std::path::PathBuf::new(), aws);
                let pin = pin(store)?;
                let (curve, name) = (self.curve, self.name.as_str());
                wait_for(async { stores.create(store, curve, name, pin).await })?
                    .map_err(|error| key_store_failure("no key was made", &error))?
            }
        };
        let text = format!("made a key on {}:\n{uri}", self.curve.name());
        self.output.result(
            || text,
            || json!({ "key": uri.to_string(), "curve": self.curve.name() }),
        )?;
        Ok(Exit::Good)
    }
}
