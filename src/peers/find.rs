//! One round of looking for peers, at all places that `BEAMINIT_PEERS` names.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::dns::Dns;
#[cfg(feature = "kubernetes")]
use super::kubernetes::Api;
use super::names::{Own, Peer, Sight, folded};
use crate::config::peers::{HostsEntry, Source};
use crate::dns::block_on;
use crate::error::Failure;
use crate::node::Host;

/// Looks for peers, again and again.
pub struct Finder {
    /// This node.
    pub own: Own,
    sources: Vec<Source>,
    dns: Dns,
    #[cfg(feature = "kubernetes")]
    api: Api,
}

/// What one round found.
#[derive(Debug, Default)]
pub struct Found {
    /// The peers, without this node, by their [`folded`] names.
    pub peers: BTreeMap<String, Peer>,
    /// The places that gave no answer, one line each.
    pub failures: Vec<String>,
}

impl Finder {
    /// Looks at these places for the peers of this node.
    pub fn new(
        own: Own,
        sources: Vec<Source>,
        dns: Dns,
        #[cfg(feature = "kubernetes")] api: Api,
    ) -> Self {
        Self {
            own,
            sources,
            dns,
            #[cfg(feature = "kubernetes")]
            api,
        }
    }

    /// Looks at each place once: at the Services side by side, at all in no more than this time.
    ///
    /// # Errors
    /// The operating system has no descriptor for it.
    pub fn find(&mut self, deadline: Instant) -> Result<Found, Failure> {
        let mut found = Found::default();
        let services: Vec<Host> = self.sources.iter().filter_map(service).collect();
        // However silent the places are: what one of them tells has its time to be named, too.
        let half = left(deadline) / 2;
        let look = self.dns.services(&services, self.own.form, half);
        let mut said = ask(!services.is_empty(), look)?.into_iter();
        let mut sights = Vec::new();
        for source in &self.sources {
            let seen = match source {
                Source::Dns(name) => name.iter().find_map(|_| said.next()).unwrap_or(Ok(vec![])),
                Source::Hosts(list) => Ok(list.iter().map(listed).collect()),
                #[cfg(feature = "kubernetes")]
                Source::Kubernetes(selector) => self.api.pods(selector, left(deadline) / 2),
                #[cfg(not(feature = "kubernetes"))]
                Source::Kubernetes(_) => Ok(vec![]),
            };
            match seen {
                Ok(seen) => sights.extend(seen),
                Err(reason) => found.failures.push(reason),
            }
        }
        self.name(sights, &mut found, deadline)?;
        Ok(found)
    }

    /// Names what was seen, by the PTR of its address where nothing else tells the name.
    fn name(
        &mut self,
        sights: Vec<Sight>,
        found: &mut Found,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let Self { own, dns, .. } = self;
        let mut nameless = BTreeSet::new();
        for sight in sights {
            match (own.peer(&sight), sight) {
                (Some(peer), _) => found.add(peer, own),
                (None, Sight::Address(at)) if !own.addresses.contains(&at) => {
                    nameless.insert(at);
                }
                _ => {}
            }
        }
        let look = dns.names(nameless.clone(), left(deadline));
        let mut pointers = ask(!nameless.is_empty(), look)?;
        for at in nameless {
            let peer = match pointers.remove(&at) {
                Some(Ok(names)) => own
                    .name_of(&names)
                    .ok_or_else(|| "there is none".to_owned())
                    .and_then(|name| Host::parse(name))
                    .and_then(|host| own.called(host, Ok(at))),
                Some(Err(reason)) => Err(reason),
                // It is not the time to ask.
                None => continue,
            };
            found.add(
                peer.map_err(|reason| {
                    format!("{at} has no name: {reason}; nodes are named by the PTRs of their addresses here")
                }),
                own,
            );
        }
        Ok(())
    }

    /// Finds out where those of the peers are whose address is not known yet.
    ///
    /// # Errors
    /// The operating system has no descriptor for it.
    pub fn locate<'a>(
        &mut self,
        peers: impl Iterator<Item = &'a mut Peer>,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let host = |peer: &Peer| peer.node.host.to_string();
        let mut lost: Vec<_> = peers.filter(|peer| peer.address.is_err()).collect();
        let hosts = lost.iter().map(|peer| host(peer)).collect();
        let look = self.dns.addresses(hosts, left(deadline));
        let places = ask(!lost.is_empty(), look)?;
        for peer in &mut lost {
            if let Some(place) = places.get(&host(peer)) {
                let said = |reason| format!("has no address: {reason}");
                peer.address = place.clone().map_err(said);
            }
        }
        Ok(())
    }

    /// What was found of a peer does not lead to it.
    pub fn forget(&mut self, peer: &Peer) {
        let address = peer.address.as_ref().ok().copied();
        self.dns.forget(&peer.node.host.to_string(), address);
    }
}

impl Found {
    fn add(&mut self, peer: Result<Peer, String>, own: &Own) {
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

/// Asks DNS, if there is anything to ask.
fn ask<T: Default>(anything: bool, work: impl Future<Output = T>) -> Result<T, Failure> {
    if anything {
        block_on(work)
    } else {
        Ok(T::default())
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

fn service(source: &Source) -> Option<Host> {
    match source {
        Source::Dns(name) => Some(name.as_ref()?.host.clone()),
        _ => None,
    }
}

fn listed(one: &HostsEntry) -> Sight {
    match one {
        HostsEntry::Host(host) => Sight::Host(host.clone()),
        HostsEntry::Node(node) => Sight::Node(node.clone()),
    }
}
