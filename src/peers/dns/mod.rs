//! The records of a Service, and what else has to be asked to name its nodes: few questions, for they come again in every
//! interval; and all of a round's side by side, for one may be met with silence.
//!
//! SRV gives the names of pods that have one (<https://github.com/kubernetes/dns/blob/master/docs/specification.md>, §2.4);
//! addresses serve where there is none, and where nodes are named by them. RFC 2782

mod budget;
mod known;
mod service;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::proto::rr::RecordType;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::names::{Form, Sight};
use crate::dns::answer::Outcome;
use crate::dns::ask::Servers;
use crate::dns::hosts;
use crate::node::Host;
use crate::node::host::reverse_name;
use budget::Budget;
use known::{Kept, Known};
use service::{Look, Looked};

/// Who is asked, and what was said of late.
#[derive(Debug)]
pub struct Dns {
    servers: Servers,
    /// The node's own family of addresses, and the other one.
    families: [RecordType; 2],
    budget: Budget,
    names: Known<IpAddr, Vec<String>>,
    addresses: Known<String, IpAddr>,
    without_srv: Kept<String, ()>,
}

impl Dns {
    /// `ipv6`: is that the node's own family? `interval` is that of the rounds; `None` for a single one, which may ask what
    /// it likes.
    pub fn new(servers: Servers, ipv6: bool, interval: Option<Duration>) -> Self {
        let mut families = [RecordType::A, RecordType::AAAA];
        if ipv6 {
            families.reverse();
        }
        Self {
            servers,
            families,
            budget: Budget::new(interval),
            names: Known::default(),
            addresses: Known::default(),
            without_srv: Kept::default(),
        }
    }

    /// The nodes behind each of these Services, or what the nameserver says instead of an answer.
    pub async fn services(
        &mut self,
        services: &[Host],
        form: Form,
        limit: Duration,
    ) -> Vec<Result<Vec<Sight>, String>> {
        let mut looking = JoinSet::new();
        for (at, service) in services.iter().enumerate() {
            let name = service.to_string();
            let has_srv = form == Form::Named && self.without_srv.get(&name).is_none();
            let look = Look {
                servers: self.servers.clone(),
                name: name.clone(),
                form,
                has_srv,
                families: self.families,
            };
            looking.spawn(async move {
                let looked = timeout(limit, look.ask()).await;
                let silence = |_| Looked::failed(format!("{name}: no answer"), has_srv);
                (at, looked.unwrap_or_else(silence))
            });
        }
        let mut looked = looking.join_all().await;
        looked.sort_by_key(|(at, _)| *at);
        let mut all = Vec::new();
        for (service, (_, looked)) in services.iter().zip(looked) {
            (0..looked.questions).for_each(|_| self.budget.spend());
            if looked.without_srv {
                self.without_srv.keep(service.to_string(), ());
            }
            all.push(looked.nodes);
        }
        all
    }

    /// The names of these addresses, or why there are none; nothing of those that it is not the time to ask for.
    pub async fn names(
        &mut self,
        addresses: BTreeSet<IpAddr>,
        limit: Duration,
    ) -> HashMap<IpAddr, Result<Vec<String>, String>> {
        let Self {
            servers,
            names,
            budget,
            ..
        } = self;
        let ask = |address: &IpAddr| {
            let (servers, question) = (servers.clone(), reverse_name(*address));
            async move { servers.ask(&question, RecordType::PTR).await }
        };
        let read = |outcome: &Outcome| match outcome {
            Outcome::Names(names) => Some(names.clone()),
            _ => None,
        };
        names.learn(addresses, budget, limit, ask, read).await
    }

    /// Where these hosts are, as the VM would find it, or why nobody knows; nothing of those that it is not the time to ask
    /// for.
    pub async fn addresses(
        &mut self,
        hosts: BTreeSet<String>,
        limit: Duration,
    ) -> HashMap<String, Result<IpAddr, String>> {
        let (mut listed, mut others) = (HashMap::new(), BTreeSet::new());
        for host in hosts {
            match hosts::addresses(&host).first() {
                Some(address) => drop(listed.insert(host, Ok(*address))),
                None => drop(others.insert(host)),
            }
        }
        let Self {
            servers,
            addresses,
            budget,
            ..
        } = self;
        let [first, second] = self.families;
        let ask = |host: &String| {
            let (servers, host) = (servers.clone(), host.clone());
            async move { servers.addresses(&host, first, Some(second)).await }
        };
        let read = |outcome: &Outcome| match outcome {
            Outcome::Addresses(found) => found.first().copied(),
            _ => None,
        };
        listed.extend(addresses.learn(others, budget, limit, ask, read).await);
        listed
    }

    /// What was said of a peer does not lead to it.
    pub fn forget(&mut self, host: &str, address: Option<IpAddr>) {
        self.addresses.forget(&host.to_owned());
        if let Some(address) = address {
            self.names.forget(&address);
        }
    }
}
