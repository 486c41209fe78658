//! Who listens on a port: the socket's inode in /proc/net/tcp, then the process that has it open. proc(5).
//!
//! Best effort, for a message: without /proc, or for another user's process, there is no answer.

use std::{fmt, fs};

use crate::launch::files::text_of;

/// LISTEN in the `st` column.
const LISTEN: &str = "0A";

/// A process.
#[derive(Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its id in our PID namespace.
    pub pid: u32,
    /// Its name.
    pub command: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.command, self.pid)
    }
}

/// The process that listens on a TCP port.
pub fn of(port: u16) -> Option<Holder> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| text_of(table).ok())
        .flat_map(|table| listeners(&table, port))
        .collect();
    let links: Vec<String> = inodes
        .iter()
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let pids = fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let pid = pids.into_iter().find(|pid: &u32| {
        let open = fs::read_dir(format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten()
            .flatten();
        let mut targets = open.filter_map(|entry| fs::read_link(entry.path()).ok());
        targets.any(|target| links.iter().any(|link| target.as_os_str() == link.as_str()))
    })?;
    let command = text_of(format!("/proc/{pid}/comm")).ok()?;
    Some(Holder {
        pid,
        command: command.trim_end().to_owned(),
    })
}

/// The inodes of the sockets that listen on a port, out of a table like /proc/net/tcp.
pub fn listeners(table: &str, port: u16) -> Vec<String> {
    let ending = format!(":{port:04X}");
    let rows = table
        .lines()
        .skip(1)
        .map(|row| row.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| {
        row.get(1).is_some_and(|local| local.ends_with(&ending)) && row.get(3) == Some(&LISTEN)
    })
    .filter_map(|row| row.get(9).map(ToString::to_string))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 00000000:AAAB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n\
            1: 0100007F:AAAB 0100007F:1111 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0\n\
            2: 00000000:AAAC 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0\n";
        assert_eq!(listeners(table, 43691), ["4711"]);
        assert_eq!(listeners(table, 1), Vec::<String>::new());
    }
}
