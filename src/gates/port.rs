//! The port gate: is the distribution port free for the VM?
//!
//! Binds as the VM would, which std's listener does too: SO_REUSEADDR, so that a port in TIME_WAIT is free, and a listen,
//! because two such sockets may be bound to one port but only one may listen. ip(7), ipv6(7).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use nix::errno::Errno;

use crate::config::Setting;
use crate::error::Failure;
use crate::exit::Exit;
use crate::node::Port;
use crate::plan::resolve::port::{DEFAULT, RABBITMQ};
use crate::system::listeners;

/// In a network that a user has made, Docker's DNS server listens in each container there.
/// <https://docs.docker.com/engine/network/#dns-services>
const DOCKER_DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11));

/// Checks the port at the address that the VM binds, or at all of the family that it speaks; with IPv6 it takes IPv4's too,
/// where the system has it so (`net.ipv6.bindv6only`).
///
/// # Errors
/// [`Exit::Gate`] if it is taken, with its holder where that can be seen; [`Exit::System`] if the system forbids it.
pub fn check(setting: &Setting<Port>, ipv6: bool, bound: Option<IpAddr>) -> Result<(), Failure> {
    let port = setting.value;
    let any: IpAddr = if ipv6 {
        Ipv6Addr::UNSPECIFIED.into()
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    };
    let Err(error) = TcpListener::bind((bound.unwrap_or(any), port.number())) else {
        return Ok(());
    };
    let errno = Errno::from_raw(error.raw_os_error().unwrap_or_default());
    let (exit, line) = match (errno, bound) {
        (Errno::EADDRNOTAVAIL, Some(address)) => (
            Exit::Gate,
            format!(
                "{address}, at which the node is to listen (BEAMINIT_BIND, POD_IP or inet_dist_use_interface), is no address of this container; correct it"
            ),
        ),
        // A kernel, or a container, without this family.
        (Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL, _) => return Ok(()),
        (Errno::EADDRINUSE, _) => (Exit::Gate, taken(setting)),
        (Errno::EACCES, _) => (
            Exit::System,
            format!(
                "port {port} may not be bound by this user; change {} to one above 1023",
                place(setting)
            ),
        ),
        (errno, _) => (
            Exit::System,
            format!(
                "port {port} cannot be checked: {errno}; change {} to another one",
                place(setting)
            ),
        ),
    };
    Err(Failure::new(exit, line))
}

/// What the user changes for another port: the place that says it, or ERL_PORT.
fn place(Setting { by, .. }: &Setting<Port>) -> String {
    match by.as_str() {
        "ERL_PORT" | DEFAULT | RABBITMQ => "ERL_PORT".into(),
        place => format!("it in {place}"),
    }
}

fn taken(setting: &Setting<Port>) -> String {
    let port = setting.value;
    let by = match listeners::holder(port.number()) {
        Some(holder) => format!(" by {holder}"),
        None if listeners::are_all_at(DOCKER_DNS, port.number()) => {
            return format!(
                "port {port} is taken at {DOCKER_DNS}, where Docker's DNS server listens at a port that it gets by chance; start the container again, as a restart policy does"
            );
        }
        None => ", by a process that cannot be seen from here".into(),
    };
    let place = place(setting);
    format!("port {port} is taken{by}: another node in this network namespace? change {place}")
}
