//! One candidate while the gate waits: does its name exist, and is it this pod?
//!
//! The order of the questions matters. Whether the name exists is asked by types that nobody else asks for
//! ([`UnusedTypes`]); the addresses are asked for only when it exists, so that no cache keeps that there are none.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;
use hickory_resolver::proto::rr::RecordType;

use super::context::QueryStrategy;
use super::context::WaitContext;
use super::unused_types::UnusedTypes;
use crate::config::DnsMode;
use crate::dns::{Answer, AnswerData};
use crate::naming::{Candidate, Chosen, Lookup};
use crate::node::host::reverse_name;
use crate::node::{Host, NodeName};

/// The last answer about a name, and what follows from it.
#[derive(Debug)]
pub struct Observation {
    /// The name, as a user would type it.
    pub name: String,
    pub answer: Answer,
    pub verdict: Verdict,
}

#[derive(Debug)]
pub enum Verdict {
    /// The record is the right one, and this is the node.
    Right(NodeName),
    /// The record is the right one, and yet a cache may say for this long what was before: no such name, or the address of
    /// the pod's previous life.
    Cached(NodeName, Duration),
    /// The PTR of this pod's address names these other pods.
    Siblings(Vec<String>),
    Wrong,
}

impl Observation {
    /// What the node is, if the answer is the right one.
    pub fn chosen(&self, context: &WaitContext) -> Option<Chosen> {
        let (node, addresses) = match &self.verdict {
            Verdict::Right(node) => (node, self.answer.data.addresses()),
            Verdict::Cached(node, _) => (node, context.own.get(..1).unwrap_or_default()),
            Verdict::Siblings(_) | Verdict::Wrong => return None,
        };
        let mut own = context.own.iter();
        Some(Chosen {
            node: node.clone(),
            ipv6: !addresses.is_empty() && addresses.iter().all(IpAddr::is_ipv6),
            address: own.find(|one| addresses.contains(one)).copied(),
        })
    }

    /// Names of other pods that this pod's address has.
    pub fn siblings(&self) -> &[String] {
        match &self.verdict {
            Verdict::Siblings(names) => names,
            _ => &[],
        }
    }
}

/// A candidate that is waited for. Times are those since the start of the wait.
#[derive(Debug)]
pub struct CandidatePoll<'a> {
    candidate: &'a Candidate,
    unused_types: UnusedTypes,
    /// The longest TTL of an NXDOMAIN so far.
    negative_ttl: Duration,
    /// Before this time, a question for the addresses (or the PTR, where that is asked) gets the same answer.
    next_change: Duration,
    /// The name exists, and a cache says that it does not: before `next_change` only the PTR can tell more.
    exists_without_address: bool,
    pub last: Option<Observation>,
    pub unassigned_types_unsupported: bool,
}

impl<'a> CandidatePoll<'a> {
    pub fn new(candidate: &'a Candidate) -> Self {
        Self {
            candidate,
            unused_types: UnusedTypes::new(),
            negative_ttl: Duration::ZERO,
            next_change: Duration::ZERO,
            exists_without_address: false,
            last: None,
            unassigned_types_unsupported: false,
        }
    }

    /// One round of questions.
    pub async fn ask(&mut self, context: &WaitContext<'_>, strategy: QueryStrategy) {
        match self.candidate.lookup {
            Lookup::Reverse(address) => self.look_up_ptr(address, context).await,
            Lookup::Own | Lookup::Service => self.look_up_name(context, strategy).await,
        }
    }

    async fn look_up_name(&mut self, context: &WaitContext<'_>, strategy: QueryStrategy) {
        let name = self.candidate.node.host.to_string();
        let mut exists = false;
        if strategy != QueryStrategy::Addresses {
            let asks_addresses_too = strategy == QueryStrategy::Both;
            if context.elapsed() < self.next_change && !asks_addresses_too {
                if self.exists_without_address {
                    self.ask_own_ptr(context).await;
                }
                return;
            }
            let now = context.elapsed();
            let Some(kind) = self.unused_types.take(now, self.negative_ttl) else {
                return;
            };
            let kind = RecordType::Unknown(kind);
            let answer = context.client.ask(&name, kind).await;
            let is_nxdomain = answer.data == AnswerData::NxDomain;
            exists = answer.data.is_conclusive() && !is_nxdomain;
            // Without an SOA it is no cluster's nameserver, or one that does not know the type.
            self.unassigned_types_unsupported = is_nxdomain && answer.ttl.is_none();
            if is_nxdomain {
                self.negative_ttl = self.negative_ttl.max(answer.ttl.unwrap_or_default());
            }
            if !exists && !self.unassigned_types_unsupported {
                self.observe(name.clone(), answer, Verdict::Wrong);
                if !asks_addresses_too {
                    return;
                }
            }
        }
        if context.elapsed() >= self.next_change {
            self.compare_addresses(name, exists, context).await;
        }
    }

