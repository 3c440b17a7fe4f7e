//! What the commands of the root and of document signers take for AWS Private CA, and the commands that only it has.

use clap::{Args, ValueEnum};
use mdl_crypto::Curve;
use mdl_iaca::profile::{Contact, DistinguishedName};
use mdl_signer_aws::private_ca::{CertificateAuthorityArn, CrlPublication, PlannedCall};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::Exit;
use crate::authority::private_ca::{
    Place, ServiceRoot, Settlement, adopt, audit_report, create, plan, status,
};
use crate::authority::{AuthorityFolder, AuthorityOptions};
use crate::certificate_text;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::verification_report::rfc3339;

/// Who keeps the root's key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Ca {
    /// A key of yours: in an encrypted file or a key store
    Own,
    /// AWS Private CA, which also signs and publishes
    PrivateCa,
}

/// Options of `mdl iaca init` for a root in AWS Private CA.
#[derive(Args, Debug)]
#[command(next_help_heading = "AWS Private CA")]
pub(crate) struct PrivateCaOptions {
    /// Who keeps the root's key
    #[arg(long, value_enum, default_value_t = Ca::Own)]
    ca: Ca,
    /// Region of the authority [default: that of the AWS environment]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Where the service is, if not where AWS has it
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Bucket that the service writes the CRL to; its policy must let the service in
    #[arg(long, value_name = "BUCKET")]
    crl_bucket: Option<String>,
    /// Host that serves the bucket under a name of yours [default: the bucket's own]
    #[arg(long, value_name = "HOST")]
    crl_host: Option<String>,
    /// Days until the next CRL is due, at most 89; the service renews it at half of them
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    crl_days: u32,
    #[command(flatten)]
    resumption: Resumption,
}

/// Options of every command that makes something in AWS Private CA.
#[derive(Args, Debug)]
#[command(next_help_heading = "AWS Private CA")]
pub(crate) struct Resumption {
    /// Print every call that would be made, and make none
    #[arg(long)]
    plan: bool,
    /// What became of a request that was never answered: the ARN of its certificate, or `again` if there is none
    #[arg(long, value_name = "again|ARN", conflicts_with = "plan")]
    in_doubt: Option<Settlement>,
}

impl Resumption {
    /// Refuses what an authority of our own has no use for.
    pub(crate) fn refuse_for_own(&self) -> Result<()> {
        if self.plan || self.in_doubt.is_some() {
            return Err(
                Failure::usage("--plan and --in-doubt are for AWS Private CA")
                    .hint("leave them out"),
            );
        }
        Ok(())
    }

    pub(crate) fn is_plan(&self) -> bool {
        self.plan
    }

    pub(crate) fn settlement(&self) -> Option<&Settlement> {
        self.in_doubt.as_ref()
    }
}

/// What the other options of `mdl iaca init` say.
pub(super) struct RootDescription {
    pub(super) name: DistinguishedName,
    pub(super) contact: Contact,
    pub(super) curve: Curve,
    pub(super) validity_days: u32,
    pub(super) at: OffsetDateTime,
}

impl PrivateCaOptions {
    /// Whether the root is to be made there.
    pub(super) fn is_chosen(&self) -> Result<bool> {
        if self.ca == Ca::PrivateCa {
            return Ok(true);
        }
        self.resumption.refuse_for_own()?;
        if [
            &self.region,
            &self.endpoint_url,
            &self.crl_bucket,
            &self.crl_host,
        ]
        .iter()
        .any(|option| option.is_some())
        {
            return Err(
                Failure::usage("an option of AWS Private CA without --ca private-ca")
                    .hint("add --ca private-ca, or leave the option out"),
            );
        }
        Ok(false)
    }

    /// Makes the root, or prints the plan.
    pub(super) fn make_root(
        &self,
        folder: &AuthorityFolder,
        root: RootDescription,
        output: Output,
    ) -> Result<Exit> {
        let bucket = self.crl_bucket.clone().ok_or_else(|| {
            Failure::usage("no bucket for the CRL")
                .hint("give --crl-bucket BUCKET; `deploy/aws` has one with the policy that the service needs")
        })?;
        let root = ServiceRoot {
            name: root.name,
            contact: root.contact,
            curve: root.curve,
            validity_days: root.validity_days,
            at: root.at,
            crl: CrlPublication {
                bucket,
                host: self.crl_host.clone(),
                expiration_days: self.crl_days,
            },
        };
        let place = Place {
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
        };
        if self.resumption.plan {
            return print_plan(&plan(folder, &root, &place)?, output);
        }
        let der = create(folder, &root, &place, self.resumption.settlement())?;
        print_root(folder, &der, output)
    }
}

