//! What was decided about the node of this container, and what the watcher saw of it, written down once: for `probe`,
//! `peers`, `attach` and clients in the same container, so that none of them derives it a second time. Never the cookie.
//!
//! It is in memory that init holds: memfd_create(2). A reader opens it among the descriptors of a beaminit that runs here:
//! proc_pid_fd(5).

use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use crate::init;
use crate::node::{NodeName, Port};

/// No record is longer.
const LONGEST: u64 = 64 * 1024;

/// The node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub node: NodeName,
    /// Its distribution port, if that is one and known.
    pub port: Option<Port>,
    /// The port of the epmd that knows it.
    pub epmd: Option<Port>,
    /// Is it reached over IPv6?
    pub ipv6: bool,
    /// The process of its VM, once it was seen.
    pub vm: Option<i32>,
    /// The file in which the VM reads its cookie, where beaminit has written it.
    pub cookie_file: Option<PathBuf>,
}

impl Record {
    /// Writes it, in the place of what was there.
    pub fn write(&self, memory: &OwnedFd) {
        use std::os::unix::fs::FileExt as _;
        let Ok(file) = memory.try_clone().map(File::from) else {
            return;
        };
        let text = self.text();
        // A reader finds the old text, or the new one with something behind it: the first line of each kind counts.
        let _ = file.write_all_at(text.as_bytes(), 0);
        let _ = file.set_len(u64::try_from(text.len()).unwrap_or(LONGEST));
    }

    fn text(&self) -> String {
        let line = |what: &str, value: Option<String>| {
            value.map_or_else(String::new, |value| format!("{what} {value}\n"))
        };
        let path = self.cookie_file.as_ref();
        [
            line("node", Some(self.node.to_string())),
            line("port", self.port.map(|port| port.to_string())),
            line("epmd", self.epmd.map(|port| port.to_string())),
            line("ipv6", self.ipv6.then(|| "yes".into())),
            line("vm", self.vm.map(|vm| vm.to_string())),
            line("cookie-file", path.map(|path| path.display().to_string())),
            "end\n".into(),
        ]
        .concat()
    }

    fn parse(text: &str) -> Option<Self> {
        let (text, _) = text.split_once("\nend\n")?;
        let value = |what: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix(what)?.strip_prefix(' '))
        };
        let port = |what| Port::parse(value(what)?).ok();
        Some(Self {
            node: NodeName::parse(value("node")?).ok()?,
            port: port("port"),
            epmd: port("epmd"),
            ipv6: value("ipv6").is_some(),
            vm: value("vm").and_then(|vm| vm.parse().ok()),
            cookie_file: value("cookie-file").map(PathBuf::from),
        })
    }

    /// That of a process, if it holds one and this user may read it.
    pub fn of_process(process: &Path) -> Option<Self> {
        let open = fs::read_dir(process.join("fd")).ok()?.flatten();
        // The kernel writes `/memfd:NAME (deleted)`.
        let start = format!("/memfd:{} ", init::RECORD);
        let is_it = |target: PathBuf| target.to_string_lossy().starts_with(&start);
        let mut open = open.filter(|entry| fs::read_link(entry.path()).is_ok_and(is_it));
        let mut text = String::new();
        let file = File::open(open.next()?.path()).ok()?;
        file.take(LONGEST).read_to_string(&mut text).ok()?;
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use nix::sys::memfd::{MFdFlags, memfd_create};

    #[test]
    fn what_is_written_is_read() {
        let whole = Record {
            node: NodeName::parse("app@a.backend").unwrap(),
            port: Port::parse("43691").ok(),
            epmd: Some(Port::EPMD),
            ipv6: true,
            vm: Some(12),
            cookie_file: Some("/run/a b/.erlang.cookie".into()),
        };
        let least = Record {
            port: None,
            epmd: None,
            ipv6: false,
            vm: None,
            cookie_file: None,
            ..whole.clone()
        };
        let memory = memfd_create(init::RECORD, MFdFlags::MFD_CLOEXEC).unwrap();
        // The longer one first: nothing of it is left behind the other.
        for record in [whole, least] {
            record.write(&memory);
            assert_eq!(Record::of_process(Path::new("/proc/self")), Some(record));
        }
        for text in ["", "node app@a.b\n", "end\n", "node app\nend\n"] {
            assert_eq!(Record::parse(text), None, "{text}");
        }
    }
}
