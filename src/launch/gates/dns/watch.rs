//! One name while it is waited for: is it there, and is it this pod?
//!
//! The order of the questions is the point. Whether the name exists is asked under keys that nobody else has ([`Keys`]);
//! only of a name that exists are the addresses asked for, so that no cache learns from us that there are none.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::proto::rr::RecordType;

use super::answer::{Answer, Outcome};
use super::ask::Servers;
use super::keys::{self, Keys};
use crate::launch::config::DnsMode;
use crate::launch::node::identity::{Candidate, Lookup};
use crate::launch::node::{Host, NodeName, dashed, reverse_name};

/// A record that is not what it should be is asked for again when its TTL has run out, but within these times.
const STALE: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// How the nameservers are to be asked whether a name exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// By types that nobody uses.
    pub odd: bool,
    /// By its addresses, again and again, as often as the negative TTL allows.
    pub plain: bool,
}

/// Odd types tell, and leave the plain keys alone.
pub const ODD: Manner = Manner {
    odd: true,
    plain: false,
};
/// Odd types tell nothing here.
pub const PLAIN: Manner = Manner {
    odd: false,
    plain: true,
};
/// Nobody knows whether they do.
pub const BOTH: Manner = Manner {
    odd: true,
    plain: true,
};

/// What does not change while it waits.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Who is asked.
    pub servers: Servers,
    /// What the record must answer.
    pub mode: DnsMode,
    /// This pod's addresses, its foremost one first.
    pub own: Vec<IpAddr>,
}

impl Ground {
    /// The addresses of a name: of the family of this pod's foremost address, or else of the other one, if it matters.
    pub async fn addresses(&self, name: &str) -> Answer {
        let (first, second) = match self.own.first() {
            Some(IpAddr::V6(_)) => (RecordType::AAAA, RecordType::A),
            _ => (RecordType::A, RecordType::AAAA),
        };
        let has_both = self.own.iter().any(IpAddr::is_ipv4) && self.own.iter().any(IpAddr::is_ipv6);
        let matters = has_both || self.mode == DnsMode::Any;
        self.servers
            .addresses(name, first, Some(second).filter(|_| matters))
            .await
    }

    /// The PTR of an address.
    pub async fn pointer(&self, address: IpAddr) -> Answer {
        self.servers
            .ask(&reverse_name(address), RecordType::PTR)
            .await
    }

    /// The PTR of this pod's foremost address.
    pub async fn own_pointer(&self) -> Option<Answer> {
        Some(self.pointer(*self.own.first()?).await)
    }

    /// Those of the names that are other pods' of the same Service. What other Services call this pod is no contradiction,
    /// nor is the name that is made of its address.
    fn others(&self, host: &Host, names: Vec<String>) -> Vec<String> {
        let parts = |name: &str| {
            let (label, domain) = name.split_once('.')?;
            Some((label.to_owned(), domain.to_ascii_lowercase()))
        };
        let Some((_, ours)) = parts(&host.to_string()) else {
            return Vec::new();
        };
        let of_another = |name: &String| {
            parts(name).is_some_and(|(label, domain)| {
                domain == ours && !self.own.iter().any(|own| dashed(*own) == label)
            })
        };
        names.into_iter().filter(of_another).collect()
    }

    /// Whether a name exists, asked so that nobody is harmed.
    pub async fn exists(&self, name: &str) -> Answer {
        self.servers
            .ask(name, RecordType::Unknown(keys::any()))
            .await
    }
}

/// What was said of a name last.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The name, as a user would type it.
    pub asked: String,
    /// What was said of it.
    pub answer: Answer,
    /// The names that this pod's address has instead, where they disagree with it.
    pub instead: Vec<String>,
    /// The node's name, if all is as it should be.
    pub node: Option<NodeName>,
    /// It exists, and yet for this long others may be told by a cache that it does not.
    pub poisoned: Option<Duration>,
}

/// A name that is waited for. Times are those since the start of the wait.
#[derive(Debug)]
pub struct Watch {
    candidate: Candidate,
    keys: Keys,
    /// The longest time for which "no such name" was said to be kept.
    negative_ttl: Duration,
    /// A plain question before this time can tell nothing new.
    plain_from: Duration,
    /// The last thing said, if anything was asked yet.
    pub seen: Option<Seen>,
    /// Odd types do not tell here whether a name exists.
    pub odd_tells_nothing: bool,
}

impl Watch {
    /// Nothing asked yet.
    pub fn new(candidate: &Candidate) -> Self {
        Self {
            candidate: candidate.clone(),
            keys: Keys::new(),
            negative_ttl: Duration::ZERO,
            plain_from: Duration::ZERO,
            seen: None,
            odd_tells_nothing: false,
        }
    }

