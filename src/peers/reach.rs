//! Does a peer answer: is it at its address, and is it the node that it should be? No cookie is needed for that, and
//! nothing of it is left in the peer's log.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::names::Peer;
use crate::dist::epmd::{self, Reply, answer::EpmdAnswer};
use crate::dist::{self, Greeted};

/// One peer gets this long.
pub const LIMIT: Duration = Duration::from_secs(1);
/// So many are asked at the same time.
const ABREAST: usize = 16;

/// How nodes make their port known: alike in a whole cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The epmd at this port of their host tells it.
    Epmd(u16),
    /// It is this one everywhere.
    Port(u16),
}

/// A peer that answers. Nothing of the conversation is kept: there may be more peers than descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct There {
    /// Its name, as it spells it itself.
    pub name: String,
    /// In which of its lives: a number that changes with every start.
    pub creation: u32,
}

/// Why a peer is not there, in words that follow upon its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absent {
    /// There is no answer: it may come or go.
    Silent(String),
    /// Another node is in its place, which somebody has named wrongly.
    Another(String),
}

/// What a peer is found to be.
pub type Answered = Result<There, Absent>;

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Silent(reason) | Self::Another(reason)) = self;
        f.write_str(reason)
    }
}

/// Asks a node at an address who it is.
///
/// # Errors
/// Why there is no answer, in words that follow upon the node's name.
pub fn greet(
    way: Way,
    name: &str,
    at: IpAddr,
    own_name: String,
    deadline: Instant,
) -> Result<Greeted, String> {
    let port = match way {
        Way::Port(port) => port,
        Way::Epmd(epmd) => match epmd::ask(name, SocketAddr::new(at, epmd), deadline) {
            Reply::Answer(EpmdAnswer::Taken(port)) => port,
            Reply::Answer(EpmdAnswer::Free) => {
                return Err(format!("is not known to the epmd of {at}"));
            }
            Reply::Answer(_) => {
                return Err(format!("has something else than an epmd at {at}:{epmd}"));
            }
            Reply::Nobody => {
                return Err(format!(
                    "has no epmd: nothing takes a connection at {at}:{epmd}"
                ));
            }
            Reply::Silence => return Err(format!("does not answer: silence at {at}:{epmd}")),
        },
    };
    dist::greet(SocketAddr::new(at, port), own_name, deadline).map_err(|failed| failed.to_string())
}

/// Asks one peer.
fn ask(way: Way, peer: &Peer, own_name: String, deadline: Instant) -> Answered {
    let at = peer.address.clone().map_err(Absent::Silent)?;
    let name = peer.node.name.to_string();
    let greeted = greet(way, &name, at, own_name, deadline).map_err(Absent::Silent)?;
    // DNS does not tell upper from lower case, and the VM does: what the node says itself is its name.
    if greeted.name.eq_ignore_ascii_case(&peer.node.to_string()) {
        Ok(There {
            name: greeted.name,
            creation: greeted.peer_creation,
        })
    } else {
        Err(Absent::Another(format!(
            "is not at {at}: {} is",
            greeted.name
        )))
    }
}

/// Asks all of them, some at a time; the answers come in their order. None of them gets longer than to the deadline.
pub fn ask_all(
    way: Way,
    peers: &[&Peer],
    own_name: impl Fn() -> String,
    deadline: Instant,
) -> Vec<Answered> {
    let failed = |reason: String| Err(Absent::Silent(reason));
    let mut answers = Vec::new();
    for some in peers.chunks(ABREAST) {
        let deadline = deadline.min(Instant::now() + LIMIT);
        if deadline <= Instant::now() {
            answers.extend(some.iter().map(|_| failed("was not asked in time".into())));
            continue;
        }
        std::thread::scope(|scope| {
            let asked: Vec<_> = some
                .iter()
                .map(|peer| {
                    let own_name = own_name();
                    let small = std::thread::Builder::new().stack_size(128 << 10);
                    small.spawn_scoped(scope, move || ask(way, peer, own_name, deadline))
                })
                .collect();
            answers.extend(asked.into_iter().map(|asked| {
                match asked {
                    Ok(asked) => asked
                        .join()
                        .unwrap_or_else(|_| failed("could not be asked".into())),
                    Err(error) => failed(format!("could not be asked: {error}")),
                }
            }));
        });
    }
    answers
}
