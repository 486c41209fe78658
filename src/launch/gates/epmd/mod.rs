//! The epmd gate: is the part of the name before the `@` free, where an epmd runs already?
//!
//! The third gate, after dns and port. A VM that finds its name taken ends with a crash report that tells neither whose it
//! is nor what to do. It registers at the loopback address alone, IPv6's if that is what it speaks, and at ERL_EPMD_PORT;
//! ERL_EPMD_ADDRESS is about where else epmd listens. No epmd is the common case: erl will start one.
//!
//! <https://www.erlang.org/doc/apps/erts/epmd_cmd.html>

pub mod answer;

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::holder;
use crate::exit::Exit;
use crate::launch::failure::Failure;
use crate::launch::node::{NamePart, Port};
use answer::Answer;

/// All that the gate may take, whoever listens there.
const LIMIT: Duration = Duration::from_secs(1);
/// A name that is taken is asked for again after this: its node may be about to end.
const AGAIN: Duration = Duration::from_millis(20);
/// No answer is longer: 12 bytes, and a name of 255 at most.
const LONGEST: usize = 512;

/// Where the VM will register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// epmd's port.
    pub port: Port,
    /// Does the VM speak IPv6?
    pub ipv6: bool,
}

/// What listens there said.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// An answer of epmd's.
    Answer(Answer),
    /// Nobody listens.
    Nobody,
    /// It took the connection, and gave no answer in time.
    Silence,
}

/// Checks the name.
///
/// # Errors
/// [`Exit::Gate`] if another node has it.
pub fn check(name: &NamePart, place: Place) -> Result<(), Failure> {
    let name = name.to_string();
    let deadline = Instant::now() + LIMIT;
    let left = || deadline.saturating_duration_since(Instant::now());
    let mut last = None;
    loop {
        let said = ask(&name, place, deadline);
        match (&said, last) {
            (Said::Answer(Answer::Taken(port)), _) => {
                // epmd drops a name when its node's connection closes; of a VM that was killed, the kernel closes it late.
                if left() <= AGAIN {
                    return Err(taken(&name, place.port, *port));
                }
                last = Some(*port);
                sleep(AGAIN);
            }
            (Said::Answer(Answer::Free), _) => {
                info!("epmd (port {}) has no other node {name}", place.port);
                return Ok(());
            }
            (Said::Nobody, _) => return Ok(()),
            // It has answered before; the time was too short for another answer.
            (Said::Silence, Some(port)) => return Err(taken(&name, place.port, port)),
            (Said::Silence | Said::Answer(_), _) => {
                warn!("{}", foreign(&said, place.port));
                return Ok(());
            }
        }
    }
}

/// Asks once. epmd closes the connection behind its answer.
fn ask(name: &str, place: Place, deadline: Instant) -> Said {
    let address: IpAddr = if place.ipv6 {
        Ipv6Addr::LOCALHOST.into()
    } else {
        Ipv4Addr::LOCALHOST.into()
    };
    let address = SocketAddr::new(address, place.port.number());
    // A timeout of nothing is an error of its own.
    let left = || {
        deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1))
    };
    let Ok(mut stream) = TcpStream::connect_timeout(&address, left()) else {
        return Said::Nobody;
    };
    let asked = stream
        .set_write_timeout(Some(left()))
        .and_then(|()| stream.write_all(&answer::question(name)));
    if asked.is_err() {
        return Said::Answer(Answer::Foreign);
    }
    let mut bytes = Vec::new();
    let mut piece = [0; LONGEST];
    loop {
        match answer::read(&bytes, name) {
            Answer::Incomplete if bytes.len() < LONGEST => {}
            Answer::Incomplete => return Said::Answer(Answer::Foreign),
            answer => return Said::Answer(answer),
        }
        if Instant::now() >= deadline || stream.set_read_timeout(Some(left())).is_err() {
            return Said::Silence;
        }
        match stream.read(&mut piece) {
            Ok(0) => return Said::Answer(Answer::Foreign),
            Ok(count) => bytes.extend(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Said::Silence,
            Err(_) => return Said::Answer(Answer::Foreign),
        }
    }
}

fn taken(name: &str, epmd: Port, port: u16) -> Failure {
    let by = holder::of(port)
        .map(|holder| format!(", {holder}"))
        .unwrap_or_default();
    Failure::new(
        Exit::Gate,
        format!(
            "the node name {name} is taken: epmd (port {epmd}) has it for the node at port {port}{by}: another node in this network namespace? give this one another SNAME"
        ),
    )
}

fn foreign(said: &Said, port: Port) -> String {
    let by = match holder::of(port.number()) {
        Some(holder) => holder.to_string(),
        None => "what listens".into(),
    };
    let how = match said {
        Said::Silence => "does not answer",
        _ => "does not answer as epmd does",
    };
    format!(
        "{by} at port {port} {how}, and the VM will want to register there; move it, or set ERL_EPMD_PORT to another port"
    )
}
