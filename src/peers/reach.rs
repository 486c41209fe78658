//! Does a peer answer: is it at its address, and is it the node that it should be? That needs no cookie, and leaves
//! nothing in the peer's log.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::NAME;
use super::names::Peer;
use crate::dist::epmd::{self, EpmdError, find_port};
use crate::dist::{self, Carrier, Client, DistError, Handshake};
use crate::error::Failure;
use crate::node::host::{is_dashed, loopback};
use crate::node::{Cookie, Host, NodeName, Port};

/// Why this container's own node is not asked.
pub const STRANGER: &str =
    "what has its port is no VM of this container's command, as far as can be seen";

/// One peer gets this long where it is asked again and again.
pub const LIMIT: Duration = Duration::from_secs(1);
/// And this long where it is asked only once, as this container's own node is: it may be booting, or busy.
pub const ONCE: Duration = Duration::from_secs(3);
/// So many are asked at the same time.
const AT_ONCE: usize = 16;

/// How the port of a node is found, the same in a whole cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortLookup {
    /// By the epmd at this port of the node's host.
    Epmd(Port),
    /// It is this one everywhere.
    Pinned(Port),
}

impl PortLookup {
    /// # Errors
    /// There is neither an epmd nor a port that all nodes have.
    pub fn new(epmd: Option<Port>, port: Option<Port>) -> Result<Self, Failure> {
        let pinned = port.map(Self::Pinned);
        epmd.map(Self::Epmd).or(pinned).ok_or_else(|| {
            Failure::config(
                "BEAMINIT_PEERS is set, and the node's flags have it do without epmd at no certain port; set ERL_PORT, or unset BEAMINIT_PEERS",
            )
        })
    }
}

/// How a node is reached.
#[derive(Clone)]
pub struct Route {
    pub lookup: PortLookup,
    client: Arc<Client>,
}

impl Route {
    pub fn new(lookup: PortLookup, carrier: Carrier) -> Self {
        Self {
            lookup,
            client: Arc::new(Client::new(carrier)),
        }
    }
}

/// A peer that answers. The connection is not kept: there may be more peers than file descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reachable {
    /// Its name, as it spells it itself.
    pub name: String,
    /// A number that changes with every start of the node.
    pub creation: u32,
}

/// Why a peer does not answer, to be put behind its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// No answer: it may come, or have gone.
    Silent(String),
    /// Another node is in its place: somebody gave the wrong name.
    OtherNode(String),
    /// TLS fails, which leaves a line in its log: it does not take our certificate, or we do not take its.
    Untrusted(String),
    /// It is there, and has another cookie.
    OtherCookie,
}

/// This node's own connections and cookie, by which peers are told apart that it is not connected to.
pub struct Own<'a> {
    pub connected: BTreeSet<String>,
    pub cookie: &'a Cookie,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(reason) | Self::OtherNode(reason) | Self::Untrusted(reason) => {
                f.write_str(reason)
            }
            Self::OtherCookie => DistError::Cookie.fmt(f),
        }
    }
}

/// Nobody gave a name.
struct Unmet {
    why: Unreachable,
    /// Somebody is there.
    listens: bool,
}

/// Asks this container's own node, at any of its addresses; `is_own` says why one that answers is not it.
///
/// # Errors
/// Why it does not answer.
pub fn greet_own(
    route: &Route,
    node: &NodeName,
    addresses: &[IpAddr],
    own_name: &str,
    is_own: impl Fn(&Handshake) -> Result<(), String>,
    deadline: Instant,
) -> Result<Handshake, Unreachable> {
    let mut best: Option<Unmet> = None;
    for at in addresses {
        // The VM registers there.
        let epmd = loopback(at.is_ipv6());
        match greet(route, node, *at, epmd, own_name.to_owned(), deadline) {
            Ok(asked) => match is_own(&asked) {
                Ok(()) => return Ok(asked),
                Err(reason) => {
                    best = Some(Unmet {
                        why: Unreachable::OtherNode(reason),
                        listens: true,
                    });
                }
            },
            Err(unmet) if unmet.listens => best = Some(unmet),
            Err(unmet) => drop(best.get_or_insert(unmet)),
        }
    }
    Err(best.map_or(Unreachable::Silent(String::new()), |unmet| unmet.why))
}

