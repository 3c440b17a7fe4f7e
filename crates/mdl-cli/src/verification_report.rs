//! A reader's report as text for people. Its JSON is the reader's own.
//!
//! Values are taken from the verified type only, so that a document that did not verify has none here.

use std::fmt::Write;

use mdl_mdoc::issuer_signed::ElementValue;
use mdl_reader::json::element_value;
pub(crate) use mdl_reader::json::rfc3339;
use mdl_reader::{CheckResult, DocumentReport, Outcome, Report, Verdict, VerifiedDocument};

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
            document.revocation().name()
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
            None => value
                .decode()
                .map_or(String::new(), |value| element_value(&value).to_string()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_the_input_cannot_control_a_terminal() {
        assert_eq!(shown("a\u{1b}[31mß\u{202e}"), "a\\u{1b}[31mß\\u{202e}");
    }
}
