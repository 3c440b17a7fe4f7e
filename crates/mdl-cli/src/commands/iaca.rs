use clap::{Args, Subcommand};
use mdl_crypto::Curve;
use mdl_iaca::lint::{Profile, Severity, lint_der};
use mdl_iaca::profile::{Contact, DistinguishedName};
use mdl_signer::key_uri::KeyUri;
use serde_json::json;
use time::OffsetDateTime;

use crate::Exit;
use crate::authority::{AuthorityOptions, IacaRequest, KeyChoice, create_iaca, key_of};
use crate::certificate_text;
use crate::curve_option::parse_curve;
use crate::failure::{Failure, Result};
use crate::input::{parse_time, time_or_now};
use crate::output::{Output, remark};
use crate::passphrase::PassphraseOptions;
use crate::randomness::Seed;

/// The authority's root certificate (IACA)
#[derive(Debug, Subcommand)]
pub(crate) enum Iaca {
    Init(Box<Init>),
    Show(Show),
    Renew(Box<super::iaca_renewal::Renew>),
    Publish(super::iaca_renewal::Publish),
    Retire(super::iaca_renewal::Retire),
    #[cfg(feature = "aws")]
    Adopt(super::private_ca::Adopt),
    #[cfg(feature = "aws")]
    Status(super::private_ca::Status),
    #[cfg(feature = "aws")]
    AuditReport(super::private_ca::AuditReport),
}

/// Make a root: a key, encrypted under a passphrase or in a key store, and its self-signed certificate
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl iaca init --country US --state US-CA --name 'Example IACA' \\
      --contact iaca@example.com --crl-url https://example.com/iaca.crl \\
      --passphrase-file pass.txt

The certificate has the profile of ISO/IEC 18013-5, Table B.1, and passes the linter before its key signs it. It \
becomes valid at midnight UTC, because documents are dated to the day.\n\nWith --ca private-ca the root is made in \
AWS Private CA: run it with --plan first. A run that was broken off goes on where it stopped when it is run again.")]
pub(crate) struct Init {
    #[command(flatten)]
    authority: AuthorityOptions,
    /// countryName: ISO 3166-1 alpha-2, equal to issuing_country of the licences
    #[arg(long, value_name = "CC")]
    country: String,
    /// stateOrProvinceName in ISO 3166-2 form, equal to issuing_jurisdiction of the licences, such as US-CA
    #[arg(long)]
    state: Option<String>,
    /// organizationName
    #[arg(long)]
    organization: Option<String>,
    /// commonName
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// E-mail address or URI of the authority, for the issuer alternative name
    #[arg(long, value_name = "EMAIL|URI")]
    contact: String,
    /// Where the CRL of this root will be published
    #[arg(long, value_name = "URI")]
    crl_url: Option<String>,
    /// Curve of the key: P-256, P-384, P-521, brainpoolP256r1 or brainpoolP384r1
    #[arg(long, default_value = "P-256", value_parser = parse_curve)]
    curve: Curve,
    /// Use this key instead of making one: FILE, pkcs11:… or awskms:///ARN; `mdl key create` makes one
    #[arg(long, value_name = "URI", conflicts_with_all = ["curve", "seed"])]
    key: Option<KeyUri>,
    /// Validity in days, at most 7300
    #[arg(long, value_name = "DAYS", default_value_t = 3650)]
    validity_days: u32,
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
    #[cfg(feature = "aws")]
    #[command(flatten)]
    private_ca: super::private_ca::PrivateCaOptions,
}

/// Print the root certificate
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl iaca show --authority mdl-authority")]
pub(crate) struct Show {
    /// Which root, counted from 1 [default: the newest]
    #[arg(long, value_name = "NUMBER")]
    root: Option<u32>,
    #[command(flatten)]
    authority: AuthorityOptions,
    #[command(flatten)]
    output: Output,
}

