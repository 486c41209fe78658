//! The words behind `beaminit peers`.

use std::ffi::OsString;

use crate::config::peers::sources;
use crate::error::Failure;
use crate::system::secrets::shown;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFormat {
    /// The nodes, one on a line.
    Nodes,
    /// The same, an object on each line.
    Json,
    /// The hosts of those that answer, for net_adm(3erl).
    Hosts,
}

#[derive(PartialEq, Eq)]
pub struct ListOptions {
    pub format: ListFormat,
    /// The node's command, where it is given.
    pub command: Vec<OsString>,
}

impl ListOptions {
    /// Reads `[--json | --hosts] [[--] COMMAND…]`.
    ///
    /// # Errors
    /// What cannot be read: exit status 64.
    pub fn parse(words: Vec<OsString>) -> Result<Self, Failure> {
        let mut words = words.into_iter().peekable();
        let mut chosen = None;
        let mut is_behind = false;
        while let Some(word) =
            words.next_if(|word| !is_behind && word.as_encoded_bytes().starts_with(b"-"))
        {
            let format = match word.to_str() {
                Some("--json") => ListFormat::Json,
                Some("--hosts") => ListFormat::Hosts,
                Some("--") => {
                    is_behind = true;
                    continue;
                }
                _ => {
                    return Err(Failure::usage(format!(
                        "unknown option {:?}: beaminit peers takes --json or --hosts, and the node's command behind --",
                        shown(word)
                    )));
                }
            };
            if chosen.replace(format).is_some_and(|other| other != format) {
                return Err(Failure::usage(
                    "--json and --hosts: give one of them, because they are two ways to print",
                ));
            }
        }
        let is_source = |word: &OsString| word.to_str().is_some_and(|word| sources(word).is_ok());
        if let Some(word) = words.next_if(|word| !is_behind && is_source(word)) {
            return Err(Failure::usage(format!(
                "{:?} is a place to look for peers, which the environment says: set BEAMINIT_PEERS to it; the node's command stands here, behind --",
                shown(word)
            )));
        }
        Ok(Self {
            format: chosen.unwrap_or(ListFormat::Nodes),
            command: words.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::system::secrets::without_debug!(ListOptions);

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
            let got = match ListOptions::parse(words) {
                Ok(options) => format!("{:?} {:?}", options.format, options.command),
                Err(usage) => usage.lines.concat(),
            };
            assert!(got.starts_with(expected), "{line}: {got}");
        }
    }
}
