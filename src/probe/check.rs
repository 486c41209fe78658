//! The checks, each level after those before it: where is the node, is it itself, does it do what it is asked?

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::options::{Level, Options};
use crate::dist::epmd::answer::EpmdAnswer;
use crate::dist::epmd::{self, Reply};
use crate::dist::term::{OutTerm, Term};
use crate::dist::{self, Connection, DistError, Handshake};
use crate::error::Failure;
use crate::exit::Exit;
use crate::local_node::LocalNode;
use crate::node::Port;

/// Checks; gives the line to print.
///
/// # Errors
/// [`Exit::NotWell`] with what is not well; [`Exit::Config`] where it cannot be asked at all.
pub fn check(options: &Options, here: &LocalNode, deadline: Instant) -> Result<String, Failure> {
    let node = here.called();
    let left = deadline.saturating_duration_since(Instant::now());
    let addresses = here
        .addresses(left)
        .map_err(|reason| not_well(format!("the host of {node} has no address: {reason}")))?;
    let addresses = silent_last(here, addresses, deadline);
    let port = port(here, &addresses, deadline)?;
    let ill = |failed: &DistError| not_well(format!("{node} at port {port} {}", words(failed)));
    if options.level == Level::Port {
        reach(&addresses, port, |address| {
            dist::try_connect(address, deadline)
        })
        .map_err(|failed| ill(&failed))?;
        return Ok(format!("{node}: port {port} takes connections"));
    }
    let own_name = dist::own_name("probe", &here.first().host);
    let greeted = reach(&addresses, port, |address| {
        dist::greet(address, own_name.clone(), deadline)
    })
    .map_err(|failed| ill(&failed))?;
    if !here.is_called(&greeted.name) {
        return Err(not_well(format!(
            "the node at port {port} is {}, and not {}",
            greeted.name,
            here.names()
        )));
    }
    if options.level == Level::Alive {
        return Ok(format!("{} is alive (port {port})", greeted.name));
    }
    ready(options, here, greeted, deadline)
}

/// Of several addresses of a node elsewhere, those that swallow packets come last: else the first of them would take all the
/// time that there is. Each gets a part of it.
fn silent_last(here: &LocalNode, mut addresses: Vec<IpAddr>, deadline: Instant) -> Vec<IpAddr> {
    let port = here.epmd.or(here.port).filter(|_| here.is_remote);
    let Some(port) = port.filter(|_| addresses.len() > 1) else {
        return addresses;
    };
    let mut parts = u32::try_from(addresses.len()).unwrap_or(u32::MAX - 1);
    let answering = addresses.iter().position(|address| {
        let now = Instant::now();
        // The last part is for the conversation.
        let time = deadline.saturating_duration_since(now) / (parts + 1);
        parts = parts.saturating_sub(1);
        let knocked = dist::try_connect(SocketAddr::new(*address, port.number()), now + time);
        !matches!(knocked, Err(DistError::Silent(_)))
    });
    addresses.rotate_left(answering.unwrap_or(0));
    addresses
}

fn not_well(line: impl Into<String>) -> Failure {
    Failure::new(Exit::NotWell, line)
}

/// What did not go well, and what may be the reason.
fn words(failed: &DistError) -> String {
    let hint = match failed {
        DistError::NotThere(_) => "; is it still starting, or has it ended?",
        DistError::Silent(_) => {
            "; is it stopped, or does it have too little CPU? --timeout gives it more"
        }
        DistError::Foreign => {
            "; is it another program, or a node that speaks TLS (-proto_dist inet_tls)? that can only be asked for its --port"
        }
        DistError::Cookie => " than is set here; set the same ERLANG_COOKIE",
        _ => "",
    };
    format!("{failed}{hint}")
}

/// The port: epmd's answer, or the one that is known.
fn port(here: &LocalNode, addresses: &[IpAddr], deadline: Instant) -> Result<u16, Failure> {
    let node = here.called();
    let name = here.first().name.to_string();
    let Some(epmd) = here.epmd else {
        return here.port.map(Port::number).ok_or_else(|| {
            Failure::config(format!(
                "{node} finds its peers in a way of its own, and its port is not known; set ERL_PORT"
            ))
        });
    };
    let place = match addresses.first().filter(|_| here.is_remote) {
        Some(address) => format!("port {epmd} of {address}"),
        None => format!("port {epmd}"),
    };
    let mut last = Reply::NoListener;
    for address in addresses {
        last = epmd::ask(&name, SocketAddr::new(*address, epmd.number()), deadline);
        if last != Reply::NoListener {
            break;
        }
    }
    match last {
        Reply::Answer(EpmdAnswer::Taken(port)) => match here.port {
            Some(own) if own.number() != port => Err(not_well(format!(
                "epmd ({place}) has the name {name} for a node at port {port}, and {node} is pinned to {own}: another node of this name?"
            ))),
            _ => Ok(port),
        },
        Reply::Answer(EpmdAnswer::Free) => Err(not_well(format!(
            "epmd ({place}) has no node {name}; is {node} still starting, or has it ended?"
        ))),
        Reply::Answer(EpmdAnswer::Incomplete | EpmdAnswer::Foreign) => Err(not_well(format!(
            "what listens at {place} does not answer as epmd does; is ERL_EPMD_PORT right?"
        ))),
        Reply::NoListener => Err(not_well(format!(
            "no epmd at {place} to look up {node}; is the node still starting, or has it ended?"
        ))),
        Reply::Timeout => Err(not_well(format!("epmd ({place}) does not answer in time"))),
    }
}

