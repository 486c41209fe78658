//! The words behind `beaminit peers`.

use std::ffi::OsString;

use crate::config::peers::sources;
use crate::error::Failure;
use crate::system::secrets::shown;

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// The nodes, one on a line.
    Nodes,
    /// The same as an object on a line each.
    Json,
    /// The hosts of those that answer, for net_adm(3erl).
    Hosts,
}

/// What was asked for.
#[derive(PartialEq, Eq)]
pub struct Options {
    /// What is shown.
    pub show: Show,
    /// The node's command, where it is given.
    pub command: Vec<OsString>,
}

impl Options {
    /// Reads `[--json | --hosts] [[--] COMMAND…]`.
    ///
    /// # Errors
    /// What cannot be read: exit status 64.
    pub fn parse(words: Vec<OsString>) -> Result<Self, Failure> {
        let mut words = words.into_iter().peekable();
        let mut shows = Vec::new();
        let mut is_behind = false;
        while let Some(word) = words.next_if(|word| word.as_encoded_bytes().starts_with(b"-")) {
            match word.to_str() {
                Some("--json") => shows.push(Show::Json),
                Some("--hosts") => shows.push(Show::Hosts),
                Some("--") => {
                    is_behind = true;
                    break;
                }
                _ => {
                    return Err(Failure::usage(format!(
                        "unknown option {:?}: beaminit peers takes --json or --hosts, and the node's command behind --",
                        shown(word)
                    )));
                }
            }
        }
        shows.dedup();
        if shows.len() > 1 {
            return Err(Failure::usage(
                "--json and --hosts: give one of them, for they are two ways to print",
            ));
        }
        let is_place = |word: &OsString| word.to_str().is_some_and(|word| sources(word).is_ok());
        if let Some(word) = words.next_if(|word| !is_behind && is_place(word)) {
            return Err(Failure::usage(format!(
                "{:?} is a place to look for peers, which the environment says: set BEAMINIT_PEERS to it; the node's command stands here, behind --",
                shown(word)
            )));
        }
        Ok(Self {
            show: shows.pop().unwrap_or(Show::Nodes),
            command: words.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::system::secrets::without_debug!(Options);

    #[test]
    fn reads_the_words() {
        for (line, expected) in [
            ("", "Nodes []"),
            ("--json", "Json []"),
            ("--json --json erl -x", "Json [\"erl\", \"-x\"]"),
            ("--hosts -- erl", "Hosts [\"erl\"]"),
            ("-- dns", "Nodes [\"dns\"]"),
            ("--json --hosts", "--json and --hosts: give one"),
            ("--yaml", "unknown option \"--yaml\""),
            ("--json=1", "unknown option"),
            ("dns:worker", "\"dns:worker\" is a place"),
            ("--json hosts:a.b", "\"hosts:a.b\" is a place"),
        ] {
            let words = line.split_whitespace().map(Into::into).collect();
            let got = match Options::parse(words) {
                Ok(options) => format!("{:?} {:?}", options.show, options.command),
                Err(usage) => usage.lines.concat(),
            };
            assert!(got.starts_with(expected), "{line}: {got}");
        }
    }
}
