//! The audit form of a report: what was decided and why, without personal data, to be kept and passed on.
//!
//! Nothing in it is chosen by the holder, and nothing tells one document of an issuer from another: no values, digest
//! identifiers, status indices, times of the document, byte ranges or digests of the input. Reasons are codes. Names of a
//! signer are there only if its path was trusted, names of elements only if they are the standard's and verified.

use mdl_mdoc::data_elements::{aamva_name_space, age_over, iso_name_space};
use serde_json::{Map, Value as Json, json};

use super::rfc3339;
use crate::{CheckResult, DocumentReport, Evidence, Report, Verdict, VerifiedDocument};

/// The audit form: indented JSON and a line end, what `mdl verify --audit` prints.
pub fn audit_to_string(report: &Report<'_>) -> String {
    format!("{:#}\n", audit_to_json(report))
}

/// The audit form as a value.
fn audit_to_json(report: &Report<'_>) -> Json {
    let documents = (0..)
        .zip(report.documents())
        .map(|(index, document)| document_json(document, report.verified(index)));
    let deviations = report
        .deviations()
        .iter()
        .map(|deviation| json!({ "id": deviation.kind.id(), "count": deviation.count }));
    json!({
        "verdict": report.verdict().name(),
        "at": rfc3339(report.at()),
        "policy": report.policy().name(),
        "documents": documents.collect::<Vec<_>>(),
        "checks": checks_json(report.checks(), |_| None),
        "deviations": deviations.collect::<Vec<_>>(),
    })
}

fn document_json(document: &DocumentReport<'_>, verified: Option<VerifiedDocument<'_>>) -> Json {
    let mut json = Map::new();
    if let Some(verified) = &verified {
        json.insert("doc_type".into(), verified.doc_type().into());
    }
    json.insert("verdict".into(), document.verdict().name().into());
    let issuer_trust = document.issuer_trust();
    if let Some(issuer) = document.issuer() {
        let mut members = Map::new();
        members.insert("ds_sha256".into(), hex::encode(issuer.ds_sha256).into());
        if issuer_trust == Verdict::Valid {
            members.insert(
                "iaca_sha256".into(),
                issuer.iaca_sha256.map(hex::encode).into(),
            );
            members.insert("country".into(), issuer.country.clone().into());
            members.insert("state".into(), issuer.state.clone().into());
            members.insert("common_name".into(), issuer.common_name.clone().into());
        }
        json.insert("issuer".into(), members.into());
    }
    json.insert("issuer_trust".into(), issuer_trust.name().into());
    let device_binding = document
        .device_binding()
        .map_or("not-checked", Verdict::name);
    json.insert("device_binding".into(), device_binding.into());
    json.insert("revocation".into(), document.revocation().name().into());
    if let Some(verified) = &verified {
        json.insert("disclosed".into(), disclosed(verified));
    }
    let evidence = |check: &CheckResult| document.evidence(check);
    json.insert("checks".into(), checks_json(document.checks(), evidence));
    Json::Object(json)
}

/// Which of the standard's elements were disclosed, by name space, and how many others.
fn disclosed(verified: &VerifiedDocument<'_>) -> Json {
    let mut name_spaces = Map::new();
    let mut others = 0;
    for (name_space, identifier, _) in verified.elements().chain(verified.device_signed_elements())
    {
        if !is_standard(name_space, identifier) {
            others += 1;
            continue;
        }
        let names = name_spaces.entry(name_space).or_insert_with(|| json!([]));
        if let Json::Array(names) = names {
            names.push(identifier.into());
        }
    }
    json!({ "elements": name_spaces, "others": others })
}

/// Whether the element has its name from the standard: any other could say something of its holder.
fn is_standard(name_space: &str, identifier: &str) -> bool {
    let rows = match name_space {
        iso_name_space::NAME_SPACE => iso_name_space::ROWS,
        aamva_name_space::NAME_SPACE => aamva_name_space::ROWS,
        _ => return false,
    };
    let is_age =
        name_space == iso_name_space::NAME_SPACE && age_over::years_of(identifier).is_some();
    is_age || rows.iter().any(|row| row.element_identifier == identifier)
}

fn checks_json(
    checks: &[CheckResult],
    evidence: impl Fn(&CheckResult) -> Option<Evidence>,
) -> Json {
    let check_json = |check: &CheckResult| {
        let mut json = Map::new();
        json.insert("id".into(), check.id.id().into());
        json.insert("result".into(), check.outcome.name().into());
        json.insert("clause".into(), check.id.clause().into());
        if let Some(cause) = &check.cause {
            json.insert("cause".into(), cause.code().into());
        }
        let certificate = evidence(check).and_then(|evidence| evidence.certificate_sha256);
        if let Some(certificate) = certificate {
            json.insert("certificate_sha256".into(), hex::encode(certificate).into());
        }
        Json::Object(json)
    };
    checks.iter().map(check_json).collect()
}
