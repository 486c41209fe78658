//! The peers of the node that is launched: those that it is told of (`BEAMINIT_PEERS_BOOT`), and the process that joins it
//! with them while it runs.

use super::Prepared;
use super::config::Peers;
use super::config::peers::Boot;
use super::failure::Failure;
use super::node::Cookie;
use super::plan::{Pin, Settled};
use crate::peers::join::{self, Job};
use crate::peers::names::Own;

impl Prepared {
    /// Looks for the peers that answer now, if the node is to be told of them; says whether there are any.
    pub fn find_at_start(&mut self) -> Result<bool, Failure> {
        let found = match self.with_peers() {
            Some((identity, peers, cookie)) if peers.boot == Boot::Sync => {
                join::answering(&self.job(identity, peers, cookie))?
            }
            _ => return Ok(false),
        };
        let any = !found.is_empty();
        if let Some(peers) = &mut self.config.peers {
            peers.sync_with = found;
        }
        Ok(any)
    }

    /// Starts the process that joins this node with its peers.
    pub fn join_peers(&self) -> Result<(), Failure> {
        let Some((identity, peers, cookie)) = self.with_peers() else {
            return Ok(());
        };
        join::beside(self.job(identity, peers, cookie))
    }

    fn with_peers(&self) -> Option<(&Settled, &Peers, &Cookie)> {
        let identity = self.plan.identity.as_ref()?;
        let cookie = identity.cookie.as_ref()?;
        Some((identity, identity.peers.as_ref()?, &cookie.value))
    }

    fn job<'a>(&'a self, identity: &Settled, peers: &'a Peers, cookie: &'a Cookie) -> Job<'a> {
        let (node, host) = (identity.node.value.clone(), self.config.host);
        Job {
            own: Own::new(node, host, self.config.addresses()),
            cookie,
            port: identity.port.as_ref().and_then(Pin::port),
            epmd: identity.epmd.port(),
            ipv6: identity.ipv6,
            peers,
            config: &self.config,
        }
    }
}
