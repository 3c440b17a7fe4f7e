//! Lints files of every kind: certificates, CRLs and requests by the rules of `mdl-iaca`, documents by those that a
//! strict reader and the element gate know.

mod document;
mod mso;

use mdl_iaca::certificate::{CertificateView, Document, DocumentKind, ReadError, read_documents};
use mdl_iaca::lint::{LintFinding, Profile, Severity, lint_aamva, lint_der};

/// What documents are held against.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reference {
    /// The profile of certificates, if it is not to be guessed.
    pub(crate) profile: Option<Profile>,
    /// The issuing certificate in DER.
    pub(crate) issuer: Option<Vec<u8>>,
    /// Whether the AAMVA guidelines apply.
    pub(crate) aamva: bool,
}

/// One document of a file and what was found in it.
#[derive(Clone, Debug)]
pub(crate) struct Linted {
    /// `certificate`, `device-response` and so on.
    pub(crate) kind: &'static str,
    /// The profile that a certificate was held against, given or guessed.
    pub(crate) profile: Option<Profile>,
    /// Most severe first.
    pub(crate) findings: Vec<Finding>,
}

/// A rule that does not hold. Holds no value of a data element.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Finding {
    pub(crate) id: &'static str,
    pub(crate) severity: Severity,
    pub(crate) clause: &'static str,
    pub(crate) found: String,
}

impl Linted {
    fn new(kind: &'static str, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Self {
            kind,
            profile: None,
            findings,
        }
    }

    /// How many findings have this severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }
}

impl Finding {
    fn error(id: &'static str, clause: &'static str, found: impl Into<String>) -> Self {
        Self {
            id,
            severity: Severity::Error,
            clause,
            found: found.into(),
        }
    }
}

impl From<LintFinding> for Finding {
    fn from(finding: LintFinding) -> Self {
        Self {
            id: finding.id(),
            severity: finding.severity(),
            clause: finding.clause(),
            found: finding.found,
        }
    }
}

/// Lints every document of a file; a file that is none of the kinds has one finding, `unreadable`.
pub(crate) fn lint_file(content: &[u8], reference: &Reference) -> Vec<Linted> {
    let is_x509 = reference.profile.is_some() || looks_like_x509(content);
    if !is_x509 {
        return vec![document::lint(content, reference)];
    }
    match read_x509(content, reference.profile) {
        Ok(documents) => documents
            .iter()
            .map(|document| lint_x509(document, reference))
            .collect(),
        Err(error) => vec![Linted::new("unknown", vec![unreadable(&error)])],
    }
}

/// PEM, or a DER `SEQUENCE`, which as CBOR would be a number with bytes after it.
pub(crate) fn looks_like_x509(content: &[u8]) -> bool {
    const SEQUENCE: u8 = 0x30;
    const BEGIN: &[u8] = b"-----BEGIN ";
    content.first() == Some(&SEQUENCE) || content.windows(BEGIN.len()).any(|bytes| bytes == BEGIN)
}

/// DER that is said to be of a profile is taken for what it is said to be, so that the linter can tell where it is not.
fn read_x509(content: &[u8], profile: Option<Profile>) -> Result<Vec<Document>, ReadError> {
    let kind = match profile {
        Some(Profile::Crl) => DocumentKind::Crl,
        Some(Profile::Csr) => DocumentKind::Csr,
        _ => DocumentKind::Certificate,
    };
    match read_documents(content) {
        Err(ReadError::Der(_)) if profile.is_some() => Ok(vec![Document {
            kind,
            der: content.to_vec(),
        }]),
        documents => documents,
    }
}

fn lint_x509(document: &Document, reference: &Reference) -> Linted {
    let kind = match document.kind {
        DocumentKind::Certificate => "certificate",
        DocumentKind::Crl => "crl",
        DocumentKind::Csr => "csr",
    };
    let issuer = reference
        .issuer
        .as_deref()
        .and_then(|issuer| CertificateView::from_der(issuer).ok());
    // Without a profile the label says what the document is; DER of another kind is then not readable as that.
    let profile = reference.profile.or(match document.kind {
        DocumentKind::Certificate => None,
        DocumentKind::Crl => Some(Profile::Crl),
        DocumentKind::Csr => Some(Profile::Csr),
    });
    let mut findings: Vec<Finding> = match lint_der(&document.der, profile, issuer.as_ref()) {
        Ok(findings) => findings.into_iter().map(Finding::from).collect(),
        Err(error) => return Linted::new(kind, vec![unreadable(&error)]),
    };
    if reference.aamva
        && let Ok(certificate) = CertificateView::from_der(&document.der)
    {
        findings.extend(
            lint_aamva(&certificate, issuer.as_ref())
                .into_iter()
                .map(Finding::from),
        );
    }
    let profile =
        profile.or_else(|| Profile::guess(&CertificateView::from_der(&document.der).ok()?));
    Linted {
        profile: profile.filter(|_| document.kind == DocumentKind::Certificate),
        ..Linted::new(kind, findings)
    }
}

fn unreadable(error: &dyn std::error::Error) -> Finding {
    let mut found = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        found = format!("{found}: {error}");
        source = error.source();
    }
    Finding::error("unreadable", "RFC 5280, 4.1", found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nothing_at_all_has_one_error() {
        for content in [
            &b""[..],
            b"\xff",
            b"0",
            b"-----BEGIN X-----",
            &[0x30; 1000],
            &[0x81; 10_000],
        ] {
            let linted = lint_file(content, &Reference::default());
            assert_eq!(linted.len(), 1);
            assert_eq!(
                linted[0].count(Severity::Error),
                linted[0].findings.len(),
                "{linted:?}"
            );
            assert!(!linted[0].findings.is_empty());
        }
    }
}
