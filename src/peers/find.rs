//! One look for peers, at all sources that `BEAMINIT_PEERS` names.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::dns::Dns;
#[cfg(feature = "full")]
use super::kubernetes::Api;
use super::names::{Endpoint, OwnNode, Peer, folded};
use crate::config::peers::{HostsEntry, Source};
use crate::config::{Config, HostForm, Peers};
use crate::dns::answer::comma_separated;
use crate::dns::hosts;
use crate::node::host::reverse_name;
use crate::node::{Host, NamePart};

pub struct Finder {
    pub own: OwnNode,
    sources: Vec<Source>,
    dns: Dns,
    /// Is this node named by one of several of Docker's networks?
    is_in_networks: bool,
    #[cfg(feature = "full")]
    api: Api,
}

#[derive(Debug, Default)]
pub struct Discovery {
    /// The peers, without this node, by their [`folded`] names.
    pub peers: BTreeMap<String, Peer>,
    /// One line for each source that failed, and for each peer without a name.
    pub failures: Vec<String>,
}

impl Finder {
    /// `interval` is that of the rounds; `None` for a single one, which may ask as much as it needs.
    pub fn new(own: OwnNode, peers: &Peers, config: &Config, interval: Option<Duration>) -> Self {
        let is_in_networks = own.addresses.len() > 1
            && config.pod.resolv_conf.is_docker()
            && matches!(config.host, HostForm::Reverse | HostForm::Ip);
        let ipv6 = own.addresses.first().is_some_and(IpAddr::is_ipv6);
        Self {
            own,
            sources: peers.sources.clone(),
            is_in_networks,
            dns: Dns::new(&config.pod.resolv_conf, ipv6, interval),
            #[cfg(feature = "full")]
            api: Api::new(config, ipv6),
        }
    }

    /// Asks each source once, the Services side by side, all of them before the deadline.
    pub async fn find(&mut self, deadline: Instant) -> Discovery {
        // However silent the sources are, half of the time is left to name what one of them knows.
        let half = left(deadline) / 2;
        self.dns.follow_resolv_conf();
        self.find_network(half).await;
        let services = self.sources.iter().filter_map(service);
        let (names, services): (Vec<_>, Vec<Host>) = services.unzip();
        let results = self.dns.services(&services, self.own.form, half).await;
        let mut results: Vec<_> = names.into_iter().zip(results).collect();
        results.extend(self.sources.iter().map(|source| {
            (
                None,
                match source {
                    Source::Hosts(list) => Ok(list.iter().map(listed).collect()),
                    #[cfg(feature = "full")]
                    Source::Kubernetes(selector) => self.api.pods(selector, left(deadline) / 2),
                    _ => Ok(Vec::new()),
                },
            )
        }));
        let mut discovery = Discovery::default();
        let mut unnamed = Vec::new();
        for (name, result) in results {
            let like = self.own.called(name);
            match result {
                Ok(endpoints) => self.add_named(endpoints, &like, &mut discovery, &mut unnamed),
                Err(reason) => discovery.failures.push(reason),
            }
        }
        self.add_by_ptr(unnamed, &mut discovery, deadline).await;
        discovery
    }

    /// The PTR of an address is CONTAINER.NETWORK, and so is the name of a node that is named by it.
    async fn find_network(&mut self, limit: Duration) {
        if !self.is_in_networks {
            return;
        }
        let host = self.own.node.host.to_string();
        let main = self.own.addresses.first();
        // Until DNS has answered, the name is the question.
        let is_question = main.is_some_and(|main| host == reverse_name(*main));
        let name = match (&self.own.node.host, main) {
            (Host::Domain(_), _) if !is_question => Some(host),
            (Host::Address(at), _) | (_, Some(at)) => {
                let answers = self.dns.ptrs(&BTreeSet::from([*at]), limit).await;
                let names = answers.into_values().next().and_then(Result::ok);
                names.and_then(|names| names.into_names().into_iter().next())
            }
            _ => None,
        };
        let network = name.and_then(|name| Some(name.split_once('.')?.1.to_owned()));
        self.dns.network = network.or(self.dns.network.take());
    }

    fn add_named(
        &self,
        endpoints: Vec<Endpoint>,
        like: &OwnNode,
        discovery: &mut Discovery,
        unnamed: &mut Vec<(IpAddr, OwnNode)>,
    ) {
        for endpoint in endpoints {
            match (like.peer(&endpoint), endpoint) {
                (Some(peer), _) => discovery.add(peer, &self.own),
                (None, Endpoint::Address(at, _)) if !self.own.addresses.contains(&at) => {
                    unnamed.push((at, like.clone()));
                }
                _ => {}
            }
        }
    }

