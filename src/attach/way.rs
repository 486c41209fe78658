//! The way to a node's port: a port-forward of kubectl's, or none where the machine reaches the container itself, as a
//! Linux machine does those of its own Docker.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::forward::Forward;
use super::place::Place;
use super::told::Told;
use crate::attach::{Local, Stopped, docker, processes};
use crate::dist::epmd::answer::EpmdAnswer;
use crate::dist::epmd::{self, Reply};
use crate::error::Failure;
use crate::exit::Exit;
use crate::node::Port;

/// How long an epmd may think.
const LIMIT: Duration = Duration::from_secs(5);

/// A way to one port of the node's.
pub enum Way {
    /// Through kubectl.
    Forwarded(Forward),
    /// Directly.
    Direct(SocketAddr),
}

impl Way {
    /// Where its near end is.
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Forwarded(forward) => forward.address,
            Self::Direct(address) => *address,
        }
    }

    /// What may be the matter where nobody answers at its far end.
    pub fn hint(&self) -> String {
        match self {
            Self::Forwarded(forward) => match forward.complaint() {
                Some(complaint) => format!("; is it running? kubectl says: {complaint}"),
                None => "; is it running?".into(),
            },
            Self::Direct(address) => format!(
                "; is it running, and does this machine reach containers at {address}? (Docker Desktop and rootless Docker are machines of their own)"
            ),
        }
    }

    /// Why it is at its end, if it is.
    pub fn ended(&mut self) -> Option<String> {
        match self {
            Self::Forwarded(forward) => forward.ended(),
            Self::Direct(_) => None,
        }
    }
}

/// Finds the way to a node's distribution port; where nobody has told that port, by asking the node's epmd.
///
/// # Errors
/// There is no way, or epmd does not know the node.
pub fn to(place: &Place, told: &Told, local: &Local) -> Result<Way, Stopped> {
    let port = match (told.port, told.epmd) {
        (Some(port), _) => port,
        (None, Some(epmd)) => ask_epmd(&way(place, epmd, local)?, told)?,
        (None, None) => {
            let line = format!(
                "which port {} listens at, nobody tells; give NAME@HOST, its cookie in ERLANG_COOKIE_FILE, and ERL_PORT",
                told.node
            );
            return Err(Failure::config(line).into());
        }
    };
    way(place, port, local)
}

fn ask_epmd(way: &Way, told: &Told) -> Result<Port, Stopped> {
    let name = told.node.name.to_string();
    let (asked, address) = (name.clone(), way.address());
    let said = processes::aside(move || epmd::ask(&asked, address, Instant::now() + LIMIT))?;
    let line = match said {
        Reply::Answer(EpmdAnswer::Taken(port)) => match Port::parse(&port.to_string()) {
            Ok(port) => return Ok(port),
            Err(_) => format!("the epmd there has no port for {name}: is that node listening?"),
        },
        Reply::Answer(EpmdAnswer::Free) => {
            format!("the epmd there knows no node {name}: is it running, and that its name?")
        }
        _ => "there is no epmd that answers; of a node without epmd, give the port in ERL_PORT"
            .into(),
    };
    Err(Failure::new(Exit::Gate, line).into())
}

fn way(place: &Place, port: Port, local: &Local) -> Result<Way, Stopped> {
    match place {
        Place::Pod(pod) => {
            let words = pod.port_forward(&local.config, port);
            Forward::start(&words, local).map(Way::Forwarded)
        }
        Place::Docker(container) => {
            let address = docker::address(container, local)?;
            Ok(Way::Direct(SocketAddr::new(address, port.number())))
        }
    }
}
