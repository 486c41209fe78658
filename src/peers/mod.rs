//! The other nodes of the cluster: who they are (`beaminit peers`), and the process that joins this node with them.
//!
//! BEAMINIT_PEERS ──► [`find`] (DNS, a list, the Kubernetes API) ──► [`names`] ──► peers
//!
//! Erlang's own way is code in the application that calls `net_adm:world_list/1` or `net_kernel:connect_node/1`:
//! <https://www.erlang.org/doc/apps/kernel/net_adm.html>

mod dns;
mod find;
pub mod join;
#[cfg(feature = "kubernetes")]
mod kubernetes;
mod list;
pub mod names;
mod options;
mod reach;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::config::{Config, Peers};
use crate::dist;
use crate::dns::ask::Servers;
use crate::error::Failure;
use crate::node::Port;
use dns::Dns;
use find::Finder;
use names::{Own, Peer};
use reach::{Answered, Way};

pub use list::run;

/// What nodes see us under: the first part of a hidden node's name.
const NAME: &str = "beaminit-peers";

/// The places that BEAMINIT_PEERS names get this long, all of them, and the names of what they tell.
const PLACES: Duration = Duration::from_secs(8);

/// Looks at the settled places, by what the environment says; `interval` as for [`Dns::new`].
fn finder(own: Own, peers: &Peers, config: &Config, interval: Option<Duration>) -> Finder {
    let conf = &config.pod.resolv_conf;
    let servers = Servers::new(&conf.nameservers, conf.over_tcp);
    let ipv6 = own.addresses.first().is_some_and(IpAddr::is_ipv6);
    Finder::new(
        own,
        peers.sources.clone(),
        Dns::new(servers, ipv6, interval),
        #[cfg(feature = "kubernetes")]
        kubernetes::Api::new(config, ipv6),
    )
}

/// What one look came to.
struct Census {
    /// Those that are found, by name, each with its answer.
    peers: BTreeMap<String, (Peer, Answered)>,
    /// The places that gave none, one line each.
    failures: Vec<String>,
}

/// Looks once, and asks each, all of it in this time; who is found twice, is there once.
///
/// # Errors
/// As with [`Finder::find`].
fn census(mut finder: Finder, way: Way, limit: Duration) -> Result<Census, Failure> {
    let began = Instant::now();
    // Whatever is silent, those that are found by then are asked.
    let for_places = PLACES.min(limit.saturating_sub(2 * reach::LIMIT));
    let mut found = finder.find(began + for_places)?;
    let for_addresses = limit.saturating_sub(reach::LIMIT);
    finder.locate(found.peers.values_mut(), began + for_addresses)?;
    let peers: Vec<&Peer> = found.peers.values().collect();
    let host = &finder.own.node.host;
    let answers = reach::ask_all(way, &peers, || dist::own_name(NAME, host), began + limit);
    let mut all = BTreeMap::new();
    for (peer, answer) in found.peers.into_values().zip(answers) {
        let name = match &answer {
            Ok(there) => there.name.clone(),
            Err(_) => peer.node.to_string(),
        };
        all.insert(name, (peer, answer));
    }
    Ok(Census {
        peers: all,
        failures: found.failures,
    })
}

/// How the nodes of this cluster make their port known.
///
/// # Errors
/// In a way that is not known here.
fn way(epmd: Option<Port>, port: Option<Port>) -> Result<Way, Failure> {
    match (epmd, port) {
        (Some(epmd), _) => Ok(Way::Epmd(epmd.number())),
        (None, Some(port)) => Ok(Way::Port(port.number())),
        (None, None) => Err(Failure::config(
            "BEAMINIT_PEERS is set, and the node's flags have it do without epmd at no certain port; set ERL_PORT, or unset BEAMINIT_PEERS",
        )),
    }
}
