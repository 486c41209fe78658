//! A shell's command line in which the shell expands nothing.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

/// `NAME=VALUE`, split.
pub type Assignment = (OsString, OsString);

/// One simple command: `NAME=VALUE… exec COMMAND…`.
pub struct PlainCommand {
    pub assignments: Vec<Assignment>,
    pub is_exec: bool,
    pub words: Vec<OsString>,
}

/// A word without its quotes.
#[derive(Default)]
struct ShellWord {
    text: String,
    /// Where its first quote was.
    quote: Option<usize>,
}

impl ShellWord {
    /// Its assignment; with a quote before the sign it is none.
    fn assignment(&self) -> Option<Assignment> {
        let (name, value) = split(OsStr::new(&self.text))?;
        let bytes = name.as_bytes();
        let is_name = !bytes.first()?.is_ascii_digit()
            && bytes
                .iter()
                .all(|c| c.is_ascii_alphanumeric() || *c == b'_')
            && self.quote.is_none_or(|at| at > name.len());
        is_name.then_some((name, value))
    }
}

impl PlainCommand {
    /// Reads a line as a shell would; `None` if a shell would make anything else of it.
    pub fn parse(line: &str) -> Option<Self> {
        let words = words(line)?;
        let assignments: Vec<_> = words.iter().map_while(ShellWord::assignment).collect();
        let mut rest = words.into_iter().skip(assignments.len()).peekable();
        let is_exec = rest.next_if(|word| word.text == "exec").is_some();
        Some(Self {
            assignments,
            is_exec,
            words: rest.map(|word| word.text.into()).collect(),
        })
    }
}

/// The commands of a list, one after the other. An operator in quotes is not told from another: its quotes are then
/// incomplete on both sides, and no side is a plain command.
pub fn commands(list: &str) -> Vec<&str> {
    let commands = list.split(['\n', ';']).flat_map(|line| line.split("&&"));
    commands
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .collect()
}

pub fn split(word: &OsStr) -> Option<Assignment> {
    let at = word.as_bytes().iter().position(|byte| *byte == b'=')?;
    let (name, value) = word.as_bytes().split_at_checked(at)?;
    let own = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    (!name.is_empty()).then(|| (own(name), own(value.get(1..).unwrap_or_default())))
}

fn words(line: &str) -> Option<Vec<ShellWord>> {
    let mut words = Vec::new();
    let mut open: Option<ShellWord> = None;
    let mut quote = None;
    for c in line.trim().chars() {
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (Some('"'), '$' | '`' | '\\') => return None,
            (None, '\'' | '"') => {
                let word = open.get_or_insert_default();
                word.quote.get_or_insert(word.text.len());
                quote = Some(c);
            }
            (None, ' ' | '\t') => words.extend(open.take()),
            (None, c) if !c.is_alphanumeric() && !"@%+-_=:,./^".contains(c) => return None,
            (_, c) => open.get_or_insert_default().text.push(c),
        }
    }
    words.extend(open);
    quote.is_none().then_some(words)
}
