//! Asks a shell how a release's own shell file changes the environment: `env.sh`, `ejabberdctl.cfg`,
//! `rabbitmq-env.conf`. Nothing here parses shell: the file is sourced once more, by the interpreter of the script that
//! sources it at the real start, and that shell prints its variables.
//!
//! <https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-environment-variables>: a release sources its env.sh for every
//! command, so once more is within its contract.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _};
use std::os::fd::OwnedFd;
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

/// How often it is looked whether the shell still runs the file.
const LOOK: Duration = Duration::from_millis(20);

/// In bytes; no environment is larger.
const LONGEST: usize = 4 << 20;

pub struct ShellQuery<'a> {
    /// The file that is asked about, for messages.
    pub file: PathBuf,
    /// The interpreter and its options.
    pub interpreter: Vec<OsString>,
    /// What it runs: a start script up to and with the line that sources the file.
    pub text: String,
    /// `$0`.
    pub script: &'a Path,
    /// `$1` and following.
    pub arguments: &'a [OsString],
    pub environment: &'a Environment,
}

/// A release's variables before and after its shell file.
#[derive(Clone)]
pub struct ShellAnswer {
    file: PathBuf,
    /// There was a file, and a shell has sourced it.
    is_sourced: bool,
    before: Values,
    after: Result<Values, NoAnswer>,
}

/// Those that are set, by name.
type Values = BTreeMap<String, String>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum NoAnswer {
    /// The shell did not reach the end of the file, and neither will the real start.
    Ended,
    /// There was no answer in [`LIMIT`].
    Late,
    /// The file made another program of the shell, as `exec doppler run -- "$0" "$@"` does. That would be the node.
    Replaced,
}

impl ShellQuery<'_> {
    /// Asks for the `wanted` variables. `None` where there is no such shell: the real start will report that.
    pub fn ask(self, wanted: &[&str]) -> Option<ShellAnswer> {
        let after = self.run(wanted)?;
        Some(ShellAnswer {
            is_sourced: true,
            before: lookup(self.environment, wanted),
            file: self.file,
            after,
        })
    }

    fn run(&self, wanted: &[&str]) -> Option<Result<Values, NoAnswer>> {
        let (shell, options) = self.interpreter.split_first()?;
        let (mut answers, output) = UnixStream::pair().ok()?;
        // The answer has a descriptor of its own; the file's own output is left to the real start.
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
            .envs(self.environment.0.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(OwnedFd::from(output))
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .ok()?;
        // The shell, and an `env` that starts it, have the text among their arguments.
        let line = format!("/proc/{}/cmdline", child.id());
        let runs_file = || {
            let line = std::fs::read(&line);
            line.map_or(true, |line| {
                line.windows(text.len()).any(|part| part == text.as_bytes())
            })
        };
        let variables = read(&mut answers, runs_file);
        end(child);
        Some(variables)
    }
}

