//! The way to a node's port: a port-forward of kubectl's, or none where the machine reaches the container itself, as a
//! Linux machine does those of its own Docker.
//!
//! <https://kubernetes.io/docs/reference/kubectl/generated/kubectl_port-forward/>

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::forward::Forward;
use super::request::{Place, Pod};
use super::told::{Told, command};
use super::{Local, Stopped, processes};
use crate::dist::epmd::answer::Answer;
use crate::dist::epmd::{self, Said};
use crate::exit::Exit;
use crate::launch::config::Config;
use crate::launch::failure::Failure;
use crate::launch::node::Port;

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

impl Place {
    /// The command line that runs a command there.
    pub fn inside(&self, config: &Config, inner: &[&str]) -> Vec<String> {
        let mut words = match self {
            Self::Pod(pod) => pod.kubectl(config, "exec"),
            Self::Docker(container) => ["docker", "exec", container].map(str::to_owned).to_vec(),
        };
        if let Self::Pod(pod) = self {
            if let Some(container) = &pod.container {
                words.extend(["--container".to_owned(), container.clone()]);
            }
            words.push("--".to_owned());
        }
        words.extend(inner.iter().map(|word| (*word).to_owned()));
        words
    }

    fn way(&self, port: Port, local: &Local) -> Result<Way, Stopped> {
        match self {
            Self::Pod(pod) => {
                let mut words = pod.kubectl(&local.config, "port-forward");
                words.extend(["--address", "127.0.0.1"].map(str::to_owned));
                words.push(format!(":{port}"));
                Forward::start(&words, local).map(Way::Forwarded)
            }
            Self::Docker(container) => {
                let address = container_address(container, local)?;
                Ok(Way::Direct(SocketAddr::new(address, port.number())))
            }
        }
    }
}

impl Pod {
    fn kubectl(&self, config: &Config, verb: &str) -> Vec<String> {
        let mut words = config.kubectl();
        words.push(verb.to_owned());
        if let Some(namespace) = &self.namespace {
            words.extend(["--namespace".to_owned(), namespace.clone()]);
        }
        words.push(self.name.clone());
        words
    }
}

/// Finds the way to a node's distribution port; where nobody has told that port, by asking the node's epmd.
///
/// # Errors
/// There is no way, or epmd does not know the node.
pub fn to(place: &Place, told: &Told, local: &Local) -> Result<Way, Stopped> {
    let port = match (told.port, told.epmd) {
        (Some(port), _) => port,
        (None, Some(epmd)) => ask_epmd(&place.way(epmd, local)?, told)?,
        (None, None) => {
            let line = format!(
                "which port {} listens at, nobody tells; give NAME@HOST, its cookie in ERLANG_COOKIE_FILE, and ERL_PORT",
                told.node
            );
            return Err(Failure::config(line).into());
        }
    };
    place.way(port, local)
}

fn ask_epmd(way: &Way, told: &Told) -> Result<Port, Failure> {
    let name = told.node.name.to_string();
    let said = epmd::ask(&name, way.address(), Instant::now() + LIMIT);
    let line = match said {
        Said::Answer(Answer::Taken(port)) => match Port::parse(&port.to_string()) {
            Ok(port) => return Ok(port),
            Err(_) => format!("the epmd there has no port for {name}: is that node listening?"),
        },
        Said::Answer(Answer::Free) => {
            format!("the epmd there knows no node {name}: is it running, and that its name?")
        }
        _ => "there is no epmd that answers; of a node without epmd, give the port in ERL_PORT"
            .into(),
    };
    Err(Failure::new(Exit::Gate, line))
}

/// The address of a container, on this machine's networks.
fn container_address(container: &str, local: &Local) -> Result<IpAddr, Stopped> {
    const FORMAT: &str =
        "{{.State.Running}}{{range .NetworkSettings.Networks}} {{.IPAddress}}{{end}}";
    let words = ["docker", "inspect", "--format", FORMAT, container].map(str::to_owned);
    let (status, text) = processes::answer_of(&mut command(&words), local)?;
    let mut words = text.split_whitespace();
    if words.next() != Some("true") {
        let line = format!("container {container} does not run (docker inspect: {status})");
        return Err(Failure::new(Exit::Gate, line).into());
    }
    // One in the host's own network has none.
    let address = words.find_map(|word| word.parse().ok());
    Ok(address.unwrap_or(Ipv4Addr::LOCALHOST.into()))
}
