use crate::dist::handshake::{ack, challenge, status};

/// A message of the handshake, its length taken off.
pub fn handshake(bytes: &[u8]) {
    let said = status(bytes);
    assert!(said.is_none() || bytes.starts_with(b"s"));
    if let Some(challenge) = challenge(bytes) {
        assert!(bytes.starts_with(b"N") && bytes[9..13] == challenge.challenge.to_be_bytes());
        assert!(bytes[19..].starts_with(challenge.name.as_bytes()));
        // It is shown.
        assert!(challenge.name.contains('@') && !challenge.name.contains(char::is_control));
    }
    if let Some(digest) = ack(bytes) {
        assert_eq!([b"a", digest.as_slice()].concat(), bytes);
    }
}
