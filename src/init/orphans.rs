//! Who is left when the command itself has ended: a launcher script that dies of TERM may leave its VM behind
//! (ejabberdctl does, and `su` in Debian's rabbitmq-server, which puts the VM in a session of its own).
//!
//! They are found in /proc, proc(5), and told one by one, so that a VM's own helpers are spared: it ends them itself.
//! Where there is no /proc, a PID 1 tells everybody.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use nix::libc;
use nix::unistd::{Pid, getpid};

use crate::system::signals::{self, Signal};

/// Not worth a wait: the port mapper daemon that a VM leaves running for others, which never ends by itself, and our own
/// processes that watch the node and join peers, which end with the node.
const NOT_WAITED_FOR: [&str; 3] = ["epmd", "beaminit-peers", "beaminit-watch"];
/// The program through which a VM starts all others: what is below it is the VM's to end.
const KEEPS_ITS_OWN: &str = "erl_child_setup";

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
        let Some(left) = descendants() else {
            if signals::is_pid_1() && !self.told_all {
                self.told_all = true;
                signals::send(-1, libc::SIGTERM);
            }
            return signals::is_pid_1();
        };
        for process in &left {
            if process.group != reached.as_raw() && !self.told.contains(&process.pid) {
                self.told.push(process.pid);
                signals::send(process.pid, libc::SIGTERM);
            }
        }
        left.iter()
            .any(|process| !NOT_WAITED_FOR.contains(&process.name.as_str()))
    }

    /// Sends another signal to all of them.
    pub fn signal(signal: Signal) {
        for process in descendants().into_iter().flatten() {
            signals::send(process.pid, signal);
        }
    }
}

/// A process, as /proc tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: libc::pid_t,
    /// Its parent's.
    pub parent: libc::pid_t,
    /// Its group's.
    pub group: libc::pid_t,
    /// Its name.
    pub name: String,
}

/// The living processes below this one; `None` where /proc is missing, or another PID namespace's.
fn descendants() -> Option<Vec<Process>> {
    descendants_of(getpid())
}

/// The same of another process.
pub fn descendants_of(top: Pid) -> Option<Vec<Process>> {
    let link = fs::read_link("/proc/self").ok()?;
    if link.to_str() != Some(&getpid().to_string()) {
        return None;
    }
    let stats = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| {
        entry.file_name().to_str()?.parse::<libc::pid_t>().ok()?;
        let bytes = read_once(entry.path().join("stat"))?;
        // The kernel cuts a name in the midst of a letter.
        Some(String::from_utf8_lossy(&bytes).into_owned())
    });
    Some(below(
        top.as_raw(),
        stats.filter_map(|stat| read(&stat)).collect(),
    ))
}

/// The first bytes of a small file in /proc, which the kernel makes anew for each read(2): [`fs::read`] takes six of them.
pub fn read_once(path: impl AsRef<Path>) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 512];
    let count = fs::File::open(path).ok()?.read(&mut bytes).ok()?;
    bytes.truncate(count);
    Some(bytes)
}

/// Those of `all` that are below `top`, without what a VM keeps for itself.
fn below(top: libc::pid_t, all: Vec<Process>) -> Vec<Process> {
    let (children, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|process| process.parent == top);
    let mut found = Vec::new();
    for child in children {
        if child.name != KEEPS_ITS_OWN {
            found.extend(below(child.pid, others.clone()));
            found.push(child);
        }
    }
    found
}

/// One line of /proc/PID/stat, if it is of a living process: `PID (NAME) STATE PARENT GROUP …`.
pub fn read(stat: &str) -> Option<Process> {
    let (pid, rest) = stat.split_once(" (")?;
    // The name may hold anything, a parenthesis too.
    let (name, rest) = rest.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    fields.next().filter(|state| !matches!(*state, "Z" | "X"))?;
    Some(Process {
        pid: pid.parse().ok()?,
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stat_lines() {
        for (stat, expected) in [
            (
                "12 (beam.smp) S 1 12 12 0 -1",
                Some((12, 1, 12, "beam.smp")),
            ),
            ("13 (a) b (c)) R 1 7 7 0", Some((13, 1, 7, "a) b (c)"))),
            ("15 (dead) Z 1 15 15 0", None),
            ("nonsense", None),
            ("", None),
        ] {
            let process = read(stat);
            let got = process
                .as_ref()
                .map(|one| (one.pid, one.parent, one.group, one.name.as_str()));
            assert_eq!(got, expected, "{stat}");
        }
    }

    #[test]
    fn finds_those_below_but_not_what_a_vm_keeps() {
        let tree = [
            (7, 1, "sh"),
            (8, 7, "beam.smp"),
            (9, 8, "erl_child_setup"),
            (10, 9, "inet_gethost"),
            (11, 1, "epmd"),
            (12, 0, "from outside"),
            (13, 13, "its own parent"),
        ];
        let all = tree.map(|(pid, parent, name)| Process {
            pid,
            parent,
            group: pid,
            name: name.into(),
        });
        let mut found: Vec<_> = below(1, all.to_vec()).iter().map(|one| one.pid).collect();
        found.sort_unstable();
        assert_eq!(found, [7, 8, 11]);
    }
}
