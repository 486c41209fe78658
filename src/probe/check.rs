//! The checks, each level after those before it: the port, the node's name, its boot state, applications and peers.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::options::{Level, ProbeOptions};
use crate::dist::epmd::{EpmdError, find_port};
use crate::dist::term::Term;
use crate::dist::{self, Client, DistError, Handshake};
use crate::error::Failure;
use crate::exit::Exit;
use crate::local_node::LocalNode;
use crate::node::Port;
use crate::system::listeners;
use crate::watch::process;

/// Gives the line to print.
///
/// # Errors
/// [`Exit::NotWell`] with the reason; [`Exit::Config`] where the node cannot be asked at all.
pub fn check(
    options: &ProbeOptions,
    local: &LocalNode,
    deadline: Instant,
) -> Result<String, Failure> {
    let node = local.called();
    let left = deadline.saturating_duration_since(Instant::now());
    let addresses = local
        .addresses(left)
        .map_err(|reason| not_well(format!("the host of {node} has no address: {reason}")))?;
    let addresses = silent_last(local, addresses, deadline);
    let port = port(local, &addresses, deadline)?;
    let failure = |error| not_well(format!("{node} at port {port} {}", with_hint(&error)));
    if options.level == Level::Port {
        let try_connect = |address| dist::try_connect(address, deadline);
        first_listener(&addresses, port, try_connect).map_err(failure)?;
        return Ok(format!("{node}: port {port} takes connections"));
    }
    let host = &local.record.node.host;
    let own_name = dist::own_name("probe", host);
    let client = Client::new(local.record.carrier.clone());
    let greet = |address| client.greet(address, host, own_name.clone(), deadline);
    let handshake = first_listener(&addresses, port, greet).map_err(|error| match error {
        DistError::CannotAsk(_) => Failure::config(format!(
            "{node} {error}; probe --port can ask whether its port takes connections"
        )),
        _ => failure(error),
    })?;
    let name = &handshake.name;
    if !local.is_called(name) {
        let names = local.names();
        return Err(not_well(format!(
            "the node at port {port} is {name}, and not {names}"
        )));
    }
    if options.level == Level::Alive {
        return Ok(format!("{name} is alive (port {port})"));
    }
    check_ready(options, local, port, handshake, deadline)
}

/// Moves the addresses of a remote node that drop packets to the end, so that the first does not take the whole time. Each
/// gets a part of it.
fn silent_last(local: &LocalNode, mut addresses: Vec<IpAddr>, deadline: Instant) -> Vec<IpAddr> {
    let port = local.record.epmd.or(local.record.port);
    let Some(port) = port.filter(|_| local.is_remote && addresses.len() > 1) else {
        return addresses;
    };
    let mut parts = u32::try_from(addresses.len()).unwrap_or(u32::MAX - 1);
    let answering = addresses.iter().position(|address| {
        let now = Instant::now();
        // The last part is for the checks.
        let time = deadline.saturating_duration_since(now) / (parts + 1);
        parts = parts.saturating_sub(1);
        let connected = dist::try_connect(SocketAddr::new(*address, port.number()), now + time);
        !matches!(connected, Err(DistError::Silent(_)))
    });
    addresses.rotate_left(answering.unwrap_or(0));
    addresses
}

fn not_well(line: impl Into<String>) -> Failure {
    Failure::new(Exit::NotWell, line)
}

/// The error, and what may be its reason.
fn with_hint(error: &DistError) -> String {
    let hint = match error {
        DistError::NoConnection(_) => "; is it still starting, or has it ended?",
        DistError::Silent(_) => {
            "; is it stopped, or does it have too little CPU? --timeout gives it more"
        }
        DistError::Foreign => "; is it another program?",
        DistError::Cookie => " than is set here; set the same ERLANG_COOKIE",
        _ => "",
    };
    format!("{error}{hint}")
}

/// The port that epmd has, or the known one of a node without epmd.
fn port(local: &LocalNode, addresses: &[IpAddr], deadline: Instant) -> Result<u16, Failure> {
    let node = local.called();
    let record = &local.record;
    let name = record.node.name.to_string();
    let Some(epmd) = record.epmd else {
        return record.port.map(Port::number).ok_or_else(|| {
            Failure::config(format!(
                "{node} finds its peers in a way of its own, and its port is not known; set ERL_PORT"
            ))
        });
    };
    let place = match addresses.first().filter(|_| local.is_remote) {
        Some(address) => format!("port {epmd} of {address}"),
        None => format!("port {epmd}"),
    };
    let mut found = Err(EpmdError::NoListener);
    for address in local.epmd_addresses(addresses) {
        found = find_port(&name, SocketAddr::new(address, epmd.number()), deadline);
        if found != Err(EpmdError::NoListener) {
            break;
        }
    }
    let line = match (found, record.port) {
        (Ok(port), Some(own)) if own.number() != port => format!(
            "epmd ({place}) has the name {name} for a node at port {port}, and {node} is pinned to {own}: another node of this name?"
        ),
        (Ok(port), _) => return Ok(port),
        (Err(EpmdError::UnknownName), _) => {
            format!("epmd ({place}) has no node {name}; is {node} still starting, or has it ended?")
        }
        (Err(EpmdError::Foreign), _) => {
            format!("what listens at {place} does not answer as epmd does; is ERL_EPMD_PORT right?")
        }
        (Err(EpmdError::NoListener), _) => format!(
            "no epmd at {place} to look up {node}; is the node still starting, or has it ended?"
        ),
        (Err(EpmdError::Timeout), _) => format!("epmd ({place}) does not answer in time"),
    };
    Err(not_well(line))
}

