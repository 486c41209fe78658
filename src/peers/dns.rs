//! The records of a Service, and what else has to be asked to name its nodes: few questions, for they come again in every
//! interval.
//!
//! SRV gives the names of pods that have one (<https://github.com/kubernetes/dns/blob/master/docs/specification.md>, §2.4);
//! addresses serve where there is none, and where nodes are named by them. RFC 2782

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use hickory_resolver::proto::rr::RecordType;

use super::names::{Form, Sight};
use crate::launch::gates::dns::answer::{Answer, Outcome};
use crate::launch::gates::dns::ask::Servers;
use crate::launch::gates::dns::hosts;
use crate::launch::node::Host;
use crate::launch::node::host::reverse_name;

/// What was said of an address or a host is taken to hold for so long.
const LIFE: Duration = Duration::from_secs(60);
/// So many questions may be asked at once when none was for a while.
const BURST: f64 = 20.0;

/// Who is asked, and what was said of late.
#[derive(Debug)]
pub struct Dns {
    servers: Servers,
    /// Is IPv6 this node's own family?
    ipv6: bool,
    budget: Budget,
    names: Kept<IpAddr, Vec<String>>,
    addresses: Kept<String, Option<IpAddr>>,
    without_srv: Kept<String, ()>,
}

impl Dns {
    /// `interval` is that of the rounds; `None` for a single one, which may ask what it likes.
    pub fn new(servers: Servers, ipv6: bool, interval: Option<Duration>) -> Self {
        Self {
            servers,
            ipv6,
            budget: Budget::new(interval),
            names: Kept::default(),
            addresses: Kept::default(),
            without_srv: Kept::default(),
        }
    }

    /// The nodes behind a Service's name.
    ///
    /// # Errors
    /// What the nameserver says instead of an answer.
    pub async fn service(&mut self, name: &Host, form: Form) -> Result<Vec<Sight>, String> {
        let name = name.to_string();
        let mut srv_said = None;
        if form == Form::Named && self.without_srv.get(&name).is_none() {
            self.budget.spend();
            let answer = self.servers.ask(&name, RecordType::SRV).await;
            match answer.outcome {
                Outcome::Names(targets) => return Ok(hosts(&targets)),
                _ => srv_said = Some(answer),
            }
        }
        let plain = without_port(&name);
        let answer = self.ask_addresses(plain).await;
        match (answer.outcome, form) {
            (Outcome::Addresses(_), Form::Service) => Ok(hosts(&[plain.to_owned()])),
            (Outcome::Addresses(found), _) => {
                if srv_said.is_some() {
                    self.without_srv.keep(name, ());
                }
                Ok(found.into_iter().map(Sight::Address).collect())
            }
            (Outcome::NxDomain | Outcome::NoData, _) => match srv_said {
                Some(Answer {
                    outcome: Outcome::NxDomain | Outcome::NoData,
                    ..
                })
                | None => Ok(Vec::new()),
                Some(srv) => Err(format!("{name}: {srv}")),
            },
            (outcome, _) => Err(format!("{name}: {outcome} from {}", answer.server)),
        }
    }

    /// The names of an address; `None` where there is none, or it is not the time to ask.
    pub async fn names(&mut self, address: IpAddr) -> Option<Vec<String>> {
        if let Some(known) = self.names.get(&address) {
            return Some(known.clone());
        }
        if !self.budget.take() {
            return None;
        }
        self.budget.spend();
        let question = reverse_name(address);
        let answer = self.servers.ask(&question, RecordType::PTR).await;
        match answer.outcome {
            Outcome::Names(names) => {
                self.names.keep(address, names.clone());
                Some(names)
            }
            _ => None,
        }
    }