/// Reads records that end in NUL, up to the empty one that ends the answer.
fn read(answers: &mut UnixStream, runs_file: impl Fn() -> bool) -> Result<Values, NoAnswer> {
    let deadline = Instant::now() + LIMIT;
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        if bytes == [0] || bytes.ends_with(&[0, 0]) {
            return Ok(records(&bytes));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || answers.set_read_timeout(Some(left.min(LOOK))).is_err() {
            return Err(NoAnswer::Late);
        }
        match answers.read(&mut part) {
            Ok(count) if count == 0 || bytes.len() > LONGEST => return Err(NoAnswer::Ended),
            Ok(count) => bytes.extend_from_slice(part.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(NoAnswer::Late),
            Err(_) if !runs_file() => return Err(NoAnswer::Replaced),
            Err(_) => {}
        }
    }
}

fn records(bytes: &[u8]) -> Values {
    let text = String::from_utf8_lossy(bytes);
    let pairs = text.split('\0').filter_map(|record| record.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Ends the shell and the background processes of the file: the real start makes its own.
fn end(mut child: Child) {
    let group = i32::try_from(child.id()).map(Pid::from_raw);
    let _ = group.map(|group| killpg(group, Signal::SIGKILL));
    let _ = child.wait();
}

fn lookup(environment: &Environment, wanted: &[&str]) -> Values {
    let pairs = environment.0.iter().filter_map(|(name, value)| {
        let name = wanted.iter().find(|wanted| name == **wanted)?;
        Some(((*name).to_owned(), value.to_string_lossy().into_owned()))
    });
    pairs.collect()
}

impl ShellAnswer {
    /// Where there is no file: the variables stay as they are.
    pub fn none(environment: &Environment, wanted: &[&str]) -> Self {
        let before = lookup(environment, wanted);
        Self {
            file: PathBuf::new(),
            is_sourced: false,
            after: Ok(before.clone()),
            before,
        }
    }

    /// Those after the file; without an answer, those before it.
    fn variables(&self) -> &Values {
        self.after.as_ref().unwrap_or(&self.before)
    }

    /// A variable's value after the file, if it is not empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        let value = self.variables().get(name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Will a variable have this value after the file, if it is set so before it?
    pub fn keeps(&self, name: &str, value: &str) -> bool {
        let Ok(after) = &self.after else {
            return false;
        };
        let of = |all: &'_ Values| all.get(name).cloned().unwrap_or_default();
        let after = of(after);
        after == value || after == of(&self.before)
    }

    /// Does the file change the variable?
    pub fn assigns(&self, name: &str) -> bool {
        let after = self.after.as_ref();
        after.is_ok_and(|after| after.get(name) != self.before.get(name))
    }

    /// Refuses a file that changes a variable of ours.
    ///
    /// # Errors
    /// A line for each.
    pub fn check(&self, set: &BTreeMap<String, Text>) -> Result<(), Failure> {
        let Ok(after) = &self.after else {
            return Ok(());
        };
        let mut failures = Failures::default();
        for (name, ours) in set {
            let is_wanted = after.contains_key(name) || self.before.contains_key(name);
            if is_wanted && !self.keeps(name, &ours.reveal().to_string_lossy()) {
                let place = self.place(name);
                failures.push(format!(
                    "{place} sets {name} after us, which beats {name}={ours}; remove that line"
                ));
            }
        }
        failures.or(())
    }

    /// The variables that are set after the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables().keys().map(String::as_str)
    }

    /// Is a variable's name anywhere in the file?
    pub fn reads(&self, name: &str) -> bool {
        text_of(&self.file).is_ok_and(|text| text.contains(name))
    }

    pub fn sourced_file(&self) -> Option<&Path> {
        self.is_sourced.then_some(self.file.as_path())
    }

    /// A variable's value before the file.
    pub fn value_before(&self, name: &str) -> Option<&str> {
        self.before.get(name).map(String::as_str)
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
    pub fn is_known(&self) -> bool {
        self.after.is_ok()
    }

    /// The warning of an answer that did not come.
    pub fn warning(&self) -> Option<String> {
        let file = self.file.display();
        match self.after {
            Err(NoAnswer::Late) => Some(format!(
                "{file} gave no answer within {}s, so what it sets is not known before the start; does it wait for something?",
                LIMIT.as_secs()
            )),
            Err(NoAnswer::Replaced) => Some(format!(
                "{file} runs another program with exec, so what it sets is not known before the start"
            )),
            Err(NoAnswer::Ended) | Ok(_) => None,
        }
    }

    /// The place that set a variable: the line of the file that seems to assign it, or the environment.
    pub fn place(&self, name: &str) -> Place {
        if !self.assigns(name) {
            return Place::Variable(name.to_owned());
        }
        let text = text_of(&self.file).unwrap_or_default();
        let assigns = format!("{name}=");
        let is_assignment = |(_, line): &(usize, &str)| {
            line.contains(&assigns) && !line.trim_start().starts_with('#')
        };
        let lines = || (1..).zip(text.lines()).filter(is_assignment);
        // Of several branches, the one with this value was taken.
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
    let (program, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let words = [program, argument.trim()].into_iter();
    let words = words.filter(|word| !word.is_empty()).map(OsString::from);
    (!program.is_empty()).then(|| words.collect())
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
#[path = "shell/tests.rs"]
mod tests;
