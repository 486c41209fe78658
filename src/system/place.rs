//! Where a user wrote something, for messages that name the place.

use std::fmt;
use std::path::PathBuf;

/// Where a claim stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Among the command's arguments.
    CommandLine,
    /// In a variable.
    Variable(String),
    /// In a file, at a line from 1; 0 where the line is not known.
    File(PathBuf, usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("the command line"),
            Self::Variable(name) => f.write_str(name),
            Self::File(path, 0) => write!(f, "{}", path.display()),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
        }
    }
}
