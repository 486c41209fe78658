//! What is changed for the command: variables, and files that only their user can read.

use std::collections::BTreeMap;

use crate::system::private_file::PrivateFile;
use crate::system::secrets::Text;

#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Variables that are set, by name.
    pub set: BTreeMap<String, Text>,
    /// Variables that are taken out.
    pub unset: Vec<String>,
    /// Files that are written before the exec.
    pub files: Vec<PrivateFile>,
    /// What is left out of the user's own flags, by the variable that had it.
    pub left_out: Vec<(String, Text)>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Changes {
    /// Sets a variable; an empty text takes it out.
    pub fn set(&mut self, name: &str, value: Text) {
        self.set.insert(name.to_owned(), value);
    }

    /// Has a file written, with a warning where it is not as private as it could be.
    pub fn add_file(&mut self, file: PrivateFile) {
        let risk = file.risk();
        let new = risk.filter(|risk| !self.warnings.contains(risk));
        self.warnings.extend(new);
        self.files.push(file);
    }

    pub fn warn(&mut self, line: impl Into<String>) {
        self.warnings.push(line.into());
    }
}
