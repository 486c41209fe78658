//! A script that only starts a launcher, as the `bin/server` that Phoenix puts into its releases: it changes into its own
//! folder, assigns variables and ends in one plain `exec`. It runs as it is; what it starts is what it is.
//!
//! <https://hexdocs.pm/phoenix/releases.html>

use std::path::{Path, PathBuf};

use super::script::Script;
use super::wrapped::{Words, plain_command};
use super::{Cook, Launcher};
use crate::launch::config::Config;
use crate::launch::failure::Failure;
use crate::launch::flags::words::Syntax;
use crate::launch::flags::{Claims, FlagVariables, Place, PortFlags};
use crate::launch::plan::{Command, Recipe, Settled};

/// How such scripts change into their own folder.
const INTO_ITS_FOLDER: [&str; 4] = [
    r#"cd -P -- "$(dirname -- "$0")""#,
    r#"cd -- "$(dirname -- "$0")""#,
    r#"cd "$(dirname -- "$0")""#,
    r#"cd "$(dirname "$0")""#,
];

/// What a script starts.
pub struct Starter {
    /// The command behind its `exec`.
    pub command: Command,
    /// What it assigns on the way there.
    assigned: Vec<Assigned>,
    /// Its file.
    file: PathBuf,
}

/// A variable that a script assigns.
struct Assigned {
    line: usize,
    name: String,
    value: String,
}

impl Starter {
    /// Reads the command's own script, if it is such a one.
    pub fn of(script: &Script, command: &Command, config: &Config) -> Option<Self> {
        let (words, assigned, into_its_folder) = last_exec(&script.text)?;
        let program = Path::new(words.first()?);
        let folder = command.file.parent().filter(|_| into_its_folder);
        let command = if program.components().count() > 1 {
            let file = folder.map_or_else(|| program.into(), |folder| folder.join(program));
            Command { words, file }
        } else if assigned.iter().any(|one| one.name == "PATH") {
            return None;
        } else {
            Command::find(words, &config.environment).ok()?
        };
        Some(Self {
            command,
            assigned,
            file: script.file.clone(),
        })
    }

    /// The launcher that it starts, which it must not take anything away from.
    pub fn start(self, launcher: Launcher) -> Launcher {
        Launcher {
            cook: Box::new(Started {
                cook: launcher.cook,
                starter: self,
            }),
            ..launcher
        }
    }
}

/// The words of the `exec` that a script ends in, what it assigns, and whether it changes into its folder;
/// `None` if there is anything else in it.
fn last_exec(text: &str) -> Option<(Words, Vec<Assigned>, bool)> {
    let mut assigned = Vec::new();
    let mut into_its_folder = false;
    let mut lines = (1..).zip(text.lines().map(str::trim));
    let (_, interpreter) = lines.next()?;
    let mut words = interpreter.split(|c: char| c.is_whitespace() || c == '/');
    if !words.any(|word| matches!(word, "sh" | "bash" | "dash" | "ash")) {
        return None;
    }
    let mut significant = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    while let Some((number, line)) = significant.next() {
        if INTO_ITS_FOLDER.contains(&line) {
            into_its_folder = true;
            continue;
        }
        let plain = plain_command(line)?;
        let mut assign = |name: &str, value: &str| {
            assigned.push(Assigned {
                line: number,
                name: name.to_owned(),
                value: value.to_owned(),
            });
        };
        for (name, value) in &plain.assignments {
            assign(name.to_str()?, value.to_str()?);
        }
        if plain.exec {
            let ends = significant.next().is_none();
            return ends.then_some((plain.words, assigned, into_its_folder));
        }
        let first = plain.words.first().and_then(|word| word.to_str());
        match first {
            None | Some("set") => {}
            Some("export") => {
                for word in plain.words.iter().skip(1) {
                    // One without a sign exports what the environment has already.
                    if let Some((name, value)) = word.to_str()?.split_once('=') {
                        assign(name, value);
                    }
                }
            }
            _ => return None,
        }
    }
    None
}

/// A launcher that a script starts.
struct Started {
    cook: Box<dyn Cook>,
    starter: Starter,
}

impl Cook for Started {
    fn cook(
        &self,
        launcher: &Launcher,
        settled: &Settled,
        flags: &FlagVariables,
        recipe: &mut Recipe,
    ) -> Result<(), Failure> {
        self.cook.cook(launcher, settled, flags, recipe)?;
        let Starter { assigned, file, .. } = &self.starter;
        let taken = assigned.iter().filter(|one| {
            let place = |_| Place::File(file.clone(), one.line);
            let claims = Claims::of_text(&one.value, Syntax::Variable, &place);
            recipe.set.contains_key(&one.name)
                || one.name == "RELEASE_VM_ARGS"
                || FlagVariables::is_one(&one.name)
                    && !(claims.names.is_empty() && claims.spans(PortFlags::Pins).is_empty())
        });
        let lines: Vec<String> = taken
            .map(|Assigned { line, name, .. }| {
                let place = Place::File(file.clone(), *line);
                format!("{place} sets {name} after us, and takes the node's name, cookie or port away; set it in the container's environment")
            })
            .collect();
        if lines.is_empty() {
            Ok(())
        } else {
            Err(Failure::config_lines(lines))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_exec_that_a_script_ends_in() {
        let phoenix = "/bin/sh\nset -eu\n\ncd -P -- \"$(dirname -- \"$0\")\"\nPHX_SERVER=true exec ./app start\n";
        for (text, expected) in [
            (phoenix, Some("./app start / PHX_SERVER / true")),
            (
                "/bin/sh\n# one\nexport A=1 B='x y'\nC=2\nexec /app/bin/app start\n",
                Some("/app/bin/app start / A B C / false"),
            ),
            ("/bin/sh\nexec bin/app start\necho never", None),
            ("/bin/sh\nbin/app eval x\nexec bin/app start", None),
            ("/bin/sh\nexec bin/app \"$@\"", None),
            ("/bin/sh\nif true; then\nexec bin/app start\nfi", None),
            ("/bin/sh\nbin/app start", None),
            ("/bin/sh\n", None),
            ("/usr/bin/perl\nexec bin/app start", None),
        ] {
            let found = last_exec(text).map(|(words, names, into_its_folder)| {
                let words: Vec<_> = words.iter().filter_map(|word| word.to_str()).collect();
                let names: Vec<_> = names.iter().map(|one| one.name.as_str()).collect();
                format!(
                    "{} / {} / {into_its_folder}",
                    words.join(" "),
                    names.join(" ")
                )
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
