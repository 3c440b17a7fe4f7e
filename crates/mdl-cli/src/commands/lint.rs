use std::path::PathBuf;

use clap::Args;
use mdl_iaca::certificate::DocumentKind;
use mdl_iaca::lint::{Profile, Severity};
use serde_json::{Value, json};

use crate::Exit;
use crate::failure::Result;
use crate::input;
use crate::lint::{Linted, Reference, lint_file};
use crate::output::Output;
use crate::verification_report::shown;

/// Check certificates, CRLs, requests and documents against the rules for whoever makes them
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl lint --issuer mdl-authority/iaca/certificate.pem \\
      mdl-authority/ds/ds-2026/certificate.pem

Every file may be a certificate, CRL or certification request (PEM or DER), or the CBOR of an MSO, IssuerSigned or \
DeviceResponse. A finding is a rule, its severity and clause, and what was found. Exit code 1 when one is an error: a \
breach of the standard. Findings never hold the value of a data element. Whether a document is valid today, and who \
presents it, is for `mdl verify`.")]
pub(crate) struct Lint {
    /// Files to check
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Hold certificates against this profile instead of the one they seem to have: iaca-root, iaca-link,
    /// document-signer, reader-auth, ocsp-signer, status-signer, vical-signer, crl or csr
    #[arg(long, value_name = "PROFILE")]
    profile: Option<Profile>,
    /// The issuing certificate, PEM or DER: adds the rules on names, key identifiers, validity and signature
    #[arg(long, value_name = "FILE")]
    issuer: Option<PathBuf>,
    /// Add the rules of the AAMVA guidelines
    #[arg(long)]
    aamva: bool,
    #[command(flatten)]
    output: Output,
}

impl Lint {
    pub(crate) fn run(&self) -> Result<Exit> {
        let issuer = match &self.issuer {
            Some(path) => Some(input::read_one_pem_or_der(path, DocumentKind::Certificate)?),
            None => None,
        };
        let reference = Reference {
            profile: self.profile,
            issuer,
            aamva: self.aamva,
        };
        // All files first: one that cannot be read is a wrong command line, and no half of an answer.
        let contents = self
            .files
            .iter()
            .map(|path| input::read(path))
            .collect::<Result<Vec<_>>>()?;
        let per_file: Vec<(&PathBuf, Vec<Linted>)> = self
            .files
            .iter()
            .zip(&contents)
            .map(|(path, content)| (path, lint_file(content, &reference)))
            .collect();
        let count = |severity: Severity| -> usize {
            let documents = per_file.iter().flat_map(|(_, documents)| documents);
            documents.map(|document| document.count(severity)).sum()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        self.output.result(
            || text(&per_file, errors, warnings),
            || json!({ "errors": errors, "warnings": warnings, "documents": json(&per_file) }),
        )?;
        Ok(if errors == 0 { Exit::Good } else { Exit::No })
    }
}

fn text(files: &[(&PathBuf, Vec<Linted>)], errors: usize, warnings: usize) -> String {
    let mut text = String::new();
    for (path, documents) in files {
        for document in documents {
            let profile = document.profile.map(|profile| format!(", {profile}"));
            text.push_str(&format!(
                "{}: {}{}\n",
                path.display(),
                document.kind,
                profile.unwrap_or_default()
            ));
            for finding in &document.findings {
                let (severity, id, clause) = (finding.severity, finding.id, finding.clause);
                text.push_str(&format!(
                    "  {severity} {id} ({clause}): {}\n",
                    shown(&finding.found)
                ));
            }
        }
    }
    text.push_str(&format!("{errors} errors, {warnings} warnings\n"));
    text
}

fn json(files: &[(&PathBuf, Vec<Linted>)]) -> Value {
    let documents = files.iter().flat_map(|(path, documents)| {
        documents.iter().map(move |document| {
            let findings = document.findings.iter().map(|finding| {
                json!({
                    "id": finding.id,
                    "severity": finding.severity.name(),
                    "clause": finding.clause,
                    "found": finding.found,
                })
            });
            json!({ "file": path.to_string_lossy(), "kind": document.kind, "profile": document.profile.map(|profile| profile.to_string()), "findings": findings.collect::<Vec<_>>() })
        })
    });
    documents.collect()
}