    /// Where a host is, as the VM would find it; `None` where nobody knows, or it is not the time to ask.
    pub async fn address(&mut self, host: &str) -> Option<IpAddr> {
        if let Some(known) = self.addresses.get(&host.to_owned()) {
            return *known;
        }
        if let Some(known) = hosts::addresses(host).first() {
            return Some(*known);
        }
        if !self.budget.take() {
            return None;
        }
        let answer = self.ask_addresses(host).await;
        if let Outcome::Addresses(found) = answer.outcome {
            let first = found.first().copied();
            self.addresses.keep(host.to_owned(), first);
            return first;
        }
        // The nameserver would say the same for so long.
        let says_so_for = answer.ttl.unwrap_or_default();
        self.addresses.keep_for(says_so_for, host.to_owned(), None);
        None
    }

    /// What was said of a peer does not lead to it.
    pub fn forget(&mut self, host: &str, address: Option<IpAddr>) {
        self.addresses.0.remove(host);
        if let Some(address) = address {
            self.names.0.remove(&address);
        }
    }

    async fn ask_addresses(&mut self, name: &str) -> Answer {
        let (first, second) = if self.ipv6 {
            (RecordType::AAAA, RecordType::A)
        } else {
            (RecordType::A, RecordType::AAAA)
        };
        self.budget.spend();
        self.servers.addresses(name, first, Some(second)).await
    }
}

fn hosts(names: &[String]) -> Vec<Sight> {
    let hosts = names.iter().filter_map(|name| Host::parse(name).ok());
    hosts.map(Sight::Host).collect()
}

/// The Service's own name: without `_epmd._tcp.`, which only SRV has.
fn without_port(name: &str) -> &str {
    let mut rest = name;
    while let Some((label, behind)) = rest.split_once('.')
        && label.starts_with('_')
    {
        rest = behind;
    }
    rest
}

/// What was said, and until when it is taken to hold.
#[derive(Debug)]
struct Kept<K, V>(HashMap<K, (V, Instant)>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq, V> Kept<K, V> {
    fn keep(&mut self, key: K, value: V) {
        self.keep_for(LIFE, key, value);
    }

    fn keep_for(&mut self, life: Duration, key: K, value: V) {
        let now = Instant::now();
        self.0.retain(|_, (_, until)| *until > now);
        self.0.insert(key, (value, now + life.min(LIFE)));
    }

    fn get(&self, key: &K) -> Option<&V> {
        let (value, until) = self.0.get(key)?;
        (*until > Instant::now()).then_some(value)
    }
}

/// How many questions there is room for: one a second in the long run, and two in each round.
#[derive(Debug)]
struct Budget {
    left: f64,
    per_second: f64,
    since: Instant,
}

impl Budget {
    fn new(interval: Option<Duration>) -> Self {
        let per_second =
            interval.map_or(f64::INFINITY, |time| (2.0 / time.as_secs_f64()).max(0.95));
        Self {
            left: if interval.is_some() {
                BURST
            } else {
                f64::INFINITY
            },
            per_second,
            since: Instant::now(),
        }
    }

    /// Takes one, if there is one.
    fn take(&mut self) -> bool {
        let now = Instant::now();
        let earned = now.duration_since(self.since).as_secs_f64() * self.per_second;
        self.since = now;
        if earned > 0.0 {
            self.left = (self.left + earned).min(BURST.max(self.left));
        }
        self.left >= 1.0
    }

    /// One is asked.
    fn spend(&mut self) {
        self.left -= 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_come_in_a_burst_and_then_less_than_one_a_second() {
        let mut budget = Budget::new(Some(Duration::from_secs(5)));
        let mut asked = 0;
        for _ in 0..600 {
            while budget.take() {
                budget.spend();
                asked += 1;
            }
            // As if a second had passed.
            budget.since -= Duration::from_secs(1);
        }
        assert!((500..=600).contains(&asked), "{asked}");
        let mut single = Budget::new(None);
        (0..1000).for_each(|_| single.spend());
        assert!(single.take());
    }

    #[test]
    fn a_port_is_no_part_of_the_services_name() {
        for (name, plain) in [
            ("_epmd._tcp.app.prod", "app.prod"),
            ("app.prod", "app.prod"),
            ("worker", "worker"),
        ] {
            assert_eq!(without_port(name), plain);
        }
    }
}
