//! How a port of the node is reached: through `kubectl port-forward`, or directly, as a Linux machine reaches the containers
//! of its own Docker.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::location::Location;
use super::node_info::RemoteInfo;
use super::port_forward::PortForward;
use super::{Abort, Machine, docker, processes};
use crate::dist::epmd::{EpmdError, find_port};
use crate::error::Failure;
use crate::exit::Exit;
use crate::node::Port;

const EPMD_LIMIT: Duration = Duration::from_secs(5);

pub enum Tunnel {
    Kubectl(PortForward),
    Direct(SocketAddr),
}

impl Tunnel {
    /// Its near end.
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Kubectl(forward) => forward.address,
            Self::Direct(address) => *address,
        }
    }

    /// The likely cause where nothing answers at its far end.
    pub fn hint(&self) -> String {
        match self {
            Self::Kubectl(forward) => match forward.last_error() {
                Some(error) => format!("; is it running? kubectl says: {error}"),
                None => "; is it running?".into(),
            },
            Self::Direct(address) => format!(
                "; is it running, and does this machine reach containers at {address}? (Docker Desktop and rootless Docker are machines of their own)"
            ),
        }
    }

    /// Why it has ended, if it has.
    pub fn exit_reason(&mut self) -> Option<String> {
        match self {
            Self::Kubectl(forward) => forward.exit_reason(),
            Self::Direct(_) => None,
        }
    }
}

/// Opens one to the node's distribution port, which epmd knows where the pod has not said it.
pub fn open(location: &Location, info: &RemoteInfo, machine: &Machine) -> Result<Tunnel, Abort> {
    let port = match (info.port, info.epmd) {
        (Some(port), _) => port,
        (None, Some(epmd)) => ask_epmd(&open_to(location, epmd, machine)?, info)?,
        (None, None) => {
            let line = format!(
                "the distribution port of {} is not known; give NAME@HOST, its cookie in ERLANG_COOKIE_FILE, and ERL_PORT",
                info.node
            );
            return Err(Failure::config(line).into());
        }
    };
    open_to(location, port, machine)
}

fn open_to(location: &Location, port: Port, machine: &Machine) -> Result<Tunnel, Abort> {
    match location {
        Location::Pod(pod) => {
            let words = pod.port_forward(&machine.config, port);
            PortForward::start(&words, machine).map(Tunnel::Kubectl)
        }
        Location::Docker(container) => {
            let address = docker::address(container, machine)?;
            Ok(Tunnel::Direct(SocketAddr::new(address, port.number())))
        }
    }
}

fn ask_epmd(tunnel: &Tunnel, info: &RemoteInfo) -> Result<Port, Abort> {
    let name = info.node.name.to_string();
    let (asked, address) = (name.clone(), tunnel.address());
    let found =
        processes::in_thread(move || find_port(&asked, address, Instant::now() + EPMD_LIMIT))?;
    let line = match found {
        Ok(port) => match Port::parse(&port.to_string()) {
            Ok(port) => return Ok(port),
            Err(_) => format!("the epmd there has no port for {name}: is that node listening?"),
        },
        Err(EpmdError::UnknownName) => {
            format!("the epmd there knows no node {name}: is it running, and that its name?")
        }
        Err(_) => {
            "no epmd answers there; for a node without epmd, give its port in ERL_PORT".into()
        }
    };
    Err(Failure::new(Exit::Gate, line).into())
}
