//! A shell script as its simple commands, each with what it assigns and what must be empty for it to run. Read, never
//! run: what only a shell could tell is left open.
//!
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_09>

mod lexer;
mod parser;
mod values;

use lexer::Word;
pub use parser::commands;
pub use values::{expanded, keeps, literal, refers};

/// Commands before which an assignment lasts.
const SPECIAL: [&str; 9] = [
    ":", ".", "eval", "exec", "export", "readonly", "set", "trap", "unset",
];

/// One simple command.
#[derive(Debug)]
pub struct Simple<'a> {
    /// Its words, the assignments before it among them.
    pub words: Vec<Word<'a>>,
    /// It does not run where there is something in one of these words.
    wants_empty: Vec<&'a str>,
}

/// What a variable is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned<'a> {
    /// The line.
    pub line: usize,
    /// A word as written; `None` if there is none.
    pub word: Option<&'a str>,
}

impl<'a> Simple<'a> {
    /// Is it left out whenever this variable has a value?
    pub fn spares(&self, variable: &str) -> bool {
        let mut words = self.wants_empty.iter();
        words.any(|word| refers(word, variable))
    }

    /// The assignments before the command, and the command.
    fn parts(&self) -> (&[Word<'a>], &[Word<'a>]) {
        let is_assignment = |word: &&Word| name(word.text).is_some();
        let count = self.words.iter().take_while(is_assignment).count();
        self.words.split_at(count.min(self.words.len()))
    }

    /// What it gives a variable in the end, or takes away.
    pub fn assigned(&self, variable: &str) -> Option<Assigned<'a>> {
        let (before, command) = self.parts();
        let of = |word: &Word<'a>| assignment(word.text, variable, word.line);
        let Some((program, arguments)) = command.split_first() else {
            return before.iter().filter_map(of).next_back();
        };
        let unknown = |word: &Word<'a>| Assigned {
            line: word.line,
            word: None,
        };
        let found = match program.text {
            "export" | "readonly" | "declare" | "typeset" | "local" => {
                let given = |word| argument(word, variable);
                arguments.iter().filter_map(given).next_back()
            }
            "unset" | "read" | "for" => {
                let named = arguments.iter().find(|word| word.text == variable);
                named.map(unknown)
            }
            "eval" => {
                let assigns = format!("{variable}=");
                let mut words = arguments.iter();
                words.find(|word| word.text.contains(&assigns)).map(unknown)
            }
            _ => None,
        };
        let lasts = || SPECIAL.contains(&program.text);
        found.or_else(|| before.iter().filter(|_| lasts()).filter_map(of).next_back())
    }

    /// Does it take in what another file or command says: `. FILE`, `export $(…)`, `eval "$X"`?
    pub fn reads_on(&self) -> bool {
        let (_, command) = self.parts();
        let Some((program, arguments)) = command.split_first() else {
            return false;
        };
        let is_told = |word: &Word| {
            let mut parts = word.text.splitn(2, ['=', '$', '`']);
            let plain = parts.next().map_or(0, str::len);
            word.text
                .get(plain..)
                .is_none_or(|rest| rest.is_empty() || rest.starts_with('='))
        };
        match program.text {
            "." | "source" => true,
            "export" | "readonly" | "eval" => !arguments.iter().all(is_told),
            _ => false,
        }
    }

    /// The variables that it assigns, whatever they are called.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        let plain = |text: &'a str| text.trim_start_matches(['"', '\'']);
        self.words
            .iter()
            .filter_map(move |word| name(plain(word.text)))
    }
}

/// The name in `NAME=VALUE`.
fn name(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (starts && name.chars().all(is_name)).then_some(name)
}

/// What an argument of `export` gives a variable; it may have quotes around it, or in it.
fn argument<'a>(word: &Word<'a>, variable: &str) -> Option<Assigned<'a>> {
    let (line, text) = (word.line, word.text);
    let inside = ['"', '\''].iter().find_map(|mark| {
        let inside = text.strip_prefix(*mark)?.strip_suffix(*mark)?;
        (!inside.contains(*mark)).then_some(inside)
    });
    let plain = assignment(inside.unwrap_or(text), variable, line);
    plain.or_else(|| {
        let bare = text.replace(['"', '\'', '\\'], "");
        assignment(&bare, variable, line).map(|_| Assigned { line, word: None })
    })
}

fn assignment<'a>(word: &'a str, variable: &str, line: usize) -> Option<Assigned<'a>> {
    let rest = word.strip_prefix(variable)?;
    if rest.starts_with("+=") {
        return Some(Assigned { line, word: None });
    }
    let word = rest.strip_prefix('=')?;
    Some(Assigned {
        line,
        word: Some(word),
    })
}
