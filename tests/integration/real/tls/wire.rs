//! What can be read on the way between two nodes.

use super::mesh;
use super::*;

/// A record of TLS that is not encrypted. RFC 8446 5.1
const HANDSHAKE: u8 = 22;

/// All that two nodes and their beaminits say to each other at the port of distribution until they are joined and listed,
/// with TLS or without.
fn spoken(with_tls: bool) -> Vec<Stream> {
    let authority = Authority::new();
    let pods = if with_tls {
        mesh::secured_pods(&authority)
    } else {
        mesh::pods()
    };
    let capture = Capture::start(pods[0].0.network());
    let [(first, _dns), (second, _seconds_dns)] =
        pods.map(|(pod, dns)| (pod.run(["erl", "-noinput", "-eval", SPEAK]), dns));
    first.says(&format!("joined {}", mesh::name(1)));
    second.says(&format!("joined {}", mesh::name(0)));
    first.enter([BEAMINIT, "peers"]).ends_with(0);
    let streams = capture.streams(5555);
    assert!(streams.len() >= 4, "{}", streams.len());
    streams
}

/// The messages of a handshake: each has its length before it.
fn messages(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while let [high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((message, rest)) = rest.split_at_checked(length) else {
            break;
        };
        messages.push(message);
        bytes = rest;
    }
    messages
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// The kinds of the records of TLS, if it is nothing else. RFC 8446 5.1
fn records(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kinds = Vec::new();
    while let [kind @ 20..=23, 3, 1..=3, high, low, rest @ ..] = bytes {
        kinds.push(*kind);
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        // The last may be on its way.
        bytes = rest.get(length..).unwrap_or_default();
    }
    bytes.is_empty().then_some(kinds)
}

/// It is what the capture could show: who says so is the same nodes without TLS.
#[test]
fn without_tls_the_names_and_the_digest_of_the_cookie_are_in_clear() {
    let streams = spoken(false);
    // Either node may be the one that connects.
    let sends_name = |stream: &Stream| {
        let first = messages(&stream.bytes).into_iter().next();
        let is_name = |name: &[u8]| {
            [mesh::name(0), mesh::name(1)]
                .iter()
                .any(|own| name.ends_with(own.as_bytes()))
        };
        first.is_some_and(|message| message.starts_with(b"N") && is_name(message))
    };
    assert!(streams.iter().any(sends_name), "no name was seen");
    let is_proven = streams.iter().any(|asks| {
        let challenge = messages(&asks.bytes)
            .into_iter()
            .find_map(|message| match message {
                // Behind the flags.
                [b'N', _, _, _, _, _, _, _, _, a, b, c, d, ..] => {
                    Some(u32::from_be_bytes([*a, *b, *c, *d]))
                }
                _ => None,
            });
        let Some(challenge) = challenge else {
            return false;
        };
        let digest = md5::compute(format!("chocolate{challenge}"));
        let mut answers = streams
            .iter()
            .filter(|s| (s.from, s.to) == (asks.to, asks.from));
        answers.any(|answer| contains(&answer.bytes, &digest.0))
    });
    assert!(is_proven, "no digest of the cookie was seen");
    assert!(
        streams
            .iter()
            .all(|stream| records(&stream.bytes).is_none() || stream.bytes.is_empty())
    );
}

#[test]
fn with_tls_there_is_nothing_but_tls() {
    for Stream { from, to, bytes } in spoken(true) {
        let kinds = records(&bytes);
        let mut kinds =
            kinds.unwrap_or_else(|| panic!("{from} {to}: {:?}", bytes.escape_ascii().to_string()));
        // After the first greeting of each side all of it is encrypted.
        kinds.retain(|kind| *kind == HANDSHAKE);
        assert!(kinds.len() <= 1, "{from} {to}: {kinds:?}");
        assert!(!contains(&bytes, b"app@"), "{from} {to}");
        assert!(!contains(&bytes, b"beaminit"), "{from} {to}");
    }
}
