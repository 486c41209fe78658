//! The process beside the node that joins it with its peers, for as long as the node runs.
//!
//! Forked by launch as the last thing before the exec, twice, so that init is its parent and the command has no child that
//! it does not know. It stays in the command's process group: whoever tells the command to end tells it too, and a node
//! that shuts down is not joined again. fork(2), pidfd_open(2), prctl(2)

mod log;
mod node;
pub mod process;
mod refusals;
mod rounds;

use std::time::Duration;

use tracing::warn;

use super::Census;
use super::names::Own;
use crate::launch::config::{Config, Peers};
use crate::launch::failure::Failure;
use crate::launch::node::{Cookie, NodeName, Port};

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
/// As with [`beside`].
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

/// Starts that process beside this one, which becomes the node.
///
/// # Errors
/// The ports of peers cannot be known, or no process was to be had.
pub fn beside(job: Job) -> Result<(), Failure> {
    let way = super::way(job.epmd, job.port)?;
    process::beside(|| rounds::Rounds::new(job, way).go())
}
