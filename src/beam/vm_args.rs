//! A release's `vm.args`: read, expanded as relx expands it, rewritten.

use std::path::{Path, PathBuf};

use super::expand::{Variable, expand, unset};
use super::ports::PortFlags;
use super::settings::FlagSettings;
use super::words::{Syntax, without};
use crate::system::Place;

/// What stands where a variable that nobody sets was, so that what it would say can be told from the rest.
const UNSET: &str = "\u{1}";

/// A `vm.args` file and what it claims.
#[derive(Clone)]
pub struct VmArgs {
    path: PathBuf,
    text: String,
    /// What it claims, each with its line.
    pub claims: FlagSettings,
}

impl VmArgs {
    /// Reads a file, its variables expanded first where `variable` is given.
    ///
    /// # Errors
    /// The system's own.
    pub fn read(path: &Path, variable: Option<Variable>) -> std::io::Result<Self> {
        let bytes = std::fs::read(path)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let args = Self::of(text, path);
        Ok(variable.map_or_else(|| args.clone(), |variable| args.expanded(variable)))
    }

    /// What there is where a release has none.
    pub fn empty() -> Self {
        Self::of(String::new(), Path::new(""))
    }

    fn of(text: String, path: &Path) -> Self {
        let claims = FlagSettings::of_text(&text, Syntax::File, &|line| {
            Place::File(path.to_owned(), line)
        });
        Self {
            path: path.to_owned(),
            text,
            claims,
        }
    }

    /// The file with its variables expanded; one that nobody sets is nothing.
    pub fn expanded(&self, variable: Variable) -> Self {
        Self::of(expand(&self.text, variable, ""), &self.path)
    }

    /// What the expanded file claims, without what a variable that nobody sets would say.
    pub fn said(&self, variable: Variable) -> FlagSettings {
        let mut claims = Self::of(expand(&self.text, variable, UNSET), &self.path).claims;
        let is_said = |text: &str| !text.contains(UNSET);
        claims.names.retain(|claim| is_said(&claim.value.text));
        claims.ports.retain(|claim| is_said(&claim.value.text));
        claims
            .cookies
            .retain(|claim| claim.value.cookie.as_deref().is_none_or(is_said));
        claims
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The variables that it names and nobody sets.
    pub fn unset(&self, variable: Variable) -> Vec<String> {
        unset(&self.text, variable)
    }

    /// Does it name variables, `${NAME}`?
    pub fn has_variables(&self) -> bool {
        self.text.contains("${")
    }

    /// The text without its claims of name and cookie, and these port flags.
    pub fn rest(&self, ports: PortFlags) -> String {
        without(&self.text, &self.claims.spans(ports))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_all_but_the_claims() {
        let args = VmArgs::of(
            "## x\n-sname foo\n-setcookie c\n+K true\n-kernel a b\n".into(),
            Path::new("vm.args"),
        );
        assert_eq!(
            args.rest(PortFlags::Pins),
            "## x\n\n\n+K true\n-kernel a b\n"
        );
        assert_eq!(
            args.claims
                .names
                .first()
                .map(|claim| claim.place.to_string())
                .as_deref(),
            Some("vm.args:2")
        );
    }
}
