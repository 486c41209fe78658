//! One name while it is waited for: is it there, and is it this pod?
//!
//! The order of the questions is the point. Whether the name exists is asked under keys that nobody else has ([`Keys`]);
//! only of a name that exists are the addresses asked for, so that no cache learns from us that there are none.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::proto::rr::RecordType;

use super::ground::Ground;
use super::keys::Keys;
use super::proof::{Manner, PLAIN};
use crate::config::DnsMode;
use crate::dns::answer::{Answer, Outcome};
use crate::naming::{Candidate, Lookup};
use crate::node::host::reverse_name;
use crate::node::{Host, NodeName};

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
    /// The name exists, and its address is said not to: only the PTR can tell more before that time.
    in_doubt: bool,
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
            in_doubt: false,
            seen: None,
            odd_tells_nothing: false,
        }
    }

    /// One round of questions.
    pub async fn look(&mut self, ground: &Ground, manner: Manner) {
        match self.candidate.lookup {
            Lookup::Reverse(address) => self.look_backwards(address, ground).await,
            Lookup::Own | Lookup::Service => self.look_forwards(ground, manner).await,
        }
    }

    async fn look_forwards(&mut self, ground: &Ground, manner: Manner) {
        let asked = self.candidate.node.host.to_string();
        let mut manner = manner;
        if manner.odd {
            if ground.now() < self.plain_from && !manner.plain {
                if self.in_doubt {
                    self.ask_pointer(ground).await;
                }
                return;
            }
            let Some(kind) = self.keys.take(ground.now(), self.negative_ttl) else {
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
        if ground.now() >= self.plain_from {
            self.compare(asked, ground, manner).await;
        }
    }

    /// Asks for the addresses and compares them. With `manner.odd`, the name is known to exist.
    async fn compare(&mut self, asked: String, ground: &Ground, manner: Manner) {
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
        let agrees = told.iter().any(|name| is_name_of(name, host));
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
            Outcome::NxDomain => {
                instead = ground.others(host, told);
                false
            }
            _ => false,
        };
        self.in_doubt = checks_pointer && !right && answer.outcome == Outcome::NxDomain;
        self.plain_from = ground.now() + answer.says_the_same_for();
        self.seen = Some(Seen {
            asked,
            answer,
            instead,
            node: right.then(|| self.candidate.node.clone()),
            poisoned,
        });
    }

    /// Asks for the PTR alone. Of several nameservers behind one address, another may know the record already.
    async fn ask_pointer(&mut self, ground: &Ground) {
        let host = &self.candidate.node.host;
        let said = ground.own_pointer().await.map(|answer| answer.outcome);
        if let (Some(Outcome::Names(names)), Some(seen)) = (said, &mut self.seen)
            && names.iter().any(|name| is_name_of(name, host))
        {
            seen.node = Some(self.candidate.node.clone());
            seen.poisoned = Some(self.plain_from.saturating_sub(ground.now()));
        }
    }

    /// The PTR of an address, and whether the name that it tells answers that address again.
    async fn look_backwards(&mut self, address: IpAddr, ground: &Ground) {
        if ground.now() < self.plain_from {
            return;
        }
        let answer = ground.pointer(address).await;
        let Outcome::Names(names) = &answer.outcome else {
            self.plain_from = ground.now() + answer.says_the_same_for();
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
            self.plain_from = ground.now() + forward.says_the_same_for();
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

fn is_name_of(text: &str, host: &Host) -> bool {
    Host::parse(text).is_ok_and(|name| name.is(host))
}
