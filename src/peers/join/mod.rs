//! Joins the node with its peers, for as long as the node runs.
//!
//! In the watcher's process ([`crate::watch::process`]), once the node is up.

mod log;
pub mod node;
mod refusals;
mod rounds;

use std::time::Duration;

use tracing::warn;

pub use rounds::Rounds;

use super::check_once;
use super::find::Finder;
use super::names::OwnNode;
use super::reach::{PortLookup, Route};
use crate::config::{Config, Peers};
use crate::error::Failure;
use crate::node::{Cookie, NodeName};
use crate::record::Record;

/// A start waits no longer than this for the peers that answer.
const START: Duration = Duration::from_secs(6);

/// The node that is to be joined, and where its peers are found.
pub struct Job<'a> {
    pub own: OwnNode,
    /// How it is reached, and what it and its peers speak with each other.
    pub record: Record,
    pub cookie: &'a Cookie,
    pub peers: &'a Peers,
    pub config: &'a Config,
}

impl Job<'_> {
    /// How the peers are reached.
    fn route(&self) -> Result<Route, Failure> {
        let lookup = PortLookup::new(self.record.epmd, self.record.port)?;
        Ok(Route::new(lookup, self.record.carrier.clone()))
    }
}

/// Those of the peers that answer now, before the node starts; a source that fails is a warning.
///
/// # Errors
/// The ports of peers cannot be known, or there was no file descriptor left.
pub fn reachable_peers(job: &Job) -> Result<Vec<NodeName>, Failure> {
    let route = job.route()?;
    let finder = Finder::new(job.own.clone(), job.peers, job.config, None);
    let (peers, failures) = check_once(finder, &route, None, START)?;
    for failure in failures {
        warn!("BEAMINIT_PEERS: {failure}; the node starts without waiting for those peers");
    }
    let reachable = peers.into_iter().filter(|peer| peer.answers);
    // A node may call itself what no other VM takes for a name.
    Ok(reachable
        .filter_map(|peer| NodeName::parse(&peer.node).ok())
        .collect())
}
