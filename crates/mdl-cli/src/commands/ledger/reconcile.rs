use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use mdl_crypto::{HashAlgorithm, PublicKey};
use mdl_issuer::store::Hash;
use time::{Duration, OffsetDateTime};

use super::source::DatabaseOrExport;
use super::verify::read_key;
use crate::Exit;
use crate::commands::runtime;
use crate::failure::{Failure, Result};
use crate::input::{self, parse_time};
use crate::output::Output;
use crate::reconciliation::{
    Comparison, KeyNames, KnownCertificates, Principals, RecordSources, Records, Report, Span,
};

/// CloudTrail delivers within minutes, mostly; younger entries may not be recorded yet.
const SETTLED: Duration = Duration::hours(2);

/// Compare the ledger with what CloudTrail or an HSM recorded
#[derive(Args, Debug)]
#[command(after_help = "Example:
  aws s3 sync s3://trail/AWSLogs/111122223333 trail
  mdl ledger reconcile --config issuer.toml --cloudtrail trail \\
      --key arn:aws:kms:eu-west-1:111122223333:key/1234abcd=ds-2026.pem \\
      --principal arn:aws:iam::111122223333:role/issuer-task

Exit code 0: every signature has an entry and every entry a signature; 1: not, and what does not fit is named. \
Records hold neither message nor digest, so signatures and entries are matched by key and time: of several signatures \
around the same time it cannot be told which is the one too many, and the report says so. Calls that were denied or \
throttled are no signatures and are counted apart. Check the ledger itself with `mdl ledger verify`, and the digest \
files' signatures with `aws cloudtrail validate-logs`.

Logs of an HSM are lines of JSON: \
{\"time\":\"2026-03-07T22:36:44Z\",\"key\":\"ds-2026\",\"operation\":\"sign\",\"outcome\":\"ok\"}, and if known \
\"principal\" and \"id\".")]
pub(crate) struct Reconcile {
    #[command(flatten)]
    source: DatabaseOrExport,
    /// Log files of CloudTrail, or a folder with them as they lie in S3, digest files included; may be repeated
    #[arg(long, value_name = "FILE|DIR", required_unless_present = "hsm_log")]
    cloudtrail: Vec<PathBuf>,
    /// Log of an HSM as lines of JSON, also compressed with gzip; may be repeated
    #[arg(long, value_name = "FILE")]
    hsm_log: Vec<PathBuf>,
    /// A key as the records call it, the ARN of a KMS key for one, and its certificate or public key; may be repeated
    #[arg(long, value_name = "NAME=FILE", required = true)]
    key: Vec<NamedKey>,
    /// Certificate or public key of a key in software, whose use nobody records; may be repeated
    #[arg(long, value_name = "FILE")]
    key_without_records: Vec<PathBuf>,
    /// Who may sign: ARN of a user, a role or its session, or the name in an HSM's log; may be repeated [default: anybody]
    #[arg(long, value_name = "ARN")]
    principal: Vec<String>,
    /// Certificates and CRLs of the authority, to be compared with what Private CA issued and revoked; may be repeated
    #[arg(long, value_name = "FILE|DIR")]
    certificates: Vec<PathBuf>,
    /// Report nothing earlier [default: the beginning]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    from: Option<OffsetDateTime>,
    /// Report nothing from here on; give the time of the export for one that is older [default: two hours ago]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    until: Option<OffsetDateTime>,
    /// How many seconds entry and signature may differ. An entry has the time at which its request came in
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=3600))]
    tolerance: u32,
    /// How many seconds they may differ to be reported as one pair that is out of time
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u32).range(0..=86400))]
    reach: u32,
    /// Accept so many signatures beside recorded ones: calls whose answer was lost, and which were repeated
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    retries: u64,
    #[command(flatten)]
    output: Output,
}

