use std::process::ExitCode;

/// How a command ended, as its caller's shell sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// Done, and the answer is good.
    Good = 0,
    /// The answer is no: not verified, lint errors, an element that must not be signed.
    No = 1,
    /// The command line is wrong, or a file it names cannot be used.
    Usage = 2,
    /// An outside part failed, and the same command may succeed later.
    Retry = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
