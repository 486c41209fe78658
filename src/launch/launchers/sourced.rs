//! A file of assignments that a start script sources, so that it has the last word: a mix release's env.sh,
//! rabbitmq-env.conf, ejabberdctl.cfg. Read, never run: what only a shell could tell is left open.
//!
//! `.`, in <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html>

use std::path::PathBuf;

use super::Fixed;
use crate::launch::flags::Place;
use crate::launch::plan::Recipe;

/// Such a file.
pub struct Sourced {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

impl Sourced {
    /// Reads it; one that is not there, or not for this user, says nothing.
    pub fn read(path: PathBuf) -> Self {
        let bytes = std::fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Self { path, text }
    }

    /// The last line that assigns a variable whatever its value was, and the words that it assigns.
    fn last(&self, variable: &str) -> Option<(Place, &str)> {
        let assigning = lines(&self.text).filter(|line| !line.keeps(variable));
        let found = assigning.filter_map(|line| {
            let place = Place::File(self.path.clone(), line.number);
            Some((place, assigned(line.text, variable)?))
        });
        found.last()
    }

    /// What it assigns to a variable in the end.
    pub fn assigned(&self, variable: &'static str) -> Option<Fixed> {
        let (place, word) = self.last(variable)?;
        Some(Fixed {
            place,
            variable,
            value: literal(word),
        })
    }

    /// The flags that it assigns to a variable, and their place; `None` if it leaves that alone.
    pub fn flags(&self, variable: &str) -> Option<(String, Place)> {
        let (place, word) = self.last(variable)?;
        let flags = word.replace(['"', '\''], " ");
        Some((flags.trim().to_owned(), place))
    }

    /// The first line that sources a further file: what that assigns is not known.
    pub fn reads_on(&self) -> Option<Place> {
        let sources = |text: &str| {
            text.split([';', '&', '|', '{', '('])
                .filter_map(|command| {
                    let mut words = command.split_whitespace();
                    words.find(|word| !matches!(*word, "then" | "else" | "do"))
                })
                .any(|word| matches!(word, "." | "source"))
        };
        let found = lines(&self.text).find(|line| sources(line.text))?;
        Some(Place::File(self.path.clone(), found.number))
    }

    /// Complains of lines that give a variable of ours another value, or lead the VM away from its cookie's file.
    pub fn beats(&self, recipe: &Recipe) -> Vec<String> {
        let lost = recipe.set.iter().filter_map(|(name, ours)| {
            let (place, word) = self.last(name)?;
            let same = literal(word).is_some_and(|value| ours.reveal() == value.as_str());
            (!same && !ours.reveal().is_empty()).then(|| {
                format!("{place} sets {name} after us, which beats {name}={ours}; remove that line")
            })
        });
        let away = self.last("HOME").map(|(place, _)| {
            format!("{place} sets HOME, where the VM looks for its cookie; remove that line")
        });
        lost.chain(away).collect()
    }
}

/// A line that may assign something, and the conditions that it stands under.
pub struct Line<'a> {
    /// From 1.
    pub number: usize,
    /// Without the blanks around it.
    pub text: &'a str,
    conditions: Vec<&'a str>,
}

impl Line<'_> {
    /// Does it, or an `if` or `case` around it, look at the variable's value first?
    pub fn keeps(&self, variable: &str) -> bool {
        let asks = |text: &str| {
            text.contains(&format!("${variable}")) || text.contains(&format!("${{{variable}"))
        };
        asks(self.text) || self.conditions.iter().any(|condition| asks(condition))
    }
}

/// The lines of a text that are no comments.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut conditions: Vec<&str> = Vec::new();
    let all = (1..)
        .zip(text.lines().map(str::trim))
        .map(move |(number, text)| {
            match text.split_whitespace().next().unwrap_or_default() {
                "if" | "case" => conditions.push(text),
                "fi" | "esac" => drop(conditions.pop()),
                _ => {}
            }
            Line {
                number,
                text,
                conditions: conditions.clone(),
            }
        });
    all.filter(|line| !line.text.starts_with('#'))
}

/// What a line assigns to a variable, wherever on the line the assignment stands: one word of the shell's, as written.
pub fn assigned<'a>(line: &'a str, variable: &str) -> Option<&'a str> {
    let value = line.match_indices(variable).find_map(|(at, _)| {
        let (before, rest) = line.split_at_checked(at)?;
        let begins = before
            .chars()
            .next_back()
            .is_none_or(|c| c.is_whitespace() || ";&|(){".contains(c));
        rest.strip_prefix(variable)?
            .strip_prefix('=')
            .filter(|_| begins)
    })?;
    let mut quote = None;
    let end = value.char_indices().find(|(_, c)| {
        match quote {
            None if matches!(c, '\'' | '"' | '`') => quote = Some(*c),
            None => return c.is_whitespace() || ";&|)".contains(*c),
            Some(mark) if mark == *c => quote = None,
            Some(_) => {}
        }
        false
    });
    value.get(..end.map_or(value.len(), |(at, _)| at))
}

/// Does a line take a variable away, whatever its value was?
pub fn unsets(line: &str, variable: &str) -> bool {
    line.split([';', '&', '|']).any(|command| {
        let mut words = command.split_whitespace();
        words.any(|word| word == "unset") && words.any(|word| word == variable)
    })
}

/// The value, if it is one that no shell changes.
pub fn literal(word: &str) -> Option<String> {
    let raw = word
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    let quoted = word
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let text = raw.or(quoted).unwrap_or(word);
    let changed = text.contains(['$', '`', '\\', '"', '\'', ' ', '*', '~']);
    (!changed && !text.is_empty()).then(|| text.to_owned())
}
