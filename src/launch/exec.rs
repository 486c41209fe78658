//! The end of launch: becoming the command. execve(2).

use std::ffi::{CString, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use nix::errno::Errno;

use crate::config::Config;
use crate::error::Failure;
use crate::exit::Exit;
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
        Errno::ENOMEM | Errno::EAGAIN => Failure::new(
            Exit::System,
            format!(
                "cannot run {file}: {}; is this container out of memory, or of processes?",
                errno.desc()
            ),
        ),
        _ => Failure::new(Exit::System, format!("cannot run {file}: {}", errno.desc())),
    }
}
