//! A new key for the root: `mdl iaca renew`, `publish` and `retire`.

use std::path::PathBuf;

use clap::Args;
use mdl_crypto::Curve;
use mdl_iaca::certificate::{CertificateView, GeneralName};
use mdl_iaca::profile::{Contact, DistinguishedName};
use mdl_signer::key_uri::KeyUri;
use serde_json::json;
use time::OffsetDateTime;

use super::iaca::parse_contact;
use crate::Exit;
use crate::authority::{
    AuthorityFolder, AuthorityOptions, Bundle, IacaRequest, KeyChoice, RenewalRequest, Step,
    plan_renewal, renew_iaca,
};
use crate::certificate_text;
use crate::curve_option::parse_curve;
use crate::failure::{Failure, Result};
use crate::input::{parse_time, time_or_now};
use crate::output::Output;
use crate::passphrase::PassphraseOptions;
use crate::randomness::Seed;

/// Give the authority a new key: a new root, and a link certificate by which the old one vouches for it
#[derive(Args, Debug)]
#[command(
    visible_alias = "rekey",
    after_help = "Example:
  mdl iaca renew --crl-url https://example.com/iaca-2.crl --plan
  mdl iaca renew --crl-url https://example.com/iaca-2.crl \\
      --passphrase-file pass.txt

The new root has the name of the old one, unless --name says otherwise, and a key of its own. The old root signs the link \
certificate of ISO/IEC 18013-5, Table B.2, so that a reader that trusts the old one can come to trust the new one. From then \
on, document signers are issued under the new root; those of the old one go on until they stop, and the old root signs CRLs \
and is published beside the new one until `mdl iaca retire`. Nothing is in use before everything is made; a run that was \
broken off goes on where it stopped when it is run again. AWS Private CA signs no link certificates."
)]
pub(crate) struct Renew {
    #[command(flatten)]
    authority: AuthorityOptions,
    /// Where the CRL of the new root will be published: not where that of another root is
    #[arg(long, value_name = "URI")]
    crl_url: String,
    /// commonName [default: that of the present root]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// E-mail address or URI of the authority [default: that of the present root]
    #[arg(long, value_name = "EMAIL|URI")]
    contact: Option<String>,
    /// Curve of the new key [default: that of the present one]
    #[arg(long, value_parser = parse_curve)]
    curve: Option<Curve>,
    /// Use this key instead of making one: FILE, pkcs11:… or awskms:///ARN
    #[arg(long, value_name = "URI", conflicts_with_all = ["curve", "seed"])]
    key: Option<KeyUri>,
    /// Validity in days, at most 7300
    #[arg(long, value_name = "DAYS", default_value_t = 3650)]
    validity_days: u32,
    /// Days for which the present root vouches for the new one [default: to its own end]
    #[arg(long, value_name = "DAYS")]
    link_days: Option<u32>,
    /// Days from the first CRL of the new root to the next, at most 90
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    next_update_days: u32,
    /// Print every step, and do none
    #[arg(long)]
    plan: bool,
    /// The time to work at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    /// Make key, serial numbers and signatures reproducible; whoever knows the seed has the key, so for tests only
    #[arg(long, value_name = "HEX")]
    seed: Option<Seed>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    output: Output,
}

/// Write what readers get: the roots in use, the newest first, and the link certificates between them
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl iaca publish --to /srv/www/iaca/

iaca.pem holds the certificates of all roots in use; iaca-N.cer and link-N.cer each one in DER. What an earlier run wrote \
and is no longer true is taken out. CRLs are published by `mdl crl publish`.")]
pub(crate) struct Publish {
    #[command(flatten)]
    authority: AuthorityOptions,
    /// The folder
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    #[command(flatten)]
    output: Output,
}

/// Have an old root sign and be published no more
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl iaca retire 1

Refused with exit code 1 while a document or status signer that it issued is valid and not revoked, because its documents \
could not be verified any more. Its certificate, key and lists stay where they are.")]
pub(crate) struct Retire {
    /// Its number, counted from 1
    #[arg(value_name = "NUMBER")]
    root: u32,
    #[command(flatten)]
    authority: AuthorityOptions,
    /// The time to judge at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    #[command(flatten)]
    output: Output,
}

