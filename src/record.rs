//! What was decided about the node of this container, and what the watcher found, written down once: for `probe`, `peers`,
//! `node` and clients in the same container, so that none of them derives it a second time. Never the cookie.
//!
//! It is in memory that init holds: memfd_create(2). A reader opens it among the descriptors of a beaminit in this container:
//! proc_pid_fd(5).

use std::ffi::CStr;
use std::fmt;
use std::fs::{self, File};
use std::io::Read as _;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use nix::sys::prctl;
use serde::{Deserialize, Serialize};

use crate::dist::Carrier;
use crate::init;
use crate::node::{NodeName, Port};
use crate::plan::{NodeSettings, Pin};
use crate::system::processes;

/// No record is longer.
const LIMIT: u64 = 64 * 1024;

/// The node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub node: NodeName,
    /// Its distribution port, if that is one and known.
    pub port: Option<Port>,
    /// The port of the epmd that knows it.
    pub epmd: Option<Port>,
    /// Is it reached over IPv6?
    pub ipv6: bool,
    /// What it speaks with other nodes: over TLS with these files.
    #[serde(default)]
    pub carrier: Carrier,
    /// The address that it listens at, or one of them, where that is known.
    pub address: Option<IpAddr>,
    /// The process of its VM, once it was found.
    pub vm: Option<i32>,
    /// The process that joins its peers, while there is to be one.
    pub joiner: Option<i32>,
    /// The file in which the VM reads its cookie, where beaminit has written it.
    pub cookie_file: Option<PathBuf>,
}

impl From<&NodeSettings> for Record {
    fn from(settings: &NodeSettings) -> Self {
        Self {
            node: settings.node.value.clone(),
            port: settings.port.as_ref().and_then(Pin::port),
            epmd: settings.epmd.port(),
            ipv6: settings.ipv6,
            carrier: settings.transport.carrier.clone(),
            address: settings.bound(),
            vm: None,
            joiner: None,
            cookie_file: None,
        }
    }
}

impl Record {
    /// Writes it over what was there.
    pub fn write(&self, memory: &OwnedFd) {
        let (Ok(file), Ok(text)) = (memory.try_clone(), serde_json::to_string(self)) else {
            return;
        };
        let file = File::from(file);
        let text = text + "\n";
        // A reader finds the old line, or the new one with something behind it.
        let _ = file.write_all_at(text.as_bytes(), 0);
        let _ = file.set_len(u64::try_from(text.len()).unwrap_or(LIMIT));
    }

    fn parse(text: &str) -> Option<Self> {
        let (line, _) = text.split_once('\n')?;
        serde_json::from_str(line).ok()
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
        file.take(LIMIT).read_to_string(&mut text).ok()?;
        Self::parse(&text)
    }
}

/// What a start waits for while there is no record: its process is called so in ps, until the exec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    Script,
    Dns,
    Peers,
}

impl Wait {
    const ALL: [Self; 3] = [Self::Script, Self::Dns, Self::Peers];

    fn process_name(self) -> &'static CStr {
        match self {
            Self::Script => c"beaminit-script",
            Self::Dns => c"beaminit-dns",
            Self::Peers => c"beaminit-sync",
        }
    }

    /// This process waits for that from now on.
    pub fn begin(self) {
        let _ = prctl::set_name(self.process_name());
    }

    /// That of a start in this container.
    pub fn current() -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|wait| processes::is_one_called(wait.process_name()))
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Script => "its start script, which is asked what it sets (env.sh and the like)",
            Self::Dns => "DNS",
            Self::Peers => "its peers (BEAMINIT_PEERS_BOOT=sync)",
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::dist::TlsFiles;
    use nix::sys::memfd::{MFdFlags, memfd_create};

    #[test]
    fn what_is_written_is_read() {
        let whole = Record {
            node: NodeName::parse("app@a.backend").unwrap(),
            port: Port::parse("43691").ok(),
            epmd: Some(Port::EPMD),
            ipv6: true,
            carrier: Carrier::Tls(TlsFiles {
                identity: Some(("/run/tls/tls.crt".into(), "/run/tls/tls.key".into())),
                authority: None,
                names_host: true,
            }),
            address: "fd00::3".parse().ok(),
            vm: Some(12),
            joiner: Some(13),
            cookie_file: Some("/run/a b/.erlang.cookie".into()),
        };
        let least = Record {
            port: None,
            epmd: None,
            ipv6: false,
            carrier: Carrier::Tcp,
            address: None,
            vm: None,
            joiner: None,
            cookie_file: None,
            ..whole.clone()
        };
        let memory = memfd_create(init::RECORD, MFdFlags::MFD_CLOEXEC).unwrap();
        // The longer one first: nothing of it is left behind the other.
        for record in [whole, least] {
            record.write(&memory);
            assert_eq!(Record::of_process(Path::new("/proc/self")), Some(record));
        }
        let line = |node: &str| format!(r#"{{"node":"{node}","ipv6":false}}"#);
        let good = line("app@a.b");
        assert!(Record::parse(&format!("{good}\nrest")).is_some());
        for text in ["", "\n", "{}\n", &good, &format!("{}\n", line("app"))] {
            assert_eq!(Record::parse(text), None, "{text}");
        }
    }
}