    /// One round of questions.
    pub async fn look(&mut self, ground: &Ground, manner: Manner, now: Duration) {
        match self.candidate.lookup {
            Lookup::Reverse(address) => self.look_backwards(address, ground, now).await,
            Lookup::Own | Lookup::Service => self.look_forwards(ground, manner, now).await,
        }
    }

    async fn look_forwards(&mut self, ground: &Ground, manner: Manner, now: Duration) {
        let asked = self.candidate.node.host.to_string();
        let mut manner = manner;
        if manner.odd {
            if now < self.plain_from && !manner.plain {
                return;
            }
            let Some(kind) = self.keys.take(now, self.negative_ttl) else {
                return;
            };
            let answer = ground.servers.ask(&asked, RecordType::Unknown(kind)).await;
            let exists = match (&answer.outcome, answer.ttl) {
                (Outcome::NxDomain, Some(ttl)) => {
                    self.negative_ttl = self.negative_ttl.max(ttl);
                    false
                }
                // Without an SOA it is no cluster's server, or none that knows what it is asked.
                (Outcome::NxDomain, None) => {
                    self.odd_tells_nothing = true;
                    manner = PLAIN;
                    true
                }
                (outcome, _) => outcome.is_conclusive(),
            };
            if !exists {
                self.saw(asked.clone(), answer);
                if !manner.plain {
                    return;
                }
            }
            manner.odd &= exists;
        }
        if now >= self.plain_from {
            self.compare(asked, ground, manner, now).await;
        }
    }

    /// Asks for the addresses and compares them. With `manner.odd`, the name is known to exist.
    async fn compare(&mut self, asked: String, ground: &Ground, manner: Manner, now: Duration) {
        let checks_pointer = manner.odd && ground.mode == DnsMode::Own;
        let (answer, pointer) = if checks_pointer {
            tokio::join!(ground.addresses(&asked), ground.own_pointer())
        } else {
            (ground.addresses(&asked).await, None)
        };
        let told = match pointer.map(|answer| answer.outcome) {
            Some(Outcome::Names(names)) => names,
            _ => Vec::new(),
        };
        let host = &self.candidate.node.host;
        let is_host = |name: &String| Host::parse(name).is_ok_and(|name| name.is(host));
        let agrees = told.iter().any(is_host);
        let ttl = answer.ttl;
        let mut poisoned = None;
        let mut instead = Vec::new();
        let right = match &answer.outcome {
            Outcome::Addresses(_) if ground.mode == DnsMode::Any => true,
            Outcome::Addresses(found) if found.iter().any(|one| ground.own.contains(one)) => {
                let foremost = ground.own.first().is_some_and(|own| found.contains(own));
                if foremost && !agrees {
                    instead = ground.others(host, told);
                }
                instead.is_empty()
            }
            Outcome::NxDomain if agrees => {
                poisoned = Some(ttl.unwrap_or_default());
                true
            }
            Outcome::NxDomain if manner.odd => {
                instead = ground.others(host, told);
                self.odd_tells_nothing = instead.is_empty();
                false
            }
            _ => false,
        };
        self.plain_from = now
            + match answer.outcome {
                Outcome::Addresses(_) => {
                    let [least, most] = STALE;
                    ttl.unwrap_or(least).clamp(least, most)
                }
                _ => ttl.unwrap_or_default(),
            };
        self.seen = Some(Seen {
            asked,
            answer,
            instead,
            node: right.then(|| self.candidate.node.clone()),
            poisoned,
        });
    }

    /// The PTR of an address, and whether the name that it tells answers that address again.
    async fn look_backwards(&mut self, address: IpAddr, ground: &Ground, now: Duration) {
        if now < self.plain_from {
            return;
        }
        let answer = ground.pointer(address).await;
        let Outcome::Names(names) = &answer.outcome else {
            self.plain_from = now + answer.ttl.unwrap_or_default();
            self.saw(reverse_name(address), answer);
            return;
        };
        // A name without a dot makes no long name; one that is no host name makes none at all.
        let hosts: Vec<Host> = names
            .iter()
            .filter_map(|name| Host::parse(name).ok())
            .collect();
        self.saw(reverse_name(address), answer);
        for host in hosts
            .into_iter()
            .filter(|host| matches!(host, Host::Domain(_)))
        {
            let asked = host.to_string();
            let forward = ground.addresses(&asked).await;
            let right =
                matches!(&forward.outcome, Outcome::Addresses(found) if found.contains(&address));
            self.saw(asked, forward);
            if right && let Ok(node) = NodeName::new(self.candidate.node.name.clone(), host) {
                self.seen = self.seen.take().map(|seen| Seen {
                    node: Some(node),
                    ..seen
                });
                return;
            }
        }
    }

    fn saw(&mut self, asked: String, answer: Answer) {
        self.seen = Some(Seen {
            asked,
            answer,
            instead: Vec::new(),
            node: None,
            poisoned: None,
        });
    }
}
