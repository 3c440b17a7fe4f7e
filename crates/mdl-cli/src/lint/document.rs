//! Documents: what a strict reader objects to at any time and in any session, and what the element gate says.

use mdl_iaca::certificate::CertificateView;
use mdl_iaca::lint::{Profile, Severity, lint_certificate};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::cbor::{Checker, Limits, Value};
use mdl_mdoc::data_elements::{
    self, DataElement, DocumentSignerName, ElementGate, GateContext, GateReport,
};
use mdl_mdoc::device_response::DeviceResponse;
use mdl_mdoc::issuer_signed::{IssuerSigned, decode_issuer_signed};
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_reader::{
    CheckId, CheckResult, Conditions, Outcome, Policy, Report, Session, Verifier, Weight,
};
use time::OffsetDateTime;

use super::{Finding, Linted, Reference, mso};
use crate::document_kind::{DocumentStructure, structure_of};

/// What only a verification at some time can tell, or what the rules on elements and certificates say in more detail.
const NOT_FOR_LINTING: [CheckId; 8] = [
    CheckId::DsValidity,
    CheckId::IacaValidity,
    CheckId::ValidFrom,
    CheckId::ValidUntil,
    CheckId::ExpectedUpdate,
    CheckId::LicenceExpiry,
    CheckId::DsProfile,
    CheckId::ElementValues,
];

/// Lints CBOR of any of the kinds.
pub(super) fn lint(content: &[u8], reference: &Reference) -> Linted {
    match structure_of(content) {
        Ok(DocumentStructure::IssuerSigned) => issuer_signed(content, reference),
        Ok(DocumentStructure::Mso) => Linted::new("mso", mso::lint(content)),
        Ok(DocumentStructure::DeviceResponse) => device_response(content, reference),
        Ok(DocumentStructure::Other) => {
            let found = "CBOR that is no MSO, IssuerSigned or DeviceResponse";
            Linted::new(
                "unknown",
                vec![Finding::error("unreadable", "8.3.2.1.2.2", found)],
            )
        }
        Err(error) => {
            let found = format!("neither PEM, DER nor CBOR: {error}");
            Linted::new("unknown", vec![Finding::error("unreadable", "8.1", found)])
        }
    }
}

fn issuer_signed(content: &[u8], reference: &Reference) -> Linted {
    let verifier = verifier(reference);
    let report = verifier.verify_issuer_signed(content, &conditions());
    let mut findings = report_findings(&report, reference);
    if let Ok((document, mut checker)) = decode_issuer_signed(content, &Limits::DEFAULT) {
        findings.extend(signer_findings(&document, reference));
        findings.extend(element_findings(&document, &mut checker));
    }
    Linted::new("issuer-signed", findings)
}

fn device_response(content: &[u8], reference: &Reference) -> Linted {
    let report = verifier(reference).verify(content, &conditions());
    let mut findings = report_findings(&report, reference);
    if let Ok(mut checker) = Checker::new(content, &Limits::DEFAULT)
        && let Ok(response) = DeviceResponse::decode(content, &mut checker)
    {
        for document in &response.documents {
            findings.extend(signer_findings(&document.issuer_signed, reference));
            if document.doc_type == MDL_DOC_TYPE {
                let report = with_elements(&document.issuer_signed, |elements| {
                    ElementGate::mdl().examine_disclosed(elements)
                });
                findings.extend(gate_findings(&report));
            }
        }
    }
    Linted::new("device-response", findings)
}

/// Nothing that depends on the time is looked at, so any will do.
pub(super) fn conditions<'a>() -> Conditions<'a> {
    Conditions::new(OffsetDateTime::UNIX_EPOCH, Session::Static)
}

fn verifier(reference: &Reference) -> Verifier {
    let issuer = reference.issuer.as_deref();
    let anchor = issuer.and_then(|issuer| TrustAnchor::from_der(issuer).ok());
    Verifier::new(TrustAnchors::new(anchor)).with_policy(Policy::Strict)
}

