//! A file of assignments that a start script sources, so that it has the last word: a mix release's env.sh,
//! rabbitmq-env.conf, ejabberdctl.cfg. Read, never run: what only a shell could tell is left open.
//!
//! `.`, in <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html>

use std::path::PathBuf;

use super::Fixed;
use super::shell::{commands, expanded, keeps, literal, refers};
use crate::launch::files::text_of;
use crate::launch::flags::Place;
use crate::launch::plan::Recipe;

/// Such a file.
pub struct Sourced {
    /// Where it is.
    path: PathBuf,
    /// What it says.
    text: String,
}

impl Sourced {
    /// Reads it; one that is not there, or not for this user, says nothing.
    pub fn read(path: PathBuf) -> Self {
        let text = text_of(&path).unwrap_or_default();
        Self::of(path, text)
    }

    /// One that says this.
    pub fn of(path: PathBuf, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { path, text }
    }

    /// The lines that assign a variable whatever its value was, and the words that they assign; `None` for what only a
    /// shell could tell. Flags are kept where they go into a longer value.
    fn all<'a>(&'a self, variable: &str) -> Vec<(Place, Option<&'a str>)> {
        let kept =
            |word: &str| keeps(word, variable) || is_of_flags(variable) && refers(word, variable);
        let assigning = commands(&self.text).into_iter();
        let assigning = assigning.filter(|command| !command.spares(variable));
        let found = assigning.filter_map(|command| {
            let assigned = command.assigned(variable)?;
            let place = Place::File(self.path.clone(), assigned.line);
            Some((place, assigned.word))
        });
        found.filter(|(_, word)| !word.is_some_and(kept)).collect()
    }

    /// The last of them.
    fn last<'a>(&'a self, variable: &str) -> Option<(Place, &'a str)> {
        let (place, word) = self.all(variable).pop()?;
        Some((place, word.unwrap_or_default()))
    }

    /// What each of its lines assigns to a variable.
    pub fn assignments(&self, variable: &str) -> Vec<Fixed> {
        let all = self.all(variable).into_iter();
        let fixed = all.map(|(place, word)| Fixed {
            place,
            variable: variable.into(),
            value: word.and_then(literal),
        });
        fixed.collect()
    }

    /// What it assigns to a variable in the end.
    pub fn assigned(&self, variable: &str) -> Option<Fixed> {
        self.assignments(variable).pop()
    }

    /// The flags that it assigns to a variable, and their place; `None` if it leaves that alone.
    pub fn flags(&self, variable: &str) -> Option<(String, Place)> {
        let (place, word) = self.last(variable)?;
        Some((flags(word), place))
    }

    /// The flags that its lines add to variables which `is_one` tells, or put into their place.
    pub fn all_flags(&self, is_one: impl Fn(&str) -> bool) -> Vec<(String, String, Place)> {
        let mut found = Vec::new();
        for command in commands(&self.text) {
            for variable in command.names().filter(|name| is_one(name)) {
                let assigned = command.assigned(variable);
                let Some((line, word)) = assigned.and_then(|one| Some((one.line, one.word?)))
                else {
                    continue;
                };
                let place = Place::File(self.path.clone(), line);
                found.push((variable.to_owned(), flags(word), place));
            }
        }
        found
    }

    /// A path that it assigns to a variable in the end, if it is one that `known` variables tell.
    pub fn path_in(
        &self,
        variable: &str,
        known: &dyn Fn(&str) -> Option<String>,
    ) -> Option<(Fixed, Option<String>)> {
        let (_, word) = self.last(variable)?;
        Some((self.assigned(variable)?, expanded(word, known)))
    }

    /// The first line that sources a further file: what that assigns is not known.
    pub fn reads_on(&self) -> Option<Place> {
        let commands = commands(&self.text);
        let mut sourcing = commands.iter().filter(|command| command.reads_on());
        let line = sourcing.next()?.words.first()?.line;
        Some(Place::File(self.path.clone(), line))
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

fn flags(word: &str) -> String {
    word.replace(['"', '\''], " ").trim().to_owned()
}

/// Does a variable of this name hold flags, of which there may be more?
fn is_of_flags(variable: &str) -> bool {
    let endings = ["FLAGS", "ERL_OPTIONS", "ERL_ARGS", "START_ARGS"];
    endings.iter().any(|ending| variable.ends_with(ending))
}
