//! The launcher behind `env NAME=VALUE …`, `sh -c …`, `sh FILE`, `gosu USER …`, `tini -- …` and the like, and behind a script
//! that ends in one plain `exec`, such as the `bin/server` that Phoenix puts into its releases. First step of every start: what is found
//! is then recognised.
//!
//! Only one-line wrappers and a script's last line are read, and only where a shell would expand nothing in them. What `env`
//! and `sh -c` would run is run in their place; any other command stays as it is, and only decides how the launcher behind
//! it is configured. The watcher checks the node that comes of it.
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_09_01>,
//! <https://hexdocs.pm/phoenix/releases.html>

mod plain_command;
mod runner;

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::script::Script;
use crate::config::{Config, LauncherKind};
use crate::error::Failure;
use crate::system::Environment;
use crate::system::account::Account;
use crate::system::program::Command;
use plain_command::{Assignment, PlainCommand};

/// Wrappers inside each other: `env A=b sh -c 'exec env C=d erl'`.
const DEPTH: usize = 6;

/// How a script changes into its own folder.
const INTO_ITS_FOLDER: [&str; 4] = [
    r#"cd -P -- "$(dirname -- "$0")""#,
    r#"cd -- "$(dirname -- "$0")""#,
    r#"cd "$(dirname -- "$0")""#,
    r#"cd "$(dirname "$0")""#,
];

const SHELLS: [&str; 4] = ["sh", "bash", "dash", "ash"];

/// A launcher's command, and the command that will be run to start it.
pub struct LauncherCommand {
    /// What will be run; the launcher's own command, if it has no wrapper that stays.
    pub outer: Command,
    pub command: Command,
    /// The launcher's file, where it is a script.
    pub script: Option<Script>,
    /// The user that a wrapper changes to.
    pub account: Option<Account>,
    /// Does a script around it name variables of a mix release?
    pub sets_release: bool,
    /// The environment's configuration, with what the wrappers assign.
    pub config: Config,
}

/// One wrapper around a command.
#[derive(Default)]
struct Wrapper {
    words: Vec<OsString>,
    assignments: Vec<Assignment>,
    /// May the inner command be run in the wrapper's place?
    is_replaced: bool,
    /// The folder that it changes to.
    folder: Option<PathBuf>,
    /// `USER` or `USER:GROUP`, as it is written.
    user: Option<String>,
    sets_release: bool,
}

impl LauncherCommand {
    /// Removes the wrappers. Where there is no launcher behind them, the command is its own.
    pub fn find(command: &Command, config: Config) -> Result<Self, Failure> {
        let mut environment = config.environment.clone();
        let mut wrappers: Vec<(Wrapper, Command)> = Vec::new();
        loop {
            let inner = wrappers.last().map_or(command, |(_, inner)| inner);
            let script = Script::read(inner);
            if super::detect(inner, script.as_ref()).is_some() {
                break;
            }
            let next = Wrapper::around(inner, script.as_ref(), &environment);
            let Some(next) = next.filter(|_| wrappers.len() < DEPTH) else {
                let is_kept = wrappers.iter().any(|(wrapper, _)| !wrapper.is_replaced);
                if is_kept || matches!(config.launcher, LauncherKind::Auto | LauncherKind::None) {
                    wrappers.clear();
                }
                break;
            };
            for (name, value) in &next.0.assignments {
                environment.set(name, value);
            }
            wrappers.push(next);
        }
        let assignments = wrappers
            .iter()
            .flat_map(|(wrapper, _)| &wrapper.assignments);
        let assigned = assignments.map(|(name, _)| name.to_string_lossy().into_owned());
        let assigned: Vec<String> = assigned.collect();
        if let Some(name) = assigned.iter().find(|name| name.starts_with("BEAMINIT_")) {
            return Err(Failure::config(format!(
                "{} sets {name}, which beaminit has read by then; set it in the container's environment",
                command.name()
            )));
        }
        let config = if assigned.is_empty() {
            config
        } else {
            let config = Config::read(environment, config.wants_cookie)?;
            Config { assigned, ..config }
        };
        let inner = wrappers.last().map_or(command, |(_, inner)| inner).clone();
        let replaced = wrappers
            .iter()
            .take_while(|(wrapper, _)| wrapper.is_replaced);
        Ok(Self {
            outer: replaced.last().map_or(command, |(_, inner)| inner).clone(),
            account: wrappers.iter().find_map(|(wrapper, _)| wrapper.account()),
            sets_release: wrappers.iter().any(|(wrapper, _)| wrapper.sets_release),
            script: Script::read(&inner),
            command: inner,
            config,
        })
    }

    /// Does a wrapper stay around the launcher?
    pub fn is_wrapped(&self) -> bool {
        self.outer.words != self.command.words
    }
}

impl Wrapper {
    /// The wrapper that a command is, and the command in it, whose file is in PATH, or where its path leads from the
    /// wrapper's folder.
    fn around(
        command: &Command,
        script: Option<&Script>,
        environment: &Environment,
    ) -> Option<(Self, Command)> {
        let of_program = Self::of_program(&command.words, environment);
        let wrapper = of_program.or_else(|| Self::of_script(script?, command))?;
        let words = wrapper.words.clone();
        let program = Path::new(words.first()?);
        let inner = match &wrapper.folder {
            Some(folder) if program.components().count() > 1 => Command {
                file: folder.join(program),
                words,
            },
            // A program that is missing is left to the wrapper.
            _ => Command::find(words, environment).ok()?,
        };
        Some((wrapper, inner))
    }

