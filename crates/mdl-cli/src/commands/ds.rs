mod compromise;
mod operator;
mod retire;
mod rotate;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mdl_crypto::Curve;
use mdl_iaca::certificate::DocumentKind;
use mdl_iaca::profile::DistinguishedName;
use mdl_signer::key_uri::KeyUri;
use serde_json::{Value, json};
use time::OffsetDateTime;

use compromise::Compromise;
use retire::Retire;
use rotate::Rotate;

use super::iaca::parse_contact;
use crate::Exit;
use crate::authority::{
    AuthorityFolder, AuthorityOptions, DocumentSignerRequest, KeyChoice, SignerName, Subject,
    issue_document_signer, key_of,
};
use crate::certificate_text;
use crate::curve_option::parse_curve;
use crate::failure::{Failure, Result};
use crate::input::{self, parse_time, time_or_now};
use crate::output::Output;
use crate::passphrase::PassphraseOptions;
use crate::randomness::Seed;
use crate::verification_report::rfc3339;

/// Document signers: the keys that sign licences
#[derive(Debug, Subcommand)]
pub(crate) enum Ds {
    Issue(Box<Issue>),
    List(List),
    Rotate(Box<Rotate>),
    Retire(Retire),
    Compromise(Box<Compromise>),
}

/// Make a document signer: key, request, proof of possession, certificate
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl ds issue ds-2026 --passphrase-file pass.txt

The certificate has the profile of ISO/IEC 18013-5, Table B.3, with country and state of the root, and passes the \
linter before the root signs it. With --key a key in a PKCS#11 token or in AWS KMS is used (`mdl key create` makes \
one); with --csr the key of a request is certified, which stays with whoever made the request.")]
pub(crate) struct Issue {
    /// What the document signer is called on this machine
    #[arg(value_name = "NAME")]
    name: SignerName,
    #[command(flatten)]
    authority: AuthorityOptions,
    /// commonName [default: NAME]
    #[arg(long, value_name = "TEXT", conflicts_with = "csr")]
    common_name: Option<String>,
    /// Curve of the key: P-256, P-384, P-521, brainpoolP256r1, brainpoolP384r1 or Ed25519
    #[arg(long, default_value = "P-256", value_parser = parse_curve, conflicts_with = "csr")]
    curve: Curve,
    /// Use this key instead of making one: FILE, pkcs11:… or awskms:///ARN; `mdl key create` makes one
    #[arg(long, value_name = "URI", conflicts_with_all = ["curve", "csr", "seed"])]
    key: Option<KeyUri>,
    /// Certify the key and name of this request (PEM or DER) instead of making a key
    #[arg(long, value_name = "FILE")]
    csr: Option<PathBuf>,
    /// Validity in days, at most 457
    #[arg(long, value_name = "DAYS", default_value_t = 457)]
    validity_days: u32,
    /// Longest life of what it signs; it stops signing that long before it expires
    /// [default: 90, or half the validity if that is less]
    #[arg(long, value_name = "DAYS")]
    longest_mso_life_days: Option<u32>,
    /// Where the CRL of the root is published [default: that of the root certificate]
    #[arg(long, value_name = "URI")]
    crl_url: Option<String>,
    /// E-mail address or URI for the issuer alternative name [default: that of the root certificate]
    #[arg(long, value_name = "EMAIL|URI")]
    contact: Option<String>,
    /// The time to work at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    /// Make key, serial number and signatures reproducible; whoever knows the seed has the key, so for tests only
    #[arg(long, value_name = "HEX")]
    seed: Option<Seed>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    output: Output,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    resumption: super::private_ca::Resumption,
}

/// List the document signers, and until when each signs
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl ds list --json")]
pub(crate) struct List {
    #[command(flatten)]
    authority: AuthorityOptions,
    /// The time to judge their state at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    #[command(flatten)]
    output: Output,
}

impl Ds {
    pub(crate) fn run(&self) -> Result<Exit> {
        match self {
            Self::Issue(issue) => issue.run(),
            Self::List(list) => list.run(),
            Self::Rotate(rotate) => rotate.run(),
            Self::Retire(retire) => retire.run(),
            Self::Compromise(compromise) => compromise.run(),
        }
    }
}

