//! Answers as the bytes that go over the wire.

use std::net::IpAddr;

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, PTR, SOA, SRV};
use hickory_proto::rr::{Name, RData, Record};

use super::Answer;

/// The bytes that go back, if any; of an answer that a cache has had for `age` seconds.
pub fn bytes(answer: &Answer, query: &Message, over_tcp: bool, age: u32) -> Option<Vec<u8>> {
    match answer {
        Answer::Nothing => None,
        Answer::Late(_, answer) => bytes(answer, query, over_tcp, age),
        Answer::Truncated(whole) if over_tcp => bytes(whole, query, over_tcp, age),
        Answer::TruncatedOnly if over_tcp => None,
        Answer::Garbage => Some(b"\0\x01this is not what you asked for".to_vec()),
        Answer::WrongId(honest) => {
            let mut bytes = bytes(honest, query, over_tcp, age)?;
            bytes[0] ^= 0x55;
            Some(bytes)
        }
        honest => {
            let mut reply = reply_to(query);
            put(honest, &mut reply);
            for record in reply.answers.iter_mut().chain(&mut reply.authorities) {
                record.ttl = record.ttl.saturating_sub(age);
            }
            Some(fitting(&reply, query, over_tcp))
        }
    }
}

/// An empty reply.
fn reply_to(query: &Message) -> Message {
    let mut reply = Message::response(query.metadata.id, OpCode::Query);
    reply.metadata.recursion_desired = query.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.add_queries(query.queries.iter().cloned());
    reply
}

/// As a whole, or only the truncated flag where a datagram may not be that long.
fn fitting(reply: &Message, query: &Message, over_tcp: bool) -> Vec<u8> {
    let whole = reply.to_vec().expect("a message that can be written");
    let longest = query
        .edns
        .as_ref()
        .map_or(512, |edns| edns.max_payload().max(512));
    if over_tcp || whole.len() <= usize::from(longest) {
        return whole;
    }
    let mut short = reply_to(query);
    short.metadata.truncation = true;
    short.to_vec().expect("a message that can be written")
}

/// Puts the records and the code of an honest answer into a reply.
fn put(answer: &Answer, reply: &mut Message) {
    let asked = reply.queries[0].name().clone();
    match answer {
        Answer::Addresses(addresses) => add_addresses(reply, &asked, addresses),
        Answer::Pointers(names) => {
            for name in names {
                reply.add_answer(record(&asked, RData::PTR(PTR(absolute(name)))));
            }
        }
        Answer::PointerOfRoot(name) => {
            reply.add_answer(record(&Name::root(), RData::PTR(PTR(absolute(name)))));
        }
        Answer::Services(targets) => {
            for target in targets {
                let service = SRV::new(0, 10, 4369, absolute(target));
                reply.add_answer(record(&asked, RData::SRV(service)));
            }
        }
        Answer::Pods(pods) => {
            let names = pods.iter().map(|(name, _)| name.clone()).collect();
            put(&Answer::Services(names), reply);
            for (name, address) in pods {
                let data = match address {
                    IpAddr::V4(v4) => RData::A(A(*v4)),
                    IpAddr::V6(v6) => RData::AAAA(AAAA(*v6)),
                };
                reply.add_additional(record(&absolute(name), data));
            }
        }
        Answer::Aliases(names, addresses) => {
            let mut from = asked;
            for name in names {
                let to = absolute(name);
                reply.add_answer(record(&from, RData::CNAME(CNAME(to.clone()))));
                from = to;
            }
            add_addresses(reply, &from, addresses);
        }
        Answer::AboutAnother(name, addresses) => add_addresses(reply, &absolute(name), addresses),
        Answer::For(ttl, answer) => {
            put(answer, reply);
            for record in &mut reply.answers {
                record.ttl = *ttl;
            }
        }
        Answer::NxDomain { negative_ttl } => {
            reply.metadata.response_code = ResponseCode::NXDomain;
            reply.add_authority(soa(*negative_ttl));
        }
        Answer::NxDomainWithoutSoa => reply.metadata.response_code = ResponseCode::NXDomain,
        Answer::NoData { negative_ttl } => {
            reply.add_authority(soa(*negative_ttl));
        }
        Answer::Code(code) => reply.metadata.response_code = *code,
        Answer::Truncated(_) | Answer::TruncatedOnly => reply.metadata.truncation = true,
        Answer::NoDataWithoutSoa => {}
        Answer::Nothing | Answer::Late(..) | Answer::Garbage | Answer::WrongId(_) => {
            unreachable!("no message of its own: {answer:?}")
        }
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
    Record::from_rdata(name.clone(), Answer::USUAL_TTL, data)
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
    // Unlike from_str, it leaves upper case as it is.
    let mut name = Name::from_ascii(name).expect("a name");
    name.set_fqdn(true);
    name
}
