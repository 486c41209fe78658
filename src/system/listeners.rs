//! Finds the process that listens on a port: the socket's inode in /proc/net/tcp, then the process that has it open. Without
//! /proc, or for another user's process, there is no answer. proc(5)

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::{fmt, fs};

use crate::system::files::text_of;

/// LISTEN in the `st` column.
const LISTEN: &str = "0A";

#[derive(Debug, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub command: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.command, self.pid)
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct Listener {
    pub uid: u32,
    pub inode: u32,
}

/// The process that listens on a TCP port.
pub fn of(port: u16) -> Option<Holder> {
    let sockets: Vec<Listener> = listeners(port).collect();
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let has_one = |pid: &u32| {
        let mut sockets = sockets.iter();
        sockets.any(|socket| has_open(*pid, socket) == Some(true))
    };
    let pid = pids.find(has_one)?;
    let command = text_of(format!("/proc/{pid}/comm")).ok()?;
    Some(Holder {
        pid,
        command: command.trim_end().to_owned(),
    })
}

/// Does one of these processes listen on a TCP port? Where another user's descriptors cannot be seen, its user id must be the
/// socket's.
pub fn is_one_of(pids: &[u32], port: u16) -> bool {
    let is_owner = |pid: u32, socket: &Listener| {
        let process = fs::metadata(format!("/proc/{pid}"));
        process.is_ok_and(|process| process.uid() == socket.uid)
    };
    listeners(port).any(|socket| {
        let mut pids = pids.iter();
        pids.any(|pid| has_open(*pid, &socket).unwrap_or_else(|| is_owner(*pid, &socket)))
    })
}

/// Has a process this socket open? `None` where its descriptors cannot be seen.
fn has_open(pid: u32, socket: &Listener) -> Option<bool> {
    let link = format!("socket:[{}]", socket.inode);
    let open = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
    let mut targets = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    Some(targets.any(|target| target.as_os_str() == link.as_str()))
}

/// The sockets that listen on a port. The rows are read one by one: after the last listening one the kernel walks through its
/// table of all connections, which takes milliseconds.
fn listeners(port: u16) -> impl Iterator<Item = Listener> {
    // The length of a row of /proc/net/tcp.
    const ROW: usize = 150;
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter();
    let tables = tables.filter_map(|table| fs::File::open(table).ok());
    let rows = tables.flat_map(|table| BufReader::with_capacity(ROW, table).lines());
    rows.filter_map(move |row| listener(&row.ok()?, port))
}

/// The socket of a row in a table like /proc/net/tcp, if it listens on this port.
pub fn listener(row: &str, port: u16) -> Option<Listener> {
    let mut columns = row.split_whitespace();
    let local = columns.nth(1)?;
    let listens = local.ends_with(&format!(":{port:04X}")) && columns.nth(1)? == LISTEN;
    let uid = columns.nth(3)?.parse().ok().filter(|_| listens)?;
    let inode = columns.nth(1)?.parse().ok()?;
    Some(Listener { uid, inode })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_row() {
        let row = |local: &str, state: &str| {
            format!(
                "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0"
            )
        };
        let found = Listener {
            uid: 1000,
            inode: 4711,
        };
        let ipv6 = "00000000000000000000000000000000:AAAB";
        for local in ["00000000:AAAB", "0100007F:AAAB", ipv6] {
            assert_eq!(listener(&row(local, "0A"), 43691).as_ref(), Some(&found));
            assert_eq!(listener(&row(local, "0A"), 43692), None, "another port");
            assert_eq!(listener(&row(local, "01"), 43691), None, "a connection");
        }
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
        assert_eq!(listener(head, 43691), None);
    }

    #[test]
    fn finds_the_listening_process() {
        let (own, other) = (std::process::id(), 1);
        for address in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0"] {
            let socket = std::net::TcpListener::bind(address).unwrap();
            let port = socket.local_addr().unwrap().port();
            assert!(is_one_of(&[other, own], port), "{address}");
            assert!(!is_one_of(&[other], port), "{address}");
            assert_eq!(of(port).map(|holder| holder.pid), Some(own), "{address}");
            drop(socket);
            assert!(!is_one_of(&[own], port), "{address}");
        }
    }
}