/// Tries the addresses in turn, as long as nobody is there.
fn reach<T>(
    addresses: &[IpAddr],
    port: u16,
    try_one: impl Fn(SocketAddr) -> Result<T, DistError>,
) -> Result<T, DistError> {
    let mut tried = addresses
        .iter()
        .map(|address| try_one(SocketAddr::new(*address, port)));
    let mut last = tried.next();
    while let Some(Err(DistError::NotThere(_))) = &last {
        let Some(next) = tried.next() else { break };
        last = Some(next);
    }
    last.unwrap_or_else(|| {
        Err(DistError::NotThere(
            std::io::ErrorKind::AddrNotAvailable.into(),
        ))
    })
}

/// The node has booted, and all that was asked for is so.
fn ready(
    options: &Options,
    here: &LocalNode,
    greeted: Handshake,
    deadline: Instant,
) -> Result<String, Failure> {
    let name = greeted.name.clone();
    let ill = |failed: DistError| not_well(format!("{name} {}", words(&failed)));
    let Some(cookie) = &here.cookie else {
        return Err(Failure::config(format!(
            "no cookie is known to ask {name} with; set ERLANG_COOKIE or ERLANG_COOKIE_FILE"
        )));
    };
    let mut node = greeted.prove(cookie.reveal(), deadline).map_err(ill)?;
    booted(&mut node, deadline)?;
    let mut said = vec![format!("{name} is ready")];
    if !options.apps.is_empty() {
        let missing = missing_apps(&mut node, &options.apps, deadline)?;
        if !missing.is_empty() {
            return Err(not_well(format!("{name} has not started {missing}")));
        }
        said.push(format!("{} started", options.apps.join(", ")));
    }
    if let Some(least) = options.peers {
        let reply = call(&mut node, "erlang", "nodes", Vec::new(), deadline)?;
        let peers = reply.term().list().map_or(0, Iterator::count);
        let (noun, many) = if peers == 1 {
            ("peer", peers)
        } else {
            ("peers", peers)
        };
        if peers < least {
            return Err(not_well(format!(
                "{name} has {many} {noun}, and should have {least}"
            )));
        }
        said.push(format!("{many} {noun}"));
    }
    Ok(said.join(", "))
}

fn call(
    node: &mut Connection,
    module: &str,
    function: &str,
    arguments: Vec<OutTerm>,
    deadline: Instant,
) -> Result<dist::call::Reply, Failure> {
    let called = node.call(module, function, arguments, deadline);
    called.map_err(|failed| {
        not_well(format!(
            "{}, asked for {module}:{function}, {}",
            node.name,
            words(&failed)
        ))
    })
}

/// Has the boot script run to its end, and is the node not stopping? init(3erl)
fn booted(node: &mut Connection, deadline: Instant) -> Result<(), Failure> {
    let reply = call(node, "init", "get_status", Vec::new(), deadline)?;
    let status = reply.term();
    let [internal, provided] = status
        .tuple()
        .ok_or_else(|| not_well(format!("{} has the status {status}", node.name)))?;
    if internal.is_atom("stopping") {
        return Err(not_well(format!("{} is stopping", node.name)));
    }
    if !provided.is_atom("started") {
        return Err(not_well(format!(
            "{} is still starting ({provided})",
            node.name
        )));
    }
    Ok(())
}

/// Which of the applications have not started.
fn missing_apps(
    node: &mut Connection,
    wanted: &[String],
    deadline: Instant,
) -> Result<String, Failure> {
    let reply = call(
        node,
        "application",
        "which_applications",
        Vec::new(),
        deadline,
    )?;
    let term = reply.term();
    let started: Vec<&str> = term
        .list()
        .into_iter()
        .flatten()
        .filter_map(|app| app.tuple::<3>()?.first().and_then(Term::atom))
        .collect();
    let missing: Vec<&str> = wanted
        .iter()
        .map(String::as_str)
        .filter(|app| !started.contains(app))
        .collect();
    Ok(missing.join(", "))
}
