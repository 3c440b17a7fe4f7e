//! Prepare, lint, sign, attach: what the linter refuses is never handed to a key, and never leaves either.

use crate::certificate::DerError;
use crate::lint::{LintFinding, Severity};

/// Rules that only a finished signature can keep. They are left out while there is a placeholder in its place, and
/// checked when it is attached.
const ABOUT_THE_SIGNATURE: [&str; 4] = [
    "issuer-signature",
    "iaca-self-signed",
    "crl-issuer-signature",
    "csr-signature",
];

/// Why the linter stops a document of our own.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LintRefusal {
    /// Breaches of the profile, at least one.
    #[error("{}", list(.0))]
    Errors(Vec<LintFinding>),
    /// What was built cannot even be read again.
    #[error("the result cannot be read")]
    Unreadable(#[from] DerError),
}

fn list(findings: &[LintFinding]) -> String {
    findings
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// Findings short of an error about a document that awaits its signature, or the refusal.
pub(crate) fn before_signing(findings: Vec<LintFinding>) -> Result<Vec<LintFinding>, LintRefusal> {
    let (_, findings): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| ABOUT_THE_SIGNATURE.contains(&finding.id()));
    after_signing(findings)
}

/// Findings short of an error about a finished document, or the refusal.
pub(crate) fn after_signing(findings: Vec<LintFinding>) -> Result<Vec<LintFinding>, LintRefusal> {
    let (errors, others): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| finding.severity() == Severity::Error);
    if errors.is_empty() {
        Ok(others)
    } else {
        Err(LintRefusal::Errors(errors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::RULES;

    #[test]
    fn the_rules_left_out_exist() {
        for id in ABOUT_THE_SIGNATURE {
            assert!(RULES.iter().any(|rule| rule.id == id), "{id}");
        }
    }
}
