//! A start that failed: the exit status, and one line for each reason.

use crate::exit::Exit;

/// Why there will be no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit status of beaminit.
    pub exit: Exit,
    /// One line a reason: what failed, the value seen, what to do.
    pub lines: Vec<String>,
    /// The parts of the line, for a log that has fields.
    pub details: Option<Box<Details>>,
}

/// Why no record was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The names that were asked for.
    pub names: String,
    /// This pod's addresses.
    pub addresses: String,
    /// What was said of each last, and who said it.
    pub answers: String,
    /// What is likely wrong, and what to do.
    pub cause: String,
}

impl Failure {
    /// A failure with one reason.
    pub fn new(exit: Exit, line: impl Into<String>) -> Self {
        Self {
            exit,
            lines: vec![line.into()],
            details: None,
        }
    }

    /// Bad configuration, for each of these reasons.
    pub fn config_lines(lines: Vec<String>) -> Self {
        Self {
            exit: Exit::Config,
            lines,
            details: None,
        }
    }

    /// Bad configuration.
    pub fn config(line: impl Into<String>) -> Self {
        Self::new(Exit::Config, line)
    }
}
