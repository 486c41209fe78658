//! A release's `vm.args`: read, expanded as relx expands it, rewritten.

use std::path::Path;

use super::claim::Place;
use super::claims::Claims;
use super::ports::PortFlags;
use super::words::{Syntax, without};

/// Looks up a variable.
pub type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A `vm.args` file and what it claims.
#[derive(Clone, Debug)]
pub struct VmArgs {
    text: String,
    /// What it claims, each with its line.
    pub claims: Claims,
}

impl VmArgs {
    /// Reads a file, its variables expanded first where `variable` is given.
    ///
    /// # Errors
    /// The system's own.
    pub fn read(path: &Path, variable: Option<Variable>) -> std::io::Result<Self> {
        let bytes = std::fs::read(path)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let text = variable.map_or_else(|| text.clone(), |variable| expand(&text, variable));
        Ok(Self::of(text, path))
    }

    /// What there is where a release has none.
    pub fn empty() -> Self {
        Self::of(String::new(), Path::new(""))
    }

    fn of(text: String, path: &Path) -> Self {
        let claims = Claims::of_text(&text, Syntax::File, &|line| {
            Place::File(path.to_owned(), line)
        });
        Self { text, claims }
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

/// Replaces `${NAME}` and `${NAME:-default}`, line by line, until none is left: what relx's start script does.
pub fn expand(text: &str, variable: Variable) -> String {
    let lines = text.split('\n').map(|line| expand_line(line, variable));
    lines.collect::<Vec<_>>().join("\n")
}

fn expand_line(line: &str, variable: Variable) -> String {
    // A value may hold another `${…}`; one that holds itself must not go round for ever.
    const MOST: usize = 1000;
    let mut text = line.to_owned();
    for _ in 0..MOST {
        let Some((before, rest)) = text.split_once("${") else {
            break;
        };
        let Some((inside, after)) = rest.split_once('}') else {
            break;
        };
        let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
        let value = variable(name)
            .filter(|value| !value.is_empty())
            .unwrap_or_else(|| default.to_owned());
        text = format!("{before}{value}{after}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_as_relx_does() {
        let variable = |name: &str| match name {
            "A" => Some("1".to_owned()),
            "B" => Some("${A}".to_owned()),
            "LOOP" => Some("${LOOP}".to_owned()),
            _ => None,
        };
        for (text, expected) in [
            ("-name app@${A}", "-name app@1"),
            ("${NONE:-x} ${NONE}", "x "),
            ("${A:-x}", "1"),
            ("${B}", "1"),
            ("${open\n}", "${open\n}"),
            ("${open\n${A}", "${open\n1"),
            ("$A {A}", "$A {A}"),
        ] {
            assert_eq!(expand(text, &variable), expected, "{text}");
        }
        assert_eq!(expand("${LOOP}", &variable), "${LOOP}");
    }

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
