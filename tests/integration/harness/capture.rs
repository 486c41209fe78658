//! What passes through a network, as tcpdump sees it. packet(7)

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddrV4};

use nix::sys::socket::{
    AddressFamily, SockFlag, SockProtocol, SockType, setsockopt, socket, sockopt,
};

use super::Network;

/// The kernel keeps so many bytes until they are read.
const ROOM: usize = 64 << 20;

/// All packets of a network from now on.
pub struct Capture(File);

/// What one side of a connection of TCP has sent, from its beginning.
pub struct Stream {
    pub from: SocketAddrV4,
    pub to: SocketAddrV4,
    pub bytes: Vec<u8>,
}

/// The address, port and first sequence number of the side that sends, and the other's address and port.
type Key = (SocketAddrV4, SocketAddrV4, u32);

struct Segment<'a> {
    from: SocketAddrV4,
    to: SocketAddrV4,
    number: u32,
    begins: bool,
    bytes: &'a [u8],
}

impl Capture {
    pub fn start(network: &Network) -> Self {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let (family, protocol) = (AddressFamily::Packet, SockProtocol::EthAll);
        // Without the headers of Ethernet.
        let opened = network.inside(|| socket(family, SockType::Datagram, flags, protocol));
        let opened = opened.expect("a socket for all packets");
        setsockopt(&opened, sockopt::RcvBufForce, &ROOM).expect("room for them");
        Self(opened.into())
    }

    /// What has been sent so far to or from this port, by each side of each connection.
    pub fn streams(mut self, port: u16) -> Vec<Stream> {
        let mut seen: BTreeMap<Key, BTreeMap<u32, Vec<u8>>> = BTreeMap::new();
        let mut packet = vec![0; 1 << 16];
        while let Ok(length) = self.0.read(&mut packet) {
            let Some(segment) = Segment::of_packet(&packet[..length]) else {
                continue;
            };
            let Segment { from, to, .. } = segment;
            if from.port() != port && to.port() != port {
                continue;
            }
            if segment.begins {
                let first = segment.number.wrapping_add(1);
                seen.entry((from, to, first)).or_default();
                continue;
            }
            if segment.bytes.is_empty() {
                continue;
            }
            // The newest of that address and port.
            let known = seen.range_mut((from, to, 0)..=(from, to, u32::MAX));
            let offset = |first: u32| segment.number.wrapping_sub(first);
            let Some(((.., first), parts)) = known.min_by_key(|((.., first), _)| offset(*first))
            else {
                continue;
            };
            let known = parts.entry(offset(*first)).or_default();
            if known.len() < segment.bytes.len() {
                *known = segment.bytes.to_vec();
            }
        }
        let whole = |((from, to, _), parts)| Stream {
            from,
            to,
            bytes: joined(parts),
        };
        seen.into_iter().map(whole).collect()
    }
}

/// The parts one behind the other; each may have been seen twice, on its way out and in, or sent again.
fn joined(parts: BTreeMap<u32, Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (offset, part) in parts {
        let offset = usize::try_from(offset).expect("a length");
        assert!(offset <= bytes.len(), "a packet was not seen");
        let new = part.get(bytes.len() - offset..).unwrap_or_default();
        bytes.extend_from_slice(new);
    }
    bytes
}

impl<'a> Segment<'a> {
    /// RFC 791, RFC 9293
    fn of_packet(packet: &'a [u8]) -> Option<Self> {
        const TCP: u8 = 6;
        const SYN: u8 = 2;
        let word = |bytes: &[u8], at: usize| {
            Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
        };
        let address = |at: usize| {
            let octets: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
            Some(Ipv4Addr::from(octets))
        };
        let is_tcp = packet.first()? >> 4 == 4 && *packet.get(9)? == TCP;
        let header = usize::from(packet.first()? & 15) * 4;
        let length = usize::from(word(packet, 2)?);
        let segment = packet.get(header..length).filter(|_| is_tcp)?;
        let number = segment.get(4..8)?.try_into().ok()?;
        let bytes = segment.get(usize::from(segment.get(12)? >> 4) * 4..)?;
        Some(Self {
            from: SocketAddrV4::new(address(12)?, word(segment, 0)?),
            to: SocketAddrV4::new(address(16)?, word(segment, 2)?),
            number: u32::from_be_bytes(number),
            begins: segment.get(13)? & SYN != 0,
            bytes,
        })
    }
}
