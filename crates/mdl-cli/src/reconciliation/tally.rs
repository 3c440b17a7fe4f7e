//! Who used keys, and why calls failed: texts from records, counted under small numbers.

use std::collections::HashMap;

/// More texts than this are counted as one.
const MAX_TEXTS: usize = 1000;

/// Texts and their numbers, from 0.
#[derive(Debug, Default)]
pub(super) struct Tally {
    texts: Vec<String>,
    by_text: HashMap<String, u32>,
}

impl Tally {
    pub(super) fn number(&mut self, text: &str) -> u32 {
        let text = match self.by_text.get(text) {
            Some(number) => return *number,
            None if self.texts.len() >= MAX_TEXTS => "others",
            None => text,
        };
        let next = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let number = *self.by_text.entry(text.to_owned()).or_insert(next);
        if number == next {
            self.texts.push(text.to_owned());
        }
        number
    }

    pub(super) fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", String::as_str)
    }
}

/// Why calls failed.
#[derive(Debug, Default)]
pub(super) struct Failures(Tally);

impl Failures {
    /// 0 for a call that did not fail.
    pub(super) fn number(&mut self, failure: Option<&str>) -> u32 {
        failure.map_or(0, |failure| self.0.number(failure).saturating_add(1))
    }

    /// The reason; `None` for a call that did not fail.
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        Some(self.0.text(number.checked_sub(1)?))
    }
}

/// Who used keys, and who may.
#[derive(Debug, Default)]
pub(crate) struct Principals {
    allowed: Vec<String>,
    seen: Tally,
    is_allowed: Vec<bool>,
}

impl Principals {
    /// Only these may sign: ARNs of users and roles, or what an HSM's log has. With none, anybody may.
    pub(crate) fn allowed(allowed: Vec<String>) -> Self {
        Self {
            allowed,
            ..Self::default()
        }
    }

    /// The number of a principal, by the names that a record has for it: the first is the one it is reported under.
    pub(super) fn number(&mut self, names: &[&str]) -> u32 {
        let text = names.first().copied().unwrap_or("unknown");
        let is_allowed = self.allowed.is_empty()
            || names
                .iter()
                .any(|name| self.allowed.iter().any(|it| it == name));
        let number = match is_allowed {
            true => self.seen.number(text),
            // Somebody of whom one name is allowed and one is not, once under each, must not be taken for the same.
            false => self.seen.number(names.last().unwrap_or(&text)),
        };
        let number_of_known = self.is_allowed.len();
        if number as usize >= number_of_known {
            self.is_allowed.push(is_allowed);
        } else if !is_allowed {
            self.is_allowed[number as usize] = false;
        }
        number
    }

    pub(super) fn name(&self, number: u32) -> &str {
        self.seen.text(number)
    }

    pub(super) fn is_allowed(&self, number: u32) -> bool {
        self.is_allowed
            .get(number as usize)
            .copied()
            .unwrap_or(false)
    }

    pub(super) fn are_checked(&self) -> bool {
        !self.allowed.is_empty()
    }
}
