//! A start that failed: the exit status, and one line for each reason.

use crate::exit::Exit;

/// Why there will be no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit status of beaminit.
    pub exit: Exit,
    /// One line a reason: what failed, the value seen, what to do.
    pub lines: Vec<String>,
}

impl Failure {
    /// A failure with one reason.
    pub fn new(exit: Exit, line: impl Into<String>) -> Self {
        Self {
            exit,
            lines: vec![line.into()],
        }
    }

    /// Bad configuration.
    pub fn config(line: impl Into<String>) -> Self {
        Self::new(Exit::Config, line)
    }
}