    fn account(&self) -> Option<Account> {
        Account::taken(self.user.as_ref()?.split(':').next()?)
    }

    /// A wrapper that is recognised by its program's name.
    fn of_program(words: &[OsString], environment: &Environment) -> Option<Self> {
        let (program, arguments) = words.split_first()?;
        match Path::new(program).file_name()?.to_str()? {
            "env" => Self::of_env(arguments),
            "bash" => {
                let mut shell = Self::of_shell(arguments)?;
                // bash reads that file first, and whatever is in it comes before the command.
                shell.is_replaced &= environment.get("BASH_ENV").is_none();
                Some(shell)
            }
            "sh" | "ash" | "dash" => Self::of_shell(arguments),
            "su" => Self::of_su(arguments),
            "runuser" => Self::of_su(arguments).or_else(|| Self::of_runner("runuser", arguments)),
            name => Self::of_runner(name, arguments),
        }
    }

    /// `[-s SHELL] [USER] -c COMMAND`, in any order. Not with `-` or `-l`, which keep nothing of the environment. su(1)
    fn of_su(arguments: &[OsString]) -> Option<Self> {
        let (mut user, mut script) = (None, None);
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.to_str()? {
                "-c" | "--command" => script = words.next(),
                "-s" | "--shell" => drop(words.next()?),
                "-m" | "-p" | "--preserve-environment" => {}
                name if user.is_none() && !name.starts_with('-') => user = Some(name.to_owned()),
                _ => return None,
            }
        }
        let inner = Self::of_shell(&["-c".into(), script?.clone()])?;
        Some(Self {
            user,
            is_replaced: false,
            ..inner
        })
    }

    /// `[--] NAME=VALUE… COMMAND…`, without options.
    fn of_env(arguments: &[OsString]) -> Option<Self> {
        let arguments = match arguments.split_first() {
            Some((first, rest)) if first == "--" => rest,
            _ => arguments,
        };
        let assignments = arguments
            .iter()
            .map_while(|word| plain_command::split(word));
        let assignments: Vec<Assignment> = assignments.collect();
        let words = arguments.get(assignments.len()..)?.to_vec();
        let is_option = words.first()?.as_bytes().starts_with(b"-");
        (!is_option).then(|| Self {
            words,
            assignments,
            is_replaced: true,
            ..Self::default()
        })
    }

    /// `-c 'NAME=VALUE… exec COMMAND…'`, with `e` or `l` among its letters, also with other commands before an `exec`, or
    /// `FILE ARG…`.
    fn of_shell(arguments: &[OsString]) -> Option<Self> {
        let (first, rest) = arguments.split_first()?;
        let Some(letters) = first.to_str()?.strip_prefix('-') else {
            return Some(Self {
                words: arguments.to_vec(),
                ..Self::default()
            });
        };
        let [script] = rest else { return None };
        let is_plain = letters.ends_with('c') && letters.chars().all(|c| "celux".contains(c));
        let script = script.to_str().filter(|_| is_plain)?;
        let Some(plain) = PlainCommand::parse(script) else {
            return Self::of_commands(&plain_command::commands(script), None);
        };
        let program = plain.words.first()?.as_bytes();
        let is_program =
            !program.is_empty() && !program.starts_with(b"-") && !program.contains(&b'=');
        is_program.then(|| Self {
            assignments: plain.assignments,
            // A login shell has files of its own to read first.
            is_replaced: letters == "c" || letters == "ec",
            words: plain.words,
            ..Self::default()
        })
    }

    /// The `exec` that a script ends in, with the script's own arguments where it hands them on.
    fn of_script(script: &Script, command: &Command) -> Option<Self> {
        if !script.is_run_by(&SHELLS) {
            return None;
        }
        let lines = script.text.lines().skip(1).map(str::trim);
        let lines: Vec<&str> = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        let (last, before) = lines.split_last()?;
        let without_arguments = last.strip_suffix("\"$@\"");
        let last = plain_command::commands(without_arguments.unwrap_or(last));
        let commands: Vec<&str> = before.iter().copied().chain(last).collect();
        let mut wrapper = Self::of_commands(&commands, script.file.parent())?;
        if without_arguments.is_some() {
            let arguments = command.words.iter().skip(1).cloned();
            wrapper.words.extend(arguments);
        }
        Some(wrapper)
    }

    /// The plain `exec` that these commands end in; `own_folder` is where their script is.
    fn of_commands(commands: &[&str], own_folder: Option<&Path>) -> Option<Self> {
        let (last, before) = commands.split_last()?;
        let plain = PlainCommand::parse(last)?;
        let folder = before.iter().rev().find_map(|line| {
            if INTO_ITS_FOLDER.contains(line) {
                return own_folder.map(Path::to_owned);
            }
            match PlainCommand::parse(line)?.words.as_slice() {
                [cd, folder] if cd == "cd" => Some(folder.into()),
                _ => None,
            }
        });
        let names_release = |line: &&str| {
            let variables = ["RELEASE_NODE", "RELEASE_DISTRIBUTION", "RELEASE_COOKIE"];
            variables.iter().any(|name| line.contains(name))
        };
        plain.is_exec.then(|| Self {
            words: plain.words,
            folder,
            sets_release: commands.iter().any(names_release),
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests;
