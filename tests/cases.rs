//! The cases of `tests/plan`: what a pod holds, what is asked, and the complete plan or the complete error. Each is a test of
//! its own: `cargo test --test cases NAME`.
//!
//! A case is a text file. Its first line says what it shows; `== ` begins a section: `env` (NAME=VALUE lines), `hostname`,
//! `addresses`, `network` (commands of ip(8)), `search`, `file PATH`, `secret PATH`, `executable PATH`, `release TREE PATH`, `command`, and the outcome `exit`, `stdout` and `stderr`. With
//! UPDATE_PLANS=1 the outcomes are written anew, to be read before they are believed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    clippy::missing_panics_doc,
    clippy::wildcard_imports,
    clippy::format_push_string
)]

// The same as that of `integration`, of which a plan needs little.
#[allow(dead_code, unused_imports)]
#[path = "integration/harness/mod.rs"]
mod harness;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use harness::*;
use libtest_mimic::{Arguments, Failed, Trial};

/// A case as it stands in its file.
struct Case {
    file: PathBuf,
    title: String,
    sections: Vec<(String, String)>,
}

impl Case {
    fn read(file: PathBuf) -> Self {
        let text = fs::read_to_string(&file).expect("a case");
        let mut parts = text.split("\n== ");
        let title = parts.next().expect("a title").trim_end().to_owned();
        let sections = parts.map(|part| {
            let (name, body) = part.split_once('\n').unwrap_or((part, ""));
            // The newline before the next heading belongs to the heading; the last section has its own.
            let body = body.trim_end_matches('\n');
            (
                name.to_owned(),
                if body.is_empty() {
                    String::new()
                } else {
                    format!("{body}\n")
                },
            )
        });
        let sections = sections.collect();
        Self {
            file,
            title,
            sections,
        }
    }

    fn section(&self, name: &str) -> &str {
        let found = self.sections.iter().find(|(section, _)| section == name);
        found.map_or("", |(_, body)| body.as_str())
    }

    /// The pod that the case describes. Its programs are fakes in /srv/bin, so that a plan names the same path everywhere.
    fn pod(&self) -> Pod {
        let line = |name, default| {
            Some(self.section(name).trim_end())
                .filter(|s| !s.is_empty())
                .unwrap_or(default)
        };
        let addresses: Vec<&str> = line("addresses", "10.1.2.3").split_whitespace().collect();
        let mut pod = Pod::with_addresses(line("hostname", "app-0"), &addresses);
        pod.network().change(self.section("network"));
        for program in ["erl", "elixir", "iex", "mix", "escript"] {
            pod = pod.program(program, "prints-args");
        }
        pod = pod.search(line(
            "search",
            "prod.svc.cluster.local svc.cluster.local cluster.local",
        ));
        pod = pod.env("PATH", "/srv/bin:/usr/bin:/bin");
        for assignment in self.section("env").lines() {
            let (name, value) = assignment.split_once('=').expect("NAME=VALUE");
            pod = pod.env(name, value);
        }
        for (name, body) in &self.sections {
            match name.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["file", path] => pod = pod.file(path, body),
                ["secret", path] => pod = pod.file_with_mode(path, body, 0o400),
                ["executable", path] => pod = pod.file_with_mode(path, body, 0o755),
                ["release", tree, path] => pod = pod.release(tree, path),
                _ => {}
            }
        }
        pod
    }

    /// What really comes: the sections `exit`, `stdout` and `stderr`.
    fn outcome(&self) -> [(&'static str, String); 3] {
        let mut words = vec!["plan", "--"];
        // One argument a line, so that a space needs no quotes.
        words.extend(self.section("command").lines());
        let ended = self.pod().beaminit(words.as_slice()).ends();
        let Ended {
            code,
            stdout,
            stderr,
            ..
        } = ended;
        [
            ("exit", format!("{code}\n")),
            ("stdout", without_chance(&stdout)),
            ("stderr", stderr),
        ]
    }

    fn write(&self, outcome: &[(&str, String)]) {
        let mut text = self.title.clone() + "\n";
        let old = self
            .sections
            .iter()
            .map(|(name, body)| (name.as_str(), body));
        let inputs = old.filter(|(name, _)| !["exit", "stdout", "stderr"].contains(name));
        let outcome = outcome.iter().map(|(name, body)| (*name, body));
        for (name, body) in inputs.chain(outcome.filter(|(_, body)| !body.is_empty())) {
            text += &format!("\n== {name}\n{body}");
        }
        fs::write(&self.file, text).expect("the case is written");
    }
}

/// A client's name has a part of its own, so that several can reach one node at a time: eight digits of chance.
fn without_chance(plan: &str) -> String {
    let mut parts = plan.split("rem-");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let chance = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        text += &format!("rem-{}{}", "X".repeat(chance), &part[chance..]);
    }
    text
}

/// The lines that were expected and didn't come, and those that came unexpected.
fn difference(expected: &str, now: &str) -> String {
    let only = |mark, these: &str, those: &str| {
        let mut marked = String::new();
        for line in these
            .lines()
            .filter(|line| !those.lines().any(|other| other == *line))
        {
            marked += &format!("{mark} {line}\n");
        }
        marked
    };
    only('-', expected, now) + &only('+', now, expected)
}

/// Passes where the outcome is as written; with UPDATE_PLANS it is written instead.
fn check(file: PathBuf) -> Result<(), Failed> {
    let case = Case::read(file);
    let outcome = case.outcome();
    if std::env::var_os("UPDATE_PLANS").is_some() {
        case.write(&outcome);
        return Ok(());
    }
    let mut wrong = String::new();
    for (name, now) in outcome {
        let expected = case.section(name);
        if now != expected {
            wrong += &format!("{name}:\n{}", difference(expected, &now));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{}\n{wrong}", case.title).into())
}

/// The name of a case, where the file is one.
fn name(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    Some(name.strip_suffix(".case")?.to_owned())
}

fn main() -> ExitCode {
    let files = fs::read_dir(tests().join("plan")).expect("tests/plan");
    let files = files.map(|entry| entry.expect("a file").path());
    let trials = files.filter_map(|file| Some(Trial::test(name(&file)?, move || check(file))));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
