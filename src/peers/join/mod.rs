//! The process beside the node that joins it with its peers, for as long as the node runs.
//!
//! It is the watcher's process ([`crate::watch::process`]), once the node is up.

mod log;
mod node;
mod refusals;
mod rounds;

use std::time::Duration;

use tracing::warn;

pub use rounds::Rounds;

use super::Census;
use super::names::Own;
use crate::config::{Config, Peers};
use crate::error::Failure;
use crate::node::{Cookie, NodeName, Port};

/// A start waits for no more than this to know its peers.
const START: Duration = Duration::from_secs(6);

/// What is to be joined, with whom.
pub struct Job<'a> {
    /// The node; it is not there yet.
    pub own: Own,
    /// By what it and its peers tell friends.
    pub cookie: &'a Cookie,
    /// Its own port, if that is one and known.
    pub port: Option<Port>,
    /// The epmd that it registers with.
    pub epmd: Option<Port>,
    /// Does it speak IPv6 alone?
    pub ipv6: bool,
    /// Where its peers are looked for.
    pub peers: &'a Peers,
    /// All that the environment says.
    pub config: &'a Config,
}

/// Those of the peers that answer now; what cannot be asked is left for later, with a warning.
///
/// # Errors
/// As with [`rounds`].
pub fn answering(job: &Job) -> Result<Vec<NodeName>, Failure> {
    let way = super::way(job.epmd, job.port)?;
    let finder = super::finder(job.own.clone(), job.peers, job.config, None);
    let Census { peers, failures } = super::census(finder, way, START)?;
    for failure in failures {
        warn!("BEAMINIT_PEERS: {failure}; the node starts without waiting for those peers");
    }
    let there = peers.into_iter().filter(|(_, (_, answer))| answer.is_ok());
    // What a node calls itself, and a Host is not, no VM can be told of.
    Ok(there
        .filter_map(|(name, _)| NodeName::parse(&name).ok())
        .collect())
}

/// What joins the node with its peers, from now on and for as long as it runs.
///
/// # Errors
/// The ports of peers cannot be known.
pub fn rounds(job: Job) -> Result<Rounds, Failure> {
    let way = super::way(job.epmd, job.port)?;
    Ok(Rounds::new(job, way))
}
