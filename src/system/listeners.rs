//! Finds the process that listens on a port, or has taken a connection: the socket's inode in /proc/net/tcp, then the process
//! that has it open. Without /proc, or for another user's process, there is no answer. proc(5)

use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::MetadataExt as _;

use nix::unistd::geteuid;

use crate::system::files::text_of;

/// LISTEN, ESTABLISHED and CLOSE_WAIT in the `st` column: a process has it open.
const OPEN: [&str; 3] = ["0A", "01", "08"];
/// The other port of a socket that listens.
const NONE: u16 = 0;

#[derive(Debug, PartialEq, Eq)]
pub struct Socket {
    pub uid: u32,
    /// 0 for a connection that no process has taken yet.
    pub inode: u32,
}

/// The process that listens on a TCP port: `beam.smp (pid 812)`.
pub fn holder(port: u16) -> Option<String> {
    let sockets: Vec<Socket> = sockets(port, NONE).collect();
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let has_one = |pid: &u32| {
        let mut sockets = sockets.iter();
        sockets.any(|socket| has_open(*pid, socket) == Some(true))
    };
    let pid = pids.find(has_one)?;
    let command = text_of(format!("/proc/{pid}/comm")).ok()?;
    Some(format!("{} (pid {pid})", command.trim_end()))
}

/// Is a TCP port listened on at this address, and at no other?
pub fn are_all_at(address: IpAddr, port: u16) -> bool {
    let at = columns(SocketAddr::new(address, port));
    let rows = rows().filter(|row| socket(row, port, NONE).is_some());
    let is_there = |row: String| {
        at.iter()
            .any(|one| row.split_whitespace().nth(1) == Some(one))
    };
    let answers: Vec<bool> = rows.map(is_there).collect();
    !answers.is_empty() && !answers.contains(&false)
}

/// Does one of these processes listen on a TCP port? `None` where nobody does, or that cannot be seen.
pub fn is_one_of(pids: &[u32], port: u16) -> Option<bool> {
    let mut answer = None;
    for socket in sockets(port, NONE) {
        answer = is_of(pids, &socket);
        if answer == Some(true) {
            break;
        }
    }
    answer
}

/// Has one of these processes taken the connection from `own`, which is ours, to this address? `None` where that cannot be seen.
///
/// Who listens may have changed since then.
pub fn have_accepted(pids: &[u32], at: SocketAddr, own: SocketAddr) -> Option<bool> {
    let ends = [columns(at), columns(own)];
    let is_it = |row: &str| {
        let words = row.split_whitespace().skip(1);
        words
            .zip(&ends)
            .all(|(word, end)| end.iter().any(|one| one == word))
    };
    let mut found = rows().filter(|row| is_it(row));
    let taken = found.find_map(|row| socket(&row, at.port(), own.port()));
    match taken {
        Some(socket) => is_of(pids, &socket),
        None => (!pids.is_empty()).then_some(false),
    }
}

/// An address as the table of its family has it, and as that of IPv6 has it.
fn columns(at: SocketAddr) -> [String; 2] {
    let text = |octets: &[u8]| {
        let (words, _) = octets.as_chunks::<4>();
        let words = words.iter().map(|word| u32::from_ne_bytes(*word));
        let words: Vec<String> = words.map(|word| format!("{word:08X}")).collect();
        format!("{}:{:04X}", words.concat(), at.port())
    };
    match at.ip() {
        IpAddr::V4(v4) => [text(&v4.octets()), text(&v4.to_ipv6_mapped().octets())],
        IpAddr::V6(v6) => [text(&v6.octets()), text(&v6.octets())],
    }
}

/// Is a socket one of these processes'? Where another user's descriptors cannot be seen, only root takes the socket's user id
/// for an answer: in a container without CAP_SYS_PTRACE it has no other, and another container's process may have that id, too.
fn is_of(pids: &[u32], socket: &Socket) -> Option<bool> {
    if socket.inode == 0 {
        return None;
    }
    let is_users = |pid: &u32| {
        let process = fs::metadata(format!("/proc/{pid}")).ok()?;
        let is_same = process.uid() == socket.uid;
        (!is_same || geteuid().is_root()).then_some(is_same)
    };
    let answers = pids
        .iter()
        .map(|pid| has_open(*pid, socket).or_else(|| is_users(pid)));
    let answers: Vec<Option<bool>> = answers.collect();
    if answers.contains(&Some(true)) {
        return Some(true);
    }
    let is_unclear = answers.is_empty() || answers.contains(&None);
    (!is_unclear).then_some(false)
}

