//! One round of looking for peers, at all places that `BEAMINIT_PEERS` names.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::timeout;

use super::dns::Dns;
#[cfg(feature = "kubernetes")]
use super::kubernetes::Api;
use super::names::{Own, Peer, Sight};
use crate::launch::config::peers::{Listed, Source};
use crate::launch::failure::Failure;
use crate::launch::gates::dns::block_on;
use crate::launch::node::Host;

/// One place gets this long.
const LIMIT: Duration = Duration::from_secs(4);

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
    /// The peers, without this node, by name.
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

    /// Looks at each place once.
    ///
    /// # Errors
    /// The operating system has no descriptor for it.
    pub fn find(&mut self) -> Result<Found, Failure> {
        let mut found = Found::default();
        for at in 0..self.sources.len() {
            let Some(source) = self.sources.get(at).cloned() else {
                continue;
            };
            match self.look(&source)? {
                Ok(sights) => self.name(sights, &mut found)?,
                Err(reason) => found.failures.push(reason),
            }
        }
        Ok(found)
    }

    fn look(&mut self, source: &Source) -> Result<Result<Vec<Sight>, String>, Failure> {
        match source {
            Source::Dns(None) => Ok(Ok(Vec::new())),
            Source::Dns(Some(name)) => {
                let work = self.dns.service(&name.host, self.own.form);
                let said = block_on(async { timeout(LIMIT, work).await })?;
                Ok(said.unwrap_or_else(|_| Err(format!("{}: no answer", name.host))))
            }
            Source::Hosts(list) => Ok(Ok(list.iter().map(listed).collect())),
            #[cfg(feature = "kubernetes")]
            Source::Kubernetes(selector) => Ok(self.api.pods(selector)),
            #[cfg(not(feature = "kubernetes"))]
            Source::Kubernetes(_) => Ok(Ok(Vec::new())),
        }
    }

    /// Names what was seen, by the PTR of its address where nothing else tells the name.
    fn name(&mut self, sights: Vec<Sight>, found: &mut Found) -> Result<(), Failure> {
        let Self { own, dns, .. } = self;
        let mut nameless = Vec::new();
        let add = |peer: Result<Peer, String>, found: &mut Found| match peer {
            Ok(peer) if own.is(&peer) => {}
            Ok(peer) => {
                found.peers.insert(peer.node.to_string(), peer);
            }
            Err(reason) => found.failures.push(reason),
        };
        for sight in sights {
            match (own.peer(&sight), sight) {
                (Some(peer), _) => add(peer, found),
                (None, Sight::Address(at)) if !own.addresses.contains(&at) => nameless.push(at),
                _ => {}
            }
        }
        if nameless.is_empty() {
            return Ok(());
        }
        let named = async {
            let mut named = Vec::new();
            for at in nameless {
                let pointers = dns.names(at).await.unwrap_or_default();
                let host = own
                    .name_of(&pointers)
                    .and_then(|name| Host::parse(name).ok());
                named.extend(host.map(|host| own.called(host, Some(at))));
            }
            named
        };
        for peer in block_on(async { timeout(LIMIT, named).await })?.unwrap_or_default() {
            add(peer, found);
        }
        Ok(())
    }

    /// Finds out where those of the peers are whose address is not known yet.
    ///
    /// # Errors
    /// The operating system has no descriptor for it.
    pub fn locate<'a>(&mut self, peers: impl Iterator<Item = &'a mut Peer>) -> Result<(), Failure> {
        let work = async {
            for peer in peers.filter(|peer| peer.address.is_none()) {
                peer.address = self.dns.address(&peer.node.host.to_string()).await;
            }
        };
        block_on(async { timeout(LIMIT, work).await }).map(drop)
    }

    /// What was found of a peer does not lead to it.
    pub fn forget(&mut self, peer: &Peer) {
        self.dns.forget(&peer.node.host.to_string(), peer.address);
    }
}

fn listed(one: &Listed) -> Sight {
    match one {
        Listed::Host(host) => Sight::Host(host.clone()),
        Listed::Node(node) => Sight::Node(node.clone()),
    }
}
