//! Does a peer answer: is it at its address, and is it the node that it should be? No cookie is needed for that, and
//! nothing of it is left in the peer's log.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::names::Peer;
use crate::dist::epmd::{self, Said, answer::Answer};
use crate::dist::{self, Greeted};

/// One peer gets this long.
const LIMIT: Duration = Duration::from_secs(1);
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

/// What a peer is found to be.
pub type Answered = Result<Greeted, String>;

/// Asks a node at an address who it is.
///
/// # Errors
/// Why there is no answer, in words that follow upon the node's name.
pub fn greet(way: Way, name: &str, at: IpAddr, own_name: String, deadline: Instant) -> Answered {
    let port = match way {
        Way::Port(port) => port,
        Way::Epmd(epmd) => match epmd::ask(name, SocketAddr::new(at, epmd), deadline) {
            Said::Answer(Answer::Taken(port)) => port,
            Said::Answer(Answer::Free) => return Err(format!("is not known to the epmd of {at}")),
            Said::Answer(_) => {
                return Err(format!("has something else than an epmd at {at}:{epmd}"));
            }
            Said::Nobody => {
                return Err(format!(
                    "has no epmd: nothing takes a connection at {at}:{epmd}"
                ));
            }
            Said::Silence => return Err(format!("does not answer: silence at {at}:{epmd}")),
        },
    };
    dist::greet(SocketAddr::new(at, port), own_name, deadline).map_err(|failed| failed.to_string())
}

/// Asks one peer.
fn ask(way: Way, peer: &Peer, own_name: String) -> Answered {
    let Some(at) = peer.address else {
        return Err("has no address that DNS knows".into());
    };
    let deadline = Instant::now() + LIMIT;
    let name = peer.node.name.to_string();
    let greeted = greet(way, &name, at, own_name, deadline)?;
    if greeted.name == peer.node.to_string() {
        Ok(greeted)
    } else {
        Err(format!("is not at {at}: {} is", greeted.name))
    }
}

/// Asks all of them, some at a time; the answers come in their order.
pub fn ask_all(way: Way, peers: &[&Peer], own_name: impl Fn() -> String) -> Vec<Answered> {
    let mut answers = Vec::new();
    for some in peers.chunks(ABREAST) {
        std::thread::scope(|scope| {
            let asked: Vec<_> = some
                .iter()
                .map(|peer| {
                    let own_name = own_name();
                    let small = std::thread::Builder::new().stack_size(128 << 10);
                    small.spawn_scoped(scope, move || ask(way, peer, own_name))
                })
                .collect();
            answers.extend(asked.into_iter().map(|asked| {
                match asked {
                    Ok(asked) => asked
                        .join()
                        .unwrap_or_else(|_| Err("could not be asked".into())),
                    Err(error) => Err(format!("could not be asked: {error}")),
                }
            }));
        });
    }
    answers
}
