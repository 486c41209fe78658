//! Who is left when the command itself has ended: a launcher script that dies of TERM may leave its VM behind
//! (ejabberdctl does, and `su` in Debian's rabbitmq-server, which puts the VM in a session of its own).
//!
//! Only this process's own children are told: what stands below them (erl_child_setup, port programs) is theirs to end.
//! They are found in /proc, proc(5); where there is none, a PID 1 tells everybody.

use std::fs;

use nix::libc;
use nix::unistd::{Pid, getpid};

use super::child::is_pid_1;
use super::signals::{self, Signal};

/// The port mapper daemon that a VM leaves running for others: not worth a wait, it never ends by itself.
const NEVER_ENDS: &str = "epmd";

/// The orphans that have been told to end.
#[derive(Debug, Default)]
pub struct Orphans {
    told: Vec<libc::pid_t>,
    told_all: bool,
}

impl Orphans {
    /// Tells those that have not been told, and who were not reached by a signal to the group `reached`. Says whether
    /// any is left to wait for.
    pub fn end(&mut self, reached: Pid) -> bool {
        let Some(children) = children() else {
            if is_pid_1() && !self.told_all {
                self.told_all = true;
                signals::send(-1, libc::SIGTERM);
            }
            return is_pid_1();
        };
        for child in &children {
            if child.group != reached.as_raw() && !self.told.contains(&child.pid) {
                self.told.push(child.pid);
                signals::send(child.pid, libc::SIGTERM);
            }
        }
        children.iter().any(|child| child.name != NEVER_ENDS)
    }

    /// Sends another signal to all of them.
    pub fn signal(signal: Signal) {
        for child in children().into_iter().flatten() {
            signals::send(child.pid, signal);
        }
    }
}

struct Child {
    pid: libc::pid_t,
    group: libc::pid_t,
    name: String,
}

/// This process's children; `None` where /proc is missing, or another PID namespace's.
fn children() -> Option<Vec<Child>> {
    let own = getpid().as_raw();
    let link = fs::read_link("/proc/self").ok()?;
    if link.to_str() != Some(&own.to_string()) {
        return None;
    }
    let stats = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| {
        entry.file_name().to_str()?.parse::<libc::pid_t>().ok()?;
        fs::read_to_string(entry.path().join("stat")).ok()
    });
    Some(stats.filter_map(|stat| read(&stat, own)).collect())
}

/// One line of /proc/PID/stat, if it is of a living child of `parent`: `PID (NAME) STATE PARENT GROUP …`.
fn read(stat: &str, parent: libc::pid_t) -> Option<Child> {
    let (pid, rest) = stat.split_once(" (")?;
    // The name may hold anything, a parenthesis too.
    let (name, rest) = rest.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let its_parent: libc::pid_t = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let living = !matches!(state, "Z" | "X");
    (living && its_parent == parent).then_some(Child {
        pid: pid.parse().ok()?,
        group,
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stat_lines() {
        for (stat, expected) in [
            ("12 (beam.smp) S 1 12 12 0 -1", Some((12, 12, "beam.smp"))),
            ("13 (a) b (c)) R 1 7 7 0", Some((13, 7, "a) b (c)"))),
            ("14 (sh) S 12 12 12 0", None),
            ("15 (dead) Z 1 15 15 0", None),
            ("nonsense", None),
            ("", None),
        ] {
            let child = read(stat, 1);
            let got = child
                .as_ref()
                .map(|child| (child.pid, child.group, child.name.as_str()));
            assert_eq!(got, expected, "{stat}");
        }
    }
}
