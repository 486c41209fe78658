//! The end of launch: becoming the command. execve(2).

use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use nix::errno::Errno;

use crate::config::Config;
use crate::error::Failure;
use crate::exit::{self, Exit};
use crate::plan::Plan;
use crate::system::Environment;

/// The shell that runs a file without a `#!` line, as execvp(3) has it.
const SHELL: &str = "/bin/sh";

/// Becomes the command; comes back only with a failure.
pub fn exec(plan: &Plan, config: &Config) -> Failure {
    let environment = environment(plan, config);
    let file = plan.command.file.as_os_str();
    let words: Vec<&OsStr> = plan.command.words.iter().map(OsString::as_ref).collect();
    let Err(mut errno) = execve(plan.command.path(), &words, &environment);
    if errno == Errno::ENOEXEC {
        if let Some(certainty) = why_no_script(&head(&plan.command.file)) {
            return Failure::new(
                Exit::NotExecutable,
                format!(
                    "cannot run {}: {}: {certainty}",
                    file.display(),
                    errno.desc()
                ),
            );
        }
        let script = [OsStr::new(SHELL), file].into_iter();
        let words: Vec<&OsStr> = script.chain(words.into_iter().skip(1)).collect();
        Err(errno) = execve(SHELL.as_ref(), &words, &environment);
    }
    refused(plan, errno)
}

/// The environment as it came, with the Plan's changes.
fn environment(plan: &Plan, config: &Config) -> Environment {
    let mut environment = config.environment.clone();
    for name in &plan.changes.unset {
        environment.remove(name);
    }
    for (name, value) in &plan.changes.set {
        environment.remove(name);
        if !value.reveal().is_empty() {
            environment.set(name, value.reveal());
        }
    }
    environment
}

fn execve(file: &OsStr, words: &[&OsStr], environment: &Environment) -> Result<Infallible, Errno> {
    // No argument and no variable of a process has a NUL in it.
    let c = |text: &OsStr| CString::new(text.as_bytes()).map_err(|_| Errno::EINVAL);
    let words: Vec<CString> = words.iter().map(|word| c(word)).collect::<Result<_, _>>()?;
    let assignment = |(name, value): &(OsString, OsString)| {
        let mut whole = name.clone();
        whole.push("=");
        whole.push(value);
        c(&whole)
    };
    let environment = environment.0.iter().map(assignment);
    let environment: Vec<CString> = environment.collect::<Result<_, _>>()?;
    nix::unistd::execve(&c(file)?, &words, &environment)
}

fn refused(plan: &Plan, errno: Errno) -> Failure {
    let (exit, hint) = match errno {
        Errno::ENOENT if has_carriage_return(&head(&plan.command.file)) => (
            Exit::NotFound,
            "its #! line ends in a carriage return; save it with LF line ends",
        ),
        Errno::ENOENT => (
            Exit::NotFound,
            "is the interpreter of its #! line, or its loader, in this image?",
        ),
        Errno::EACCES | Errno::ENOEXEC | Errno::ELOOP | Errno::EPERM => (
            Exit::NotExecutable,
            "is it a program for this machine, on a file system that allows it?",
        ),
        Errno::E2BIG => (
            Exit::System,
            "are there Services enough to fill the environment? set enableServiceLinks: false",
        ),
        Errno::ENOMEM | Errno::EAGAIN | Errno::EMFILE | Errno::ENFILE => {
            (Exit::System, exit::remedy(errno))
        }
        _ => (Exit::System, ""),
    };
    let file = plan.command.file.display();
    let end = if hint.is_empty() { "" } else { "; " };
    Failure::new(
        exit,
        format!("cannot run {file}: {}{end}{hint}", errno.desc()),
    )
}

/// The first bytes of a file, as many as the kernel takes for a `#!` line; none of one that cannot be read.
fn head(file: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    let read = File::open(file).and_then(|file| file.take(256).read_to_end(&mut head));
    read.map_or_else(|_| Vec::new(), |_| head)
}

/// An editor on Windows ends lines so, and to the kernel that byte is a part of the interpreter's name.
fn has_carriage_return(head: &[u8]) -> bool {
    let mut lines = head.split_inclusive(|byte| *byte == b'\n');
    lines
        .next()
        .is_some_and(|line| line.starts_with(b"#!") && line.ends_with(b"\r\n"))
}

/// Why a file with these first bytes, which the kernel cannot run, is nothing for the shell either: elf(5). One that cannot
/// be read is left to the shell, which says so.
fn why_no_script(head: &[u8]) -> Option<String> {
    const OURS: &str = std::env::consts::ARCH;
    const DO: &str = "build or pull the image for this machine (docker's --platform)";
    let interpreter = head.strip_prefix(b"#!").map(<[u8]>::trim_ascii_start);
    if interpreter.is_some_and(|name| name.starts_with(b"/")) {
        return Some(format!(
            "the interpreter of its #! line is not built for {OURS}; {DO}"
        ));
    }
    let elf = head.get(..20).unwrap_or_default();
    if let [0x7f, b'E', b'L', b'F', _, order, .., low, high] = elf {
        let number = u16::from_be_bytes(if *order == 2 {
            [*low, *high]
        } else {
            [*high, *low]
        });
        let name = match number {
            3 => "x86",
            21 => "powerpc64",
            22 => "s390x",
            40 => "arm",
            62 => "x86_64",
            183 => "aarch64",
            243 => "riscv64",
            _ => "another processor",
        };
        return Some(if name == OURS {
            "no whole program; was it cut off, or is it an object file?".to_owned()
        } else {
            format!("built for {name}, and this machine is {OURS}; {DO}")
        });
    }
    let line = head.split(|byte| *byte == b'\n').next()?;
    line.contains(&0)
        .then(|| format!("neither a script nor a program for {OURS}; {DO}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_line_ends_of_windows() {
        for (text, expected) in [
            ("#!/bin/sh\r\necho\r\n", true),
            ("#!/bin/sh\necho\r\n", false),
            ("#!/bin/sh\r", false),
            ("echo\r\n", false),
            ("", false),
        ] {
            assert_eq!(has_carriage_return(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn tells_programs_from_scripts() {
        let elf = |order, machine: [u8; 2]| {
            let mut head = [b"\x7fELF\x02".as_slice(), &[order], &[0; 58]].concat();
            head.splice(18..20, machine);
            head
        };
        for (head, part) in [
            (elf(1, [183, 0]), "built for aarch64"),
            (elf(2, [0, 22]), "built for s390x"),
            (elf(1, [62, 0]), "program"),
            (elf(1, [0xff, 0xfe]), "another processor"),
            (b"MZ\x90\0\x03".to_vec(), "neither"),
            (b"#! /opt/other/sh\n".to_vec(), "interpreter"),
        ] {
            let certainty = why_no_script(&head).unwrap_or_default();
            assert!(certainty.contains(part), "{certainty}");
        }
        for script in ["", "exit 3\n", "#!\necho\n", "# \u{e9}\n\0archive"] {
            assert_eq!(why_no_script(script.as_bytes()), None, "{script}");
        }
    }
}
