//! Another client of the same name server: a peer that looks for the pod, as any resolver does.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::str::FromStr;
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RData, RecordType};

use super::{Network, PATIENCE};

/// Where the other clients are: one of the machines that a pod's network has a route to.
pub const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));

/// A client that asks for addresses, plainly.
pub struct Client {
    socket: UdpSocket,
}

impl Client {
    pub(super) fn of(server: SocketAddr, network: &Network) -> Self {
        let socket = network.inside(|| UdpSocket::bind((ELSEWHERE, 0)));
        let socket = socket.expect("a port elsewhere");
        socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
        socket.connect(server).expect("a server");
        Self { socket }
    }

    /// Asks for the addresses of a name, once: A and AAAA.
    pub fn asks(&self, name: &str) -> Vec<IpAddr> {
        let kinds = [RecordType::A, RecordType::AAAA];
        kinds.map(|kind| self.asks_for(name, kind)).concat()
    }

    /// Asks for the addresses of one family.
    pub fn asks_for(&self, name: &str, kind: RecordType) -> Vec<IpAddr> {
        self.ask(name, kind).unwrap_or_default()
    }

    /// Asks again and again, from now on, until it sees the name; says after how long it did.
    pub fn waits_for(&self, name: &str) -> Duration {
        let began = Instant::now();
        while self.asks(name).is_empty() && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(50));
        }
        began.elapsed()
    }

    fn ask(&self, name: &str, kind: RecordType) -> io::Result<Vec<IpAddr>> {
        let mut name = Name::from_str(name).expect("a name");
        name.set_fqdn(true);
        let mut query = Message::query();
        query.metadata.recursion_desired = true;
        query.add_query(Query::query(name, kind));
        let bytes = query.to_vec().expect("a message that can be written");
        self.socket.send(&bytes)?;
        let mut buffer = [0; 4096];
        loop {
            let length = self.socket.recv(&mut buffer)?;
            let reply = Message::from_vec(&buffer[..length]).map_err(io::Error::other)?;
            if reply.metadata.id == query.metadata.id {
                let addresses = reply
                    .answers
                    .iter()
                    .filter_map(|record| match &record.data {
                        RData::A(a) => Some(IpAddr::V4(a.0)),
                        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                        _ => None,
                    });
                return Ok(addresses.collect());
            }
        }
    }
}
