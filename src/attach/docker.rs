//! The address of a container of the local Docker.
//!
//! <https://docs.docker.com/engine/network/#container-networks>

use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitStatus;

use super::told::command;
use crate::attach::{Local, Stopped, processes};
use crate::error::Failure;
use crate::exit::Exit;

/// What is asked about a container.
const FORMAT: &str = "{{.State.Running}} {{.HostConfig.NetworkMode}}{{range .NetworkSettings.Networks}} {{.IPAddress}}{{end}}";

/// The answer.
#[derive(Debug, PartialEq, Eq)]
enum Network {
    /// It is reached at this address.
    At(IpAddr),
    /// It has the network of another container.
    Of(String),
    /// It has none that this machine reaches, and this for a mode.
    Apart(String),
    /// It does not run.
    Down,
}

/// Finds the address of a container, on this machine's networks.
///
/// # Errors
/// It does not run, or it has none there.
pub fn address(container: &str, local: &Local) -> Result<IpAddr, Stopped> {
    let mut container = container.to_owned();
    loop {
        let words = ["docker", "inspect", "--format", FORMAT, &container].map(str::to_owned);
        let (status, text) = processes::answer_of(&mut command(&words), local)?;
        match read(&text) {
            Network::At(address) => return Ok(address),
            Network::Of(other) => container = other,
            other => return Err(complain(&container, &other, status).into()),
        }
    }
}

fn read(text: &str) -> Network {
    let mut words = text.split_whitespace();
    let (Some("true"), Some(mode)) = (words.next(), words.next()) else {
        return Network::Down;
    };
    if let Some(other) = mode.strip_prefix("container:") {
        return Network::Of(other.to_owned());
    }
    match words.find_map(|word| word.parse().ok()) {
        Some(address) => Network::At(address),
        None if mode == "host" => Network::At(Ipv4Addr::LOCALHOST.into()),
        // At this machine's own 127.0.0.1 may be another node.
        None => Network::Apart(mode.to_owned()),
    }
}

fn complain(container: &str, network: &Network, status: ExitStatus) -> Failure {
    let line = match network {
        Network::Apart(mode) => format!(
            "container {container} has no address that this machine reaches (its network is {mode:?}); start it in another network, or open a shell in it: docker exec -it {container} /beaminit bin/app remote"
        ),
        _ => format!("container {container} does not run (docker inspect: {status})"),
    };
    Failure::new(Exit::Gate, line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_where_a_container_is() {
        let at = |address: [u8; 4]| Network::At(address.into());
        for (text, expected) in [
            ("true bridge 172.17.0.2\n", at([172, 17, 0, 2])),
            (
                "true shop_default  172.18.0.3 172.19.0.2",
                at([172, 18, 0, 3]),
            ),
            ("true host \n", at([127, 0, 0, 1])),
            ("true container:4f2a\n", Network::Of("4f2a".into())),
            ("true none \n", Network::Apart("none".into())),
            ("true bridge \n", Network::Apart("bridge".into())),
            ("false bridge \n", Network::Down),
            ("\n", Network::Down),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }
}
