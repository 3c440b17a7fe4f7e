//! Why a command ended without a result: what a person needs to know to go on.

use std::error::Error;
use std::fmt;

use crate::Exit;

/// What failed, why, and what to do about it. Holds no secret and no value of a data element.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Failure {
    exit: Exit,
    what: String,
    causes: Vec<String>,
    hint: Option<String>,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// What was given is not acceptable: exit code 1.
    pub(crate) fn no(what: impl Into<String>) -> Self {
        Self::new(Exit::No, what)
    }

    /// The command line, or a file it names, cannot be used: exit code 2.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// Something outside failed: exit code 3.
    pub(crate) fn outside(what: impl Into<String>) -> Self {
        Self::new(Exit::Retry, what)
    }

    fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            causes: Vec::new(),
            hint: None,
        }
    }

    /// Adds an error and everything that caused it.
    pub(crate) fn because(mut self, error: &dyn Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            // Transparent errors repeat their source.
            if self.causes.last() != Some(&text) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Says what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says something else to do, if it said `old`.
    pub(crate) fn replace_hint(mut self, old: &str, new: &str) -> Self {
        if self.hint.as_deref() == Some(old) {
            self.hint = Some(new.to_owned());
        }
        self
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        for cause in &self.causes {
            write!(f, "\n  because: {cause}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  to do: {hint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_why_and_what_to_do() {
        let cause = std::io::Error::other("disk is on fire");
        let failure = Failure::usage("cannot read a.pem")
            .because(&cause)
            .hint("put it out");
        assert_eq!(
            failure.to_string(),
            "error: cannot read a.pem\n  because: disk is on fire\n  to do: put it out"
        );
        assert_eq!(failure.exit(), Exit::Usage);
    }
}
