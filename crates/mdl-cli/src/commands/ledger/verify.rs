use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use mdl_crypto::PublicKey;
use mdl_iaca::certificate::{CertificateView, DocumentKind, read_documents};
use mdl_issuer::ledger::{LedgerReport, LedgerVerifier};
use mdl_issuer::store::LedgerHead;
use serde_json::{Value, json};

use super::source::{DatabaseOrExport, Source};
use crate::Exit;
use crate::commands::runtime;
use crate::failure::{Failure, Result};
use crate::input;
use crate::output::Output;

/// Check that no entry was deleted, reordered, edited or inserted
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl ledger verify --config issuer.toml --json

Exit code 0: intact; 1: not, and the records are named. Checkpoints are checked with the keys of the configuration and \
those given with --key. Whoever can write to the database can also cut off its end, or all after a checkpoint, and \
compute the rest anew: give --earlier, an export that you made before and kept where they cannot write.")]
pub(crate) struct Verify {
    #[command(flatten)]
    source: DatabaseOrExport,
    /// Certificate or public key of a status signer, which signs checkpoints; may be repeated
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// What `mdl ledger export` wrote before: the ledger must still begin with it
    #[arg(long, value_name = "FILE")]
    earlier: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Verify {
    pub(crate) fn run(&self) -> Result<Exit> {
        let given = self.key.iter().map(|path| read_key(path));
        let given = given.collect::<Result<Vec<_>>>()?;
        let report = runtime()?.block_on(self.verify(given))?;
        self.output.result(|| text(&report), || to_json(&report))?;
        Ok(if report.is_intact() {
            Exit::Good
        } else {
            Exit::No
        })
    }

    async fn verify(&self, mut keys: Vec<PublicKey>) -> Result<LedgerReport> {
        let opened = self.source.open().await?;
        keys.extend(opened.keys);
        let (checkpoints, head) = opened.source.frame().await?;
        let mut verifier = LedgerVerifier::new(&checkpoints, &keys);
        if let Some(path) = &self.earlier {
            verifier.remember(earlier_head(path).await?);
        }
        let take = |row| verifier.entry(row);
        opened.source.entries(head, take).await?;
        Ok(verifier.finish(head))
    }
}

/// The newest entry of an export. The hash of an entry covers all that come before it.
async fn earlier_head(path: &Path) -> Result<LedgerHead> {
    let (_, head) = Source::Export(path.to_owned()).frame().await?;
    head.ok_or_else(|| {
        Failure::usage(format!("{}: the end is missing", path.display()))
            .hint("make exports with `mdl ledger export`")
    })
}

pub(super) fn read_key(path: &Path) -> Result<PublicKey> {
    let content = input::read(path)?;
    let is_certificate = read_documents(&content)
        .is_ok_and(|found| found.iter().any(|it| it.kind == DocumentKind::Certificate));
    if !is_certificate {
        return input::read_public_key(path);
    }
    let der = input::read_one_pem_or_der(path, DocumentKind::Certificate)?;
    let unusable = || Failure::usage(format!("{}: no usable certificate", path.display()));
    let certificate =
        CertificateView::from_der(&der).map_err(|error| unusable().because(&error))?;
    let key = certificate.public_key_info().public_key();
    key.map_err(|error| unusable().because(&error))
}

fn text(report: &LedgerReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let _ = writeln!(text, "{finding}");
    }
    if report.more_findings > 0 {
        let _ = writeln!(text, "and {} more", report.more_findings);
    }
    let verdict = if report.is_intact() {
        "intact"
    } else {
        "not intact"
    };
    let _ = write!(text, "{verdict}: {} entries", report.entries);
    let _ = match report.vouched {
        0 => write!(text, ", no checkpoint verified"),
        vouched => write!(text, ", signed up to entry {vouched}"),
    };
    text
}

fn to_json(report: &LedgerReport) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "finding": finding.code(),
                "sequence": finding.sequence(),
                "text": finding.to_string(),
            })
        })
        .collect();
    json!({
        "verdict": if report.is_intact() { "intact" } else { "broken" },
        "entries": report.entries,
        "newest": report.newest,
        "checkpoints": report.checkpoints,
        "signed_up_to": report.vouched,
        "findings": findings,
        "more_findings": report.more_findings,
    })
}
