//! A question as a name server gets it.

use std::net::IpAddr;
use std::time::Instant;

use hickory_proto::op::Message;
use hickory_proto::rr::{DNSClass, RecordType};

/// A question that was asked.
#[derive(Clone, Debug)]
pub struct Question {
    pub at: Instant,
    /// Who asks.
    pub from: IpAddr,
    /// The name in lower case, without its final dot.
    pub name: String,
    pub kind: RecordType,
    pub over_tcp: bool,
    class: DNSClass,
    dnssec_ok: bool,
    checking_disabled: bool,
}

/// What CoreDNS's cache tells answers by: name, type, class and two bits.
pub type Key = (String, RecordType, DNSClass, bool, bool);

impl Question {
    pub(super) fn new(query: &Message, from: IpAddr, over_tcp: bool) -> Option<Self> {
        let asked = query.queries.first()?;
        let name = asked.name().to_ascii();
        Some(Self {
            at: Instant::now(),
            from,
            name: name.trim_end_matches('.').to_ascii_lowercase(),
            kind: asked.query_type(),
            over_tcp,
            class: asked.query_class(),
            dnssec_ok: query
                .edns
                .as_ref()
                .is_some_and(|edns| edns.flags().dnssec_ok),
            checking_disabled: query.metadata.checking_disabled,
        })
    }

    /// A question of nobody's.
    #[cfg(test)]
    pub(super) fn about(name: &str, kind: RecordType) -> Self {
        Self {
            at: Instant::now(),
            from: IpAddr::from([0; 4]),
            name: name.to_owned(),
            kind,
            over_tcp: false,
            class: DNSClass::IN,
            dnssec_ok: false,
            checking_disabled: false,
        }
    }

    /// Where a cache keeps the answer.
    pub fn key(&self) -> Key {
        (
            self.name.clone(),
            self.kind,
            self.class,
            self.dnssec_ok,
            self.checking_disabled,
        )
    }

    /// Is it one that a peer or a VM asks, to find an address?
    pub fn is_plain(&self) -> bool {
        matches!(self.kind, RecordType::A | RecordType::AAAA)
    }

    /// Is it of a type that nobody else asks?
    pub fn is_odd(&self) -> bool {
        !self.is_plain() && !matches!(self.kind, RecordType::PTR | RecordType::SRV)
    }
}
