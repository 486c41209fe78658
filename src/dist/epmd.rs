//! Asks an epmd at which port the node of a name listens.
//!
//! <https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html#get-the-distribution-port-of-a-node>

use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::time::Instant;

use super::wire::Wire;
use crate::node::NamePart;

/// No answer is longer: 12 bytes, and a name of 255 at most.
const LONGEST: usize = 512;

const PORT_PLEASE2_REQ: u8 = b'z';
const PORT2_RESP: u8 = b'w';
const NAMES_REQ: u8 = b'n';

/// Why there is no port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpmdError {
    /// No node of this name is registered.
    UnknownName,
    /// What answers is not an epmd.
    Foreign,
    NoListener,
    /// No connection or no answer in time.
    Timeout,
}

/// Asks once; `name` is the part before the `@`. epmd closes the connection after its answer.
///
/// # Errors
/// The reason why epmd gives no port.
pub fn find_port(name: &str, address: SocketAddr, deadline: Instant) -> Result<u16, EpmdError> {
    let or_timeout = |other| {
        move |error: std::io::Error| match error.kind() {
            ErrorKind::TimedOut => EpmdError::Timeout,
            _ => other,
        }
    };
    let wire = Wire::connect(address, deadline);
    let mut wire = wire.map_err(or_timeout(EpmdError::NoListener))?;
    wire.write_all(&request(name))
        .map_err(or_timeout(EpmdError::Foreign))?;
    let mut bytes = Vec::new();
    while bytes.len() < LONGEST {
        let more = wire.read_some(LONGEST);
        bytes.extend(more.map_err(or_timeout(EpmdError::Foreign))?);
        if let Some(answer) = read(&bytes, name) {
            return answer;
        }
    }
    Err(EpmdError::Foreign)
}

/// The names that it has; none where it does not say.
pub fn names(address: SocketAddr, deadline: Instant) -> Vec<String> {
    let ask = || {
        let mut wire = Wire::connect(address, deadline)?;
        wire.write_all(&[0, 1, NAMES_REQ])?;
        let mut bytes = Vec::new();
        while let Ok(more) = wire.read_some(LONGEST)
            && bytes.len() < LONGEST
        {
            bytes.extend(more);
        }
        std::io::Result::Ok(bytes)
    };
    read_names(&ask().unwrap_or_default())
}

/// Its own port in four bytes, and a line for each: `name app at port 43691`.
pub fn read_names(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes.get(4..).unwrap_or_default());
    let name = |line: &str| {
        let (name, _) = line.strip_prefix("name ")?.split_once(" at port ")?;
        Some(NamePart::parse(name).ok()?.to_string())
    };
    text.lines().filter_map(name).collect()
}

pub fn request(name: &str) -> Vec<u8> {
    let length = u16::try_from(name.len().saturating_add(1)).unwrap_or(u16::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.push(PORT_PLEASE2_REQ);
    bytes.extend(name.bytes());
    bytes
}

/// Reads the answer; `None` while it is incomplete. It repeats the name: another name is not epmd's.
pub fn read(bytes: &[u8], name: &str) -> Option<Result<u16, EpmdError>> {
    let foreign = Some(Err(EpmdError::Foreign));
    let (tag, rest) = bytes.split_first()?;
    if *tag != PORT2_RESP {
        return foreign;
    }
    let fields = match rest.split_first()? {
        (0, fields) => fields,
        // An error code has nothing after it.
        (_, []) => return Some(Err(EpmdError::UnknownName)),
        _ => return foreign,
    };
    // The port, the node's type, its protocol, two versions, and the length of the name that follows.
    let ([p1, p2, _, _, _, _, _, _, n1, n2], rest) = fields.split_first_chunk()?;
    let start = rest.get(..name.len()).unwrap_or(rest);
    let is_length = usize::from(u16::from_be_bytes([*n1, *n2])) == name.len();
    if !is_length || !name.as_bytes().starts_with(start) {
        return foreign;
    }
    (start.len() == name.len()).then(|| Ok(u16::from_be_bytes([*p1, *p2])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_request() {
        assert_eq!(request("app"), b"\0\x04zapp");
    }

    #[test]
    fn reads_names() {
        for (bytes, expected) in [
            (
                b"\0\0\x11\x11name blog at port 5\nname a at port 6\n".as_slice(),
                "blog a",
            ),
            (b"\0\0\x11\x11name blog at port 5\nname cut", "blog"),
            (
                b"\0\0\x11\x11name \x1b[2J at port 5\nother\nname a b at port 6",
                "",
            ),
            (b"\0\0", ""),
        ] {
            assert_eq!(super::read_names(bytes).join(" "), expected, "{bytes:?}");
        }
    }

    #[test]
    fn reads_answers() {
        let taken = b"w\0\xaa\xabM\0\0\x06\0\x05\0\x03app\0\0";
        for (bytes, expected) in [
            (taken.as_slice(), Some(Ok(43691))),
            (b"w\x01", Some(Err(EpmdError::UnknownName))),
            (b"w\xff", Some(Err(EpmdError::UnknownName))),
            (b"", None),
            (b"w", None),
            (b"w\0\xaa\xab", None),
            (b"w\0\xaa\xabM\0\0\x06\0\x05\0\x03ap", None),
            (
                b"w\0\xaa\xabM\0\0\x06\0\x05\0\x03apx",
                Some(Err(EpmdError::Foreign)),
            ),
            (
                b"w\0\xaa\xabM\0\0\x06\0\x05\xff\xffapp",
                Some(Err(EpmdError::Foreign)),
            ),
            (b"w\x01 more", Some(Err(EpmdError::Foreign))),
            (
                b"HTTP/1.1 400 Bad Request\r\n",
                Some(Err(EpmdError::Foreign)),
            ),
            (b"\0", Some(Err(EpmdError::Foreign))),
        ] {
            assert_eq!(read(bytes, "app"), expected, "{bytes:?}");
        }
        // Until it is complete there is no answer.
        for end in 0..taken.len() - 2 {
            let partly = taken.get(..end).unwrap_or_default();
            assert_eq!(read(partly, "app"), None, "{end}");
        }
    }
}
