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

    /// A command line that cannot be read.
    pub fn usage(line: impl Into<String>) -> Self {
        Self::new(Exit::Usage, line)
    }

    /// Bad configuration.
    pub fn config(line: impl Into<String>) -> Self {
        Self::new(Exit::Config, line)
    }
}

/// What is wrong with the configuration, collected so that all of it is reported together.
#[derive(Debug, Default)]
pub struct Failures(Vec<String>);

impl Failures {
    /// The value of a result; its failure is kept for later.
    pub fn take<T>(&mut self, result: Result<T, Failure>) -> Option<T> {
        let push = |failure: Failure| failure.lines.into_iter().for_each(|line| self.push(line));
        result.map_err(push).ok()
    }

    /// Adds one line, once.
    pub fn push(&mut self, line: impl Into<String>) {
        let line = line.into();
        if !self.0.contains(&line) {
            self.0.push(line);
        }
    }

    /// The value, if nothing was wrong.
    ///
    /// # Errors
    /// Everything that was: [`Exit::Config`].
    pub fn or<T>(self, value: T) -> Result<T, Failure> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(Failure {
                exit: Exit::Config,
                lines: self.0,
                details: None,
            })
        }
    }
}