/// The result at the first address where something listens.
fn first_listener<T>(
    addresses: &[IpAddr],
    port: u16,
    act: impl Fn(SocketAddr) -> Result<T, DistError>,
) -> Result<T, DistError> {
    let mut result = Err(DistError::NoConnection(
        std::io::ErrorKind::AddrNotAvailable.into(),
    ));
    for address in addresses {
        result = act(SocketAddr::new(*address, port));
        if !matches!(result, Err(DistError::NoConnection(_))) {
            break;
        }
    }
    result
}

/// Checks that the node has booted and has the applications and peers that were asked for.
fn check_ready(
    options: &ProbeOptions,
    local: &LocalNode,
    port: u16,
    handshake: Handshake,
    deadline: Instant,
) -> Result<String, Failure> {
    let name = handshake.name.clone();
    let Some(cookie) = &local.cookie else {
        return Err(Failure::config(format!(
            "no cookie is known to ask {name} with; set ERLANG_COOKIE or ERLANG_COOKIE_FILE"
        )));
    };
    match local.has_answered(&handshake) {
        Some(true) => {}
        Some(false) => {
            let holder = listeners::holder(port)
                .map_or_else(String::new, |holder| format!(", but {holder}"));
            return Err(not_well(format!(
                "what answers at port {port} as {name} is no VM of this container's command{holder}: it gets no proof of the cookie; end it, or change the port of one of them"
            )));
        }
        None => {
            let reason = format!(
                "{name} is alive (port {port}); not asked whether it is ready: which process has the port cannot be seen here (another user's, or no /proc), and only the node's own VM gets a proof of the cookie"
            );
            let needs_proof = !options.apps.is_empty() || options.peers.is_some();
            return if needs_proof {
                Err(not_well(reason))
            } else {
                Ok(reason)
            };
        }
    }
    let connection = handshake.prove(cookie.reveal(), deadline);
    let mut connection =
        connection.map_err(|error| not_well(format!("{name} {}", with_hint(&error))))?;
    let mut call = |module, function| {
        let reply = connection.call(module, function, Vec::new(), deadline);
        reply.map_err(|error| {
            let error = with_hint(&error);
            not_well(format!("{name}, asked for {module}:{function}, {error}"))
        })
    };

    // The boot script has run to its end, and the node is not stopping: init(3erl)
    let reply = call("init", "get_status")?;
    let status = reply.term();
    match status.tuple() {
        None => return Err(not_well(format!("{name} has the status {status}"))),
        Some([internal, _]) if internal.is_atom("stopping") => {
            return Err(not_well(format!("{name} is stopping")));
        }
        Some([_, provided]) if !provided.is_atom("started") => {
            return Err(not_well(format!("{name} is still starting ({provided})")));
        }
        Some(_) => {}
    }
    let mut results = vec![format!("{name} is ready")];
    if !options.apps.is_empty() {
        let reply = call("application", "which_applications")?;
        let term = reply.term();
        let apps = term.list().into_iter().flatten();
        let apps = apps.filter_map(|app| app.tuple::<3>()?.first().and_then(Term::atom));
        let started: Vec<&str> = apps.collect();
        let mut missing = options.apps.clone();
        missing.retain(|app| !started.contains(&app.as_str()));
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(not_well(format!("{name} has not started {missing}")));
        }
        results.push(format!("{} started", options.apps.join(", ")));
    }
    if let Some(least) = options.peers {
        let reply = call("erlang", "nodes")?;
        let count = reply.term().list().map_or(0, Iterator::count);
        let is_lost = |pid| !process::is_joiner_running(Some(pid));
        let lost = if local.record.joiner.is_some_and(is_lost) {
            "; its beaminit-peers was killed, so nobody joins it with others: start the container anew"
        } else {
            ""
        };
        let peers = format!("{count} {}", if count == 1 { "peer" } else { "peers" });
        if count < least {
            return Err(not_well(format!(
                "{name} has {peers}, and should have {least}{lost}"
            )));
        }
        results.push(peers + lost);
    }
    Ok(results.join(", "))
}
