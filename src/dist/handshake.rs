//! The messages of the handshake, without their lengths: protocol version 6, which every node from OTP 23 on speaks.
//!
//! <https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html#distribution-handshake>

/// No message is longer: 19 bytes, and a name of 255 characters of up to four bytes.
pub const LONGEST: usize = 2048;

/// The flags that other nodes insist on, OTP 25 and 26 the most. No PUBLISHED: a hidden node.
const FLAGS: u64 = 0x4 // EXTENDED_REFERENCES
    | 0x10 // FUN_TAGS
    | 0x80 // NEW_FUN_TAGS
    | 0x100 // EXTENDED_PIDS_PORTS
    | 0x200 // EXPORT_PTR_TAG
    | 0x400 // BIT_BINARIES
    | 0x800 // NEW_FLOATS
    | 0x1_0000 // UTF8_ATOMS
    | 0x2_0000 // MAP_TAG
    | 0x4_0000 // BIG_CREATION
    | 0x100_0000 // HANDSHAKE_23
    | 0x200_0000 // UNLINK_ID
    | 0x4_0000_0000 // V4_NC
    | 0x10_0000_0000; // MANDATORY_25_DIGEST

/// `send_status`: this connection replaces an older one.
pub const REPLACE: &[u8] = b"strue";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeStatus {
    Ok,
    /// There is a connection of that name.
    Alive,
    NotAllowed,
    /// `nok`: the node connects to that name itself.
    Busy,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_field_names)] // the protocol's words
pub struct Challenge {
    pub name: String,
    pub challenge: u32,
    /// A number that changes with every start of the node.
    pub creation: u32,
}

/// `send_name`.
pub fn name(name: &str, creation: u32) -> Vec<u8> {
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
    let mut message = vec![b'N'];
    message.extend(FLAGS.to_be_bytes());
    message.extend(creation.to_be_bytes());
    message.extend(length.to_be_bytes());
    message.extend(name.bytes());
    message
}

/// `recv_status`; `None` for what no node sends.
pub fn status(message: &[u8]) -> Option<HandshakeStatus> {
    match message.strip_prefix(b"s")? {
        b"ok" | b"ok_simultaneous" => Some(HandshakeStatus::Ok),
        b"alive" => Some(HandshakeStatus::Alive),
        b"not_allowed" => Some(HandshakeStatus::NotAllowed),
        b"nok" => Some(HandshakeStatus::Busy),
        _ => None,
    }
}

/// `recv_challenge`; `None` for what no node sends. Later versions may add something after the name.
pub fn challenge(message: &[u8]) -> Option<Challenge> {
    let (_flags, rest) = message.strip_prefix(b"N")?.split_first_chunk::<8>()?;
    let (challenge, rest) = rest.split_first_chunk()?;
    let (creation, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let name = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    let name = str::from_utf8(name).ok().filter(|name| is_name(name))?;
    Some(Challenge {
        name: name.to_owned(),
        challenge: u32::from_be_bytes(*challenge),
        creation: u32::from_be_bytes(*creation),
    })
}

fn is_name(name: &str) -> bool {
    name.contains('@') && !name.contains(char::is_control) && name.chars().count() <= 255
}

/// `send_challenge_reply`.
pub fn reply(challenge: u32, digest: &[u8; 16]) -> Vec<u8> {
    let mut message = vec![b'r'];
    message.extend(challenge.to_be_bytes());
    message.extend(digest);
    message
}

/// `recv_challenge_ack`: the peer's own digest.
pub fn ack(message: &[u8]) -> Option<[u8; 16]> {
    message.strip_prefix(b"a")?.try_into().ok()
}

/// Proves a cookie without sending it.
pub fn digest(cookie: &str, challenge: u32) -> [u8; 16] {
    md5::compute(format!("{cookie}{challenge}")).0
}

/// Does the peer's digest prove that it has the cookie? Not where its own challenge was ours: then it has only sent our digest
/// back.
pub fn is_proof(ack: &[u8; 16], cookie: &str, ours: u32, theirs: u32) -> bool {
    ours != theirs && *ack == digest(cookie, ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_messages() {
        let name = name("probe-1@a.b", 7);
        assert_eq!(name.get(..1), Some(b"N".as_slice()));
        assert_eq!(
            name.get(9..),
            Some(b"\0\0\0\x07\0\x0bprobe-1@a.b".as_slice())
        );
        let reply = reply(258, b"0123456789abcdef");
        assert_eq!(reply, b"r\0\0\x01\x020123456789abcdef");
    }

    #[test]
    fn digests_as_erlang_does() {
        // erlang:md5(["secret" | "12345"]).
        let hex = |bytes: [u8; 16]| bytes.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(
            hex(digest("secret", 12345)),
            "d4047d3e56e6d6d63f7d16b85cd2fa88"
        );
    }

    #[test]
    fn a_digest_sent_back_proves_nothing() {
        for (ack, ours, theirs, is_one) in [
            (digest("secret", 7), 7, 8, true),
            (digest("secret", 7), 7, 7, false),
            (digest("secret", 8), 7, 8, false),
            (digest("other", 7), 7, 8, false),
        ] {
            assert_eq!(
                is_proof(&ack, "secret", ours, theirs),
                is_one,
                "{ours} {theirs}"
            );
        }
    }

    #[test]
    fn reads_statuses() {
        for (message, expected) in [
            (b"sok".as_slice(), Some(HandshakeStatus::Ok)),
            (b"sok_simultaneous", Some(HandshakeStatus::Ok)),
            (b"salive", Some(HandshakeStatus::Alive)),
            (b"snot_allowed", Some(HandshakeStatus::NotAllowed)),
            (b"snok", Some(HandshakeStatus::Busy)),
            (b"snamed:\0\x03a@b\0\0\0\x01", None),
            (b"s", None),
            (b"HT", None),
            (b"", None),
        ] {
            assert_eq!(status(message), expected, "{message:?}");
        }
    }

    #[test]
    fn reads_challenges() {
        let whole = b"N\0\0\0\0\0\0\0\x01\0\0\x01\x02\0\0\0\x09\0\x07app@a.b";
        let expected = Challenge {
            name: "app@a.b".into(),
            challenge: 258,
            creation: 9,
        };
        assert_eq!(challenge(whole), Some(expected.clone()));
        assert_eq!(
            challenge(&[whole, b"more".as_slice()].concat()),
            Some(expected)
        );
        for end in 0..whole.len() {
            assert_eq!(
                challenge(whole.get(..end).unwrap_or_default()),
                None,
                "{end}"
            );
        }
        for bad in [b"app_a.b", b"ap\n@a.b", b"app@a.\xff"] {
            let message = [whole.get(..19).unwrap_or_default(), bad].concat();
            assert_eq!(challenge(&message), None, "{bad:?}");
        }
    }

    #[test]
    fn reads_acknowledgements() {
        assert_eq!(ack(b"a0123456789abcdef"), Some(*b"0123456789abcdef"));
        assert_eq!(ack(b"a0123456789abcde"), None);
        assert_eq!(ack(b"a0123456789abcdefg"), None);
        assert_eq!(ack(b""), None);
    }
}
