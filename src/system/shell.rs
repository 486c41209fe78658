//! Asking a shell what a release's own shell file makes of the environment: `env.sh`, `ejabberdctl.cfg`,
//! `rabbitmq-env.conf`. Nothing here reads shell: the file is sourced once more, by the interpreter of the script that
//! sources it at the real start, and that shell says what its variables are.
//!
//! <https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-environment-variables>: a release sources its env.sh for every
//! command, so once more is within its contract.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::error::{Failure, Failures};
use crate::system::Environment;
use crate::system::Place;
use crate::system::files::text_of;
use crate::system::secrets::Text;

/// How long the file may take. Real ones take 4 to 18 ms, and some ask a metadata service.
const LIMIT: Duration = Duration::from_secs(10);

/// Answers longer than this are no environment's.
const LONGEST: usize = 4 << 20;

/// What is sourced, and how.
pub struct ShellQuery<'a> {
    /// The file that is asked about, for messages.
    pub file: PathBuf,
    /// The interpreter and its options.
    pub interpreter: Vec<OsString>,
    /// What it runs: a start script up to and with the line that sources the file.
    pub text: String,
    /// `$0`.
    pub script: &'a Path,
    /// `$1` and the following.
    pub arguments: &'a [OsString],
    /// The environment.
    pub environment: Environment,
}

/// What the shell said.
#[derive(Clone)]
pub struct ShellAnswer {
    file: PathBuf,
    /// Was a shell asked at all?
    is_asked: bool,
    given: BTreeMap<String, String>,
    outcome: Outcome,
}

#[derive(Clone)]
enum Outcome {
    /// The variables that are set, by name.
    Told(BTreeMap<String, String>),
    /// It did not come to the end of the file, and neither will the real start.
    Ended,
    /// There was no answer in [`LIMIT`].
    Late,
}

impl ShellQuery<'_> {
    /// Asks for variables. `None` where there is no such shell: the real start will say so.
    pub fn ask(self, wanted: &[&str]) -> Option<ShellAnswer> {
        let given = lookup(&self.environment, wanted);
        let outcome = self.outcome(wanted)?;
        Some(ShellAnswer {
            file: self.file,
            is_asked: true,
            given,
            outcome,
        })
    }

    fn outcome(&self, wanted: &[&str]) -> Option<Outcome> {
        let (shell, options) = self.interpreter.split_first()?;
        let (mut answers, theirs) = UnixStream::pair().ok()?;
        // The answer has a descriptor of its own; what the file prints is for the real start.
        let mut text = format!("exec 7>&1 >/dev/null\n{}\n", self.text);
        for name in wanted {
            let _ = writeln!(
                text,
                "[ -z \"${{{name}+x}}\" ] || printf '{name}=%s\\0' \"${name}\" >&7"
            );
        }
        text += "printf '\\0' >&7\n";
        let child = Command::new(shell)
            .args(options)
            .arg("-c")
            .arg(&text)
            .arg(self.script)
            .args(self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(OwnedFd::from(theirs))
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .ok()?;
        let outcome = read(&mut answers, Instant::now() + LIMIT);
        end(child);
        Some(outcome)
    }
}

