use std::fmt::Write as _;

use clap::Args;
use mdl_reader::{CheckGroup, CheckId, Policy, Weight};
use serde_json::{Value, json};

use crate::Exit;
use crate::failure::Result;
use crate::output::{Output, print};

/// List the checks of `mdl verify`: what each establishes, and what it means when it does not hold
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl checks
  mdl checks --markdown > docs/checks.md")]
pub(crate) struct Checks {
    /// Print the page of the documentation
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    #[command(flatten)]
    output: Output,
}

impl Checks {
    pub(crate) fn run(&self) -> Result<Exit> {
        if self.markdown {
            print(as_markdown())?;
        } else {
            self.output.result(as_text, as_json)?;
        }
        Ok(Exit::Good)
    }
}

fn group_name(group: CheckGroup) -> &'static str {
    match group {
        CheckGroup::Response => "response",
        CheckGroup::IssuerTrust => "issuer-trust",
        CheckGroup::DeviceBinding => "device-binding",
        CheckGroup::Revocation => "revocation",
    }
}

fn rejecting_policies(weight: Weight) -> Vec<&'static str> {
    [Policy::Strict, Policy::Iso, Policy::Interop]
        .into_iter()
        .filter(|policy| weight.rejects_under(*policy))
        .map(Policy::name)
        .collect()
}

fn as_text() -> String {
    let mut text = String::new();
    for check in CheckId::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{check}  ({})", check.clause());
        let _ = writeln!(text, "    {}", check.summary());
        let _ = writeln!(text, "    otherwise: {}", check.explanation());
    }
    text
}

fn as_json() -> Value {
    let checks = CheckId::ALL.iter().map(|check| {
        json!({
            "id": check.id(),
            "clause": check.clause(),
            "group": group_name(check.group()),
            "rejects_under": rejecting_policies(check.weight()),
            "summary": check.summary(),
            "explanation": check.explanation(),
        })
    });
    json!({ "checks": checks.collect::<Vec<_>>() })
}

/// `docs/checks.md`.
fn as_markdown() -> String {
    let mut page = String::from(
        "# The checks of a reader

What `mdl verify`, the library and every binding establish about a response, in the order of a report. `mdl checks
--markdown` writes this page; the ids are stable. Each check has a vector in [`testvectors/`](../testvectors/README.md) in
which only it fails.

A check comes out as *pass*, *warning* (a deviation that the policy tolerates), *fail*, *not-applicable*, *not-checked* (not
asked for, or something it needs is missing) or *undetermined* (done, without an answer). One that the verdict needs must
have passed: that it was not made is no excuse. Clauses are those of ISO/IEC 18013-5, first edition, unless another standard
is named.
",
    );
    let groups = [
        (CheckGroup::Response, "The response as a whole", ""),
        (
            CheckGroup::IssuerTrust,
            "Issuer trust",
            "Who issued the document, and whether its content is what was issued.",
        ),
        (
            CheckGroup::DeviceBinding,
            "Device binding",
            "Whether the device that presents the document is the one it was issued to.",
        ),
        (
            CheckGroup::Revocation,
            "Revocation",
            "Whether the document or its signer was revoked. No answer fails only where one is required.",
        ),
    ];
    for (group, title, about) in groups {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "\n## {title}\n");
        if !about.is_empty() {
            let _ = writeln!(page, "{about}\n");
        }
        page.push_str("| Check | Clause | Rejected under | Establishes | Otherwise |\n|---|---|---|---|---|\n");
        for check in CheckId::ALL.iter().filter(|check| check.group() == group) {
            let policies = match rejecting_policies(check.weight()).as_slice() {
                [] => "none".to_owned(),
                [_, _, _] => "all".to_owned(),
                policies => policies.join(", "),
            };
            let _ = writeln!(
                page,
                "| `{check}` | {} | {policies} | {} | {} |",
                check.clause(),
                check.summary(),
                check.explanation()
            );
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_documentation_is_what_this_writes() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/checks.md");
        let page = std::fs::read_to_string(file).unwrap();
        assert!(
            page == as_markdown(),
            "docs/checks.md is out of date: write it anew with `mdl checks --markdown`"
        );
    }
}
