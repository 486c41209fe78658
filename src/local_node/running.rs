//! The beaminits that stay in this container, and what they run: /proc/PID/cmdline. proc_pid_cmdline(5)

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::unistd::Pid;

use crate::cli;
use crate::record::Record;
use crate::watch::vm;

/// What our program is called where its file cannot be compared: another user's processes do not show theirs.
const NAME: &[u8] = b"beaminit";

static HAS_FOUND_RECORD: AtomicBool = AtomicBool::new(false);

/// Their commands, that of PID 1 first. Where containers of a pod share their processes, those of this container come first.
///
/// What is relative in them is so to the container's working directory, in which this process is started, too.
pub fn commands() -> impl Iterator<Item = Vec<OsString>> {
    processes().map(|(_, command)| command)
}

/// That of the first that has a node, else of the first.
pub fn command() -> Option<Vec<OsString>> {
    let of_node = record().map(|(_, command)| command);
    of_node.or_else(|| commands().next())
}

/// What the first of them that has a node has written down of it, and its command.
pub fn record() -> Option<(Record, Vec<OsString>)> {
    let of = |(process, command): (PathBuf, _)| Some((Record::of_process(&process)?, command));
    let found = processes().find_map(of);
    HAS_FOUND_RECORD.fetch_or(found.is_some(), Ordering::Relaxed);
    found
}

/// Has this process found one? Asks nothing, for where /proc does not answer.
pub fn has_found_record() -> bool {
    HAS_FOUND_RECORD.load(Ordering::Relaxed)
}

/// The VMs of this container's command: those of the beaminit that has a node. Where none stays (`beaminit exec`), PID 1 is
/// the command, or what has started it; with the machine's processes (hostPID), it is the machine's.
pub fn vms() -> Vec<u32> {
    let all: Vec<PathBuf> = processes().map(|(process, _)| process).collect();
    let mut with_node = all
        .iter()
        .filter(|process| Record::of_process(process).is_some());
    let top = with_node.next().or(all.first());
    let pid = top.and_then(|top| top.file_name()?.to_str()?.parse().ok());
    let mut pids = vm::pids(&vm::of(Pid::from_raw(pid.unwrap_or(1))));
    pids.retain(|vm| pid.is_some() || is_of_this_container(*vm));
    pids
}

/// Has a process the mounts of this one, or, where that cannot be seen, its control groups? namespaces(7), cgroups(7)
fn is_of_this_container(pid: u32) -> bool {
    let mounts = |process: &str| fs::read_link(format!("/proc/{process}/ns/mnt")).ok();
    let groups = |process: &str| fs::read(format!("/proc/{process}/cgroup")).ok();
    let pid = pid.to_string();
    match (mounts("self"), mounts(&pid)) {
        (Some(own), Some(its)) => own == its,
        _ => groups("self") == groups(&pid),
    }
}

fn processes() -> impl Iterator<Item = (PathBuf, Vec<OsString>)> {
    let own = identity(Path::new("/proc/self"));
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let found = entries.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let process = entry.path();
        let line = fs::read(process.join("cmdline")).ok()?;
        let is_same = own.is_some() && identity(&process) == own;
        let command = cli::command_of(&line).filter(|_| is_same || program(&line) == NAME)?;
        Some(((!is_same, pid), (process, command)))
    });
    let sorted: BTreeMap<_, _> = found.collect();
    sorted.into_values()
}

/// The file that a process runs.
fn identity(process: &Path) -> Option<(u64, u64)> {
    let file = fs::metadata(process.join("exe")).ok()?;
    Some((file.dev(), file.ino()))
}

/// The name of its program, without the folder.
fn program(line: &[u8]) -> &[u8] {
    let path = line.split(|byte| *byte == 0).next().unwrap_or_default();
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn another_containers_process_has_other_mounts() {
        let cat = |program: &str, words: &[&str]| {
            let mut command = Command::new(program);
            let command = command.args(words).stdin(Stdio::piped());
            command.stdout(Stdio::piped()).spawn().unwrap()
        };
        for (program, words, is_ours) in [
            ("cat", &["-"][..], true),
            ("unshare", &["--mount", "cat", "-"], false),
        ] {
            use std::io::{Read as _, Write as _};
            let mut process = cat(program, words);
            // Once it has answered, it is where it will stay.
            process.stdin.as_mut().unwrap().write_all(b"x").unwrap();
            let mut answer = [0; 1];
            process
                .stdout
                .as_mut()
                .unwrap()
                .read_exact(&mut answer)
                .unwrap();
            let found = is_of_this_container(process.id());
            process.kill().unwrap();
            process.wait().unwrap();
            assert_eq!(found, is_ours, "{program}");
        }
    }
}
