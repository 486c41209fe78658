//! What a nameserver answered: a DNS message, read for one question. RFC 1035, RFC 2308.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::Nameserver;
use crate::system::printable::shortened;

/// A record that is not what it should be is asked for again when its TTL has run out, but within these times.
const REFRESH: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
/// A name without a record is asked for again after this time at the latest: no cluster's cache keeps that longer, and an
/// authoritative nameserver does not keep it at all.
const NEGATIVE: Duration = Duration::from_secs(30);
const MOST_ALIASES: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub data: AnswerData,
    pub server: Nameserver,
    /// How long a cache may keep it: of records their TTL, of their absence what the SOA says, where there is one.
    pub ttl: Option<Duration>,
    /// Addresses of the names in it, where the nameserver adds them: CoreDNS does to an SRV.
    pub glue: Vec<(String, IpAddr)>,
}

/// What was answered, and its `ttl`.
pub type Parsed = (AnswerData, Option<Duration>);

impl Answer {
    /// One without records.
    pub fn empty(data: AnswerData, server: &Nameserver) -> Self {
        Self {
            data,
            server: server.clone(),
            ttl: None,
            glue: Vec::new(),
        }
    }

    /// How long it takes before another answer can be expected.
    pub fn retry_after(&self) -> Duration {
        match self.data {
            AnswerData::Addresses(_) => {
                let [least, most] = REFRESH;
                self.ttl.unwrap_or(least).clamp(least, most)
            }
            _ => self.ttl.unwrap_or_default().min(NEGATIVE),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerData {
    Addresses(Vec<IpAddr>),
    /// Of a PTR, or the targets of an SRV.
    Names(Vec<String>),
    /// Another name for this one, without any record of that.
    Alias(Name),
    NxDomain,
    /// The name exists, without such records.
    NoData,
    /// An error code, like SERVFAIL.
    Error(String),
    Timeout,
    /// Something that cannot be read.
    Malformed(String),
}

impl AnswerData {
    /// Is the question answered, yes or no? Otherwise another nameserver is worth asking.
    pub fn is_conclusive(&self) -> bool {
        matches!(
            self,
            Self::Addresses(_) | Self::Names(_) | Self::NxDomain | Self::NoData
        )
    }

    /// The addresses, of which there is one at least; none of any other answer.
    pub fn addresses(&self) -> &[IpAddr] {
        match self {
            Self::Addresses(addresses) => addresses,
            _ => &[],
        }
    }

    /// The names of a PTR; none of any other answer.
    pub fn into_names(self) -> Vec<String> {
        match self {
            Self::Names(names) => names,
            _ => Vec::new(),
        }
    }
}

/// What a response says of this name and type, and how long a cache may keep it.
pub fn parse(response: &Message, name: &Name, kind: RecordType) -> Parsed {
    let code = match response.metadata.response_code {
        ResponseCode::NoError => return records(response, name, kind),
        ResponseCode::NXDomain => return (AnswerData::NxDomain, negative_ttl(response)),
        // hickory has the usual names for them: SERVFAIL, REFUSED.
        other => format!("{other:?}").to_ascii_uppercase(),
    };
    (AnswerData::Error(code), None)
}

/// Is it one of those that Podman's nameserver (aardvark-dns 1.4) answers for a PTR?
fn is_of_root(record: &Record) -> bool {
    record.name.is_root() && record.record_type() == RecordType::PTR
}

/// The records of this type that the name has, through its aliases; records of other names do not count.
fn records(response: &Message, name: &Name, kind: RecordType) -> Parsed {
    let (mut addresses, mut names, mut ttl) = (Vec::new(), Vec::new(), None::<u32>);
    let mut owner = name;
    for _ in 0..MOST_ALIASES {
        let mut alias = None;
        for record in response
            .answers
            .iter()
            .filter(|record| record.name == *owner)
        {
            match &record.data {
                RData::A(a) if kind == RecordType::A => addresses.push(IpAddr::V4(a.0)),
                RData::AAAA(aaaa) if kind == RecordType::AAAA => {
                    addresses.push(IpAddr::V6(aaaa.0));
                }
                RData::PTR(ptr) if kind == RecordType::PTR => names.push(text(&ptr.0)),
                // A dot alone says that there is no such service. RFC 2782
                RData::SRV(srv) if kind == RecordType::SRV && !srv.target.is_root() => {
                    names.push(text(&srv.target));
                }
                RData::CNAME(target) => alias = Some(&target.0),
                _ => continue,
            }
            ttl = Some(ttl.map_or(record.ttl, |least| least.min(record.ttl)));
        }
        match alias {
            Some(target) if addresses.is_empty() && names.is_empty() => owner = target,
            _ => break,
        }
    }
    let ttl = ttl.map(|seconds| Duration::from_secs(seconds.into()));
    match (addresses.is_empty(), names.is_empty()) {
        (false, _) => (AnswerData::Addresses(addresses), ttl),
        (_, false) => (AnswerData::Names(names), ttl),
        _ if response.answers.iter().any(is_of_root) => {
            let what = "its PTR record is of the name \".\", which no resolver accepts";
            (AnswerData::Malformed(what.into()), None)
        }
        _ if owner != name => (AnswerData::Alias(owner.clone()), None),
        _ => (AnswerData::NoData, negative_ttl(response)),
    }
}

/// The addresses beside the answer, and whose they are.
pub fn glue(response: &Message) -> Vec<(String, IpAddr)> {
    let records = response.additionals.iter();
    let glue = records.filter_map(|record| match &record.data {
        RData::A(a) => Some((text(&record.name), a.0.into())),
        RData::AAAA(aaaa) => Some((text(&record.name), aaaa.0.into())),
        _ => None,
    });
    glue.collect()
}

/// A name without its final dot.
fn text(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

/// How long a negative answer may be kept: the TTL of the SOA or its minimum, whichever is less. RFC 2308 §5
fn negative_ttl(response: &Message) -> Option<Duration> {
    response
        .authorities
        .iter()
        .find_map(|record| match &record.data {
            RData::SOA(soa) => Some(Duration::from_secs(record.ttl.min(soa.minimum).into())),
            _ => None,
        })
}

impl fmt::Display for AnswerData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(list) => f.write_str(&shortened(&comma_separated(list))),
            Self::Names(list) => f.write_str(&shortened(&list.join(", "))),
            Self::Alias(name) => write!(f, "an alias of {name}"),
            Self::NxDomain => f.write_str("NXDOMAIN"),
            Self::NoData => f.write_str("no address records"),
            Self::Error(code) => f.write_str(code),
            Self::Timeout => f.write_str("no answer"),
            Self::Malformed(what) => write!(f, "an answer that cannot be read ({what})"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.data, self.server)
    }
}

/// `10.1.2.3, fd00::3`.
pub fn comma_separated(items: &[impl fmt::Display]) -> String {
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use hickory_resolver::proto::op::OpCode;
    use hickory_resolver::proto::rr::Record;
    use hickory_resolver::proto::rr::rdata::{A, CNAME, SOA};

    use super::*;

    const NAME: &str = "app-0.app.";

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn a(owner: &str, last: u8, ttl: u32) -> Record {
        Record::from_rdata(name(owner), ttl, RData::A(A::new(10, 1, 2, last)))
    }

    fn alias(owner: &str, target: &str) -> Record {
        Record::from_rdata(name(owner), 9, RData::CNAME(CNAME(name(target))))
    }

    fn soa(ttl: u32, minimum: u32) -> Record {
        let soa = SOA::new(name("ns."), name("admin."), 1, 2, 3, 4, minimum);
        Record::from_rdata(name("app."), ttl, RData::SOA(soa))
    }

    #[test]
    fn is_asked_again_when_another_answer_can_come() {
        let addresses = || AnswerData::Addresses(vec!["10.1.2.9".parse().unwrap()]);
        for (data, ttl, seconds) in [
            (addresses(), Some(0), 0.5),
            (addresses(), Some(1), 1.0),
            (addresses(), Some(600), 2.0),
            (AnswerData::NxDomain, Some(5), 5.0),
            (AnswerData::NxDomain, Some(30), 30.0),
            (AnswerData::NxDomain, Some(900), 30.0),
            (AnswerData::NoData, Some(86400), 30.0),
            (AnswerData::NxDomain, None, 0.0),
        ] {
            let answer = Answer {
                data,
                server: Nameserver::LOCAL,
                ttl: ttl.map(Duration::from_secs),
                glue: Vec::new(),
            };
            let wait = answer.retry_after();
            assert_eq!(wait, Duration::from_secs_f64(seconds), "{answer:?}");
        }
    }

    fn parsed(code: ResponseCode, answers: Vec<Record>, authorities: Vec<Record>) -> String {
        let mut message = Message::response(1, OpCode::Query);
        message.metadata.response_code = code;
        message.answers = answers;
        message.authorities = authorities;
        let (data, ttl) = parse(&message, &name(NAME), RecordType::A);
        let ttl = ttl.map_or_else(|| "?".into(), |ttl| ttl.as_secs().to_string());
        format!("{data}, {ttl} s")
    }

    #[test]
    fn reads_records_and_their_ttl() {
        use ResponseCode::{NXDomain, NoError, NotZone, ServFail};
        let chain = || vec![alias(NAME, "b."), alias("b.", "c."), a("c.", 3, 60)];
        let circle = vec![alias(NAME, "b."), alias("b.", NAME)];
        for (code, answers, authorities, expected) in [
            (
                NoError,
                vec![a(NAME, 3, 5), a("APP-0.app.", 4, 4)],
                vec![],
                "10.1.2.3, 10.1.2.4, 4 s",
            ),
            (
                NoError,
                vec![a("other.", 3, 5)],
                vec![soa(30, 5)],
                "no address records, 5 s",
            ),
            (NoError, chain(), vec![], "10.1.2.3, 9 s"),
            (
                NoError,
                vec![alias(NAME, "b.")],
                vec![],
                "an alias of b., ? s",
            ),
            (NoError, circle, vec![], "no address records, ? s"),
            (NXDomain, vec![], vec![soa(7, 30)], "NXDOMAIN, 7 s"),
            (NXDomain, vec![], vec![], "NXDOMAIN, ? s"),
            (ServFail, vec![], vec![soa(7, 30)], "SERVFAIL, ? s"),
            (NotZone, vec![], vec![], "NOTZONE, ? s"),
        ] {
            assert_eq!(parsed(code, answers, authorities), expected);
        }
    }
}
