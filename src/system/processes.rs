//! Processes and threads of /proc, and which of them are VMs. proc_pid_stat(5)

use std::collections::BTreeSet;
use std::ffi::CStr;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use nix::libc;
use nix::unistd::{Pid, getpid};

/// The program through which a VM starts all others: the VM ends those below it.
const CHILD_SETUP: &str = "erl_child_setup";

/// beam.smp, and beam.debug.smp and the like.
pub fn is_vm(program: &str) -> bool {
    program == "beam" || program.starts_with("beam.")
}

/// Is there a process of this name?
pub fn is_one_called(name: &CStr) -> bool {
    let mut processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.any(|process| is_called(&process.path(), name))
}

/// Has the process of this folder in /proc this name? proc_pid_comm(5)
pub fn is_called(process: &Path, name: &CStr) -> bool {
    let found = fs::read(process.join("comm"));
    found.is_ok_and(|found| found.trim_ascii_end() == name.to_bytes())
}

/// The command's VMs; the command itself, if it runs, where there is no /proc.
pub fn vms(command: Option<Pid>) -> Vec<Pid> {
    let Some(below) = descendants() else {
        return command.into_iter().collect();
    };
    let vms = below.iter().filter(|process| is_vm(&process.name));
    vms.map(|vm| Pid::from_raw(vm.pid)).collect()
}

/// Is every VM idle? One that boots computes, reads, or waits for the name of its host, for which it has a helper process; that
/// wait has ended when it `is_past_boot`.
pub fn are_idle(vms: &[Pid], is_past_boot: bool) -> bool {
    let sleep = || {
        vms.iter().all(|vm| {
            let threads = stats(&format!("/proc/{vm}/task"));
            threads.is_some_and(|threads| threads.iter().all(|thread| thread.sleeps))
        })
    };
    let waits = || {
        let all = all().unwrap_or_default();
        vms.iter().any(|vm| {
            let mut below = children(&all, vm.as_raw()).filter(|one| one.name == CHILD_SETUP);
            below.any(|one| !one.sleeps || children(&all, one.pid).next().is_some())
        })
    };
    // Work that went from one thread to another during the first check is seen in the second.
    !vms.is_empty() && sleep() && (is_past_boot || !waits()) && sleep()
}

/// A process or a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: libc::pid_t,
    pub parent: libc::pid_t,
    pub group: libc::pid_t,
    /// State S: it waits.
    pub sleeps: bool,
    pub name: String,
}

/// The living processes below this one, without those that a VM below it will end; `None` where /proc is missing, or another PID
/// namespace's.
pub fn descendants() -> Option<Vec<Process>> {
    descendants_of(getpid())
}

/// The same of another process.
pub fn descendants_of(top: Pid) -> Option<Vec<Process>> {
    Some(below(top, all()?, true))
}

/// Those below this process that a signal to this group does not reach, a VM's own too.
pub fn outside(group: Pid) -> BTreeSet<libc::pid_t> {
    let mut below = below(getpid(), all().unwrap_or_default(), false);
    below.retain(|process| process.group != group.as_raw());
    below.iter().map(|process| process.pid).collect()
}

/// All living processes, sorted by their parents.
fn all() -> Option<Vec<Process>> {
    let link = fs::read_link("/proc/self").ok()?;
    if link.to_str() != Some(&getpid().to_string()) {
        return None;
    }
    let mut all = stats("/proc")?;
    all.sort_unstable_by_key(|process| process.parent);
    Some(all)
}

/// The living ones in a folder of processes or threads.
fn stats(folder: &str) -> Option<Vec<Process>> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let stats = entries.filter_map(|entry| {
        entry.file_name().to_str()?.parse::<libc::pid_t>().ok()?;
        let bytes = read_once(entry.path().join("stat"))?;
        // The kernel may cut a name within a character.
        read(&String::from_utf8_lossy(&bytes))
    });
    Some(stats.collect())
}

/// The children of one, among `all`.
fn children(all: &[Process], parent: libc::pid_t) -> impl Iterator<Item = &Process> {
    let first = all.partition_point(|process| process.parent < parent);
    let rest = all.iter().skip(first);
    rest.take_while(move |process| process.parent == parent)
}

/// The first bytes of a small file in /proc, with one read(2), for each of which the kernel makes it again: [`fs::read`] needs
/// six.
pub fn read_once(path: impl AsRef<Path>) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 512];
    let count = fs::File::open(path).ok()?.read(&mut bytes).ok()?;
    bytes.truncate(count);
    Some(bytes)
}

/// Those of `all` that are below `top`. `spares_vms`: without those that a VM below it will end.
fn below(top: Pid, mut all: Vec<Process>, spares_vms: bool) -> Vec<Process> {
    let top = top.as_raw();
    let mut found = BTreeSet::new();
    let mut parents = vec![top];
    while let Some(parent) = parents.pop() {
        for child in children(&all, parent) {
            let is_setup = spares_vms && child.name == CHILD_SETUP;
            // Directly below `top` its VM has ended: it ends at once, and those below it become orphans.
            if is_setup && parent != top {
                continue;
            }
            if found.insert(child.pid) && !is_setup {
                parents.push(child.pid);
            }
        }
    }
    all.retain(|process| found.contains(&process.pid));
    all
}

/// One line of /proc/PID/stat, if it is of a living process: `PID (NAME) STATE PARENT GROUP …`.
pub fn read(stat: &str) -> Option<Process> {
    let (pid, rest) = stat.split_once(" (")?;
    // The name may hold anything, a parenthesis too.
    let (name, rest) = rest.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next().filter(|state| !matches!(*state, "Z" | "X"))?;
    Some(Process {
        pid: pid.parse().ok()?,
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
        sleeps: state == "S",
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
                Some((12, 1, 12, true, "beam.smp")),
            ),
            (
                "13 (a) b (c)) R 1 7 7 0",
                Some((13, 1, 7, false, "a) b (c)")),
            ),
            ("15 (dead) Z 1 15 15 0", None),
            ("nonsense", None),
            ("", None),
        ] {
            let process = read(stat);
            let got = process.as_ref().map(|one| {
                let name = one.name.as_str();
                (one.pid, one.parent, one.group, one.sleeps, name)
            });
            assert_eq!(got, expected, "{stat}");
        }
    }

    #[test]
    fn finds_those_below_without_those_of_a_vm() {
        let tree = [
            (7, 1, "sh"),
            (8, 7, "beam.smp"),
            (9, 8, "erl_child_setup"),
            (10, 9, "inet_gethost"),
            (11, 1, "epmd"),
            (12, 0, "from outside"),
            (14, 1, "erl_child_setup"),
            (15, 14, "port"),
            (13, 13, "its own parent"),
        ];
        let mut all = tree.map(|(pid, parent, name)| Process {
            pid,
            parent,
            group: pid,
            sleeps: true,
            name: name.into(),
        });
        all.sort_unstable_by_key(|process| process.parent);
        let found = |spares_vms| {
            let below = below(Pid::from_raw(1), all.to_vec(), spares_vms);
            below.iter().map(|one| one.pid).collect::<BTreeSet<_>>()
        };
        assert_eq!(found(true), [7, 8, 11, 14].into());
        assert_eq!(found(false), [7, 8, 9, 10, 11, 14, 15].into());
    }
}
