//! The epmd gate: is the part of the name before the `@` free, where an epmd runs already?
//!
//! The third gate, after dns and port. A VM that finds its name taken ends with a crash report that tells neither whose it
//! is nor what to do. It registers at the loopback address alone, IPv6's if that is what it speaks, and at ERL_EPMD_PORT;
//! ERL_EPMD_ADDRESS is about where else epmd listens. No epmd is the common case: erl will start one.
//!
//! <https://www.erlang.org/doc/apps/erts/epmd_cmd.html>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::dist::epmd::answer::EpmdAnswer;
use crate::dist::epmd::{Reply, ask};
use crate::error::Failure;
use crate::exit::Exit;
use crate::node::{NamePart, Port};
use crate::system::listeners;

/// All that the gate may take, whoever listens there.
const LIMIT: Duration = Duration::from_secs(1);
/// A name that is taken is asked for again after this: its node may be about to end.
const AGAIN: Duration = Duration::from_millis(20);

/// An answer that holds nothing up comes within this time.
const BRIEFLY: Duration = Duration::from_millis(50);

/// Where the VM will register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// epmd's port.
    pub port: Port,
    /// Does the VM speak IPv6?
    pub ipv6: bool,
}

/// Checks the name.
///
/// # Errors
/// [`Exit::Gate`] if another node has it.
pub fn check(name: &NamePart, place: Place) -> Result<(), Failure> {
    let name = name.to_string();
    let address = SocketAddr::new(loopback(place), place.port.number());
    let deadline = Instant::now() + LIMIT;
    let left = || deadline.saturating_duration_since(Instant::now());
    let mut last = None;
    loop {
        let said = ask(&name, address, deadline);
        match (&said, last) {
            (Reply::Answer(EpmdAnswer::Taken(port)), _) => {
                // epmd drops a name when its node's connection closes; of a VM that was killed, the kernel closes it late.
                if left() <= AGAIN {
                    return Err(taken(&name, place.port, *port));
                }
                last = Some(*port);
                sleep(AGAIN);
            }
            (Reply::Answer(EpmdAnswer::Free), _) => {
                info!("epmd (port {}) has no other node {name}", place.port);
                return Ok(());
            }
            (Reply::Nobody, _) => return Ok(()),
            // It has answered before; the time was too short for another answer.
            (Reply::Silence | Reply::Answer(_), Some(port)) => {
                return Err(taken(&name, place.port, port));
            }
            (Reply::Silence | Reply::Answer(_), None) => {
                warn!("{}", foreign(&said, place.port));
                return Ok(());
            }
        }
    }
}

/// Warns of a name that another node has now, where that is to hold nothing up.
pub fn warn_if_taken(name: &NamePart, place: Place) {
    let name = name.to_string();
    let address = SocketAddr::new(loopback(place), place.port.number());
    if let Reply::Answer(EpmdAnswer::Taken(port)) = ask(&name, address, Instant::now() + BRIEFLY) {
        warn!("{}", taken(&name, place.port, port).lines.join("; "));
    }
}

fn loopback(place: Place) -> IpAddr {
    if place.ipv6 {
        Ipv6Addr::LOCALHOST.into()
    } else {
        Ipv4Addr::LOCALHOST.into()
    }
}

fn taken(name: &str, epmd: Port, port: u16) -> Failure {
    let by = listeners::of(port)
        .map(|holder| format!(", {holder}"))
        .unwrap_or_default();
    Failure::new(
        Exit::Gate,
        format!(
            "the node name {name} is taken: epmd (port {epmd}) has it for the node at port {port}{by}: another node in this network namespace? give this one another SNAME"
        ),
    )
}

fn foreign(said: &Reply, port: Port) -> String {
    let by = match listeners::of(port.number()) {
        Some(holder) => holder.to_string(),
        None => "what listens".into(),
    };
    let how = match said {
        Reply::Silence => "does not answer",
        _ => "does not answer as epmd does",
    };
    format!(
        "{by} at port {port} {how}, and the VM will want to register there; move it, or set ERL_EPMD_PORT to another port"
    )
}
