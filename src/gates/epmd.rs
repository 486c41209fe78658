//! The epmd gate: is the part of the name before the `@` free, where an epmd runs already?
//!
//! The third gate, after dns and port. A VM that finds its name taken ends with a crash report that shows neither who has
//! it nor what to do. The VM registers at the loopback address alone, IPv6's if that is what it speaks, and at
//! ERL_EPMD_PORT; ERL_EPMD_ADDRESS is about where else epmd listens. Mostly there is no epmd: erl will start one.
//!
//! <https://www.erlang.org/doc/apps/erts/epmd_cmd.html>

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::dist::epmd::{EpmdError, find_port};
use crate::error::Failure;
use crate::exit::Exit;
use crate::node::host::loopback;
use crate::node::{NamePart, Port};
use crate::system::listeners;

/// The gate takes no longer than this.
const LIMIT: Duration = Duration::from_secs(1);
/// A name that is taken is asked for again after this: its node may be about to end.
const AGAIN: Duration = Duration::from_millis(20);
/// Where the answer is only good for a warning, it must come within this time.
const BRIEFLY: Duration = Duration::from_millis(50);

/// Checks the name with the epmd at this port.
///
/// # Errors
/// [`Exit::Gate`] if another node has it.
pub fn check(name: &NamePart, epmd: Port, ipv6: bool) -> Result<(), Failure> {
    let name = name.to_string();
    let address = SocketAddr::new(loopback(ipv6), epmd.number());
    let deadline = Instant::now() + LIMIT;
    let mut holder = None;
    while holder.is_none() || deadline.saturating_duration_since(Instant::now()) > AGAIN {
        match find_port(&name, address, deadline) {
            // epmd drops a name when its node's connection closes; the kernel closes that of a killed VM late.
            Ok(port) => {
                holder = Some(port);
                sleep(AGAIN);
            }
            Err(EpmdError::UnknownName) => {
                info!("epmd (port {epmd}) has no other node {name}");
                return Ok(());
            }
            Err(EpmdError::NoListener) => return Ok(()),
            // It has answered before; the time was too short for another answer.
            _ if holder.is_some() => break,
            Err(error) => {
                warn!("{}", not_epmd(error, epmd));
                return Ok(());
            }
        }
    }
    holder.map_or(Ok(()), |port| {
        Err(Failure::new(Exit::Gate, taken(&name, epmd, port)))
    })
}

/// Warns of a name that another node has now, where that must not hold the start up.
pub fn warn_if_taken(name: &NamePart, epmd: Port, ipv6: bool) {
    let name = name.to_string();
    let address = SocketAddr::new(loopback(ipv6), epmd.number());
    if let Ok(port) = find_port(&name, address, Instant::now() + BRIEFLY) {
        warn!("{}", taken(&name, epmd, port));
    }
}

fn taken(name: &str, epmd: Port, port: u16) -> String {
    let by = listeners::holder(port).map_or_else(String::new, |holder| format!(", {holder}"));
    format!(
        "the node name {name} is taken: epmd (port {epmd}) has it for the node at port {port}{by}: another node in this network namespace? give this one another SNAME"
    )
}

fn not_epmd(error: EpmdError, port: Port) -> String {
    let by = listeners::holder(port.number()).unwrap_or_else(|| "what listens".into());
    let how = match error {
        EpmdError::Timeout => "does not answer",
        _ => "does not answer as epmd does",
    };
    format!(
        "{by} at port {port} {how}, and the VM will want to register there; move it, or set ERL_EPMD_PORT to another port"
    )
}
