use clap::Args;
use mdl_crypto::HashAlgorithm;
use mdl_signer::Signer;
use mdl_signer::key_uri::KeyUri;
use serde_json::json;

use crate::Exit;
use crate::authority::open_uri;
use crate::failure::Result;
use crate::output::Output;
use crate::passphrase::PassphraseOptions;
use crate::pem;

/// Print what a key store says about a key: curve, algorithm, public key, and how it is kept
#[derive(Args, Debug)]
#[command(after_help = "Example:
  HSM='module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:pin.txt'
  mdl key show \"pkcs11:token=mdl;object=ds-2026?$HSM\"

Nothing is signed. It fails where the key could not sign: no such key, another purpose, a curve that is not supported.")]
pub(crate) struct Show {
    /// The key: FILE, pkcs11:… or awskms:///ARN
    #[arg(value_name = "URI")]
    key: KeyUri,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    output: Output,
}

impl Show {
    pub(super) fn run(&self) -> Result<Exit> {
        let key = open_uri(&self.key, &self.passphrase.when_needed())?;
        let spki = key.public_key().to_spki_der();
        let public_key = pem::encode("PUBLIC KEY", &spki);
        let curve = key.public_key().curve().name();
        let algorithm = key.signer.algorithm().to_string();
        let fingerprint = hex::encode(HashAlgorithm::Sha256.digest(&spki).as_bytes());
        let text = format!(
            "key        {}\nkept       {}\ncurve      {curve}\nalgorithm  {algorithm}\nSHA-256    {fingerprint}\n{public_key}",
            self.key, key.custody,
        );
        self.output.result(
            || text.trim_end().to_owned(),
            || {
                json!({
                    "key": self.key.to_string(),
                    "kept": key.custody,
                    "curve": curve,
                    "algorithm": algorithm,
                    "spki_sha256": fingerprint,
                    "public_key": public_key,
                })
            },
        )?;
        Ok(Exit::Good)
    }
}