/// `NAME=FILE`; the name may hold a `=`, as PKCS#11 URIs do.
#[derive(Clone, Debug)]
struct NamedKey {
    name: String,
    file: PathBuf,
}

impl FromStr for NamedKey {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let (name, file) = text
            .rsplit_once('=')
            .filter(|(name, file)| !name.is_empty() && !file.is_empty())
            .ok_or("expected NAME=FILE, such as arn:aws:kms:REGION:ACCOUNT:key/ID=ds.pem")?;
        if name.starts_with("arn:") && name.contains(":alias/") {
            return Err(
                "expected the ARN of the key: records name it, and an alias can be moved".into(),
            );
        }
        Ok(Self {
            name: name.to_owned(),
            file: file.into(),
        })
    }
}

impl Reconcile {
    pub(crate) fn run(&self) -> Result<Exit> {
        let names = self.key_names()?;
        let known = self.known_certificates()?;
        let span = Span {
            from: self.from,
            until: self
                .until
                .unwrap_or_else(|| OffsetDateTime::now_utc() - SETTLED),
        };
        if span.from.is_some_and(|from| from >= span.until) {
            return Err(Failure::usage("--from is not before --until"));
        }
        let sources = RecordSources {
            cloudtrail: &self.cloudtrail,
            hsm_logs: &self.hsm_log,
        };
        let principals = Principals::allowed(self.principal.clone());
        let progress = self.output.progress();
        let records = Records::read(&sources, names, principals, &span, &progress)?;
        let seconds = |seconds: u32| Duration::seconds(seconds.into());
        let (tolerance, reach) = (seconds(self.tolerance), seconds(self.reach));
        let comparison = Comparison::new(records, span, tolerance, reach, self.retries);
        let report = runtime()?.block_on(self.compare(comparison, known.as_ref()))?;
        self.output
            .result(|| report.to_text(), || report.to_json())?;
        Ok(if report.matches() {
            Exit::Good
        } else {
            Exit::No
        })
    }

    async fn compare(
        &self,
        mut comparison: Comparison,
        known: Option<&KnownCertificates>,
    ) -> Result<Report> {
        let opened = self.source.open().await?;
        let (_, head) = opened.source.frame().await?;
        let mut taken = Ok(());
        let take = |row| {
            if taken.is_ok() {
                taken = comparison.entry(&row);
            }
        };
        opened.source.entries(head, take).await?;
        taken?;
        comparison.finish(known)
    }

    fn key_names(&self) -> Result<KeyNames> {
        let mut names = KeyNames::default();
        for NamedKey { name, file } in &self.key {
            let key = read_key(file)?;
            names.add(name, key_id(&key)).map_err(|_| {
                let what = format!("{name} is given for two different keys");
                Failure::usage(what).hint("a key may have several names, but a name one key only")
            })?;
        }
        for file in &self.key_without_records {
            names.add_without_records(key_id(&read_key(file)?));
        }
        Ok(names)
    }

    fn known_certificates(&self) -> Result<Option<KnownCertificates>> {
        if self.certificates.is_empty() {
            return Ok(None);
        }
        let mut known = KnownCertificates::default();
        for path in &self.certificates {
            if !path.is_dir() {
                if !known.add(&input::read(path)?) {
                    let what = format!("{}: no certificate and no CRL", path.display());
                    return Err(Failure::usage(what));
                }
                continue;
            }
            for file in crate::files::below(path)? {
                if is_certificate_name(&file) {
                    known.add(&input::read(&file)?);
                }
            }
        }
        Ok(Some(known))
    }
}

fn is_certificate_name(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    ["pem", "der", "crt", "cer", "crl"]
        .iter()
        .any(|known| extension == *known)
}

/// What the ledger calls a key.
fn key_id(key: &PublicKey) -> Hash {
    let mut id = [0; 32];
    let digest = HashAlgorithm::Sha256.digest(&key.to_spki_der());
    id.copy_from_slice(digest.as_bytes());
    Hash(id)
}