/// Has a process this socket open? `None` where its descriptors cannot be seen.
fn has_open(pid: u32, socket: &Socket) -> Option<bool> {
    let link = format!("socket:[{}]", socket.inode);
    let mut open = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
    let mut is_hidden = false;
    let found = open.any(|entry| match fs::read_link(entry.path()) {
        Ok(target) => target.as_os_str() == link.as_str(),
        // Without CAP_SYS_PTRACE root sees that they are there, and not what they are.
        Err(error) => {
            is_hidden |= error.kind() == ErrorKind::PermissionDenied;
            false
        }
    });
    (found || !is_hidden).then_some(found)
}

/// The sockets with these ports, their own and the other side's.
fn sockets(port: u16, other: u16) -> impl Iterator<Item = Socket> {
    rows().filter_map(move |row| socket(&row, port, other))
}

/// The rows of both tables, one by one: after the last listening one the kernel walks through its table of all connections,
/// which takes milliseconds.
fn rows() -> impl Iterator<Item = String> {
    // The length of a row of /proc/net/tcp.
    const ROW: usize = 150;
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter();
    let tables = tables.filter_map(|table| fs::File::open(table).ok());
    tables.flat_map(|table| {
        let rows = BufReader::with_capacity(ROW, table).lines();
        rows.map_while(Result::ok)
    })
}

/// The socket of a row in a table like /proc/net/tcp, if it has these ports.
pub fn socket(row: &str, port: u16, other: u16) -> Option<Socket> {
    let mut columns = row.split_whitespace();
    let is_at = |column: &str, port| column.ends_with(&format!(":{port:04X}"));
    let matches = is_at(columns.nth(1)?, port)
        && is_at(columns.next()?, other)
        && OPEN.contains(&columns.next()?);
    let uid = columns.nth(3)?.parse().ok().filter(|_| matches)?;
    let inode = columns.nth(1)?.parse().ok()?;
    Some(Socket { uid, inode })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn reads_a_row() {
        let row = |local: &str, other: &str| {
            let state = if other.ends_with(":0000") { "0A" } else { "01" };
            format!(
                "   0: {local} {other} {state} 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0"
            )
        };
        let found = Socket {
            uid: 1000,
            inode: 4711,
        };
        let ipv6 = "00000000000000000000000000000000:AAAB";
        for local in ["00000000:AAAB", "0100007F:AAAB", ipv6] {
            let (listens, connected) = (row(local, "00000000:0000"), row(local, "0100007F:D431"));
            assert_eq!(socket(&listens, 43691, 0).as_ref(), Some(&found));
            assert_eq!(socket(&connected, 43691, 54321).as_ref(), Some(&found));
            assert_eq!(socket(&listens, 43692, 0), None, "another port");
            assert_eq!(socket(&connected, 43691, 0), None, "a connection");
            assert_eq!(socket(&connected, 54321, 43691), None, "our side of it");
            let ended = connected.replace(" 01 ", " 05 ");
            assert_eq!(socket(&ended, 43691, 54321), None, "closed by its process");
        }
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
        assert_eq!(socket(head, 43691, 0), None);
    }

    #[test]
    fn finds_the_listening_process() {
        let (own, other) = (std::process::id(), std::os::unix::process::parent_id());
        for address in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0"] {
            let socket = std::net::TcpListener::bind(address).unwrap();
            let port = socket.local_addr().unwrap().port();
            assert_eq!(is_one_of(&[other, own], port), Some(true), "{address}");
            assert_eq!(is_one_of(&[other], port), Some(false), "{address}");
            assert_eq!(is_one_of(&[], port), None, "{address}");
            let holder = holder(port).unwrap();
            assert!(holder.ends_with(&format!(" (pid {own})")), "{holder}");
            let is_v4_loopback = address.starts_with("127");
            let loopback = IpAddr::from([127, 0, 0, 1]);
            assert_eq!(are_all_at(loopback, port), is_v4_loopback, "{address}");
            let client = std::net::TcpStream::connect(socket.local_addr().unwrap()).unwrap();
            let (at, from) = (client.peer_addr().unwrap(), client.local_addr().unwrap());
            assert_eq!(have_accepted(&[own], at, from), None, "{address}");
            let _taken = socket.accept().unwrap();
            drop(socket);
            assert_eq!(
                have_accepted(&[other, own], at, from),
                Some(true),
                "{address}"
            );
            assert_eq!(have_accepted(&[other], at, from), Some(false), "{address}");
            // A process that another test starts has a copy of the socket until its exec.
            let deadline = Instant::now() + Duration::from_secs(60);
            while is_one_of(&[own], port).is_some() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(10));
            }
            assert_eq!(is_one_of(&[own], port), None, "{address}");
        }
    }
}
