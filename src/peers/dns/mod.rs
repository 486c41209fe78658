//! The records of a Service, and the names and addresses of its nodes: few questions, because they come again in every
//! interval; and those of one round side by side, because one may get no answer.
//!
//! SRV gives the names of pods that have one (<https://github.com/kubernetes/dns/blob/master/docs/specification.md>, §2.4);
//! addresses serve where there is none, and where nodes are named by them. RFC 2782

mod budget;
mod cache;
mod service;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;
use hickory_resolver::proto::rr::RecordType;
use tokio::time::timeout;

use super::names::{Endpoint, Form};
use crate::config::resolv_conf::ResolvConf;
use crate::dns::{AnswerData, Client, hosts};
use crate::node::Host;
use crate::node::host::reverse_name;
use budget::Budget;
use cache::{Cache, Expiring};

pub struct Dns {
    conf: ResolvConf,
    client: Client,
    /// The node's own family of addresses, and the other one.
    families: [RecordType; 2],
    budget: Budget,
    cache: Cache,
    /// The Services that have addresses, and no SRV.
    without_srv: Expiring<()>,
    /// The one of Docker's networks in which peers are looked for first.
    pub network: Option<String>,
}

impl Dns {
    /// `ipv6`: is that the node's own family? `interval` as for [`Budget::new`].
    pub fn new(conf: &ResolvConf, ipv6: bool, interval: Option<Duration>) -> Self {
        let mut families = [RecordType::A, RecordType::AAAA];
        if ipv6 {
            families.reverse();
        }
        Self {
            client: Client::new(&conf.nameservers, conf.over_tcp),
            conf: conf.clone(),
            families,
            budget: Budget::new(interval),
            cache: Cache::default(),
            without_srv: Expiring::default(),
            network: None,
        }
    }

    /// Asks the nameservers that resolv.conf has now; what others answered is forgotten.
    pub fn follow_resolv_conf(&mut self) {
        if self.conf.follow() {
            self.client = Client::new(&self.conf.nameservers, self.conf.over_tcp);
            self.cache = Cache::default();
            self.without_srv = Expiring::default();
        }
    }

    /// The nodes behind each of these Services, or what the nameserver says instead of an answer.
    pub async fn services(
        &mut self,
        services: &[Host],
        form: Form,
        limit: Duration,
    ) -> Vec<Result<Vec<Endpoint>, String>> {
        let services = services.iter().map(ToString::to_string).map(|name| {
            let asks_srv = form == Form::Named && self.without_srv.get(&name).is_none();
            (name, asks_srv)
        });
        let services: Vec<(String, bool)> = services.collect();
        let results = join_all(services.iter().map(async |(name, asks_srv)| {
            let result = timeout(limit, self.endpoints(name, form, *asks_srv)).await;
            result.unwrap_or_else(|_| Err(format!("{name}: no answer")))
        }))
        .await;
        for ((name, asks_srv), result) in services.iter().zip(&results) {
            let first = result.as_ref().ok().and_then(|found| found.first());
            let is_srv = *asks_srv && matches!(first, Some(Endpoint::Host(..)));
            let is_without_srv = *asks_srv && matches!(first, Some(Endpoint::Address(..)));
            self.budget.spend(1 + u8::from(*asks_srv && !is_srv));
            if is_without_srv {
                self.without_srv.insert(name, (), cache::LIFE);
            }
        }
        results
    }

    /// Of a name in several networks Docker answers the addresses in one of them; with a network behind the name, in that one.
    async fn endpoints(
        &self,
        name: &str,
        form: Form,
        asks_srv: bool,
    ) -> Result<Vec<Endpoint>, String> {
        if let Some(network) = self.network.as_ref().filter(|_| !name.contains('.')) {
            let name = format!("{name}.{network}");
            let found = service::endpoints(&self.client, &name, form, false, self.families).await;
            if found.as_ref().is_ok_and(|found| !found.is_empty()) {
                return found;
            }
        }
        service::endpoints(&self.client, name, form, asks_srv, self.families).await
    }

    /// The PTRs of these addresses by their [`reverse_name`]s, or why there are none; nothing of those that it is not yet
    /// time to ask for.
    pub async fn ptrs(
        &mut self,
        addresses: &BTreeSet<IpAddr>,
        limit: Duration,
    ) -> HashMap<String, Result<AnswerData, String>> {
        let names = addresses.iter().copied().map(reverse_name).collect();
        let ask = async |name: &str| self.client.ask(name, RecordType::PTR).await;
        self.cache
            .look_up(names, &mut self.budget, limit, ask)
            .await
    }

    /// The addresses of these hosts, as the VM would find them, or why there are none; nothing of those that it is not yet
    /// time to ask for.
    pub async fn addresses(
        &mut self,
        hosts: BTreeSet<String>,
        limit: Duration,
    ) -> HashMap<String, Result<Vec<IpAddr>, String>> {
        let (mut results, mut unlisted) = (HashMap::new(), BTreeSet::new());
        for host in hosts {
            match hosts::addresses(&host) {
                listed if listed.is_empty() => drop(unlisted.insert(host)),
                listed => drop(results.insert(host, Ok(listed))),
            }
        }
        let [first, second] = self.families;
        let ask = async |host: &str| self.client.addresses(host, first, Some(second)).await;
        let answers = self
            .cache
            .look_up(unlisted, &mut self.budget, limit, ask)
            .await;
        results.extend(answers.into_iter().map(|(host, answer)| {
            let addresses = |data| match data {
                AnswerData::Addresses(addresses) => Ok(addresses),
                other => Err(other.to_string()),
            };
            (host, answer.and_then(addresses))
        }));
        results
    }

    /// Forgets the answers about a host and its address.
    pub fn forget(&mut self, host: &str, address: Option<&IpAddr>) {
        self.cache.remove(host);
        if let Some(address) = address {
            self.cache.remove(&reverse_name(*address));
        }
    }
}
