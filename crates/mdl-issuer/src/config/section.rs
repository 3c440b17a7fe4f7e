//! A table of the file, read key by key, with every problem noted and none of them final.
//!
//! What is easy to get wrong: a misspelt key that is silently ignored leaves a limit off. Every table says which keys
//! it knows, and any other is a problem.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::quantity::{Expected, text};

/// Where values that are not in the file come from: the environment, or a test.
pub(super) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// The file while it is read.
pub(super) struct Document<'d> {
    source: &'d str,
    /// Relative paths start here: the folder of the file.
    folder: PathBuf,
    environment: Environment<'d>,
    problems: RefCell<Vec<Problem>>,
    followed: RefCell<Vec<PathBuf>>,
}

impl<'d> Document<'d> {
    pub(super) fn new(source: &'d str, folder: &Path, environment: Environment<'d>) -> Self {
        Self {
            source,
            folder: folder.to_owned(),
            environment,
            problems: RefCell::default(),
            followed: RefCell::default(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn environment(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }

    pub(super) fn line_at(&self, offset: usize) -> usize {
        let before = self.source.get(..offset).unwrap_or(self.source);
        before.matches('\n').count() + 1
    }

    pub(super) fn note(&self, line: usize, key: impl Into<String>, what: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            line,
            key: key.into(),
            what: what.into(),
        });
    }

    /// Notes a file or folder that is read again when it changes.
    pub(super) fn follow(&self, path: &Path) {
        self.followed.borrow_mut().push(path.to_owned());
    }

    /// Everything that is to be followed.
    pub(super) fn take_followed(&self) -> Vec<PathBuf> {
        self.followed.take()
    }

    /// Everything noted, in the order of the lines.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}

/// One table of the file. A table that is absent is read like an empty one.
pub(super) struct Section<'d> {
    pub(super) document: &'d Document<'d>,
    /// `tenants[0].policy`
    name: String,
    /// Where it begins, or where the one around it does.
    line: usize,
    table: Option<&'d DeTable<'d>>,
}

impl<'d> Section<'d> {
    /// The file itself.
    pub(super) fn root(document: &'d Document<'d>, table: &'d DeTable<'d>, keys: &[&str]) -> Self {
        let section = Self {
            document,
            name: String::new(),
            line: 1,
            table: Some(table),
        };
        section.refuse_unknown(keys);
        section
    }

    fn at(&self, name: String, value: Option<&'d Spanned<DeValue<'d>>>, keys: &[&str]) -> Self {
        let line = value.map_or(self.line, |value| self.document.line_at(value.span().start));
        let table = value.and_then(|value| value.get_ref().as_table());
        if let (Some(value), None) = (value, table) {
            let what = format!(
                "expected a table, found a value of type {}",
                value.get_ref().type_str()
            );
            self.document.note(line, name.clone(), what);
        }
        let section = Self {
            document: self.document,
            name,
            line,
            table,
        };
        section.refuse_unknown(keys);
        section
    }

    /// The table under `key`, which knows `keys`.
    pub(super) fn section(&self, key: &str, keys: &[&str]) -> Self {
        self.at(self.path(key), self.value(key), keys)
    }

    /// The table under `key`, if there is one.
    pub(super) fn optional_section(&self, key: &str, keys: &[&str]) -> Option<Self> {
        self.value(key)
            .map(|value| self.at(self.path(key), Some(value), keys))
    }

    /// The array of tables under `key`; empty without one.
    pub(super) fn sections(&self, key: &str, keys: &[&str]) -> Vec<Self> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(entries) = value.get_ref().as_array() else {
            let what = format!(
                "expected [[{key}]] tables, found a value of type {}",
                value.get_ref().type_str()
            );
            self.problem(key, what);
            return Vec::new();
        };
        let entries = entries.iter().enumerate();
        entries
            .map(|(number, entry)| {
                self.at(format!("{}[{number}]", self.path(key)), Some(entry), keys)
            })
            .collect()
    }

