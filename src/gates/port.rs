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

use crate::error::Failure;
use crate::exit::Exit;
use crate::node::Port;
use crate::system::listeners;

/// Checks the port on all addresses of the family that the VM speaks; with IPv6 it takes IPv4's too, where the system
/// has it so (`net.ipv6.bindv6only`).
///
/// # Errors
/// [`Exit::Gate`] if it is taken, with its holder where that can be seen; [`Exit::System`] if the system forbids it.
pub fn check(port: Port, ipv6: bool) -> Result<(), Failure> {
    let number = port.number();
    let tried = if ipv6 {
        let any = std::net::SocketAddrV6::new(std::net::Ipv6Addr::UNSPECIFIED, number, 0, 0);
        try_listen(AddressFamily::Inet6, &SockaddrIn6::from(any))
    } else {
        try_listen(AddressFamily::Inet, &SockaddrIn::new(0, 0, 0, 0, number))
    };
    match tried {
        // A kernel, or a container, without this family.
        Ok(()) | Err(Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL) => Ok(()),
        Err(Errno::EADDRINUSE) => Err(taken(port)),
        Err(Errno::EACCES) => {
            let line = format!(
                "port {port} may not be bound by this user; set ERL_PORT to one above 1023"
            );
            Err(Failure::new(Exit::System, line))
        }
        Err(errno) => {
            let line =
                format!("port {port} cannot be checked: {errno}; set ERL_PORT to another one");
            Err(Failure::new(Exit::System, line))
        }
    }
}

fn try_listen(family: AddressFamily, address: &dyn SockaddrLike) -> Result<(), Errno> {
    let socket = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    bind(socket.as_raw_fd(), address)?;
    listen(&socket, Backlog::new(1)?)
}

fn taken(port: Port) -> Failure {
    let by = match listeners::of(port.number()) {
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
