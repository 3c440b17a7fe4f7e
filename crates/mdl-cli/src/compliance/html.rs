//! The report as a page of HTML: one file without scripts or anything to load, readable in print and by screen readers.
//!
//! Every text that comes from a certificate or a file name is escaped. What a colour says is also said in words.

use std::fmt::Write;

use mdl_iaca::lint::{LintFinding, Severity};

use super::Compliance;
use crate::verification_report::{rfc3339, shown};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;max-width:75rem;margin:0 auto;padding:1rem;color:#1b1b1b;background:#fff}\
h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2rem}h3{font-size:1.05rem;margin-bottom:.25rem}\
table{border-collapse:collapse;width:100%;margin:.5rem 0}\
caption{text-align:left;font-weight:600;padding:.25rem 0}\
th,td{border:1px solid #767676;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
tbody th{width:12rem;font-weight:600}\
.good{color:#0b5c1e}.bad{color:#a3000b}.bad,.good{font-weight:700}\
@media(prefers-color-scheme:dark){body{color:#f0f0f0;background:#161616}.good{color:#7ddb8f}.bad{color:#ff9a9f}}\
@media print{section{break-inside:avoid}}";

impl Compliance {
    /// The whole page.
    pub(crate) fn to_html(&self) -> String {
        let at = rfc3339(self.inventory.at);
        let class = if self.is_compliant() { "good" } else { "bad" };
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>Certificates: {verdict}, {at}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <h1>Certificates and CRLs</h1>\n<p class=\"{class}\">{summary}</p>\n<p>Judged at <time datetime=\"{at}\">{at}</time>.</p>\n",
            verdict = self.verdict(),
            summary = escaped(&self.summary()),
        );
        self.overview(&mut page);
        if let Some(ledger) = &self.ledger {
            let class = if ledger.is_good() { "good" } else { "bad" };
            let _ = writeln!(
                page,
                "<section>\n<h2>Ledger</h2>\n<p class=\"{class}\">{}</p>\n</section>",
                escaped(&ledger.summary())
            );
        }
        page.push_str("<h2>Each certificate</h2>\n");
        for (entry, assessment) in self.rows() {
            let mut fields = entry.fields(self.inventory.at);
            fields.push((
                "algorithm",
                format!(
                    "{}, signed with {}",
                    assessment.key, assessment.signature_algorithm
                ),
            ));
            fields.push(("lifetime", format!("{} days", assessment.lifetime_days)));
            fields.extend(self.use_of(entry).map(|used| ("ledger", used)));
            section(&entry.subject, &fields, &assessment.findings, &mut page);
        }
        if !self.crls.is_empty() {
            page.push_str("<h2>Each CRL</h2>\n");
        }
        for (crl, findings) in self.inventory.crls.iter().zip(&self.crls) {
            section(
                &format!("CRL of {}", crl.issuer),
                &crl.fields(),
                findings,
                &mut page,
            );
        }
        if !self.inventory.unusable.is_empty() {
            page.push_str("<section>\n<h2>Files that cannot be used</h2>\n<ul>\n");
            for unusable in &self.inventory.unusable {
                let text = escaped(&unusable.to_text());
                let _ = writeln!(page, "<li class=\"bad\">{text}</li>");
            }
            page.push_str("</ul>\n</section>\n");
        }
        page.push_str("</main>\n</body>\n</html>\n");
        page
    }

    fn overview(&self, page: &mut String) {
        page.push_str(
            "<table>\n<caption>All certificates</caption>\n<thead><tr><th scope=\"col\">Subject</th>\
             <th scope=\"col\">Purpose</th><th scope=\"col\">State</th><th scope=\"col\">Expires</th>\
             <th scope=\"col\">Days left</th><th scope=\"col\">Errors</th><th scope=\"col\">Attention</th></tr></thead>\n<tbody>\n",
        );
        for (entry, assessment) in self.rows() {
            let errors = assessment.findings.iter();
            let errors = errors.filter(|it| it.severity() == Severity::Error).count();
            let attention = match &entry.alarm {
                Some(alarm) => format!("<td class=\"bad\">{}</td>", escaped(&alarm.to_string())),
                None => "<td>none</td>".to_owned(),
            };
            let _ = writeln!(
                page,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{errors}</td>{attention}</tr>",
                escaped(&entry.subject),
                entry.purpose(),
                entry.state.name(),
                rfc3339(entry.not_after),
                entry.days_left(self.inventory.at),
            );
        }
        page.push_str("</tbody>\n</table>\n");
    }
}

fn section(
    title: &str,
    fields: &[(&'static str, String)],
    findings: &[LintFinding],
    page: &mut String,
) {
    let title = escaped(title);
    let _ = write!(
        page,
        "<section>\n<h3>{title}</h3>\n<table>\n<caption>{title}: facts</caption>\n<tbody>\n"
    );
    for (name, value) in fields {
        let class = if *name == "ALARM" {
            " class=\"bad\""
        } else {
            ""
        };
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{name}</th><td{class}>{}</td></tr>",
            escaped(value)
        );
    }
    page.push_str("</tbody>\n</table>\n");
    if findings.is_empty() {
        page.push_str("<p class=\"good\">No finding.</p>\n</section>\n");
        return;
    }
    let _ = write!(
        page,
        "<table>\n<caption>{title}: findings</caption>\n<thead><tr><th scope=\"col\">Severity</th><th scope=\"col\">Rule</th>\
         <th scope=\"col\">Clause</th><th scope=\"col\">Found</th></tr></thead>\n<tbody>\n"
    );
    for finding in findings {
        let class = match finding.severity() {
            Severity::Error => " class=\"bad\"",
            _ => "",
        };
        let _ = writeln!(
            page,
            "<tr><td{class}>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            finding.severity(),
            escaped(finding.id()),
            escaped(finding.clause()),
            escaped(&finding.found)
        );
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}

/// Text as HTML shows it: nothing in it is markup, and nothing reorders what is around it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in shown(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(
            escaped("<script>\"a\" & 'b'</script>\u{202e}\n"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;\\u{202e}\\u{a}"
        );
    }
}
