use clap::Args;
use mdl_crypto::Curve;
use mdl_iaca::profile::DistinguishedName;
use mdl_issuer::key_store::{AwsOptions, KeyStores};
use mdl_signer::key_uri::KeyUri;
use mdl_signer::rotation::{Due, RotationPolicy};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::Exit;
use crate::authority::{
    AuthorityFolder, AuthorityOptions, DocumentSignerRequest, KeyChoice, Rotation, Subject,
    Successor, issue_document_signer, key_store_failure, pin,
};
use crate::certificate_text;
use crate::curve_option::parse_curve;
use crate::failure::{Failure, Result};
use crate::input::{parse_time, time_or_now};
use crate::output::Output;
use crate::passphrase::PassphraseOptions;
use crate::runtime::wait_for;
use crate::verification_report::rfc3339;

/// Make the next document signer if it is due
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl ds rotate --plan
  mdl ds rotate --passphrase-file pass.txt

For a timer: every day, on the machine of the authority. The next document signer is due --ahead-days before the last one \
stops signing, and at once if none signs; until then the command says when that is and changes nothing. It is made as by \
`mdl ds issue`, by whatever keeps the root's key. A run that fails or dies is finished by the next. A service whose \
configuration names the folder of document signers takes it up by itself.")]
pub(crate) struct Rotate {
    #[command(flatten)]
    authority: AuthorityOptions,
    /// Print what would be made, and make nothing
    #[arg(long)]
    plan: bool,
    /// How many days before the last one stops signing the next must be there
    #[arg(long, value_name = "DAYS", default_value_t = 45)]
    ahead_days: u32,
    /// Its name is this and the day
    #[arg(long, value_name = "TEXT", default_value = "ds")]
    prefix: String,
    /// Make its key in this key store: pkcs11:… or awskms: [default: a file]
    #[arg(long, value_name = "STORE")]
    key_store: Option<KeyUri>,
    /// Curve of the key
    #[arg(long, default_value = "P-256", value_parser = parse_curve)]
    curve: Curve,
    /// Validity in days, at most 457
    #[arg(long, value_name = "DAYS", default_value_t = 457)]
    validity_days: u32,
    /// Longest life of what it signs; it stops signing that long before it expires
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    longest_mso_life_days: u32,
    /// Where the CRL of the root is published [default: that of the root certificate]
    #[arg(long, value_name = "URI")]
    crl_url: Option<String>,
    /// The time to work at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    output: Output,
    /// AWS Private CA: what became of a request that was never answered
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "again|ARN", conflicts_with = "plan")]
    in_doubt: Option<crate::authority::private_ca::Settlement>,
}

impl Rotate {
    pub(super) fn run(&self) -> Result<Exit> {
        let folder = self.authority.folder();
        let iaca = folder.read_iaca()?;
        let now = time_or_now(self.at);
        let days = |days: u32| Duration::days(i64::from(days));
        let policy = RotationPolicy::new(
            days(self.validity_days),
            days(self.longest_mso_life_days),
            days(self.ahead_days),
        )
        .map_err(|error| Failure::usage("no such rotation").because(&error))?;
        let rotation = Rotation::begin(&folder)?;
        let begun = rotation.begun()?;
        if let (Due::At(due), None) = (rotation.due(&policy, now)?, &begun) {
            let due = rfc3339(due);
            self.output.result(
                || format!("nothing is due before {due}"),
                || json!({ "due": due, "document_signer": Value::Null }),
            )?;
            return Ok(Exit::Good);
        }
        let mut successor = rotation.successor(&self.prefix, now)?;
        let crl_url = match &self.crl_url {
            Some(url) => url.clone(),
            None => certificate_text::crl_url(&iaca.der).ok_or_else(|| {
                Failure::usage("the root certificate has no CRL distribution point")
                    .hint("give --crl-url URI")
            })?,
        };
        if self.plan {
            return self.tell_plan(&folder, &successor, begun.is_some(), crl_url, now);
        }
        #[cfg(feature = "aws")]
        if let Some(settlement) = &self.in_doubt {
            crate::authority::private_ca::settle_doubts(&folder, settlement)?;
        }
        rotation.keep(&successor)?;
        if let (Some(store), None) = (&self.key_store, &successor.key) {
            successor.key = Some(self.make_key(store, &successor)?);
            rotation.keep(&successor)?;
        }
        let request = self.request(&successor, crl_url, now);
        let certificate = issue_document_signer(&folder, &request, &self.passphrase.when_needed())?;
        rotation.finish()?;
        let name = successor.name.to_string();
        let path = folder
            .document_signer(&successor.name)
            .join("certificate.pem");
        let summary = certificate_text::summary(certificate.as_der())?;
        self.output.result(
            || format!("made the document signer {}\n{summary}", path.display()),
            || {
                json!({
                    "due": rfc3339(now),
                    "document_signer": {
                        "name": name,
                        "certificate": path.to_string_lossy(),
                        "sha256": certificate_text::fingerprint(certificate.as_der()),
                    },
                })
            },
        )?;
        Ok(Exit::Good)
    }

