//! The end of launch: becoming the command. execve(2).

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use nix::errno::Errno;

use crate::config::Config;
use crate::error::Failure;
use crate::exit::{self, Exit};
use crate::plan::Plan;

/// The shell that runs a file without a `#!` line, as execvp(3) has it.
const SHELL: &str = "/bin/sh";

/// Becomes the command; comes back only with a failure.
pub fn exec(plan: &Plan, config: &Config) -> Failure {
    let environment = environment(plan, config);
    let file = &plan.command.file;
    let errno = execve(
        file.as_os_str().to_owned(),
        plan.command.words.clone(),
        &environment,
    );
    if errno != Errno::ENOEXEC {
        return refused(plan, errno);
    }
    if let Some(why) = no_script(file) {
        return Failure::new(
            Exit::NotExecutable,
            format!("cannot run {}: {}: {why}", file.display(), errno.desc()),
        );
    }
    let rest = plan.command.words.iter().skip(1).cloned();
    let words = [SHELL.into(), file.as_os_str().to_owned()]
        .into_iter()
        .chain(rest)
        .collect();
    refused(plan, execve(SHELL.into(), words, &environment))
}

/// The environment as it came, with the Plan's changes.
fn environment(plan: &Plan, config: &Config) -> Vec<OsString> {
    let changed = |name: &OsString| {
        let name = name.to_str().unwrap_or_default();
        plan.changes.set.contains_key(name) || plan.changes.unset.iter().any(|unset| unset == name)
    };
    let assignment = |name: &std::ffi::OsStr, value: &std::ffi::OsStr| {
        let mut whole = name.to_owned();
        whole.push("=");
        whole.push(value);
        whole
    };
    let kept = config
        .environment
        .iter()
        .filter(|(name, _)| !changed(name))
        .map(|(name, value)| assignment(name, value));
    let set = plan
        .changes
        .set
        .iter()
        .filter(|(_, value)| !value.reveal().is_empty());
    kept.chain(set.map(|(name, value)| assignment(name.as_ref(), value.reveal())))
        .collect()
}

fn execve(file: OsString, words: Vec<OsString>, environment: &[OsString]) -> Errno {
    let c = |text: OsString| CString::new(text.into_vec());
    let words: Result<Vec<_>, _> = words.into_iter().map(c).collect();
    let environment: Result<Vec<_>, _> = environment
        .iter()
        .map(|text| CString::new(text.as_bytes()))
        .collect();
    match (c(file), words, environment) {
        (Ok(file), Ok(words), Ok(environment)) => {
            match nix::unistd::execve(&file, &words, &environment) {
                Err(errno) => errno,
                Ok(never) => match never {},
            }
        }
        // No argument and no variable of a process has a NUL in it.
        _ => Errno::EINVAL,
    }
}

fn refused(plan: &Plan, errno: Errno) -> Failure {
    let file = plan.command.file.display();
    match errno {
        Errno::ENOENT => Failure::new(
            Exit::NotFound,
            format!(
                "cannot run {file}: the interpreter of its #! line, or its loader, is not in this image"
            ),
        ),
        Errno::EACCES | Errno::ENOEXEC | Errno::ELOOP | Errno::EPERM => Failure::new(
            Exit::NotExecutable,
            format!(
                "cannot run {file}: {}; is it a program for this machine, on a file system that allows it?",
                errno.desc()
            ),
        ),
        Errno::E2BIG => Failure::new(
            Exit::System,
            format!(
                "cannot run {file}: {}; are there Services enough to fill the environment? set enableServiceLinks: false",
                errno.desc()
            ),
        ),
        Errno::ENOMEM | Errno::EAGAIN | Errno::EMFILE | Errno::ENFILE => Failure::new(
            Exit::System,
            format!(
                "cannot run {file}: {}; {}",
                errno.desc(),
                exit::remedy(errno)
            ),
        ),
        _ => Failure::new(Exit::System, format!("cannot run {file}: {}", errno.desc())),
    }
}

/// Why a file that the kernel cannot run is nothing for the shell either.
fn no_script(file: &Path) -> Option<String> {
    let mut head = [0; 64];
    // One that cannot be read is left to the shell, which says so.
    let length = File::open(file).ok()?.read(&mut head).ok()?;
    why_no_script(head.get(..length)?)
}

/// The same of its first bytes: elf(5).
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
            let why = why_no_script(&head).unwrap_or_default();
            assert!(why.contains(part), "{why}");
        }
        for script in ["", "exit 3\n", "#!\necho\n", "# \u{e9}\n\0archive"] {
            assert_eq!(why_no_script(script.as_bytes()), None, "{script}");
        }
    }
}
