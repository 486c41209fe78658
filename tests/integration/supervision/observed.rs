//! What the machine's own /proc shows of a pod's processes, by their pids as the tests count.

use std::fs;

use crate::harness::Running;

/// A field of /proc/PID/status, like `VmRSS:`; empty when the process has gone.
pub fn status(pid: i32, field: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.unwrap_or_default().trim().to_owned()
}

/// The same in kB.
pub fn kilobytes(pid: i32, field: &str) -> u64 {
    let value = status(pid, field);
    let number = value.strip_suffix(" kB").map(str::parse);
    number.map_or(0, |number| number.expect("a number"))
}

/// Its name is beaminit's: the exec of beaminit is done.
pub fn is_beaminit(pid: i32) -> bool {
    status(pid, "Name:").starts_with("beaminit")
}

/// Its children, in the order in which they came.
pub fn children(pid: i32) -> Vec<i32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    children
        .split_whitespace()
        .map(|child| child.parse().expect("a pid"))
        .collect()
}

/// Whether a tracer holds it up in one of these system calls.
pub fn is_held_in(pid: i32, calls: &[i64]) -> bool {
    let call = fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    let number = call
        .split(' ')
        .next()
        .and_then(|number| number.parse().ok());
    status(pid, "State:").starts_with('t') && number.is_some_and(|number| calls.contains(&number))
}

/// How many descriptors it has open.
pub fn descriptors(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

impl Running {
    /// Field `number` of a pod's process's /proc/PID/stat, counted as proc(5) does; the pid is the pod's own.
    pub fn stat(&self, pid: i32, number: usize) -> i32 {
        let path = format!("/proc/{}/root/proc/{pid}/stat", self.pid());
        let stat = fs::read_to_string(path).unwrap_or_default();
        let (_, rest) = stat.rsplit_once(") ").unwrap_or_default();
        let field = rest.split(' ').nth(number.saturating_sub(3));
        field.and_then(|field| field.parse().ok()).unwrap_or(-1)
    }
}
