//! What a nameserver said: a DNS message, read for what it says of one question. RFC 1035, RFC 2308.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use crate::dns::Nameserver;

/// A record that is not what it should be is asked for again when its TTL has run out, but within these times.
const STALE: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
/// That there is no record is asked again after this time at the latest: no cluster's cache keeps it longer, and who is
/// the authority for it keeps none.
const DENIED: Duration = Duration::from_secs(30);
/// A chain of aliases is followed so far.
const LONGEST_CHAIN: usize = 8;

/// What a nameserver said, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What.
    pub outcome: Outcome,
    /// Who.
    pub server: Nameserver,
    /// For how long this will be said: of records their TTL, of their absence what the SOA says, where there is one.
    pub ttl: Option<Duration>,
}

impl Answer {
    /// How long it is before another answer can be expected.
    pub fn says_the_same_for(&self) -> Duration {
        match self.outcome {
            Outcome::Addresses(_) => {
                let [least, most] = STALE;
                self.ttl.unwrap_or(least).clamp(least, most)
            }
            _ => self.ttl.unwrap_or_default().min(DENIED),
        }
    }
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These addresses.
    Addresses(Vec<IpAddr>),
    /// These names (of a PTR, or the targets of an SRV).
    Names(Vec<String>),
    /// It is another name for this one, of which nothing is said.
    Alias(Name),
    /// There is no such name.
    NxDomain,
    /// The name exists, without such records.
    NoData,
    /// An error code, like SERVFAIL.
    Code(String),
    /// Nothing, in the time there was.
    Silence,
    /// Something that is no answer.
    Garbage(String),
}

impl Outcome {
    /// Has the server answered the question, yes or no? Otherwise another one is worth asking.
    pub fn is_conclusive(&self) -> bool {
        matches!(
            self,
            Self::Addresses(_) | Self::Names(_) | Self::NxDomain | Self::NoData
        )
    }
}

/// What was said, and for how long it will be.
pub type Read = (Outcome, Option<Duration>);

/// Reads a response: what it says of this name and type.
pub fn read(response: &Message, name: &Name, kind: RecordType) -> Read {
    match response.metadata.response_code {
        ResponseCode::NoError => records(response, name, kind),
        ResponseCode::NXDomain => (Outcome::NxDomain, negative_ttl(response)),
        ResponseCode::ServFail => (Outcome::Code("SERVFAIL".into()), None),
        ResponseCode::Refused => (Outcome::Code("REFUSED".into()), None),
        ResponseCode::FormErr => (Outcome::Code("FORMERR".into()), None),
        ResponseCode::NotImp => (Outcome::Code("NOTIMP".into()), None),
        other => (
            Outcome::Code(format!("{other:?}").to_ascii_uppercase()),
            None,
        ),
    }
}

/// The records of this type that the name has, through its aliases; records of other names are none of its own.
fn records(response: &Message, name: &Name, kind: RecordType) -> Read {
    let (mut addresses, mut names, mut ttl) = (Vec::new(), Vec::new(), None::<u32>);
    let mut owner = name;
    for _ in 0..LONGEST_CHAIN {
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
                RData::PTR(ptr) if kind == RecordType::PTR => {
                    names.push(ptr.0.to_ascii().trim_end_matches('.').to_owned());
                }
                // A dot alone: there is decidedly no such service. RFC 2782
                RData::SRV(srv) if kind == RecordType::SRV && !srv.target.is_root() => {
                    names.push(srv.target.to_ascii().trim_end_matches('.').to_owned());
                }
                RData::CNAME(target) => alias = Some(&target.0),
                _ => continue,
            }
            ttl = Some(ttl.map_or(record.ttl, |known| known.min(record.ttl)));
        }
        match alias {
            Some(target) if addresses.is_empty() && names.is_empty() => owner = target,
            _ => break,
        }
    }
    let ttl = ttl.map(|seconds| Duration::from_secs(seconds.into()));
    match (addresses.is_empty(), names.is_empty()) {
        (false, _) => (Outcome::Addresses(addresses), ttl),
        (_, false) => (Outcome::Names(names), ttl),
        _ if owner != name => (Outcome::Alias(owner.clone()), None),
        _ => (Outcome::NoData, negative_ttl(response)),
    }
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

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(list) => f.write_str(&list_of(list)),
            Self::Names(list) => f.write_str(&list.join(", ")),
            Self::Alias(name) => write!(f, "an alias of {name}"),
            Self::NxDomain => f.write_str("NXDOMAIN"),
            Self::NoData => f.write_str("no address records"),
            Self::Code(code) => f.write_str(code),
            Self::Silence => f.write_str("no answer"),
            Self::Garbage(what) => write!(f, "an answer that cannot be read ({what})"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.outcome, self.server)
    }
}

/// `10.1.2.3, fd00::3`.
pub fn list_of(items: &[impl fmt::Display]) -> String {
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
    fn is_asked_again_in_time() {
        let addresses = || Outcome::Addresses(vec!["10.1.2.9".parse().unwrap()]);
        for (outcome, ttl, seconds) in [
            (addresses(), Some(0), 0.5),
            (addresses(), Some(1), 1.0),
            (addresses(), Some(600), 2.0),
            (Outcome::NxDomain, Some(5), 5.0),
            (Outcome::NxDomain, Some(30), 30.0),
            (Outcome::NxDomain, Some(900), 30.0),
            (Outcome::NoData, Some(86400), 30.0),
            (Outcome::NxDomain, None, 0.0),
        ] {
            let answer = Answer {
                outcome,
                server: Nameserver {
                    address: "10.96.0.10".parse().unwrap(),
                    interface: None,
                },
                ttl: ttl.map(Duration::from_secs),
            };
            let wait = answer.says_the_same_for();
            assert_eq!(wait, Duration::from_secs_f64(seconds), "{answer:?}");
        }
    }

    fn said(code: ResponseCode, answers: Vec<Record>, authorities: Vec<Record>) -> String {
        let mut message = Message::response(1, OpCode::Query);
        message.metadata.response_code = code;
        message.answers = answers;
        message.authorities = authorities;
        let (outcome, ttl) = read(&message, &name(NAME), RecordType::A);
        let ttl = ttl.map_or_else(|| "?".into(), |ttl| ttl.as_secs().to_string());
        format!("{outcome}, {ttl} s")
    }

    #[test]
    fn reads_what_is_said_of_the_name_and_for_how_long() {
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
            assert_eq!(said(code, answers, authorities), expected);
        }
    }
}
