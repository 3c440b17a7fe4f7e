//! Rules and findings.

use std::fmt;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Allowed, worth knowing.
    Info,
    /// A deviation that fielded certificates show and readers tolerate, or a difference between the editions.
    Warning,
    /// A breach of the profile.
    Error,
}

impl Severity {
    /// `info`, `warning` or `error`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One rule of one profile.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Rule {
    /// Stable identifier in kebab case, such as `ds-validity-457-days`.
    pub id: &'static str,
    /// Severity of its findings.
    pub severity: Severity,
    /// Where the rule comes from, such as `B.1.4, Table B.3`.
    pub clause: &'static str,
    /// What must hold.
    pub requirement: &'static str,
    /// Why the severity is what it is; for most errors that a table of the standard says so.
    pub why: &'static str,
}

/// A rule that does not hold, and what was found instead.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LintFinding {
    /// The rule.
    pub rule: &'static Rule,
    /// What was found, in words; values from the document are escaped.
    pub found: String,
}

impl LintFinding {
    /// Identifier of the rule.
    pub fn id(&self) -> &'static str {
        self.rule.id
    }

    /// Severity of the rule.
    pub fn severity(&self) -> Severity {
        self.rule.severity
    }

    /// Clause of the rule.
    pub fn clause(&self) -> &'static str {
        self.rule.clause
    }
}

/// `error ds-validity-457-days (B.1.4, Table B.3): 1825 days`.
impl fmt::Display for LintFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rule {
            id,
            severity,
            clause,
            ..
        } = self.rule;
        write!(f, "{severity} {id} ({clause}): {}", self.found)
    }
}

/// A hostile document may break one rule thousands of times; so many findings of one rule are told.
const MAX_FINDINGS_PER_RULE: usize = 20;

/// Findings so far.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<LintFinding>);

impl Report {
    pub(super) fn add(&mut self, rule: &'static Rule, found: impl Into<String>) {
        let same = self.0.iter().filter(|finding| finding.rule.id == rule.id);
        if same.count() >= MAX_FINDINGS_PER_RULE {
            return;
        }
        self.0.push(LintFinding {
            rule,
            found: found.into(),
        });
    }

    /// Adds a finding unless `holds`.
    pub(super) fn require(
        &mut self,
        holds: bool,
        rule: &'static Rule,
        found: impl FnOnce() -> String,
    ) {
        if !holds {
            self.add(rule, found());
        }
    }

    /// Most severe first, otherwise in the order of the checks.
    pub(super) fn finish(mut self) -> Vec<LintFinding> {
        self.0
            .sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
        self.0
    }
}

/// Declares the rules of one group: `NAME: "id", Severity, "clause", "requirement", "why";`.
macro_rules! rules {
    ($($name:ident: $id:literal, $severity:ident, $clause:expr, $requirement:literal, $why:expr;)*) => {
        $(
            pub(super) const $name: $crate::lint::Rule = $crate::lint::Rule {
                id: $id,
                severity: $crate::lint::Severity::$severity,
                clause: $clause,
                requirement: $requirement,
                why: $why,
            };
        )*
        pub(super) const RULES: &[$crate::lint::Rule] = &[$($name),*];
    };
}
pub(super) use rules;

/// The usual reason for an error.
pub(super) const SHALL: &str = "the table requires it without exception";

pub(super) const fn count(groups: &[&[Rule]]) -> usize {
    let (mut total, mut group) = (0, 0);
    while group < groups.len() {
        total += groups[group].len();
        group += 1;
    }
    total
}

pub(super) const fn concatenate<const N: usize>(groups: &[&[Rule]]) -> [Rule; N] {
    let mut all = [groups[0][0]; N];
    let (mut next, mut group) = (0, 0);
    while group < groups.len() {
        let mut index = 0;
        while index < groups[group].len() {
            all[next] = groups[group][index];
            next += 1;
            index += 1;
        }
        group += 1;
    }
    all
}