impl Iaca {
    pub(crate) fn run(&self) -> Result<Exit> {
        match self {
            Self::Init(init) => init.run(),
            Self::Show(show) => show.run(),
            Self::Renew(renew) => renew.run(),
            Self::Publish(publish) => publish.run(),
            Self::Retire(retire) => retire.run(),
            #[cfg(feature = "aws")]
            Self::Adopt(adopt) => adopt.run(),
            #[cfg(feature = "aws")]
            Self::Status(status) => status.run(),
            #[cfg(feature = "aws")]
            Self::AuditReport(report) => report.run(),
        }
    }
}

impl Init {
    fn run(&self) -> Result<Exit> {
        if self.curve.is_edwards() {
            return Err(Failure::usage("an Ed25519 key signs no certificates")
                .hint("choose one of the other curves"));
        }
        let folder = self.authority.folder();
        crate::files::refuse_existing(&folder.iaca(), false)?;
        let mut name = DistinguishedName::new(&self.name).country(&self.country);
        if let Some(state) = &self.state {
            name = name.state(state);
        }
        if let Some(organization) = &self.organization {
            name = name.organization(organization);
        }
        #[cfg(feature = "aws")]
        if self.private_ca.is_chosen()? {
            return self.in_private_ca(&folder, name);
        }
        let crl_url = self
            .crl_url
            .clone()
            .ok_or_else(|| Failure::usage("no place for the CRL").hint("give --crl-url URI"))?;
        let request = IacaRequest {
            name,
            contact: parse_contact(&self.contact),
            crl_url,
            key: match &self.key {
                Some(uri) => KeyChoice::Existing(Box::new(uri.clone())),
                None => KeyChoice::New(self.curve),
            },
            validity_days: self.validity_days,
            at: time_or_now(self.at),
            seed: self.seed.clone(),
        };
        let certificate = create_iaca(&folder, &request, &self.passphrase.when_needed())?;
        if let Ok(findings) = lint_der(certificate.as_der(), Some(Profile::IacaRoot), None) {
            for finding in findings {
                if finding.severity() == Severity::Warning {
                    remark(&finding);
                }
            }
        }
        let path = folder.iaca_certificate();
        let text = format!(
            "made the root {}\n{}",
            path.display(),
            certificate_text::summary(certificate.as_der())?
        );
        self.output.result(
            || text,
            || {
                json!({
                    "certificate": path.to_string_lossy(),
                    "key": key_of(&folder.iaca()).map(|path| path.to_string_lossy().into_owned()),
                    "sha256": certificate_text::fingerprint(certificate.as_der()),
                })
            },
        )?;
        Ok(Exit::Good)
    }
}

#[cfg(feature = "aws")]
impl Init {
    fn in_private_ca(
        &self,
        folder: &crate::authority::AuthorityFolder,
        name: DistinguishedName,
    ) -> Result<Exit> {
        let unfit = [
            ("--crl-url", self.crl_url.is_some()),
            ("--key", self.key.is_some()),
            ("--seed", self.seed.is_some()),
        ];
        if let Some((option, _)) = unfit.iter().find(|(_, is_given)| *is_given) {
            return Err(Failure::usage(format!("{option} with --ca private-ca"))
                .hint("AWS Private CA makes the key and decides where the CRL is"));
        }
        let root = super::private_ca::RootDescription {
            name,
            contact: parse_contact(&self.contact),
            curve: self.curve,
            validity_days: self.validity_days,
            at: time_or_now(self.at),
        };
        self.private_ca.make_root(folder, root, self.output)
    }
}

impl Show {
    fn run(&self) -> Result<Exit> {
        let mut folder = self.authority.folder();
        if let Some(number) = self.root {
            folder = folder.root_numbered(number)?;
        }
        let iaca = folder.read_iaca()?;
        let text = certificate_text::details(&iaca.der)?;
        self.output.result(
            || text,
            || certificate_text::to_json(&iaca.der, Some(&folder.iaca_certificate())),
        )?;
        Ok(Exit::Good)
    }
}

/// An address with `@` and without a scheme is an e-mail address. The profile checks the rest.
pub(crate) fn parse_contact(text: &str) -> Contact {
    match text.strip_prefix("mailto:") {
        Some(address) => Contact::email(address),
        None if text.contains('@') && !text.contains(':') => Contact::email(text),
        None => Contact::uri(text),
    }
}
