//! The processes that are left when the command itself has ended. A launcher script that dies of TERM may leave its VM behind
//! (ejabberdctl does, and `su` in Debian's rabbitmq-server, which puts the VM in a session of its own).
//!
//! They are told one by one, so that a VM's own helpers are spared: it ends them itself. Where there is no /proc, a PID 1
//! tells everybody.

use std::collections::{BTreeMap, BTreeSet};

use nix::libc;
use nix::unistd::Pid;

use crate::system::processes::{Process, descendants, is_vm};
use crate::system::signals::{self, Signal};

/// Not worth a wait: the port mapper daemon that a VM leaves running for others, which never ends by itself, and our own
/// processes that watch the node and join peers, which end with the node.
const NOT_WAITED_FOR: [&str; 3] = ["epmd", "beaminit-peers", "beaminit-watch"];
/// As many have their names in the log.
const NAMED: usize = 8;

/// Those that there were when the command was told, and since: have they been told?
#[derive(Debug, Default)]
pub struct Orphans {
    told: BTreeMap<libc::pid_t, bool>,
    told_all: bool,
    /// Some of those that are waited for: `sleep (pid 12)`.
    pub names: Vec<String>,
}

/// Whom to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remaining {
    Nobody,
    /// Processes that are no VM.
    Others,
    /// A VM, or nobody knows.
    Vm,
}

impl Orphans {
    /// Tells a group. Who comes into it after that has not been told.
    pub fn tell_group(&mut self, group: Pid) {
        for process in descendants().into_iter().flatten() {
            *self.told.entry(process.pid).or_default() |= process.group == group.as_raw();
        }
        signals::send(-group.as_raw(), libc::SIGTERM);
    }

    /// Tells those that have not been told. What somebody started who has been told is theirs to end: it may be how they do.
    pub fn end(&mut self) -> Remaining {
        let Some(left) = descendants() else {
            let signal = if self.told_all { 0 } else { libc::SIGTERM };
            self.told_all = true;
            let any = signals::is_pid_1() && signals::reaches(-1, signal);
            return if any {
                Remaining::Vm
            } else {
                Remaining::Nobody
            };
        };
        let told = |pid: &libc::pid_t| self.told.get(pid).copied();
        let is_told = |one: &&Process| told(&one.pid).or_else(|| told(&one.parent)) == Some(true);
        let new = left.iter().filter(|one| !is_told(one)).map(|one| one.pid);
        let new: BTreeSet<_> = new.collect();
        let mut whom = Remaining::Nobody;
        self.names.clear();
        for process in left {
            // 0 only asks whether this user may tell it.
            let signal = if new.contains(&process.pid) {
                libc::SIGTERM
            } else {
                0
            };
            let may_tell = signals::reaches(process.pid, signal);
            if may_tell && !NOT_WAITED_FOR.contains(&process.name.as_str()) {
                let is_vm = is_vm(&process.name);
                whom = whom.max(if is_vm {
                    Remaining::Vm
                } else {
                    Remaining::Others
                });
                if self.names.len() < NAMED {
                    let name = format!("{} (pid {})", process.name, process.pid);
                    self.names.push(name);
                }
            }
        }
        self.told.extend(new.into_iter().map(|pid| (pid, true)));
        whom
    }

    /// Sends another signal to all of them.
    pub fn signal(signal: Signal) {
        for process in descendants().into_iter().flatten() {
            signals::send(process.pid, signal);
        }
    }
}
