//! Whether an authority's certificates, CRLs and ledger are as they should be, for those who have to answer for it.
//!
//! Everything is looked at anew: the linter reads every certificate and CRL again, with the certificate that issued it,
//! the alarms are those of the inventory, and the ledger is verified from its first entry. The report holds what can be
//! known from these; where nothing is known, for example where a key is kept, it says nothing.

mod html;
mod ledger_state;

pub(crate) use ledger_state::LedgerState;

use std::fmt::Write;

use mdl_iaca::certificate::{CertificateView, CrlView};
use mdl_iaca::lint::{LintFinding, Severity, lint_certificate, lint_crl};
use serde_json::{Value, json};

use crate::certificate_text;
use crate::inventory::{CrlEntry, Entry, Inventory};
use crate::verification_report::{rfc3339, shown};

/// The report.
#[derive(Debug)]
pub(crate) struct Compliance {
    inventory: Inventory,
    /// In the order of the inventory's certificates.
    certificates: Vec<Assessment>,
    /// In the order of the inventory's CRLs.
    crls: Vec<Vec<LintFinding>>,
    ledger: Option<LedgerState>,
}

/// What a certificate is like.
#[derive(Debug)]
struct Assessment {
    /// Curve of the key.
    key: String,
    signature_algorithm: String,
    lifetime_days: i64,
    findings: Vec<LintFinding>,
}

impl Compliance {
    pub(crate) fn new(inventory: Inventory, ledger: Option<LedgerState>) -> Self {
        let certificates = inventory.certificates.iter();
        let certificates = certificates
            .map(|entry| assess(entry, &inventory))
            .collect();
        let crls = inventory
            .crls
            .iter()
            .map(|crl| lint_one_crl(crl, &inventory))
            .collect();
        Self {
            inventory,
            certificates,
            crls,
            ledger,
        }
    }

    fn findings(&self) -> impl Iterator<Item = &LintFinding> {
        let of_certificates = self.certificates.iter().map(|it| &it.findings);
        of_certificates.chain(&self.crls).flatten()
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings()
            .filter(|finding| finding.severity() == severity)
            .count()
    }

    pub(crate) fn is_compliant(&self) -> bool {
        self.count(Severity::Error) == 0
            && self.inventory.alarms() == 0
            && self.ledger.as_ref().is_none_or(LedgerState::is_good)
    }

    fn verdict(&self) -> &'static str {
        if self.is_compliant() {
            "compliant"
        } else {
            "not compliant"
        }
    }

    /// The result in one line.
    fn summary(&self) -> String {
        format!(
            "{}: {} certificates, {} CRLs, {} errors, {} warnings, {} alarms",
            self.verdict(),
            self.certificates.len(),
            self.crls.len(),
            self.count(Severity::Error),
            self.count(Severity::Warning),
            self.inventory.alarms(),
        )
    }

    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        for (entry, assessment) in self.rows() {
            let _ = writeln!(
                text,
                "{} {}: {}, {} with {}, {} days",
                entry.purpose(),
                shown(&entry.subject),
                entry.state.name(),
                assessment.key,
                assessment.signature_algorithm,
                assessment.lifetime_days
            );
            if let Some(alarm) = &entry.alarm {
                let _ = writeln!(text, "  ALARM {alarm}");
            }
            if let Some(used) = self.use_of(entry) {
                let _ = writeln!(text, "  {used}");
            }
            write_findings(&assessment.findings, &mut text);
        }
        for (crl, findings) in self.inventory.crls.iter().zip(&self.crls) {
            let _ = writeln!(text, "CRL of {}", shown(&crl.issuer));
            if let Some(alarm) = &crl.alarm {
                let _ = writeln!(text, "  ALARM {alarm}");
            }
            write_findings(findings, &mut text);
        }
        for unusable in &self.inventory.unusable {
            let _ = writeln!(text, "{}", unusable.to_text());
        }
        if let Some(ledger) = &self.ledger {
            let _ = writeln!(text, "ledger: {}", ledger.summary());
        }
        text.push_str(&self.summary());
        text
    }

    pub(crate) fn to_json(&self) -> Value {
        let certificates = self.rows().map(|(entry, assessment)| {
            let mut json = entry.to_json(self.inventory.at);
            json["key_curve"] = json!(assessment.key);
            json["signature_algorithm"] = json!(assessment.signature_algorithm);
            json["lifetime_days"] = json!(assessment.lifetime_days);
            json["findings"] = findings_json(&assessment.findings);
            if let Some(ledger) = &self.ledger {
                json["ledger"] = ledger.use_of(&entry.key_id).to_json();
            }
            json
        });
        let crls = self
            .inventory
            .crls
            .iter()
            .zip(&self.crls)
            .map(|(crl, findings)| {
                let mut json = crl.to_json();
                json["findings"] = findings_json(findings);
                json
            });
        let unusable = self.inventory.unusable.iter();
        json!({
            "verdict": if self.is_compliant() { "compliant" } else { "not-compliant" },
            "at": rfc3339(self.inventory.at),
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "alarms": self.inventory.alarms(),
            "certificates": certificates.collect::<Vec<_>>(),
            "crls": crls.collect::<Vec<_>>(),
            "unusable": unusable.map(|it| it.to_json()).collect::<Vec<_>>(),
            "ledger": self.ledger.as_ref().map(LedgerState::to_json),
        })
    }

    fn rows(&self) -> impl Iterator<Item = (&Entry, &Assessment)> {
        self.inventory.certificates.iter().zip(&self.certificates)
    }

    /// What the ledger says of a certificate's key, if it says anything.
    fn use_of(&self, entry: &Entry) -> Option<String> {
        let used = self.ledger.as_ref()?.use_of(&entry.key_id);
        (used.signatures > 0).then(|| used.to_string())
    }
}

