//! What is above init, and what it means for the command: sockets that were handed down, a shell that is PID 1.

use std::fs;

use nix::libc;
use nix::unistd::{getpid, getppid};
use tracing::warn;

use crate::system::Environment;
use crate::system::processes;
use crate::system::terminal;

/// Shells, by their own names.
const SHELLS: [&str; 7] = ["sh", "ash", "bash", "dash", "ksh", "mksh", "zsh"];

/// Sockets that were handed to init are the command's, which takes them only if its own pid is named. sd_listen_fds(3)
pub fn hand_on_sockets(environment: &mut Environment) {
    if environment.variable("LISTEN_PID") == Some(&getppid().to_string()) {
        environment.set("LISTEN_PID", getpid().to_string());
        // It names init, too, by the inode of its pidfd. Without it the pid alone counts.
        environment.remove("LISTEN_PIDFDID");
    }
}

/// Warns where init is not PID 1 because a shell is: signals to the container end there.
pub fn warn_of_shell() {
    if let Some(shell) = shell_above() {
        warn!(
            "PID 1 is a shell ({shell}), which passes no signal on: a stop of this container reaches neither beaminit nor the command; use the exec form (ENTRYPOINT [\"/beaminit\", …], command: [/beaminit, …]), or `exec` in the shell"
        );
    }
}

/// The shell that is PID 1, where it started init and nobody sits in front of it.
fn shell_above() -> Option<String> {
    let init = getppid();
    if init.as_raw() == 1 || terminal::is_ours() {
        return None;
    }
    let stat = processes::read_once(format!("/proc/{init}/stat"))?;
    if processes::read(&String::from_utf8_lossy(&stat))?.parent != 1 {
        return None;
    }
    let line = fs::read("/proc/1/cmdline").ok()?;
    let line = String::from_utf8_lossy(&line);
    let mut words = line.split_terminator('\0');
    let mut name = || Some(words.next()?.rsplit('/').next()?.trim_start_matches('-'));
    let first = name()?;
    let program = if first == "busybox" { name()? } else { first };
    // One that handles TERM may well pass it on. proc_pid_status(5)
    let status = fs::read_to_string("/proc/1/status").ok()?;
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught?.trim(), 16).ok()?;
    let handles_term = caught & 1 << (libc::SIGTERM - 1) != 0;
    (SHELLS.contains(&program) && !handles_term).then(|| program.to_owned())
}
