//! The other nodes of the cluster: who they are (`beaminit peers`), and the process that joins this node with them.
//!
//! BEAMINIT_PEERS ──► [`find`] (DNS, a list, the Kubernetes API) ──► [`names`] ──► peers ──► [`reach`]
//!
//! Erlang's own way is code in the application that calls `net_adm:world_list/1` or `net_kernel:connect_node/1`:
//! <https://www.erlang.org/doc/apps/kernel/net_adm.html>

mod dns;
mod find;
pub mod join;
#[cfg(feature = "full")]
mod kubernetes;
mod list;
pub mod names;
mod options;
mod reach;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::dns::block_on;
use crate::error::Failure;
use find::Finder;
use reach::{Own, Route, Unreachable};

pub use list::run;

/// The first part of the hidden node's name by which other nodes see this process.
const NAME: &str = "beaminit-peers";

/// All sources of BEAMINIT_PEERS together get this long, and the names of the addresses that they give.
const SOURCES: Duration = Duration::from_secs(8);

/// A peer, and whether it answers.
#[derive(Serialize)]
struct PeerStatus {
    /// Its name as it spells it itself, if it answers.
    node: String,
    address: Option<String>,
    answers: bool,
    /// Is the node of this container connected to it?
    joined: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Finds the peers once, and asks each, all within the limit; with `own` whether it has the same cookie, too. Returns them
/// in the order of their names, and one line for each source that failed.
///
/// # Errors
/// There was no file descriptor left.
fn check_once(
    mut finder: Finder,
    route: &Route,
    own: Option<&Own>,
    limit: Duration,
) -> Result<(Vec<PeerStatus>, Vec<String>), Failure> {
    let began = Instant::now();
    // The peers that are found by then are asked, however silent a source is.
    let for_sources = SOURCES.min(limit.saturating_sub(2 * reach::LIMIT));
    let for_addresses = limit.saturating_sub(reach::LIMIT);
    let discovery = block_on(async {
        let mut discovery = finder.find(began + for_sources).await;
        let peers = discovery.peers.values_mut();
        finder.locate(peers, began + for_addresses).await;
        discovery
    })?;
    let peers = discovery.peers.values().collect();
    let host = &finder.own.node.host;
    let answers = reach::ask_all(route, peers, host, own, reach::ONCE, began + limit);
    let connected = own.into_iter().flat_map(|own| &own.connected);
    let connected: BTreeSet<String> = connected.map(|node| names::folded(node)).collect();
    let status = |(peer, answer): (&names::Peer, Result<reach::Reachable, _>)| PeerStatus {
        address: peer.address.as_ref().ok().map(ToString::to_string),
        answers: matches!(answer, Ok(_) | Err(Unreachable::OtherCookie)),
        joined: connected.contains(&names::folded(&peer.node.to_string())),
        reason: answer.as_ref().err().map(ToString::to_string),
        node: answer.map_or_else(|_| peer.node.to_string(), |peer| peer.name),
    };
    let mut peers: Vec<PeerStatus> = answers.into_iter().map(status).collect();
    peers.sort_by(|one, other| one.node.cmp(&other.node));
    peers.dedup_by(|one, other| one.node == other.node);
    Ok((peers, discovery.failures))
}
