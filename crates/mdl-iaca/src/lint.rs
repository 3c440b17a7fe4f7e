//! The linter: every row of the Annex B profile tables as a rule, for certificates from anywhere.
//!
//! It shares no code with the builders, so that a mistake there shows here. A finding names the rule, its clause, its
//! severity and what was found; [`RULES`] lists them all. An *error* is a breach of the profile: nothing that this
//! workspace signs may have one. A *warning* is a deviation that fielded certificates show and readers tolerate, or a
//! point on which the editions differ. *Info* is worth knowing and allowed.
//!
//! ```no_run
//! use mdl_iaca::certificate::CertificateView;
//! use mdl_iaca::lint::{Profile, Severity, lint_certificate};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let der = std::fs::read("ds.der")?;
//! let certificate = CertificateView::from_der(&der)?;
//! let findings = lint_certificate(&certificate, Some(Profile::DocumentSigner), None);
//! for finding in findings.iter().filter(|finding| finding.severity() == Severity::Error) {
//!     eprintln!("{finding}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! ISO/IEC 18013-5, Annex B (Tables B.1 to B.3, B.6, B.8 to B.10) and Table C.1; RFC 5280.

mod aamva;
mod crl;
mod csr;
mod document_signer;
mod every_certificate;
mod every_extension;
mod iaca_link;
mod iaca_root;
mod issuer;
mod ocsp_signer;
mod profile;
mod public_key;
mod reader_auth;
mod rule;
mod status_signer;
mod subject_name;
mod table;
mod vical_signer;

pub use profile::{Profile, UnknownProfile};
pub use rule::{LintFinding, Rule, Severity};

use rule::Report;

use crate::certificate::{CertificateView, CrlView, CsrView, DerError, DocumentKind};

const GROUPS: &[&[Rule]] = &[
    every_certificate::RULES,
    subject_name::RULES,
    public_key::RULES,
    every_extension::RULES,
    table::RULES,
    iaca_root::RULES,
    iaca_link::RULES,
    document_signer::RULES,
    reader_auth::RULES,
    ocsp_signer::RULES,
    status_signer::RULES,
    vical_signer::RULES,
    issuer::RULES,
    crl::RULES,
    csr::RULES,
    aamva::RULES,
];

/// Every rule there is, in the order of the clauses they come from. Identifiers are stable.
pub static RULES: &[Rule] = &rule::concatenate::<{ rule::count(GROUPS) }>(GROUPS);

/// Checks a certificate against a profile, or against the one that [`Profile::guess`] finds, and, if the issuing
/// certificate is given, what the two must have in common.
///
/// Findings come most severe first.
pub fn lint_certificate(
    certificate: &CertificateView<'_>,
    profile: Option<Profile>,
    issuer: Option<&CertificateView<'_>>,
) -> Vec<LintFinding> {
    let mut report = Report::default();
    let profile = profile.or_else(|| Profile::guess(certificate));
    every_certificate::check(certificate, &mut report);
    subject_name::check(certificate.subject(), &mut report);
    public_key::check(certificate.public_key_info(), &mut report);
    every_extension::check(certificate.extensions(), &mut report);
    match profile {
        Some(Profile::IacaRoot) => iaca_root::check(certificate, &mut report),
        Some(Profile::IacaLink) => iaca_link::check(certificate, issuer, &mut report),
        Some(Profile::DocumentSigner) => document_signer::check(certificate, &mut report),
        Some(Profile::ReaderAuth) => reader_auth::check(certificate, issuer, &mut report),
        Some(Profile::OcspSigner) => ocsp_signer::check(certificate, &mut report),
        Some(Profile::StatusSigner) => status_signer::check(certificate, &mut report),
        Some(Profile::VicalSigner) => vical_signer::check(certificate, &mut report),
        Some(wrong @ (Profile::Crl | Profile::Csr)) => {
            report.add(
                &every_certificate::DOCUMENT_KIND,
                format!("a certificate, not a {wrong}"),
            );
        }
        None => report.add(
            &every_certificate::PROFILE_UNKNOWN,
            "neither key purposes nor basic constraints say which profile this is",
        ),
    }
    if matches!(profile, Some(Profile::IacaRoot | Profile::DocumentSigner)) {
        aamva::advise(certificate, &mut report);
    }
    if let (Some(issuer), false) = (issuer, profile == Some(Profile::IacaRoot)) {
        issuer::check(certificate, profile, issuer, &mut report);
    }
    report.finish()
}

/// Checks a link certificate against the new IACA certificate that it vouches for (Table B.2).
pub fn lint_link_target(
    link: &CertificateView<'_>,
    new_iaca: &CertificateView<'_>,
) -> Vec<LintFinding> {
    let mut report = Report::default();
    iaca_link::check_target(link, new_iaca, &mut report);
    report.finish()
}

/// Checks a CRL, and, if the IACA certificate is given, that it is the IACA's.
pub fn lint_crl(crl: &CrlView<'_>, issuer: Option<&CertificateView<'_>>) -> Vec<LintFinding> {
    let mut report = Report::default();
    crl::check(crl, &mut report);
    if let Some(issuer) = issuer {
        crl::check_issuer(crl, issuer, &mut report);
    }
    report.finish()
}

/// Checks that a CRL may follow `previous` of the same IACA: its number is higher, its time not earlier.
pub fn lint_crl_sequence(crl: &CrlView<'_>, previous: &CrlView<'_>) -> Vec<LintFinding> {
    let mut report = Report::default();
    crl::check_sequence(crl, previous, &mut report);
    report.finish()
}

/// Checks a certification request, proof of possession included.
pub fn lint_csr(csr: &CsrView<'_>) -> Vec<LintFinding> {
    let mut report = Report::default();
    csr::check(csr, &mut report);
    report.finish()
}

/// The additional rules of the AAMVA guidelines for IACA roots and document signers, as errors.
pub fn lint_aamva(
    certificate: &CertificateView<'_>,
    issuer: Option<&CertificateView<'_>>,
) -> Vec<LintFinding> {
    let mut report = Report::default();
    aamva::check(certificate, issuer, &mut report);
    report.finish()
}

/// Reads DER and checks it as what it is: a certificate, a CRL or a request.
///
/// # Errors
/// [`DerError`] if it is none of these, with the offset of the octet at which reading stopped.
pub fn lint_der(
    der: &[u8],
    profile: Option<Profile>,
    issuer: Option<&CertificateView<'_>>,
) -> Result<Vec<LintFinding>, DerError> {
    let kind = match profile {
        Some(Profile::Crl) => DocumentKind::Crl,
        Some(Profile::Csr) => DocumentKind::Csr,
        Some(_) => DocumentKind::Certificate,
        None => DocumentKind::of_der(der)?,
    };
    Ok(match kind {
        DocumentKind::Certificate => {
            lint_certificate(&CertificateView::from_der(der)?, profile, issuer)
        }
        DocumentKind::Crl => lint_crl(&CrlView::from_der(der)?, issuer),
        DocumentKind::Csr => lint_csr(&CsrView::from_der(der)?),
    })
}
