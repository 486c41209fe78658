//! The handshake with the node, before there is a shell, which would only say that it could not connect: is it the right
//! node, does it accept the cookie, does it have IEx?

use std::time::{Duration, Instant};

use super::node_info::{RemoteInfo, check_name};
use super::tunnel::Tunnel;
use super::{Abort, processes};
use crate::dist::term::OutTerm;
use crate::dist::{Carrier, Client, DistError};
use crate::error::Failure;
use crate::exit::Exit;
use crate::node::{Host, NamePart, NodeName};

const LIMIT: Duration = Duration::from_secs(10);

/// What the node said of itself.
pub struct RemoteNode {
    pub node: NodeName,
    /// False also where that was not asked.
    pub has_iex: bool,
}

pub fn run(
    tunnel: &Tunnel,
    info: &RemoteInfo,
    carrier: Carrier,
    own_name: &NodeName,
    ask_for_iex: bool,
) -> Result<RemoteNode, Abort> {
    let deadline = Instant::now() + LIMIT;
    let (address, own_name) = (tunnel.address(), own_name.to_string());
    let failure = |node: &NodeName, failed: DistError| {
        let hint = match failed {
            DistError::Cookie => {
                "; is it that of ERLANG_COOKIE, or was the pod's changed after its start?".into()
            }
            DistError::CannotAsk(_) | DistError::Tls(_) | DistError::SpeaksTls => String::new(),
            _ => tunnel.hint(),
        };
        Failure::new(Exit::Gate, format!("{node} {failed}{hint}"))
    };
    let (client, host) = (Client::new(carrier), info.node.host.clone());
    let greeted = processes::in_thread(move || client.greet(address, &host, own_name, deadline))?;
    let greeted = greeted.map_err(|error| failure(&info.node, error))?;
    let node = NodeName::parse(&greeted.name).map_err(|reason| {
        let line = format!("the node there calls itself {:?}: {reason}", greeted.name);
        Failure::new(Exit::Gate, line)
    })?;
    if info.name_is_given {
        check_name(&node, &info.node)?;
    }
    let cookie = info.cookie.clone();
    let connection = processes::in_thread(move || greeted.prove(cookie.reveal(), deadline))?;
    let mut connection = connection.map_err(|error| failure(&node, error))?;
    let has_iex = ask_for_iex
        && processes::in_thread(move || {
            let which =
                connection.call("code", "which", vec![OutTerm::Atom("Elixir.IEx")], deadline);
            // A path, or `non_existing`; where a node does not answer this, Erlang's own shell will do.
            which.is_ok_and(|reply| reply.term().atom().is_none())
        })?;
    Ok(RemoteNode { node, has_iex })
}

/// A name for the node on this machine: long or short as the other's, and unique on this machine.
pub fn own_name(long: bool) -> Result<NodeName, Failure> {
    let hostname = nix::unistd::gethostname().ok();
    let hostname = hostname.and_then(|name| name.into_string().ok());
    let label = hostname.unwrap_or_default();
    let label = label.split('.').next().unwrap_or_default();
    let label = if Host::parse(label).is_ok() {
        label
    } else {
        "localhost"
    };
    // This domain is never looked up: nobody connects to a node that does not listen.
    let host = if long {
        format!("{label}.attach")
    } else {
        label.to_owned()
    };
    let name = NamePart::parse(&format!("attach-{}", std::process::id()));
    let whole = name.and_then(|name| NodeName::new(name, Host::parse(&host)?));
    whole.map_err(Failure::config)
}
