//! A reader's report as JSON and as text.
//!
//! Values are taken from the verified type only, so that a document that did not verify has none here.

use std::fmt::Write;

use mdl_mdoc::issuer_signed::ElementValue;
use mdl_reader::{
    CheckResult, DocumentReport, Outcome, Report, RevocationVerdict, Verdict, VerifiedDocument,
};
use serde_json::{Map, Value as Json, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::element_json;

/// The JSON object of `mdl verify --json`.
pub(crate) fn to_json(report: &Report<'_>) -> Json {
    let documents = (0..)
        .zip(report.documents())
        .map(|(index, document)| document_json(document, report.verified(index)));
    json!({
        "verdict": report.verdict().name(),
        "at": rfc3339(report.at()),
        "policy": report.policy().name(),
        "documents": documents.collect::<Vec<_>>(),
        "checks": checks_json(report.checks()),
        "needed_status_lists": report.needed_status_lists(),
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
    json.insert(
        "revocation".into(),
        revocation_name(document.revocation()).into(),
    );
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
    json.insert("checks".into(), checks_json(document.checks()));
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
                .map_or(Json::Null, |value| element_json::to_json(&value));
            members.insert(identifier.to_owned(), value);
        }
    }
    Json::Object(name_spaces)
}

fn checks_json(checks: &[CheckResult]) -> Json {
    let check_json = |check: &CheckResult| {
        let mut json = Map::new();
        json.insert("id".into(), check.id.id().into());
        json.insert("result".into(), check.outcome.name().into());
        json.insert("clause".into(), check.id.clause().into());
        if let Some(cause) = &check.cause {
            json.insert("why".into(), cause.to_string().into());
        }
        Json::Object(json)
    };
    checks.iter().map(check_json).collect()
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

/// The report for people: verdicts first, then what did not pass, then the values.
pub(crate) fn to_text(report: &Report<'_>) -> String {
    let mut text = String::new();
    let at = rfc3339(report.at());
    line(
        &mut text,
        format_args!(
            "{}  (at {at}, policy {})",
            report.verdict().name().to_uppercase(),
            report.policy().name()
        ),
    );
    checks_text(&mut text, report.checks());
    for (index, document) in report.documents().iter().enumerate() {
        document_text(&mut text, document, report.verified(index));
    }
    for uri in report.needed_status_lists() {
        line(
            &mut text,
            format_args!("  needed: status list {}", shown(uri)),
        );
    }
    for deviation in report.deviations() {
        let times = if deviation.count == 1 {
            String::new()
        } else {
            format!(", {} times", deviation.count)
        };
        line(
            &mut text,
            format_args!(
                "  info: {} first at byte {}{times}",
                deviation.kind.id(),
                deviation.offset
            ),
        );
    }
    text
}

fn document_text(
    text: &mut String,
    document: &DocumentReport<'_>,
    verified: Option<VerifiedDocument<'_>>,
) {
    line(
        text,
        format_args!(
            "\ndocument {}: {}",
            shown(document.doc_type()),
            document.verdict().name()
        ),
    );
    let device_binding = document
        .device_binding()
        .map_or("not asked for", Verdict::name);
    line(
        text,
        format_args!(
            "  issuer trust {}, device binding {device_binding}, revocation {}",
            document.issuer_trust().name(),
            revocation_name(document.revocation())
        ),
    );
    if let Some(issuer) = document.issuer() {
        let part = |part: &Option<String>| shown(part.as_deref().unwrap_or("-"));
        line(
            text,
            format_args!(
                "  issuer {} ({}, {})",
                part(&issuer.common_name),
                part(&issuer.country),
                part(&issuer.state)
            ),
        );
        line(
            text,
            format_args!(
                "  document signer SHA-256 {}",
                hex::encode(issuer.ds_sha256)
            ),
        );
        if let Some(iaca) = issuer.iaca_sha256 {
            line(
                text,
                format_args!("  trust anchor SHA-256    {}", hex::encode(iaca)),
            );
        }
    }
    if let Some(verified) = verified {
        let validity = verified.validity();
        line(
            text,
            format_args!(
                "  signed {}, valid {} to {}",
                rfc3339(validity.signed.time),
                rfc3339(validity.valid_from.time),
                rfc3339(validity.valid_until.time)
            ),
        );
    }
    checks_text(text, document.checks());
    let Some(verified) = verified else { return };
    elements_text(text, "", verified.elements());
    elements_text(text, "device-signed ", verified.device_signed_elements());
    for (name_space, count) in verified.undisclosed() {
        line(
            text,
            format_args!("  {count} digests of {} undisclosed", shown(name_space)),
        );
    }
}

/// How many checks passed, and each that did not.
fn checks_text(text: &mut String, checks: &[CheckResult]) {
    let passed = checks
        .iter()
        .filter(|check| check.outcome == Outcome::Pass)
        .count();
    line(text, format_args!("  {passed} checks passed"));
    for check in checks {
        if matches!(check.outcome, Outcome::Pass | Outcome::NotApplicable) {
            continue;
        }
        let why = check
            .cause
            .as_ref()
            .map(|cause| format!(": {}", shown(&cause.to_string())));
        line(
            text,
            format_args!(
                "  {}: {} ({}){}",
                check.outcome.name(),
                check.id,
                check.id.clause(),
                why.unwrap_or_default()
            ),
        );
    }
}

fn elements_text<'a>(
    text: &mut String,
    lead: &str,
    elements: impl Iterator<Item = (&'a str, &'a str, ElementValue<'a>)>,
) {
    const LIMIT: usize = 100;
    let mut current = None;
    for (name_space, identifier, value) in elements {
        if current.replace(name_space) != Some(name_space) {
            line(text, format_args!("  {lead}{}", shown(name_space)));
        }
        let value = match value.as_byte_string() {
            Some(bytes) => format!("{} bytes", bytes.len()),
            None => value.decode().map_or(String::new(), |value| {
                element_json::to_json(&value).to_string()
            }),
        };
        let cut: String = value.chars().take(LIMIT).collect();
        let more = if cut.len() < value.len() { "…" } else { "" };
        line(
            text,
            format_args!("    {}: {}{more}", shown(identifier), shown(&cut)),
        );
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{arguments}");
}

/// Text from the input that cannot move the cursor or change colours.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let harmless = !c.is_control() && !is_direction_override(c);
            let plain = harmless.then_some(c);
            let escaped = (!harmless).then(|| c.escape_unicode());
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}

/// Characters that reorder the text around them.
fn is_direction_override(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn revocation_name(revocation: RevocationVerdict) -> &'static str {
    match revocation {
        RevocationVerdict::NotRevoked => "not-revoked",
        RevocationVerdict::Revoked => "revoked",
        RevocationVerdict::Unknown => "unknown",
        RevocationVerdict::NotChecked => "not-checked",
    }
}

/// RFC 3339 in UTC. A time that has no such form, which a hostile document may name, keeps its own offset or shape.
pub(crate) fn rfc3339(time: OffsetDateTime) -> String {
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

    #[test]
    fn text_from_the_input_cannot_control_a_terminal() {
        assert_eq!(shown("a\u{1b}[31mß\u{202e}"), "a\\u{1b}[31mß\\u{202e}");
    }
}