impl Renew {
    pub(crate) fn run(&self) -> Result<Exit> {
        let folder = self.authority.folder();
        let request = self.request(&folder)?;
        if self.plan {
            return self.print_plan(&plan_renewal(&folder, &request)?);
        }
        let renewal = renew_iaca(&folder, &request, &self.passphrase.when_needed())?;
        let (root, link) = (renewal.folder.iaca_certificate(), renewal.folder.link());
        let number = renewal.folder.root_number();
        let text = format!(
            "made root {number} {}\n{}\nroot {} vouches for it: {}\n\
             publish both: `mdl iaca publish`, `mdl crl publish`; then issue document signers under the new one",
            root.display(),
            certificate_text::summary(&renewal.iaca)?.trim_end(),
            number - 1,
            link.display(),
        );
        self.output.result(
            || text,
            || {
                json!({
                    "root": number,
                    "certificate": root.to_string_lossy(),
                    "sha256": certificate_text::fingerprint(&renewal.iaca),
                    "link": link.to_string_lossy(),
                    "crl": renewal.folder.crl().to_string_lossy(),
                })
            },
        )?;
        Ok(Exit::Good)
    }

    /// What is not given is as in the present root.
    fn request(&self, folder: &AuthorityFolder) -> Result<RenewalRequest> {
        let present = folder.read_iaca()?;
        let unreadable = |error: &dyn std::error::Error| {
            Failure::usage("the present root cannot be read").because(error)
        };
        let view = CertificateView::from_der(&present.der).map_err(|error| unreadable(&error))?;
        let subject = view.subject();
        let common_name = match &self.name {
            Some(name) => name.clone(),
            None => subject.common_name().map(String::from).unwrap_or_default(),
        };
        let mut name = DistinguishedName::new(&common_name);
        if let Some(country) = subject.country() {
            name = name.country(country);
        }
        if let Some(state) = subject.state_or_province() {
            name = name.state(state);
        }
        if let Some(organization) = subject.organization() {
            name = name.organization(organization);
        }
        let contact = match &self.contact {
            Some(contact) => parse_contact(contact),
            None => contact_of(&view).ok_or_else(|| {
                Failure::usage("the present root names no e-mail address and no URI")
                    .hint("give --contact")
            })?,
        };
        let curve = self.curve.unwrap_or_else(|| present.issuer.key().curve());
        if curve.is_edwards() {
            return Err(Failure::usage("an Ed25519 key signs no certificates")
                .hint("choose one of the other curves"));
        }
        Ok(RenewalRequest {
            root: IacaRequest {
                name,
                contact,
                crl_url: self.crl_url.clone(),
                key: match &self.key {
                    Some(uri) => KeyChoice::Existing(Box::new(uri.clone())),
                    None => KeyChoice::New(curve),
                },
                validity_days: self.validity_days,
                at: time_or_now(self.at),
                seed: self.seed.clone(),
            },
            common_name,
            link_days: self.link_days,
            next_update_days: self.next_update_days,
        })
    }

    fn print_plan(&self, steps: &[Step]) -> Result<Exit> {
        self.output.result(
            || {
                let lines = steps.iter().enumerate().map(|(number, step)| {
                    let done = if step.done { " (done)" } else { "" };
                    format!("{}. {}{done}\n", number + 1, step.what)
                });
                lines.collect::<String>()
            },
            || {
                let steps = steps.iter();
                let steps = steps.map(|step| json!({ "step": step.what, "done": step.done }));
                json!({ "plan": steps.collect::<Vec<_>>() })
            },
        )?;
        Ok(Exit::Good)
    }
}

/// The first address or URI of the issuer alternative name.
fn contact_of(root: &CertificateView<'_>) -> Option<Contact> {
    let names = root.extensions().issuer_alt_name().ok()??;
    names.iter().find_map(|name| match name {
        GeneralName::Rfc822Name(address) => Some(Contact::email(address)),
        GeneralName::Uri(uri) => Some(Contact::uri(uri)),
        _ => None,
    })
}

impl Publish {
    pub(crate) fn run(&self) -> Result<Exit> {
        let folder = self.authority.folder();
        let written = Bundle::of(&folder)?.write(&self.to)?;
        let names: Vec<_> = written
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        self.output
            .result(|| names.join("\n"), || json!({ "files": names }))?;
        Ok(Exit::Good)
    }
}

impl Retire {
    pub(crate) fn run(&self) -> Result<Exit> {
        let folder = self.authority.folder().root_numbered(self.root)?;
        let changed = folder.retire_root(time_or_now(self.at))?;
        let number = self.root;
        self.output.result(
            || match changed {
                true => format!(
                    "root {number} is retired; publish what is left with `mdl iaca publish`"
                ),
                false => format!("root {number} is retired already"),
            },
            || json!({ "root": number, "changed": changed }),
        )?;
        Ok(Exit::Good)
    }
}