/// Reads records that end in NUL, up to the empty one that ends the answer.
fn read(answers: &mut UnixStream, deadline: Instant) -> Outcome {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        if bytes == [0] || bytes.ends_with(&[0, 0]) {
            return Outcome::Told(records(&bytes));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || answers.set_read_timeout(Some(left)).is_err() {
            return Outcome::Late;
        }
        match answers.read(&mut part) {
            Ok(count) if count == 0 || bytes.len() > LONGEST => return Outcome::Ended,
            Ok(count) => bytes.extend_from_slice(part.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Outcome::Late,
        }
    }
}

fn records(bytes: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(bytes);
    let pairs = text.split('\0').filter_map(|record| record.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Ends the shell and what the file left in the background: the real start makes its own.
fn end(mut child: Child) {
    let group = i32::try_from(child.id()).map(Pid::from_raw);
    let _ = group.map(|group| killpg(group, Signal::SIGKILL));
    let _ = child.wait();
}

fn lookup(environment: &Environment, wanted: &[&str]) -> BTreeMap<String, String> {
    let known = |name: &OsStr| wanted.iter().find(|wanted| name == **wanted);
    let pairs = environment.iter().filter_map(|(name, value)| {
        let name = (*known(name)?).to_owned();
        Some((name, value.to_string_lossy().into_owned()))
    });
    pairs.collect()
}

impl ShellAnswer {
    /// Where there is no file to ask about: everything stays as it is given.
    pub fn none(environment: &Environment, wanted: &[&str]) -> Self {
        let given = lookup(environment, wanted);
        Self {
            file: PathBuf::new(),
            is_asked: false,
            outcome: Outcome::Told(given.clone()),
            given,
        }
    }

    /// A variable's value behind the file, where it is set to anything; without an answer, what it was before.
    pub fn value(&self, name: &str) -> Option<&str> {
        let all = match &self.outcome {
            Outcome::Told(told) => told,
            Outcome::Ended | Outcome::Late => &self.given,
        };
        all.get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Will a variable have this value behind the file, if it is set so before it?
    pub fn keeps(&self, name: &str, value: &str) -> bool {
        let Outcome::Told(told) = &self.outcome else {
            return false;
        };
        let empty = String::new();
        let of = |all: &BTreeMap<String, String>| all.get(name).unwrap_or(&empty).clone();
        of(told) == value || of(told) == of(&self.given)
    }

    /// Does the file assign the variable something else than it was given?
    pub fn assigns(&self, name: &str) -> bool {
        matches!(&self.outcome, Outcome::Told(told) if told.get(name) != self.given.get(name))
    }

    /// Refuses what the file does to the variables of a start: one that gets another value.
    ///
    /// # Errors
    /// A line for each.
    pub fn check(&self, set: &BTreeMap<String, Text>) -> Result<(), Failure> {
        let Outcome::Told(told) = &self.outcome else {
            return Ok(());
        };
        let mut failures = Failures::default();
        for (name, ours) in set {
            let is_asked = told.contains_key(name) || self.given.contains_key(name);
            if is_asked && !self.keeps(name, &ours.reveal().to_string_lossy()) {
                let place = self.place(name);
                failures.push(format!(
                    "{place} sets {name} after us, which beats {name}={ours}; remove that line"
                ));
            }
        }
        failures.or(())
    }

    /// The variables that are set behind the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let told = match &self.outcome {
            Outcome::Told(told) => told,
            Outcome::Ended | Outcome::Late => &self.given,
        };
        told.keys().map(String::as_str)
    }

    /// Does the file name a variable?
    pub fn reads(&self, name: &str) -> bool {
        text_of(&self.file).is_ok_and(|text| text.contains(name))
    }

    /// The file that was sourced for the answer.
    pub fn sourced(&self) -> Option<&Path> {
        self.is_asked.then_some(self.file.as_path())
    }

    /// What a variable was before the file.
    pub fn was(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// The same answer, about the file that a variable of it leads to.
    pub fn about_file_in(self, name: &str) -> Self {
        let file = self.value(name).map(PathBuf::from);
        Self {
            file: file.unwrap_or_else(|| self.file.clone()),
            ..self
        }
    }

    /// Did the shell answer?
    pub fn is_told(&self) -> bool {
        matches!(self.outcome, Outcome::Told(_))
    }

    /// The warning of an answer that did not come in time.
    pub fn late_warning(&self) -> Option<String> {
        matches!(self.outcome, Outcome::Late).then(|| {
            format!(
                "{} gave no answer within {}s, so what it sets is not known before the start; does it wait for something?",
                self.file.display(),
                LIMIT.as_secs()
            )
        })
    }

    /// Where a variable got its value: the line of the file that seems to assign it, or the environment.
    pub fn place(&self, name: &str) -> Place {
        if !self.assigns(name) {
            return Place::Variable(name.to_owned());
        }
        let text = text_of(&self.file).unwrap_or_default();
        let assigns = format!("{name}=");
        let is_it = |(_, line): &(usize, &str)| {
            line.contains(&assigns) && !line.trim_start().starts_with('#')
        };
        let lines = || (1..).zip(text.lines()).filter(is_it);
        // Of several branches the one that has the very value was taken.
        let value = self.value(name).unwrap_or_default();
        let line = lines().find(|(_, line)| line.contains(value));
        let line = line.or_else(|| lines().next());
        Place::File(self.file.clone(), line.map_or(0, |(number, _)| number))
    }
}

/// The words of a script's `#!` line: the interpreter, and its argument where it has one. execve(2)
pub fn interpreter(text: &str) -> Option<Vec<OsString>> {
    let line = text.lines().next()?;
    let line = line.strip_prefix("#!").unwrap_or(line).trim();
    let mut words = line.splitn(2, [' ', '\t']);
    let program = words.next().filter(|program| !program.is_empty())?;
    let argument = words.next().map(str::trim).filter(|one| !one.is_empty());
    let words = [Some(program), argument].into_iter().flatten();
    Some(
        words
            .map(|word| OsString::from_vec(word.as_bytes().to_vec()))
            .collect(),
    )
}

/// What a script runs up to and with its first line that sources a file of which `named` is part of the name; without its
/// `#!` line.
pub fn up_to_source(text: &str, named: &str) -> Option<String> {
    let sources = |line: &str| {
        let command = line.rsplit("&& ").next().unwrap_or(line).trim_start();
        (command.starts_with(". ") || command.starts_with("source ")) && line.contains(named)
    };
    let at = text.lines().skip(1).position(sources)?;
    let lines: Vec<&str> = text.lines().skip(1).take(at + 1).collect();
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const WANTED: [&str; 3] = ["A", "B", "C"];

    fn ask(text: &str) -> ShellAnswer {
        let question = ShellQuery {
            file: "/nowhere/env.sh".into(),
            interpreter: vec!["/bin/sh".into()],
            text: text.into(),
            script: Path::new("/bin/app"),
            arguments: &["start".into()],
            environment: Environment::from(vec![
                ("PATH".into(), "/usr/bin:/bin".into()),
                ("A".into(), "one".into()),
                ("B".into(), "two".into()),
            ]),
        };
        question.ask(&WANTED).unwrap()
    }

    #[test]
    fn the_shell_says_what_it_makes_of_the_variables() {
        for (text, a, b, c) in [
            ("", Some("one"), Some("two"), None),
            (
                "A=1; unset B; C=\"$0 $1\"",
                Some("1"),
                None,
                Some("/bin/app start"),
            ),
            (
                "set -eu; A=$(echo \"a\nb\"); echo noise",
                Some("a\nb"),
                Some("two"),
                None,
            ),
            ("command export A=evil", Some("evil"), Some("two"), None),
            ("B=${B:-x} C=${C:-y}", Some("one"), Some("two"), Some("y")),
            ("sleep 100 & A=x", Some("x"), Some("two"), None),
            ("A=", None, Some("two"), None),
            ("A=x; exit 3", Some("one"), Some("two"), None),
            ("set -e; A=x; false", Some("one"), Some("two"), None),
        ] {
            let answer = ask(text);
            let told = WANTED.map(|name| answer.value(name));
            assert_eq!(told, [a, b, c], "{text}");
        }
    }

    #[test]
    fn knows_what_would_hold() {
        let answer = ask("A=x B=${B:-y}");
        assert!(answer.keeps("B", "anything") && answer.keeps("C", "z"));
        assert!(answer.keeps("A", "x") && !answer.keeps("A", "one"));
        assert!(answer.assigns("A") && !answer.assigns("B"));
        assert!(!ask("exit 0").keeps("B", "two"), "nothing is known");
    }

    #[test]
    fn reads_the_interpreter_and_the_part_of_the_script() {
        for (text, expected) in [
            ("#!/bin/sh\nx", "/bin/sh"),
            ("#! /bin/bash -e\n", "/bin/bash|-e"),
            ("#!/usr/bin/env -S bash -e", "/usr/bin/env|-S bash -e"),
            ("#!\n", ""),
        ] {
            let words = interpreter(text).unwrap_or_default().join(OsStr::new("|"));
            assert_eq!(words, expected, "{text}");
        }
        let script = "/bin/sh\nset -e\n[ -f x ] && . \"$DIR/other\"\n. \"$DIR/env.sh\"\nexec x";
        let part = "set -e\n[ -f x ] && . \"$DIR/other\"\n. \"$DIR/env.sh\"";
        assert_eq!(up_to_source(script, "env.sh").as_deref(), Some(part));
        assert_eq!(up_to_source("echo . env.sh", "env.sh"), None);
    }
}
