//! What is wrong with a configuration, all of it at once.

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// The key, with the tables around it: `tenants[0].policy.validity`.
    pub key: String,
    /// What is wrong and, where it is not plain, what to do. Holds no secret.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.key, self.what)
    }
}

/// Why there is no configuration.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::sync::Arc<std::io::Error>,
    },
    /// The file says something that cannot be.
    #[error("{}", list(path, problems))]
    Problems {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong with it, in the order of the lines.
        problems: Vec<Problem>,
    },
}

fn list(path: &std::path::Path, problems: &[Problem]) -> String {
    let mut text = match problems.len() {
        1 => format!("{} has a problem", path.display()),
        many => format!("{} has {many} problems", path.display()),
    };
    for problem in problems {
        text.push_str("\n  ");
        text.push_str(&problem.to_string());
    }
    text
}