fn assess(entry: &Entry, inventory: &Inventory) -> Assessment {
    let json = certificate_text::to_json(&entry.der, None);
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    // The curve, without the point.
    let key = text("key").split(' ').next().unwrap_or_default().to_owned();
    let issuer = entry
        .issued_by
        .as_deref()
        .and_then(|sha256| der_of(inventory, sha256))
        // One that says it is from a root here, and whose signature is not the root's, has to be found out.
        .or_else(|| der_of_subject(inventory, &entry.issuer));
    let issuer = issuer.and_then(|der| CertificateView::from_der(der).ok());
    let findings = CertificateView::from_der(&entry.der)
        .map(|view| lint_certificate(&view, entry.profile, issuer.as_ref()))
        .unwrap_or_default();
    Assessment {
        key,
        signature_algorithm: text("signature_algorithm"),
        lifetime_days: (entry.not_after - entry.not_before).whole_days(),
        findings,
    }
}

fn lint_one_crl(crl: &CrlEntry, inventory: &Inventory) -> Vec<LintFinding> {
    let issuer = der_of(inventory, &crl.issued_by);
    let issuer = issuer.and_then(|der| CertificateView::from_der(der).ok());
    CrlView::from_der(&crl.der)
        .map(|view| lint_crl(&view, issuer.as_ref()))
        .unwrap_or_default()
}

fn der_of<'i>(inventory: &'i Inventory, sha256: &str) -> Option<&'i [u8]> {
    let mut entries = inventory.certificates.iter();
    entries
        .find(|entry| entry.sha256 == sha256)
        .map(|entry| entry.der.as_slice())
}

fn der_of_subject<'i>(inventory: &'i Inventory, subject: &str) -> Option<&'i [u8]> {
    let mut entries = inventory.certificates.iter();
    let issuer = entries.find(|entry| entry.is_issuer() && entry.subject == subject);
    issuer.map(|entry| entry.der.as_slice())
}

fn write_findings(findings: &[LintFinding], text: &mut String) {
    for finding in findings {
        let (severity, id, clause) = (finding.severity(), finding.id(), finding.clause());
        let _ = writeln!(
            text,
            "  {severity} {id} ({clause}): {}",
            shown(&finding.found)
        );
    }
}

fn findings_json(findings: &[LintFinding]) -> Value {
    let findings = findings.iter().map(|finding| {
        json!({
            "id": finding.id(),
            "severity": finding.severity().name(),
            "clause": finding.clause(),
            "found": finding.found,
        })
    });
    findings.collect()
}
