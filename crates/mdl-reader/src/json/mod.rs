//! A report as JSON: the object of `mdl verify --json`, and of every binding.
//!
//! The same input, time, policy and trust give the same bytes, on every platform: members stand in a fixed order, names
//! and elements in that of the response, and nothing else is read. Values are taken from the verified type only, so that
//! a document that did not verify has none here.

mod audit;
mod element;

pub use audit::audit_to_string;
pub use element::element_value;

use mdl_mdoc::issuer_signed::ElementValue;
use serde_json::{Map, Value as Json, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{
    CheckResult, DocumentReport, Evidence, NeededEvidence, Outcome, Report, Verdict,
    VerifiedDocument,
};

/// The report as text: indented JSON and a line end, what `mdl verify --json` prints.
pub fn to_string(report: &Report<'_>) -> String {
    format!("{:#}\n", to_json(report))
}

/// The report as a value, for a caller that adds members of its own.
pub fn to_json(report: &Report<'_>) -> Json {
    let documents = (0..)
        .zip(report.documents())
        .map(|(index, document)| document_json(document, report.verified(index)));
    json!({
        "verdict": report.verdict().name(),
        "at": rfc3339(report.at()),
        "policy": report.policy().name(),
        "documents": documents.collect::<Vec<_>>(),
        "checks": checks_json(report.checks(), |check| report.evidence(check)),
        "needed_status_lists": report.needed_status_lists(),
        "needed": report.needed().iter().map(needed_json).collect::<Vec<_>>(),
        "findings": findings_json(report),
    })
}

fn document_json(document: &DocumentReport<'_>, verified: Option<VerifiedDocument<'_>>) -> Json {
    let mut json = Map::new();
    json.insert("doc_type".into(), document.doc_type().into());
    json.insert("verdict".into(), document.verdict().name().into());
    if let Some(issuer) = document.issuer() {
        let issuer = json!({
            "iaca_sha256": issuer.iaca_sha256.map(hex::encode),
            "ds_sha256": hex::encode(issuer.ds_sha256),
            "country": issuer.country,
            "state": issuer.state,
            "common_name": issuer.common_name,
        });
        json.insert("issuer".into(), issuer);
    }
    json.insert("issuer_trust".into(), document.issuer_trust().name().into());
    let device_binding = document
        .device_binding()
        .map_or("not-checked", Verdict::name);
    json.insert("device_binding".into(), device_binding.into());
    json.insert("revocation".into(), document.revocation().name().into());
    if let Some(verified) = verified {
        let validity = verified.validity();
        let mut times = Map::new();
        times.insert("signed".into(), rfc3339(validity.signed.time).into());
        times.insert(
            "valid_from".into(),
            rfc3339(validity.valid_from.time).into(),
        );
        times.insert(
            "valid_until".into(),
            rfc3339(validity.valid_until.time).into(),
        );
        if let Some(expected_update) = validity.expected_update {
            times.insert(
                "expected_update".into(),
                rfc3339(expected_update.time).into(),
            );
        }
        json.insert("validity".into(), times.into());
        json.insert("elements".into(), elements_json(verified.elements()));
        json.insert(
            "device_signed".into(),
            elements_json(verified.device_signed_elements()),
        );
        let undisclosed: Map<_, _> = verified
            .undisclosed()
            .map(|(name_space, count)| (name_space.to_owned(), json!(count)))
            .collect();
        json.insert("undisclosed".into(), undisclosed.into());
    }
    let evidence = |check: &CheckResult| document.evidence(check);
    json.insert("checks".into(), checks_json(document.checks(), evidence));
    Json::Object(json)
}

/// By name space, in the order of the response.
fn elements_json<'a>(elements: impl Iterator<Item = (&'a str, &'a str, ElementValue<'a>)>) -> Json {
    let mut name_spaces = Map::new();
    for (name_space, identifier, value) in elements {
        let entry = name_spaces
            .entry(name_space)
            .or_insert_with(|| Json::Object(Map::new()));
        if let Json::Object(members) = entry {
            // A verified document is well-formed throughout; `null` would at worst hide a value, never invent one.
            let value = value
                .decode()
                .map_or(Json::Null, |value| element_value(&value));
            members.insert(identifier.to_owned(), value);
        }
    }
    Json::Object(name_spaces)
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
            json.insert("why".into(), cause.to_string().into());
        }
        if check.outcome.is_notable() {
            json.insert("explanation".into(), check.id.explanation().into());
        }
        if let Some(evidence) = evidence(check) {
            json.insert("evidence".into(), evidence_json(&evidence));
        }
        Json::Object(json)
    };
    checks.iter().map(check_json).collect()
}

fn needed_json(needed: &NeededEvidence) -> Json {
    let mut json = json!({ "kind": needed.name(), "uri": needed.uri() });
    if let NeededEvidence::OcspResponse { request, .. } = needed {
        json["request"] = json!({ "hex": hex::encode(request) });
    }
    json
}

/// `bytes` are the start and the end of the range in the input.
fn evidence_json(evidence: &Evidence) -> Json {
    let mut json = Map::new();
    json.insert("part".into(), evidence.part.name().into());
    if let Some(bytes) = &evidence.bytes {
        json.insert("bytes".into(), json!([bytes.start, bytes.end]));
    }
    if let Some(certificate) = evidence.certificate_sha256 {
        let certificate = hex::encode(certificate);
        json.insert("certificate_sha256".into(), certificate.into());
    }
    Json::Object(json)
}

/// Encoding deviations, and every deviation that the policy tolerated.
fn findings_json(report: &Report<'_>) -> Json {
    let deviations = report.deviations().iter().map(|deviation| {
        json!({
            "id": deviation.kind.id(),
            "severity": "info",
            "offset": deviation.offset,
            "count": deviation.count,
        })
    });
    let warnings = warnings(report).map(|(document, check)| {
        let mut json = Map::new();
        json.insert("id".into(), check.id.id().into());
        json.insert("severity".into(), "warning".into());
        if let Some(document) = document {
            json.insert("document".into(), document.into());
        }
        if let Some(cause) = &check.cause {
            json.insert("why".into(), cause.to_string().into());
        }
        Json::Object(json)
    });
    deviations.chain(warnings).collect()
}

/// Checks with a warning, and the index of their document.
fn warnings<'r>(report: &'r Report<'_>) -> impl Iterator<Item = (Option<usize>, &'r CheckResult)> {
    let of_response = report.checks().iter().map(|check| (None, check));
    let of_documents = report
        .documents()
        .iter()
        .enumerate()
        .flat_map(|(index, document)| {
            document
                .checks()
                .iter()
                .map(move |check| (Some(index), check))
        });
    of_response
        .chain(of_documents)
        .filter(|(_, check)| check.outcome == Outcome::Warning)
}

/// RFC 3339 in UTC. A time that has no such form, which a hostile document may name, keeps its own offset or shape.
pub fn rfc3339(time: OffsetDateTime) -> String {
    let utc = time.checked_to_offset(time::UtcOffset::UTC).unwrap_or(time);
    utc.format(&Rfc3339).unwrap_or_else(|_| utc.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_at_the_end_of_the_calendar_are_shown() {
        let last = OffsetDateTime::parse("9999-12-31T23:59:59-23:59", &Rfc3339).unwrap();
        assert_eq!(rfc3339(last), "9999-12-31T23:59:59-23:59");
        let plain = OffsetDateTime::parse("2026-06-15T14:00:00+02:00", &Rfc3339).unwrap();
        assert_eq!(rfc3339(plain), "2026-06-15T12:00:00Z");
    }
}