    fn request(
        &self,
        successor: &Successor,
        crl_url: String,
        at: OffsetDateTime,
    ) -> DocumentSignerRequest {
        let key = match &successor.key {
            Some(uri) => KeyChoice::Existing(Box::new(uri.clone())),
            None => KeyChoice::New(self.curve),
        };
        DocumentSignerRequest {
            name: successor.name.clone(),
            subject: Subject::Key {
                key,
                name: DistinguishedName::new(successor.name.to_string()),
            },
            contact: None,
            crl_url,
            validity_days: self.validity_days,
            longest_mso_life_days: self.longest_mso_life_days,
            at,
            seed: None,
        }
    }

    /// In the key store, under the name of the document signer.
    fn make_key(&self, store: &KeyUri, successor: &Successor) -> Result<KeyUri> {
        let stores = KeyStores::new(std::path::PathBuf::new(), AwsOptions::default());
        let (pin, name) = (pin(store)?, successor.name.to_string());
        wait_for(async { stores.create(store, self.curve, &name, pin).await })?
            .map_err(|error| key_store_failure("no key was made", &error))
    }

    fn tell_plan(
        &self,
        folder: &AuthorityFolder,
        successor: &Successor,
        is_begun: bool,
        crl_url: String,
        now: OffsetDateTime,
    ) -> Result<Exit> {
        let key = match (&successor.key, &self.key_store) {
            (Some(uri), _) => format!("{uri} (made by an earlier run)"),
            (None, Some(store)) => format!("a new one on {} in {store}", self.curve.name()),
            (None, None) => format!("a new one on {} in a file", self.curve.name()),
        };
        let place = folder.document_signer(&successor.name);
        let begun = if is_begun {
            ", begun by an earlier run"
        } else {
            ""
        };
        let text = format!(
            "due now{begun}: the document signer {}\n  key       {key}\n  validity  {} days, of which it signs {}\n  \
             CRL       {crl_url}",
            place.display(),
            self.validity_days,
            self.validity_days - self.longest_mso_life_days,
        );
        #[cfg(feature = "aws")]
        if folder.is_in_private_ca() {
            // The calls say the same and more.
            let request = self.request(successor, crl_url, now);
            let passphrases = self.passphrase.when_needed();
            let calls = crate::authority::plan_document_signer(folder, &request, &passphrases)?;
            crate::output::remark(&text);
            return crate::commands::private_ca::print_plan(&calls, self.output);
        }
        self.output.result(
            || text,
            || {
                json!({
                    "due": rfc3339(now),
                    "planned": {
                        "name": successor.name.to_string(),
                        "key": key,
                        "validity_days": self.validity_days,
                        "longest_mso_life_days": self.longest_mso_life_days,
                        "crl_url": crl_url,
                    },
                })
            },
        )?;
        Ok(Exit::Good)
    }
}
