//! What the AAMVA guidelines add for IACA roots and document signers of the United States and Canada.

use super::rule::{Report, rules};
use crate::certificate::CertificateView;

const CLAUSE: &str = "AAMVA mDL Implementation Guidelines";

rules! {
    STATE: "aamva-state", Error, CLAUSE, "ST is present", "asked for: the guidelines make it mandatory";
    STATE_ADVISED: "aamva-state-advised", Info, CLAUSE, "ST is present if C is US or CA",
        "the standard leaves ST open; readers that follow the guidelines insist on it";
    STATE_OF_ISSUER: "aamva-state-of-issuer", Error, CLAUSE, "ST is present in the IACA and equal",
        "asked for: the guidelines make it mandatory in both certificates";
}

pub(super) fn check(
    certificate: &CertificateView<'_>,
    issuer: Option<&CertificateView<'_>>,
    report: &mut Report,
) {
    let own = certificate.subject().state_or_province();
    report.require(own.is_some(), &STATE, || {
        format!("no ST: {}", certificate.subject())
    });
    if let Some(issuer) = issuer {
        let expected = issuer.subject().state_or_province();
        // A certificate without ST has its finding already.
        report.require(own.is_none() || own == expected, &STATE_OF_ISSUER, || {
            format!(
                "{}, of the IACA {}",
                certificate.subject(),
                issuer.subject()
            )
        });
    }
}

/// What is worth saying to those who did not ask for these rules.
pub(super) fn advise(certificate: &CertificateView<'_>, report: &mut Report) {
    let subject = certificate.subject();
    let member = matches!(subject.country().as_deref(), Some("US" | "CA"));
    let state = subject.state_or_province().is_some();
    report.require(!member || state, &STATE_ADVISED, || {
        format!("no ST: {subject}")
    });
}
