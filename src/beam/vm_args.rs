//! A release's `vm.args`: read, expanded as relx expands it, rewritten.

use std::path::{Path, PathBuf};

use super::expand::{Variable, expand};
use super::flag::PortFlags;
use super::settings::FlagSettings;
use super::words::{Syntax, without};
use crate::system::Place;
use crate::system::files::text_of;

/// Stands where a variable was that nobody sets, to mark the flags that have such a variable in their value.
const UNSET: &str = "\u{1}";

/// A `vm.args` file and its flags.
#[derive(Clone)]
pub struct VmArgs {
    /// Where it is.
    pub path: PathBuf,
    /// As it stands.
    pub text: String,
    /// Its flags, each with its line.
    pub flags: FlagSettings,
}

impl VmArgs {
    /// Reads a file.
    ///
    /// # Errors
    /// The system's own.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        Ok(Self::of(text_of(path)?, path))
    }

    /// What there is where a release has none.
    pub fn empty() -> Self {
        Self::of(String::new(), Path::new(""))
    }

    fn of(text: String, path: &Path) -> Self {
        let flags = FlagSettings::of_text(&text, Syntax::File, &|line| {
            Place::File(path.to_owned(), line)
        });
        Self {
            path: path.to_owned(),
            text,
            flags,
        }
    }

    /// The file with its variables expanded; one that nobody sets is nothing.
    pub fn expanded(&self, variable: Variable) -> Self {
        Self::of(expand(&self.text, variable, ""), &self.path)
    }

    /// The flags of the expanded file, without what a variable that nobody sets would say.
    pub fn expanded_flags(&self, variable: Variable) -> FlagSettings {
        let mut flags = Self::of(expand(&self.text, variable, UNSET), &self.path).flags;
        flags.0.retain(|flag| !flag.text.contains(UNSET));
        flags
    }

    /// The text without the flags that the Plan says anew.
    pub fn rest(&self, ports: PortFlags) -> String {
        without(&self.text, &self.flags.spans(ports))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_all_but_the_identity() {
        let args = VmArgs::of(
            "## x\n-sname foo\n-setcookie c\n+K true\n-kernel a b\n".into(),
            Path::new("vm.args"),
        );
        assert_eq!(
            args.rest(PortFlags::Pins),
            "## x\n\n\n+K true\n-kernel a b\n"
        );
        assert_eq!(
            args.flags.names().next().map(|name| name.place.to_string()),
            Some("vm.args:2".into())
        );
    }
}