    /// Names peers by the PTRs of their addresses, where nothing else names them.
    async fn add_by_ptr(
        &mut self,
        unnamed: Vec<(IpAddr, OwnNode)>,
        discovery: &mut Discovery,
        deadline: Instant,
    ) {
        let addresses = unnamed.iter().map(|(at, _)| *at).collect();
        let ptrs = self.dns.ptrs(&addresses, left(deadline)).await;
        for (at, like) in unnamed {
            // Without an entry it is not yet time to ask for it.
            let Some(names) = ptrs.get(&reverse_name(at)).cloned() else {
                continue;
            };
            let peer = names
                .and_then(|names| like.pick_name(names.into_names()))
                .and_then(|name| Host::parse(&name))
                .and_then(|host| like.peer_at(host, Ok(at)));
            let peer = peer.map_err(|reason| {
                format!("{at} has no name: {reason}; nodes are named by the PTRs of their addresses here")
            });
            discovery.add(peer, &self.own);
        }
    }

    /// Looks up the peers whose address is not known yet, or that /etc/hosts has.
    pub async fn locate<'a>(
        &mut self,
        peers: impl Iterator<Item = &'a mut Peer>,
        deadline: Instant,
    ) {
        let host = |peer: &Peer| peer.node.host.to_string();
        // The VM goes by /etc/hosts first.
        let is_listed = |peer: &Peer| !hosts::addresses(&host(peer)).is_empty();
        let mut peers: Vec<_> = peers
            .filter(|peer| peer.address.is_err() || is_listed(peer))
            .collect();
        let hosts = peers.iter().map(|peer| host(peer)).collect();
        let addresses = self.dns.addresses(hosts, left(deadline)).await;
        for peer in &mut peers {
            if let Some(address) = addresses.get(&host(peer)) {
                let why = |reason| format!("has no address: {reason}");
                let first = address.as_ref().map_err(Clone::clone);
                let first = first.and_then(|all| all.first().copied().ok_or_else(String::new));
                peer.address = first.map_err(why);
            }
        }
    }

    /// Would the VM, which looks the name up itself, find the peer where it was met? It waits for nothing where a cache says
    /// otherwise.
    ///
    /// # Errors
    /// What DNS says, to be put behind the peer's name.
    pub async fn check_name(&mut self, peer: &Peer, deadline: Instant) -> Result<(), String> {
        let (host, at) = (peer.node.host.to_string(), peer.address.clone()?);
        if matches!(peer.node.host, Host::Address(_)) {
            return Ok(());
        }
        let names = BTreeSet::from([host.clone()]);
        let mut answers = self.dns.addresses(names, left(deadline)).await;
        let found = match answers.remove(&host) {
            Some(Ok(found)) if !found.contains(&at) => {
                self.dns.forget(&host, None);
                comma_separated(&found)
            }
            Some(Err(reason)) => reason,
            // Without an answer it is not yet time to ask.
            _ => return Ok(()),
        };
        Err(format!(
            "is at {at}, and the node would not find it there: its name's lookup gives {found}"
        ))
    }

    /// Forgets what DNS answered about a peer that is not there.
    pub fn forget(&mut self, peer: &Peer) {
        let address = peer.address.as_ref().ok();
        self.dns.forget(&peer.node.host.to_string(), address);
    }
}

impl Discovery {
    fn add(&mut self, peer: Result<Peer, String>, own: &OwnNode) {
        match peer {
            Ok(peer) if own.is(&peer) => {}
            Ok(peer) => {
                let name = folded(&peer.node.to_string());
                self.peers.entry(name).or_insert(peer);
            }
            Err(reason) => self.failures.push(reason),
        }
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// The name of a Service's nodes before the `@`, where it is not this node's, and the Service.
fn service(source: &Source) -> Option<(Option<NamePart>, Host)> {
    match source {
        Source::Dns(name, service) => Some((name.clone(), service.as_ref()?.host.clone())),
        _ => None,
    }
}

fn listed(one: &HostsEntry) -> Endpoint {
    match one {
        HostsEntry::Host(host) => Endpoint::Host(host.clone(), None),
        HostsEntry::Node(node) => Endpoint::Node(node.clone()),
    }
}
