//! The beaminits that stay in this container, and what they run: /proc/PID/cmdline. proc_pid_cmdline(5)

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::cli;
use crate::record::Record;

/// What our program is called where its file cannot be compared: another user's processes do not show theirs.
const NAME: &str = "beaminit";

/// Their commands, that of PID 1 first. Where containers of a pod share their processes, those of this container come first.
///
/// What is relative in them is so to the container's working directory, in which this process is started, too.
pub fn commands() -> Vec<Vec<OsString>> {
    let found = processes().into_iter();
    found.map(|(_, command)| command).collect()
}

/// What the first of them that has a node has written down of it.
pub fn record() -> Option<Record> {
    let mut found = processes().into_iter();
    found.find_map(|(process, _)| Record::of_process(&process))
}

fn processes() -> Vec<(PathBuf, Vec<OsString>)> {
    let own = identity(Path::new("/proc/self"));
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut found: Vec<_> = pids
        .filter_map(|pid| {
            let process = PathBuf::from(format!("/proc/{pid}"));
            let line = fs::read(process.join("cmdline")).ok()?;
            let is_same = own.is_some() && identity(&process) == own;
            if !is_same && program(&line) != NAME.as_bytes() {
                return None;
            }
            let command = cli::command_of(&line)?;
            Some((!is_same, pid, process, command))
        })
        .collect();
    found.sort_by_key(|(is_other, pid, ..)| (*is_other, *pid));
    let found = found.into_iter();
    found
        .map(|(.., process, command)| (process, command))
        .collect()
}

/// The file that a process runs.
fn identity(process: &Path) -> Option<(u64, u64)> {
    let file = fs::metadata(process.join("exe")).ok()?;
    Some((file.dev(), file.ino()))
}

/// The name of its program, without the folder.
fn program(line: &[u8]) -> Vec<u8> {
    let first = line.split(|byte| *byte == 0).next().unwrap_or_default();
    let path = PathBuf::from(OsString::from_vec(first.to_vec()));
    path.file_name()
        .map(|name| name.to_owned().into_vec())
        .unwrap_or_default()
}
