//! What a fake program says of how it was started (`tests/releases/prints-args`), read back.

use std::collections::BTreeMap;

use crate::harness::Ended;

/// How a program was started.
pub struct Started {
    pub arguments: Vec<String>,
    pub env: BTreeMap<String, String>,
    facts: BTreeMap<String, String>,
}

impl Started {
    /// Reads what prints-args wrote.
    #[track_caller]
    pub fn from(ended: &Ended) -> Self {
        let mut started = Self {
            arguments: Vec::new(),
            env: BTreeMap::new(),
            facts: BTreeMap::new(),
        };
        for line in ended.stdout.lines() {
            match line.split_once(' ') {
                Some(("arg", argument)) => started.arguments.push(argument.to_owned()),
                Some(("env", assignment)) => {
                    let (name, value) = assignment.split_once('=').unwrap_or((assignment, ""));
                    started.env.insert(name.to_owned(), value.to_owned());
                }
                Some((fact, value)) => {
                    started.facts.insert(fact.to_owned(), value.to_owned());
                }
                None => {}
            }
        }
        assert!(
            started.facts.contains_key("program"),
            "nothing was started:\n{ended}"
        );
        started
    }

    /// One of the facts that are neither argument nor variable: `pid`, `pgid`, `SigBlk:` …
    #[track_caller]
    pub fn fact(&self, name: &str) -> &str {
        &self.facts[name]
    }

    /// All flags in the order in which the VM would read them: ERL_AFLAGS, the command line, ERL_FLAGS, ERL_ZFLAGS.
    pub fn flags(&self) -> Vec<String> {
        let variable = |name| {
            self.env
                .get(name)
                .map_or(Vec::new(), |value| unquote(value))
        };
        [
            variable("ERL_AFLAGS"),
            self.arguments.clone(),
            variable("ERL_FLAGS"),
            variable("ERL_ZFLAGS"),
        ]
        .concat()
    }

    /// The values of all occurrences of a flag.
    pub fn values(&self, flag: &str) -> Vec<String> {
        let flags = self.flags();
        let at = (0..flags.len()).filter(|&at| flags[at] == flag);
        at.filter_map(|at| flags.get(at + 1).cloned()).collect()
    }

    /// The name that a VM started like this takes: of several -name the first, and -sname before any.
    pub fn node(&self) -> Option<String> {
        let first = |flag| self.values(flag).into_iter().next();
        first("-sname").or_else(|| first("-name"))
    }

    /// Whether the distribution is pinned to this port, and to nothing else before.
    pub fn is_pinned_to(&self, port: &str) -> bool {
        let first = |flag| self.values(flag).into_iter().next();
        first("inet_dist_listen_min").as_deref() == Some(port)
            && first("inet_dist_listen_max").as_deref() == Some(port)
    }
}

/// The words of ERL_AFLAGS as erlexec takes them, as far as single quotes and backslashes go.
fn unquote(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                word.extend(characters.by_ref().take_while(|&c| c != '\''));
            }
            '\\' => word.get_or_insert_default().extend(characters.next()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}
