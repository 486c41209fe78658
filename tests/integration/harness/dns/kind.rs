//! The kinds of name server that pods meet, by how they answer a question that no record answers.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use super::{Answer, Question};

/// A kind of name server.
#[derive(Clone, Debug)]
pub enum Kind {
    /// CoreDNS without a cache: it knows names from types, and names an SOA's TTL of 30 s.
    Plain,
    /// CoreDNS behind its cache, both with this TTL.
    CoreDns { ttl: u32 },
    /// Docker's embedded server: no SOA; what is neither address, pointer nor service is answered by whoever is outside.
    Docker { outside: Answer },
    /// SkyDNS of OpenShift 3: a type that it doesn't serve is a name that doesn't exist.
    SkyDns { missing: Answer },
    /// An old dnsmasq: a type that it doesn't serve is a name without such a record, whatever the name.
    Dnsmasq { missing: Answer },
}

impl Kind {
    /// The answer to a question that no record answers, about a name that exists or doesn't.
    pub fn without_record(&self, question: &Question, exists: bool) -> Answer {
        match self {
            Self::Plain => coredns(question, exists, 30),
            Self::CoreDns { ttl } => coredns(question, exists, *ttl),
            Self::Docker { outside } if question.is_odd() => outside.clone(),
            Self::Docker { .. } if exists => Answer::NoDataWithoutSoa,
            Self::Docker { .. } => Answer::NxDomainWithoutSoa,
            Self::Dnsmasq { missing } if question.is_odd() || exists => no_data_like(missing),
            Self::SkyDns { missing } if exists && !question.is_odd() => no_data_like(missing),
            Self::SkyDns { missing } | Self::Dnsmasq { missing } => missing.clone(),
        }
    }

    /// The TTL of its records.
    pub fn ttl(&self) -> u32 {
        match self {
            Self::CoreDns { ttl } => *ttl,
            Self::Docker { .. } => 600,
            _ => Answer::USUAL_TTL,
        }
    }

    /// Does a cache stand in front?
    pub fn has_cache(&self) -> bool {
        matches!(self, Self::CoreDns { .. })
    }

    /// Does it serve a cluster?
    pub fn is_of_a_cluster(&self) -> bool {
        !matches!(self, Self::Docker { .. })
    }
}

fn coredns(question: &Question, exists: bool, negative_ttl: u32) -> Answer {
    let number = u16::from(question.kind);
    // Types that are no records' but of the protocol itself: OPT, TKEY, TSIG, IXFR, AXFR and their kin.
    if matches!(number, 0 | 41 | 249..=254) {
        return Answer::Code(ResponseCode::NotImp);
    }
    let reverse = question.name.rsplit('.').next() == Some("arpa");
    if exists && (!reverse || question.kind == RecordType::PTR) {
        Answer::NoData { negative_ttl }
    } else {
        Answer::NxDomain { negative_ttl }
    }
}

/// With an SOA just where the server's NXDOMAIN has one.
fn no_data_like(missing: &Answer) -> Answer {
    match missing {
        Answer::NxDomain { negative_ttl } => Answer::NoData {
            negative_ttl: *negative_ttl,
        },
        _ => Answer::NoDataWithoutSoa,
    }
}
