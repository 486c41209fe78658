//! The port gate: is the distribution port free for the VM?
//!
//! Binds as the VM would: SO_REUSEADDR, so that a port in TIME_WAIT is free, and a listen, because two such sockets may be
//! bound to one port but only one may listen. ip(7), ipv6(7).

use std::os::fd::AsRawFd as _;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, SockaddrIn6, SockaddrLike, bind,
    listen, setsockopt, socket, sockopt,
};

use super::holder;
use crate::exit::Exit;
use crate::launch::failure::Failure;
use crate::launch::node::Port;

/// Checks the port on all addresses, IPv4 and IPv6.
///
/// # Errors
/// [`Exit::Gate`] if it is taken, with its holder where that can be seen; [`Exit::System`] if the system forbids it.
pub fn check(port: Port) -> Result<(), Failure> {
    let number = port.number();
    let v4 = try_listen(AddressFamily::Inet, &SockaddrIn::new(0, 0, 0, 0, number));
    let v6 = try_listen(
        AddressFamily::Inet6,
        &SockaddrIn6::from(std::net::SocketAddrV6::new(
            std::net::Ipv6Addr::UNSPECIFIED,
            number,
            0,
            0,
        )),
    );
    for result in [v4, v6] {
        match result {
            // A kernel, or a container, without this family.
            Ok(()) | Err(Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL) => {}
            Err(Errno::EADDRINUSE) => return Err(taken(port)),
            Err(Errno::EACCES) => {
                let line = format!(
                    "port {port} may not be bound by this user; set ERL_PORT to one above 1023"
                );
                return Err(Failure::new(Exit::System, line));
            }
            Err(errno) => {
                let line =
                    format!("port {port} cannot be checked: {errno}; set ERL_PORT to another one");
                return Err(Failure::new(Exit::System, line));
            }
        }
    }
    Ok(())
}

fn try_listen(family: AddressFamily, address: &dyn SockaddrLike) -> Result<(), Errno> {
    let socket = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    if family == AddressFamily::Inet6 {
        setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
    }
    bind(socket.as_raw_fd(), address)?;
    listen(&socket, Backlog::new(1)?)
}

fn taken(port: Port) -> Failure {
    let by = match holder::of(port.number()) {
        Some(holder) => format!(" by {holder}"),
        None => ", by a process that cannot be seen from here".into(),
    };
    Failure::new(
        Exit::Gate,
        format!(
            "port {port} is taken{by}: another node in this network namespace? change ERL_PORT"
        ),
    )
}
