//! The address of a container of this machine's Docker, or Podman.
//!
//! <https://docs.docker.com/engine/network/#container-networks>

use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitStatus;

use super::node_info::command;
use super::{Abort, Machine, processes};
use crate::error::Failure;
use crate::exit::Exit;

/// The IPv4 addresses first: every node listens there, if it has one.
const FORMAT: &str = "{{.State.Running}} {{.HostConfig.NetworkMode}}\
    {{range .NetworkSettings.Networks}} {{.IPAddress}}{{end}}\
    {{range .NetworkSettings.Networks}} {{.GlobalIPv6Address}}{{end}}";

/// The network of a container.
#[derive(Debug, PartialEq, Eq)]
enum Network {
    Address(IpAddr),
    /// It has that of another container.
    Container(String),
    /// This machine reaches no address of it; its mode.
    NoAddress(String),
    NotRunning,
}

pub fn address(container: &str, machine: &Machine) -> Result<IpAddr, Abort> {
    let mut container = container.to_owned();
    loop {
        let docker = machine.config.docker.iter().map(String::as_str);
        let words = docker.chain(["inspect", "--format", FORMAT, &container]);
        let words: Vec<String> = words.map(str::to_owned).collect();
        let (status, text) = processes::output_of(&mut command(&words), machine)?;
        match parse(&text) {
            Network::Address(address) => return Ok(address),
            Network::Container(other) => container = other,
            other => return Err(failure(&container, &other, status).into()),
        }
    }
}

fn parse(text: &str) -> Network {
    let mut words = text.split_whitespace();
    let (Some("true"), Some(mode)) = (words.next(), words.next()) else {
        return Network::NotRunning;
    };
    if let Some(other) = mode.strip_prefix("container:") {
        return Network::Container(other.to_owned());
    }
    match words.find_map(|word| word.parse().ok()) {
        Some(address) => Network::Address(address),
        None if mode == "host" => Network::Address(Ipv4Addr::LOCALHOST.into()),
        // Another node may listen at 127.0.0.1 of this machine.
        None => Network::NoAddress(mode.to_owned()),
    }
}

fn failure(container: &str, network: &Network, status: ExitStatus) -> Failure {
    let line = match network {
        Network::NoAddress(mode) => format!(
            "container {container} has no address that this machine reaches (its network is {mode:?}); start it in another network, or open the shell in it: --in-pod"
        ),
        _ => format!("container {container} is not running (inspect: {status})"),
    };
    Failure::new(Exit::Gate, line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_network_of_a_container() {
        let at = |address: [u8; 4]| Network::Address(address.into());
        let v6 = IpAddr::from([0xfd00, 7, 0, 0, 0, 0, 0, 2]);
        for (text, expected) in [
            ("true bridge 172.17.0.2\n", at([172, 17, 0, 2])),
            (
                "true shop_default  172.18.0.3 172.19.0.2",
                at([172, 18, 0, 3]),
            ),
            ("true six  fd00:7::2\n", Network::Address(v6)),
            ("true both 10.89.0.2 fd00:7::2\n", at([10, 89, 0, 2])),
            ("true six invalid IP fd00:7::2\n", Network::Address(v6)),
            ("true host \n", at([127, 0, 0, 1])),
            ("true container:4f2a\n", Network::Container("4f2a".into())),
            ("true none \n", Network::NoAddress("none".into())),
            ("true bridge \n", Network::NoAddress("bridge".into())),
            ("false bridge \n", Network::NotRunning),
            ("\n", Network::NotRunning),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }
}