/// The checks of a report that a linter can make.
fn report_findings(report: &Report<'_>, reference: &Reference) -> Vec<Finding> {
    let of_documents = report
        .documents()
        .iter()
        .flat_map(|document| document.checks());
    let without_issuer = |check: &&CheckResult| {
        // Who may vouch for the document is not asked without --issuer.
        reference.issuer.is_some() || check.id != CheckId::TrustAnchor
    };
    let checks = report.checks().iter().chain(of_documents);
    let mut findings: Vec<Finding> = checks
        .filter(|check| !NOT_FOR_LINTING.contains(&check.id))
        .filter(without_issuer)
        .filter_map(check_finding)
        .collect();
    findings.extend(report.deviations().iter().map(|deviation| Finding {
        id: deviation.kind.id(),
        severity: Severity::Info,
        clause: "8.1",
        found: format!(
            "{} times, first at byte {}",
            deviation.count, deviation.offset
        ),
    }));
    findings
}

/// A failed check is a breach of the standard by whoever made the document.
pub(super) fn check_finding(check: &CheckResult) -> Option<Finding> {
    let severity = match (check.outcome, check.id.weight()) {
        (Outcome::Fail | Outcome::Warning, Weight::Notice) => Severity::Warning,
        (Outcome::Fail, _) => Severity::Error,
        (Outcome::Warning, _) => Severity::Warning,
        _ => return None,
    };
    let found = check
        .cause
        .as_ref()
        .map_or_else(|| check.id.summary().to_owned(), ToString::to_string);
    Some(Finding {
        id: check.id.id(),
        severity,
        clause: check.id.clause(),
        found,
    })
}

/// The profile of the document signer's certificate.
fn signer_findings(document: &IssuerSigned<'_>, reference: &Reference) -> Vec<Finding> {
    let certificate = signer(document);
    let issuer = reference
        .issuer
        .as_deref()
        .and_then(|issuer| CertificateView::from_der(issuer).ok());
    certificate.map_or(Vec::new(), |certificate| {
        lint_certificate(&certificate, Some(Profile::DocumentSigner), issuer.as_ref())
            .into_iter()
            .map(Finding::from)
            .collect()
    })
}

fn signer<'a>(document: &IssuerSigned<'a>) -> Option<CertificateView<'a>> {
    let header = &document.issuer_auth;
    let chain = header
        .unprotected
        .x5chain
        .first()
        .or(header.protected.x5chain.first())?;
    CertificateView::from_der(chain).ok()
}

/// All rules of the element gate: what an issuer hands to a wallet holds every element there is.
fn element_findings<'a>(document: &IssuerSigned<'a>, checker: &mut Checker<'a>) -> Vec<Finding> {
    let payload = document.issuer_auth.payload.unwrap_or_default();
    let Ok(mso) = MobileSecurityObject::decode(payload, checker) else {
        return Vec::new();
    };
    if mso.doc_type != MDL_DOC_TYPE {
        return Vec::new();
    }
    let signer = signer(document);
    let subject = signer.as_ref().map(CertificateView::subject);
    let country = subject.and_then(|subject| subject.country());
    let state = subject.and_then(|subject| subject.state_or_province());
    let validity = &mso.validity_info;
    let context = GateContext {
        document_signer: country.as_deref().map(|country| DocumentSignerName {
            country,
            state: state.as_deref(),
        }),
        ..GateContext::new(
            mso.doc_type,
            validity.valid_from.time,
            validity.valid_until.time,
        )
    };
    let report = with_elements(document, |elements| {
        ElementGate::mdl().examine(elements, &context)
    });
    gate_findings(&report)
}

fn with_elements<T>(
    document: &IssuerSigned<'_>,
    examine: impl FnOnce(&[DataElement<'_>]) -> T,
) -> T {
    let mut values = Vec::new();
    for (name_space, items) in &document.name_spaces {
        for item in items {
            let value = item.element_value.decode().unwrap_or(Value::Undefined);
            values.push((*name_space, item.element_identifier, value));
        }
    }
    let elements: Vec<_> = values
        .iter()
        .map(|(name_space, identifier, value)| DataElement::new(name_space, identifier, value))
        .collect();
    examine(&elements)
}

fn gate_findings(report: &GateReport) -> Vec<Finding> {
    let finding = |violation: &data_elements::Violation| {
        let place = [&*violation.name_space, &*violation.element_identifier]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("/");
        Finding {
            id: violation.rule.id(),
            severity: match violation.severity {
                data_elements::Severity::Info => Severity::Info,
                data_elements::Severity::Warning => Severity::Warning,
                data_elements::Severity::Error => Severity::Error,
            },
            clause: violation.rule.clause(),
            found: format!(
                "{place}{}: expected {}, found {}",
                violation.within, violation.expected, violation.found
            ),
        }
    };
    report.violations().iter().map(finding).collect()
}
