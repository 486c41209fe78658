//! Node names, by OTP's own rules, checked before the VM sees them.
//!
//! <https://www.erlang.org/doc/system/distributed.html#nodes>; net_kernel takes letters, digits, `_` and `-` before the `@`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Host;

/// The part before the `@`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePart(String);

impl NamePart {
    /// Reads a name part.
    ///
    /// # Errors
    /// What is wrong with it, to be put behind the variable's name and value.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        match text.chars().find(|c| !is_plain(c)) {
            _ if text.is_empty() => Err("there is nothing before the @".into()),
            Some(bad) => Err(format!(
                "{bad:?} cannot stand before the @ of a node name (letters, digits, - and _ can)"
            )),
            None if text.starts_with('-') => Err("a leading - would make it an option".into()),
            None if text.len() > 253 => Err(format!(
                "{} characters, and a node name has at most 255",
                text.len()
            )),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for NamePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A whole node name. It is long (`-name`) if its host has a dot or is an address, short (`-sname`) if not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeName {
    /// The part before the `@`: what epmd knows.
    pub name: NamePart,
    /// The part behind it.
    pub host: Host,
}

impl NodeName {
    /// Puts a name together.
    ///
    /// # Errors
    /// The whole has more than 255 characters.
    pub fn new(name: NamePart, host: Host) -> Result<Self, String> {
        let whole = Self { name, host };
        match whole.to_string().len() {
            0..=255 => Ok(whole),
            length => Err(format!(
                "{whole} has {length} characters, and OTP takes at most 255"
            )),
        }
    }

    /// Reads `name@host`.
    ///
    /// # Errors
    /// What is wrong with it, to be put behind the variable's name and value.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((name, host)) = text.split_once('@') else {
            return Err("a node name is NAME@HOST".into());
        };
        Self::new(NamePart::parse(name)?, Host::parse(host)?)
    }

    /// Is it started with `-name` (else `-sname`)?
    pub fn is_long(&self) -> bool {
        self.host.is_long()
    }

    /// The flag that makes this name: `-name` or `-sname`.
    pub fn flag(&self) -> &'static str {
        if self.is_long() { "-name" } else { "-sname" }
    }
}

impl TryFrom<String> for NodeName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<NodeName> for String {
    fn from(name: NodeName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.host)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_node_names() {
        let host = vec!["h".repeat(60); 4].join(".");
        let too_long = format!("{}@{host}", "n".repeat(12));
        for (text, expected) in [
            ("app@a.b", Ok(true)),
            ("app@10.1.2.3", Ok(true)),
            ("app@fd00::1", Ok(true)),
            ("a_b-1@pod", Ok(false)),
            ("n", Err("a node name is")),
            ("@h.x", Err("there is nothing before")),
            ("n@", Err("there is no name")),
            ("a.b@h.x", Err("'.' cannot")),
            ("a b@h.x", Err("' ' cannot")),
            ("a$b@h.x", Err("'$' cannot")),
            ("é@h.x", Err("'é' cannot")),
            ("a@b@h.x", Err("'@' cannot")),
            ("-n@h.x", Err("a leading -")),
            ("n@[::1]", Err("'[' cannot")),
            (too_long.as_str(), Err("nnnnnnnnnnnn@")),
        ] {
            match (NodeName::parse(text), expected) {
                (got, Ok(long)) => assert_eq!(got.unwrap().is_long(), long, "{text}"),
                (got, Err(start)) => assert!(
                    got.clone().unwrap_err().starts_with(start),
                    "{text}: {got:?}"
                ),
            }
        }
    }
}