    fn refuse_unknown(&self, keys: &[&str]) {
        let Some(table) = self.table else { return };
        for (key, _) in table
            .iter()
            .filter(|(key, _)| !keys.contains(&key.get_ref().as_ref()))
        {
            let key_line = self.document.line_at(key.span().start);
            let name = key.get_ref().as_ref();
            let nearest = keys
                .iter()
                .map(|known| (strsim::jaro_winkler(known, name), *known))
                .filter(|(likeness, _)| *likeness > 0.75)
                .max_by(|(one, _), (other, _)| one.total_cmp(other));
            let what = match nearest {
                Some((_, known)) => format!("unknown key; did you mean `{known}`?"),
                None => format!("unknown key; here are known: {}", keys.join(", ")),
            };
            self.document.note(key_line, self.path(name), what);
        }
    }

    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    pub(super) fn value(&self, key: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.table?.get(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Notes that something is wrong with what `key` says.
    pub(super) fn problem(&self, key: &str, what: impl Into<String>) {
        let line = self
            .value(key)
            .map_or(self.line, |value| self.document.line_at(value.span().start));
        self.document.note(line, self.path(key), what);
    }

    /// What `key` says. `None` if it is absent, or if it is wrong, which is noted.
    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl Fn(&DeValue<'_>) -> Expected<T>,
    ) -> Option<T> {
        match read(self.value(key)?.get_ref()) {
            Ok(value) => Some(value),
            Err(what) => {
                self.problem(key, what);
                None
            }
        }
    }

    /// What `key` says, which must be there. `None` is noted.
    pub(super) fn required<T>(
        &self,
        key: &str,
        read: impl Fn(&DeValue<'_>) -> Expected<T>,
    ) -> Option<T> {
        if !self.has(key) {
            self.problem(key, "is missing");
        }
        self.optional(key, read)
    }

    /// What `key` says, or `default` without it. `None` is noted.
    pub(super) fn or<T>(
        &self,
        key: &str,
        default: T,
        read: impl Fn(&DeValue<'_>) -> Expected<T>,
    ) -> Option<T> {
        if self.has(key) {
            self.optional(key, read)
        } else {
            Some(default)
        }
    }

    /// The entries of an array under `key`; empty without one. `None` is noted.
    pub(super) fn list<T>(
        &self,
        key: &str,
        read: impl Fn(&DeValue<'_>) -> Expected<T>,
    ) -> Option<Vec<T>> {
        let Some(value) = self.value(key) else {
            return Some(Vec::new());
        };
        let Some(entries) = value.get_ref().as_array() else {
            let what = format!(
                "expected an array, found a value of type {}",
                value.get_ref().type_str()
            );
            self.problem(key, what);
            return None;
        };
        let mut list = Vec::new();
        let mut complete = true;
        for (number, entry) in entries.iter().enumerate() {
            match read(entry.get_ref()) {
                Ok(value) => list.push(value),
                Err(what) => {
                    let line = self.document.line_at(entry.span().start);
                    self.document
                        .note(line, format!("{}[{number}]", self.path(key)), what);
                    complete = false;
                }
            }
        }
        complete.then_some(list)
    }

    /// A path, which starts at the folder of the file if it is relative.
    pub(super) fn required_path(&self, key: &str) -> Option<PathBuf> {
        self.required(key, text)
            .map(|path| self.document.folder.join(path))
    }

    /// A path, if there is one.
    pub(super) fn optional_path(&self, key: &str) -> Option<PathBuf> {
        self.optional(key, text)
            .map(|path| self.document.folder.join(path))
    }

    /// Paths, which start at the folder of the file if they are relative.
    pub(super) fn paths(&self, key: &str) -> Option<Vec<PathBuf>> {
        let paths = self.list(key, text)?;
        Some(
            paths
                .iter()
                .map(|path| self.document.folder.join(path))
                .collect(),
        )
    }
}