    /// `exists`: the name is known to exist.
    async fn compare_addresses(&mut self, name: String, exists: bool, context: &WaitContext<'_>) {
        let asks_ptr = exists && context.mode == DnsMode::Own;
        self.exists_without_address = false;
        let (answer, mut ptr_names) = if asks_ptr {
            tokio::join!(context.addresses(&name), context.own_ptr_names())
        } else {
            (context.addresses(&name).await, Vec::new())
        };
        let node = &self.candidate.node;
        let own = &context.own;
        let is_stale = matches!(&answer.data, AnswerData::Addresses(found) if found.iter().all(|one| !own.contains(one)));
        if is_stale && !asks_ptr && context.mode == DnsMode::Own {
            ptr_names = context.own_ptr_names().await;
        }
        let ptr_agrees = ptr_names.iter().any(|name| is_name_of(name, &node.host));
        let siblings = context.siblings(&node.host, ptr_names);
        let verdict = match &answer.data {
            AnswerData::Addresses(_) if context.mode == DnsMode::Any => {
                Verdict::Right(node.clone())
            }
            AnswerData::Addresses(found) if !is_stale => {
                // Only the PTR of the main address was asked for.
                let is_main = own.first().is_some_and(|main| found.contains(main));
                if siblings.is_empty() || ptr_agrees || !is_main {
                    Verdict::Right(node.clone())
                } else {
                    Verdict::Siblings(siblings)
                }
            }
            AnswerData::Addresses(_) | AnswerData::NxDomain if ptr_agrees => {
                Verdict::Cached(node.clone(), answer.ttl.unwrap_or_default())
            }
            AnswerData::NxDomain => {
                self.exists_without_address = asks_ptr;
                Verdict::Siblings(siblings)
            }
            _ => Verdict::Wrong,
        };
        self.next_change = context.elapsed() + answer.retry_after();
        self.observe(name, answer, verdict);
    }

    /// Of several nameservers behind one address, another may have the record already.
    async fn ask_own_ptr(&mut self, context: &WaitContext<'_>) {
        let node = &self.candidate.node;
        let names = context.own_ptr_names().await;
        if let Some(last) = &mut self.last
            && names.iter().any(|name| is_name_of(name, &node.host))
        {
            let ttl = self.next_change.saturating_sub(context.elapsed());
            last.verdict = Verdict::Cached(node.clone(), ttl);
        }
    }

    /// The PTR of the main address, and whether one of its names has that address; before it that of an address whose PTR is
    /// in the network that the user names.
    async fn look_up_ptr(&mut self, main: IpAddr, context: &WaitContext<'_>) {
        if context.elapsed() < self.next_change {
            return;
        }
        let is_in = |name: &String, network: &Host| {
            Host::parse(name).is_ok_and(|name| name.is_under(network))
        };
        let is_in_network =
            |name: &String| context.network.as_ref().is_some_and(|one| is_in(name, one));
        let addresses = match context.network {
            Some(_) => context.own.clone(),
            None => vec![main],
        };
        let answers = addresses.into_iter();
        let answers = answers.map(async |address| (address, context.ptr(address).await));
        let mut answers = join_all(answers).await;
        answers.sort_by_cached_key(|(_, answer)| {
            !matches!(&answer.data, AnswerData::Names(names) if names.iter().any(is_in_network))
        });
        let Some((address, answer)) = answers.into_iter().next() else {
            return;
        };
        if !matches!(answer.data, AnswerData::Names(_)) {
            self.next_change = context.elapsed() + answer.retry_after();
        }
        let mut names = answer.data.clone().into_names();
        names.sort_by_key(|name| !is_in_network(name));
        self.observe(reverse_name(address), answer, Verdict::Wrong);
        for name in names {
            // A name without a dot makes no long name.
            let Ok(host @ Host::Domain(_)) = Host::parse(&name) else {
                continue;
            };
            let name = host.to_string();
            let answer = context.addresses(&name).await;
            self.next_change = context.elapsed() + answer.retry_after();
            let is_right = answer.data.addresses().contains(&address);
            let node = NodeName::new(self.candidate.node.name.clone(), host).ok();
            let Some(node) = node.filter(|_| is_right) else {
                self.observe(name, answer, Verdict::Wrong);
                continue;
            };
            self.observe(name, answer, Verdict::Right(node));
            return;
        }
    }

    fn observe(&mut self, name: String, answer: Answer, verdict: Verdict) {
        self.last = Some(Observation {
            name,
            answer,
            verdict,
        });
    }
}

fn is_name_of(text: &str, host: &Host) -> bool {
    Host::parse(text).is_ok_and(|name| name.is(host))
}
