//! What epmd answers to PORT_PLEASE2_REQ, out of bytes that may be anybody's.
//!
//! <https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html#get-the-distribution-port-of-a-node>

/// PORT_PLEASE2_REQ.
const REQUEST: u8 = b'z';
/// PORT2_RESP.
const RESPONSE: u8 = b'w';

/// What the bytes so far say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpmdAnswer {
    /// The name is registered, with this port.
    Taken(u16),
    /// It isn't.
    Free,
    /// More bytes must come before there is an answer.
    Incomplete,
    /// This is not epmd.
    Foreign,
}

/// The question: at which port is the node of this name?
pub fn question(name: &str) -> Vec<u8> {
    let length = u16::try_from(name.len().saturating_add(1)).unwrap_or(u16::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.push(REQUEST);
    bytes.extend(name.bytes());
    bytes
}

/// Reads the answer. It names the node that was asked for, or it is none of epmd's.
pub fn read(bytes: &[u8], name: &str) -> EpmdAnswer {
    let Some((&RESPONSE, rest)) = bytes.split_first() else {
        return if bytes.is_empty() {
            EpmdAnswer::Incomplete
        } else {
            EpmdAnswer::Foreign
        };
    };
    let fields = match rest.split_first() {
        None => return EpmdAnswer::Incomplete,
        Some((0, fields)) => fields,
        // Of another result nothing follows.
        Some((_, [])) => return EpmdAnswer::Free,
        Some(_) => return EpmdAnswer::Foreign,
    };
    // The port, the node's type, its protocol, two versions, and the length of the name that follows.
    let Some(([p1, p2, _, _, _, _, _, _, n1, n2], named)) = fields.split_first_chunk() else {
        return EpmdAnswer::Incomplete;
    };
    if usize::from(u16::from_be_bytes([*n1, *n2])) != name.len() {
        return EpmdAnswer::Foreign;
    }
    let seen = named.get(..name.len()).unwrap_or(named);
    if !name.as_bytes().starts_with(seen) {
        return EpmdAnswer::Foreign;
    }
    if seen.len() < name.len() {
        return EpmdAnswer::Incomplete;
    }
    EpmdAnswer::Taken(u16::from_be_bytes([*p1, *p2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks() {
        assert_eq!(question("app"), b"\0\x04zapp");
    }

    #[test]
    fn reads_answers() {
        let taken = b"w\0\xaa\xabM\0\0\x06\0\x05\0\x03app\0\0";
        for (bytes, expected) in [
            (taken.as_slice(), EpmdAnswer::Taken(43691)),
            (b"w\x01", EpmdAnswer::Free),
            (b"w\xff", EpmdAnswer::Free),
            (b"", EpmdAnswer::Incomplete),
            (b"w", EpmdAnswer::Incomplete),
            (b"w\0\xaa\xab", EpmdAnswer::Incomplete),
            (
                b"w\0\xaa\xabM\0\0\x06\0\x05\0\x03ap",
                EpmdAnswer::Incomplete,
            ),
            (b"w\0\xaa\xabM\0\0\x06\0\x05\0\x03apx", EpmdAnswer::Foreign),
            (
                b"w\0\xaa\xabM\0\0\x06\0\x05\xff\xffapp",
                EpmdAnswer::Foreign,
            ),
            (b"w\x01 more", EpmdAnswer::Foreign),
            (b"HTTP/1.1 400 Bad Request\r\n", EpmdAnswer::Foreign),
            (b"\0", EpmdAnswer::Foreign),
        ] {
            assert_eq!(read(bytes, "app"), expected, "{bytes:?}");
        }
        // However the bytes come in pieces, they say nothing else on the way.
        for end in 0..taken.len() - 2 {
            let partly = taken.get(..end).unwrap_or_default();
            assert_eq!(read(partly, "app"), EpmdAnswer::Incomplete, "{end}");
        }
    }
}
