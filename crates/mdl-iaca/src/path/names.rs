use super::Outcome;
use super::Reason;
use super::check::{Finding, NOT_APPLICABLE, PASS, fail, warning};
use crate::certificate::{Name, Oid, StringType, oid};

/// An attribute of a name that should appear at most once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum NameText {
    Absent,
    /// More than once, or not text: which value counts would be a guess.
    Ambiguous,
    Text {
        text: String,
        printable: bool,
    },
}

impl NameText {
    pub(crate) fn country(name: &Name<'_>) -> Self {
        Self::of(name, oid::COUNTRY_NAME)
    }

    pub(crate) fn state(name: &Name<'_>) -> Self {
        Self::of(name, oid::STATE_OR_PROVINCE_NAME)
    }

    fn of(name: &Name<'_>, kind: Oid<'_>) -> Self {
        let mut values = name.attributes().filter(|attribute| attribute.oid == kind);
        let Some(attribute) = values.next() else {
            return Self::Absent;
        };
        match attribute.text() {
            Some(text) if values.next().is_none() => Self::Text {
                text: text.into_owned(),
                printable: attribute.string_type == StringType::Printable,
            },
            _ => Self::Ambiguous,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// C8: the same country in both.
pub(crate) fn country(leaf: &NameText, anchor: &NameText) -> Finding {
    match (leaf, anchor) {
        (
            NameText::Text { text, printable },
            NameText::Text {
                text: of_anchor,
                printable: anchor_printable,
            },
        ) => {
            if text != of_anchor {
                fail(differs(text, of_anchor))
            } else if *printable && *anchor_printable {
                PASS
            } else {
                warning(Reason::NotPrintableString)
            }
        }
        (NameText::Ambiguous, _) | (_, NameText::Ambiguous) => fail(Reason::Ambiguous),
        (NameText::Absent, NameText::Absent) => fail(Reason::MissingInBoth),
        (NameText::Absent, _) => fail(Reason::MissingInLeaf),
        (_, NameText::Absent) => fail(Reason::MissingInAnchor),
    }
}

/// C9: the same state if both have one. That only the anchor has one breaks the issuance rule of Table B.3; that
/// only the leaf has one is allowed by 12.8.
pub(crate) fn state(leaf: &NameText, anchor: &NameText) -> Finding {
    match (leaf, anchor) {
        (
            NameText::Text { text, .. },
            NameText::Text {
                text: of_anchor, ..
            },
        ) if text == of_anchor => PASS,
        (
            NameText::Text { text, .. },
            NameText::Text {
                text: of_anchor, ..
            },
        ) => fail(differs(text, of_anchor)),
        (NameText::Ambiguous, _) | (_, NameText::Ambiguous) => fail(Reason::Ambiguous),
        (NameText::Absent, NameText::Absent) => NOT_APPLICABLE,
        (NameText::Absent, _) => warning(Reason::MissingInLeaf),
        (_, NameText::Absent) => (Outcome::Pass, Some(Reason::MissingInAnchor)),
    }
}

fn differs(leaf: &str, anchor: &str) -> Reason {
    Reason::Differs {
        leaf: leaf.to_owned(),
        anchor: anchor.to_owned(),
    }
}