impl Issue {
    fn run(&self) -> Result<Exit> {
        let folder = self.authority.folder();
        crate::files::refuse_existing(&folder.document_signer(&self.name), false)?;
        let iaca = folder.read_iaca()?;
        let crl_url = match &self.crl_url {
            Some(url) => url.clone(),
            None => certificate_text::crl_url(&iaca.der).ok_or_else(|| {
                Failure::usage("the root certificate has no CRL distribution point")
                    .hint("give --crl-url URI")
            })?,
        };
        let subject = match &self.csr {
            Some(path) => Subject::Request(input::read_one_pem_or_der(path, DocumentKind::Csr)?),
            None => {
                let common_name = self
                    .common_name
                    .clone()
                    .unwrap_or_else(|| self.name.to_string());
                Subject::Key {
                    key: match &self.key {
                        Some(uri) => KeyChoice::Existing(Box::new(uri.clone())),
                        None => KeyChoice::New(self.curve),
                    },
                    name: DistinguishedName::new(common_name),
                }
            }
        };
        let request = DocumentSignerRequest {
            name: self.name.clone(),
            subject,
            contact: self.contact.as_deref().map(parse_contact),
            crl_url,
            validity_days: self.validity_days,
            longest_mso_life_days: self
                .longest_mso_life_days
                .unwrap_or_else(|| (self.validity_days / 2).clamp(1, 90)),
            at: time_or_now(self.at),
            seed: self.seed.clone(),
        };
        #[cfg(feature = "aws")]
        if folder.is_in_private_ca() {
            if let Some(settlement) = self.resumption.settlement() {
                crate::authority::private_ca::settle_doubts(&folder, settlement)?;
            }
            if self.resumption.is_plan() {
                let passphrases = self.passphrase.when_needed();
                let calls =
                    crate::authority::plan_document_signer(&folder, &request, &passphrases)?;
                return super::private_ca::print_plan(&calls, self.output);
            }
        } else {
            self.resumption.refuse_for_own()?;
        }
        let certificate = issue_document_signer(&folder, &request, &self.passphrase.when_needed())?;
        let path = folder.document_signer(&self.name).join("certificate.pem");
        let text = format!(
            "made the document signer {}\n{}",
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

impl List {
    fn run(&self) -> Result<Exit> {
        let folder = self.authority.folder();
        folder.read_iaca()?;
        let at = time_or_now(self.at);
        let signers = folder
            .signer_names()?
            .iter()
            .map(|name| Entry::read(&folder, name, at))
            .collect::<Result<Vec<_>>>()?;
        let mut text = String::new();
        for entry in &signers {
            text.push_str(&format!(
                "{}: {}, signs until {}, expires {}\n  serial   {}\n  SHA-256  {}\n",
                entry.name,
                entry.state,
                rfc3339(entry.stop_signing),
                rfc3339(entry.not_after),
                entry.serial,
                entry.sha256
            ));
        }
        if signers.is_empty() {
            text.push_str("no document signers\n");
        }
        self.output.result(|| text, || json!({ "document_signers": signers.iter().map(Entry::to_json).collect::<Vec<_>>() }))?;
        Ok(Exit::Good)
    }
}

/// One document signer of the list.
struct Entry {
    name: String,
    state: &'static str,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    stop_signing: OffsetDateTime,
    serial: String,
    sha256: String,
    has_key: bool,
}

impl Entry {
    fn read(folder: &AuthorityFolder, name: &SignerName, at: OffsetDateTime) -> Result<Self> {
        let signer = folder.read_document_signer(name)?;
        let certificate = signer.certificate()?;
        let validity = certificate.validity();
        let (not_before, not_after) = (validity.not_before.at, validity.not_after.at);
        let stop_signing = not_after
            .checked_sub(signer.longest_mso_life)
            .unwrap_or(not_before);
        let state = if signer.is_revoked {
            "revoked"
        } else if signer.is_retired {
            "retired"
        } else if at < not_before {
            "not yet valid"
        } else if at > not_after {
            "expired"
        } else if at > stop_signing {
            "stopped signing"
        } else {
            "signing"
        };
        Ok(Self {
            name: name.to_string(),
            state,
            not_before,
            not_after,
            stop_signing,
            serial: hex::encode(certificate.serial().as_bytes()),
            sha256: hex::encode(certificate.fingerprint()),
            has_key: key_of(&folder.document_signer(name)).is_some(),
        })
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "state": self.state,
            "not_before": rfc3339(self.not_before),
            "not_after": rfc3339(self.not_after),
            "stop_signing": rfc3339(self.stop_signing),
            "serial": self.serial,
            "sha256": self.sha256,
            "key": self.has_key,
        })
    }
}