/// Asks the node at an address for its name.
fn greet(
    route: &Route,
    node: &NodeName,
    at: IpAddr,
    epmd_at: IpAddr,
    own_name: String,
    deadline: Instant,
) -> Result<Handshake, Unmet> {
    let name = node.name.to_string();
    let port = match route.lookup {
        PortLookup::Pinned(port) => port.number(),
        PortLookup::Epmd(epmd) => {
            let epmd = SocketAddr::new(epmd_at, epmd.number());
            find_port(&name, epmd, deadline).map_err(|error| Unmet {
                listens: error != EpmdError::NoListener,
                why: Unreachable::Silent(match error {
                    EpmdError::UnknownName => unknown(&name, epmd, deadline),
                    EpmdError::Foreign => format!("has something else than an epmd at {epmd}"),
                    EpmdError::NoListener => {
                        format!("has no epmd: nothing takes a connection at {epmd}")
                    }
                    EpmdError::Timeout => format!("does not answer: silence at {epmd}"),
                }),
            })?
        }
    };
    let at = SocketAddr::new(at, port);
    let greeted = route.client.greet(at, &node.host, own_name, deadline);
    greeted.map_err(|failed| Unmet {
        listens: !matches!(failed, DistError::NoConnection(_)),
        why: match failed {
            DistError::Tls(_) | DistError::SpeaksTls => Unreachable::Untrusted(failed.to_string()),
            _ => Unreachable::Silent(failed.to_string()),
        },
    })
}

fn unknown(name: &str, epmd: SocketAddr, deadline: Instant) -> String {
    let at = epmd.ip();
    let names = epmd::names(epmd, deadline);
    let Some(first) = names.first() else {
        return format!("is not known to the epmd of {at}");
    };
    let all = names.join(", ");
    format!(
        "is not known to the epmd of {at}: its epmd has {all}, not {name}; BEAMINIT_PEERS takes dns:{first}@SERVICE and hosts:{first}@HOST for nodes of another name"
    )
}

fn ask(
    route: &Route,
    peer: &Peer,
    host: &Host,
    own: Option<&Own>,
    deadline: Instant,
) -> Result<Reachable, Unreachable> {
    let at = peer.address.clone().map_err(Unreachable::Silent)?;
    if deadline <= Instant::now() {
        return Err(Unreachable::Silent("was not asked in time".into()));
    }
    let own_name = dist::own_name(NAME, host);
    let greeted = greet(route, &peer.node, at, at, own_name, deadline);
    let greeted = greeted.map_err(|unmet| unmet.why)?;
    // The VM tells upper from lower case, and DNS does not: what the node says itself is its name.
    if !greeted.name.eq_ignore_ascii_case(&peer.node.to_string()) {
        let host = &peer.node.host;
        let is_by_address = *host == Host::Address(at) || is_dashed(&host.to_string(), &[at]);
        let reason = if is_by_address {
            format!("is not at {at}: is that a Service which is not headless (clusterIP: None)?")
        } else {
            format!(
                "is not at {at}: {} is; does BEAMINIT_PEERS name it as it names itself?",
                greeted.name
            )
        };
        return Err(Unreachable::OtherNode(reason));
    }
    let reachable = Reachable {
        name: greeted.name.clone(),
        creation: greeted.peer_creation,
    };
    let stranger = own.filter(|own| !own.connected.contains(&reachable.name));
    match stranger.map(|own| greeted.prove(own.cookie.reveal(), deadline)) {
        Some(Err(DistError::Cookie)) => Err(Unreachable::OtherCookie),
        _ => Ok(reachable),
    }
}

/// Asks all of them, some at a time, before the deadline; `host` is this node's. With `own`, those that it is not connected
/// to are asked for their cookie; one that has another logs that.
pub fn ask_all<'a>(
    route: &Route,
    peers: Vec<&'a Peer>,
    host: &Host,
    own: Option<&Own>,
    each: Duration,
    deadline: Instant,
) -> Vec<(&'a Peer, Result<Reachable, Unreachable>)> {
    let mut answers = Vec::new();
    for some in peers.chunks(AT_ONCE) {
        let deadline = deadline.min(Instant::now() + each);
        std::thread::scope(|scope| {
            let threads: Vec<_> = some
                .iter()
                .map(|peer| {
                    let small = std::thread::Builder::new().stack_size(128 << 10);
                    small.spawn_scoped(scope, move || ask(route, peer, host, own, deadline))
                })
                .collect();
            answers.extend(threads.into_iter().map(|thread| {
                let failed = |reason| Err(Unreachable::Silent(reason));
                match thread.map(std::thread::ScopedJoinHandle::join) {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(_)) => failed("could not be asked".into()),
                    Err(error) => failed(format!("could not be asked: {error}")),
                }
            }));
        });
    }
    peers.into_iter().zip(answers).collect()
}
