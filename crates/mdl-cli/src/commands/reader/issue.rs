use clap::Args;
use mdl_crypto::Curve;
use mdl_iaca::profile::DistinguishedName;
use mdl_signer::key_uri::KeyUri;
use serde_json::json;
use time::OffsetDateTime;

use crate::Exit;
use crate::authority::{AuthorityOptions, KeyChoice, ReaderRequest, SignerName, issue_reader};
use crate::certificate_text;
use crate::curve_option::parse_curve;
use crate::failure::{Failure, Result};
use crate::input::{parse_time, time_or_now};
use crate::output::Output;
use crate::passphrase::PassphraseOptions;
use crate::randomness::Seed;

/// Make a reader that signs its requests: key and certificate
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl reader issue gate-7 --passphrase-file pass.txt --common-name 'Gate 7'

The certificate has the profile of ISO/IEC 18013-5, Table B.6, and passes the linter before the root signs it. Any \
authority can certify readers, in earnest one of its own; holders are shown the commonName once their wallet trusts its \
root (`mdl wallet engage --reader-ca`).")]
pub(crate) struct Issue {
    /// What the reader is called on this machine
    #[arg(value_name = "NAME")]
    name: SignerName,
    #[command(flatten)]
    authority: AuthorityOptions,
    /// commonName: what holders are shown [default: NAME]
    #[arg(long, value_name = "TEXT")]
    common_name: Option<String>,
    /// Curve of the key: P-256, P-384, P-521, brainpoolP256r1, brainpoolP384r1 or Ed25519
    #[arg(long, default_value = "P-256", value_parser = parse_curve)]
    curve: Curve,
    /// Use this key instead of making one: FILE, pkcs11:… or awskms:///ARN; `mdl key create` makes one
    #[arg(long, value_name = "URI", conflicts_with_all = ["curve", "seed"])]
    key: Option<KeyUri>,
    /// Validity in days, at most 1187
    #[arg(long, value_name = "DAYS", default_value_t = 457)]
    validity_days: u32,
    /// Where the CRL of the root is published [default: that of the root certificate]
    #[arg(long, value_name = "URI")]
    crl_url: Option<String>,
    /// The time to work at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    /// Make key, serial number and signature reproducible; whoever knows the seed has the key, so for tests only
    #[arg(long, value_name = "HEX")]
    seed: Option<Seed>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    output: Output,
}

impl Issue {
    pub(super) fn run(&self) -> Result<Exit> {
        let folder = self.authority.folder();
        crate::files::refuse_existing(&folder.reader(&self.name), false)?;
        let iaca = folder.read_iaca()?;
        let crl_url = match &self.crl_url {
            Some(url) => url.clone(),
            None => certificate_text::crl_url(&iaca.der).ok_or_else(|| {
                Failure::usage("the root certificate has no CRL distribution point")
                    .hint("give --crl-url URI")
            })?,
        };
        let common_name = self
            .common_name
            .clone()
            .unwrap_or_else(|| self.name.to_string());
        let request = ReaderRequest {
            name: self.name.clone(),
            subject: DistinguishedName::new(common_name),
            key: match &self.key {
                Some(uri) => KeyChoice::Existing(Box::new(uri.clone())),
                None => KeyChoice::New(self.curve),
            },
            crl_url,
            validity_days: self.validity_days,
            at: time_or_now(self.at),
            seed: self.seed.clone(),
        };
        let certificate = issue_reader(&folder, &request, &self.passphrase.when_needed())?;
        let path = folder.reader(&self.name).join("certificate.pem");
        let text = format!(
            "made the reader {}\n{}",
            path.display(),
            certificate_text::summary(certificate.as_der())?
        );
        self.output.result(
            || text,
            || {
                json!({
                    "name": self.name.to_string(),
                    "certificate": path.to_string_lossy(),
                    "sha256": certificate_text::fingerprint(certificate.as_der()),
                })
            },
        )?;
        Ok(Exit::Good)
    }
}
