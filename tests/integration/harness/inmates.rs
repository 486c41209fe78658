//! The processes of a running pod, as its own /proc shows them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

use super::Running;

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inmate {
    pub pid: i32,
    pub name: String,
    /// `R`, `S`, `Z` …, as ps writes it.
    pub state: char,
    pub parent: i32,
    pub group: i32,
}

impl Running {
    /// All processes of the pod.
    pub fn inmates(&self) -> Vec<Inmate> {
        let proc = format!("/proc/{}/root/proc", self.pid());
        let device = |proc: &str| fs::metadata(proc).map(|proc| proc.dev()).ok();
        // Until `pod.sh` has mounted the pod's own, that is the machine's, with what other tests run.
        let own = device(&proc) != device("/proc");
        let entries = own.then(|| fs::read_dir(proc).ok()).flatten();
        let mut inmates: Vec<Inmate> = entries
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .filter_map(|entry| {
                Inmate::from_stat(&fs::read_to_string(entry.path().join("stat")).ok()?)
            })
            .collect();
        inmates.sort_by_key(|inmate| inmate.pid);
        inmates
    }

    /// The pod's processes that have ended and that nobody has waited for.
    pub fn zombies(&self) -> Vec<Inmate> {
        let mut inmates = self.inmates();
        inmates.retain(|inmate| inmate.state == 'Z');
        inmates
    }

    /// The resident memory of one of them, in kB, by its pid there.
    pub fn resident(&self, pid: i32) -> u64 {
        self.memory(pid, "VmRSS:")
    }

    /// The same, at its highest so far.
    pub fn peak(&self, pid: i32) -> u64 {
        self.memory(pid, "VmHWM:")
    }

    fn memory(&self, pid: i32, field: &str) -> u64 {
        let status = format!("/proc/{}/root/proc/{pid}/status", self.pid());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find(|line| line.starts_with(field));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        kib.unwrap().parse().unwrap()
    }

    /// The arguments of one of them, by its pid there.
    pub fn arguments(&self, pid: i32) -> Vec<String> {
        self.strings(pid, "cmdline")
    }

    /// The environment that one of them was started with, in the order of the names.
    pub fn environment(&self, pid: i32) -> Vec<String> {
        let mut variables = self.strings(pid, "environ");
        variables.sort();
        variables
    }

    /// What a file of /proc/PID holds, each string with a NUL behind it.
    fn strings(&self, pid: i32, file: &str) -> Vec<String> {
        let path = format!("/proc/{}/root/proc/{pid}/{file}", self.pid());
        let bytes = fs::read(path).expect("a process that runs");
        let text = String::from_utf8_lossy(&bytes);
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    /// The process of this name, if there is one.
    pub fn inmate(&self, name: &str) -> Option<Inmate> {
        self.inmates()
            .into_iter()
            .find(|inmate| inmate.name == name)
    }

    /// The TCP ports that are listened at in the pod's network, but for the name servers' and epmd's, and what is for the
    /// pod alone: mix, from Elixir 1.18 on, holds its lock by a port at 127.0.0.1.
    pub fn listening(&self) -> BTreeSet<u16> {
        let mut ports = BTreeSet::new();
        for table in ["tcp", "tcp6"] {
            let table = fs::read_to_string(format!("/proc/{}/net/{table}", self.pid()));
            for line in table.unwrap_or_default().lines().skip(1) {
                // "sl local_address rem_address st …"; 0A is LISTEN.
                let fields: Vec<&str> = line.split_whitespace().collect();
                if let [_, local, _, "0A", ..] = fields.as_slice() {
                    let (address, port) = local.rsplit_once(':').expect("ADDRESS:PORT");
                    if address == "0100007F" {
                        continue;
                    }
                    ports.insert(u16::from_str_radix(port, 16).expect("a port"));
                }
            }
        }
        ports.retain(|port| ![53, 4369].contains(port));
        ports
    }
}

impl Inmate {
    /// From /proc/PID/stat; the name stands in parentheses and may itself hold some. `/proc/net/stat` and the like, which
    /// are no processes, have no such line.
    fn from_stat(line: &str) -> Option<Self> {
        let (pid, rest) = line.split_once(" (")?;
        let (name, rest) = rest.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        Some(Self {
            pid: pid.parse().ok()?,
            name: name.to_owned(),
            state: fields.next()?.chars().next()?,
            parent: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
        })
    }
}
