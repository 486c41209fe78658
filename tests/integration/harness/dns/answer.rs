//! What a name server may answer, and how that looks on the wire.

use std::net::IpAddr;
use std::str::FromStr;

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, PTR, SOA};
use hickory_proto::rr::{Name, RData, Record};

/// One answer to one question.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These addresses, as A or AAAA records as each is.
    Addresses(Vec<IpAddr>),
    /// A PTR to this name.
    Pointer(String),
    /// A CNAME to this name, and the addresses of that.
    Alias(String, Vec<IpAddr>),
    /// No such name; the SOA says for how many seconds that may be believed.
    NxDomain { negative_ttl: u32 },
    /// No such name, without an SOA, as Docker's server says it.
    NxDomainWithoutSoa,
    /// The name exists, but has nothing of the type asked for.
    NoData { negative_ttl: u32 },
    /// Only a response code.
    Code(ResponseCode),
    /// Silence.
    Nothing,
    /// Over UDP nothing but the truncated flag, over TCP this.
    Truncated(Box<Answer>),
    /// Truncated over UDP, and no TCP.
    TruncatedOnly,
    /// Bytes that are no DNS message.
    Garbage,
    /// This, under the id of another question.
    WrongId(Box<Answer>),
    /// These addresses, said of another name than the one asked for.
    AboutAnother(String, Vec<IpAddr>),
}

impl Answer {
    /// One address.
    pub fn address(address: &str) -> Self {
        Self::Addresses(vec![address.parse().expect("an address")])
    }

    /// The server failed.
    pub fn servfail() -> Self {
        Self::Code(ResponseCode::ServFail)
    }

    /// The server won't.
    pub fn refused() -> Self {
        Self::Code(ResponseCode::Refused)
    }

    /// The bytes that go back, if any.
    pub(super) fn bytes(&self, query: &Message, over_tcp: bool) -> Option<Vec<u8>> {
        let mut reply = Message::response(query.metadata.id, OpCode::Query);
        reply.metadata.recursion_desired = query.metadata.recursion_desired;
        reply.metadata.recursion_available = true;
        reply.add_queries(query.queries.iter().cloned());
        let asked = query.queries.first()?.name().clone();
        match self {
            Self::Addresses(addresses) => add_addresses(&mut reply, &asked, addresses),
            Self::Pointer(to) => {
                reply.add_answer(record(&asked, RData::PTR(PTR(absolute(to)))));
            }
            Self::Alias(to, addresses) => {
                let to = absolute(to);
                reply.add_answer(record(&asked, RData::CNAME(CNAME(to.clone()))));
                add_addresses(&mut reply, &to, addresses);
            }
            Self::NxDomain { negative_ttl } => {
                reply.metadata.response_code = ResponseCode::NXDomain;
                reply.add_authority(soa(*negative_ttl));
            }
            Self::NxDomainWithoutSoa => reply.metadata.response_code = ResponseCode::NXDomain,
            Self::NoData { negative_ttl } => {
                reply.add_authority(soa(*negative_ttl));
            }
            Self::Code(code) => reply.metadata.response_code = *code,
            Self::Nothing => return None,
            Self::Truncated(whole) if over_tcp => return whole.bytes(query, over_tcp),
            Self::TruncatedOnly if over_tcp => return None,
            Self::Truncated(_) | Self::TruncatedOnly => reply.metadata.truncation = true,
            Self::Garbage => return Some(b"\0\x01this is not what you asked for".to_vec()),
            Self::WrongId(honest) => {
                let mut bytes = honest.bytes(query, over_tcp)?;
                bytes[0] ^= 0x55;
                return Some(bytes);
            }
            Self::AboutAnother(name, addresses) => {
                add_addresses(&mut reply, &absolute(name), addresses);
            }
        }
        Some(reply.to_vec().expect("a message that can be written"))
    }
}

fn add_addresses(reply: &mut Message, name: &Name, addresses: &[IpAddr]) {
    for address in addresses {
        let data = match address {
            IpAddr::V4(v4) => RData::A(A(*v4)),
            IpAddr::V6(v6) => RData::AAAA(AAAA(*v6)),
        };
        reply.add_answer(record(name, data));
    }
}

fn record(name: &Name, data: RData) -> Record {
    Record::from_rdata(name.clone(), 5, data)
}

/// The SOA of a negative answer: its TTL and its minimum both bound how long that may be kept (RFC 2308).
fn soa(negative_ttl: u32) -> Record {
    let (zone, server, admin) = (
        "cluster.local",
        "ns.dns.cluster.local",
        "hostmaster.cluster.local",
    );
    let soa = SOA::new(
        absolute(server),
        absolute(admin),
        1,
        7200,
        1800,
        86400,
        negative_ttl,
    );
    Record::from_rdata(absolute(zone), negative_ttl, RData::SOA(soa))
}

fn absolute(name: &str) -> Name {
    let mut name = Name::from_str(name).expect("a name");
    name.set_fqdn(true);
    name
}