/// Prints the calls in the order in which they would be made.
pub(super) fn print_plan(calls: &[PlannedCall], output: Output) -> Result<Exit> {
    let text = || {
        let calls = calls.iter().enumerate();
        let text: String = calls
            .map(|(place, call)| format!("{}. {call}", place + 1))
            .collect();
        match text.is_empty() {
            true => "nothing is left to do".to_owned(),
            false => text,
        }
    };
    let json = || {
        let calls: Vec<_> = calls
            .iter()
            .map(|call| {
                json!({ "operation": call.operation, "request": call.request, "why": call.why })
            })
            .collect();
        json!({ "calls": calls })
    };
    output.result(text, json)?;
    Ok(Exit::Good)
}

fn print_root(folder: &AuthorityFolder, der: &[u8], output: Output) -> Result<Exit> {
    let path = folder.iaca_certificate();
    let text = format!(
        "made the root {}\n{}",
        path.display(),
        certificate_text::summary(der)?
    );
    output.result(
        || text,
        || {
            json!({
                "certificate": path.to_string_lossy(),
                "key": Value::Null,
                "sha256": certificate_text::fingerprint(der),
            })
        },
    )?;
    Ok(Exit::Good)
}

/// Take over a root that AWS Private CA already has
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl iaca adopt $ARN

The root must be active, pass the linter, and name the CRL that the authority publishes. `deploy/aws` makes such a \
root. Afterwards `mdl ds issue` and `mdl crl build` use it.")]
pub(crate) struct Adopt {
    /// ARN of the authority
    #[arg(value_name = "ARN")]
    arn: CertificateAuthorityArn,
    #[command(flatten)]
    authority: AuthorityOptions,
    /// Where the service is, if not where AWS has it
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    #[command(flatten)]
    output: Output,
}

impl Adopt {
    pub(super) fn run(&self) -> Result<Exit> {
        let folder = self.authority.folder();
        crate::files::refuse_existing(&folder.iaca(), false)?;
        let der = adopt(&folder, &self.arn, self.endpoint_url.as_deref())?;
        print_root(&folder, &der, self.output)
    }
}

/// Ask AWS Private CA where the root stands
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl iaca status --json")]
pub(crate) struct Status {
    #[command(flatten)]
    authority: AuthorityOptions,
    #[command(flatten)]
    output: Output,
}

impl Status {
    /// Exit code 1 unless the authority is active.
    pub(super) fn run(&self) -> Result<Exit> {
        let (arn, status) = status(&self.authority.folder())?;
        let time = |at: Option<OffsetDateTime>| at.map(rfc3339);
        let line = |name: &str, value: Option<String>| {
            value.map_or_else(String::new, |value| format!("\n  {name:<17}{value}"))
        };
        let text = format!(
            "{arn}: {}{}{}{}{}{}",
            status.status,
            line("created", time(status.created_at)),
            line("expires", time(status.not_after)),
            line("restorable until", time(status.restorable_until)),
            line("CRL bucket", status.crl_bucket.clone()),
            line("CRL days", status.crl_days.map(|days| days.to_string())),
        );
        self.output.result(
            || text,
            || {
                json!({
                    "arn": arn.as_str(),
                    "status": status.status,
                    "created_at": time(status.created_at),
                    "not_after": time(status.not_after),
                    "restorable_until": time(status.restorable_until),
                    "crl_bucket": status.crl_bucket,
                    "crl_days": status.crl_days,
                })
            },
        )?;
        Ok(match status.status.as_str() {
            "ACTIVE" => Exit::Good,
            _ => Exit::No,
        })
    }
}

/// Have AWS Private CA write a list of all it issued and revoked into a bucket
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl iaca audit-report --bucket dmv-crl

The service writes one report in 30 minutes.")]
pub(crate) struct AuditReport {
    #[command(flatten)]
    authority: AuthorityOptions,
    /// Bucket to write to; its policy must let the service in
    #[arg(long, value_name = "BUCKET")]
    bucket: String,
    #[command(flatten)]
    output: Output,
}

impl AuditReport {
    pub(super) fn run(&self) -> Result<Exit> {
        let report = audit_report(&self.authority.folder(), &self.bucket)?;
        let place = format!("s3://{}/{}", report.bucket, report.key);
        self.output.result(
            || format!("wrote {place}"),
            || json!({ "bucket": report.bucket, "key": report.key }),
        )?;
        Ok(Exit::Good)
    }
}
