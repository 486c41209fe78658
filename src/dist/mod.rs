//! A client of the distribution protocol: finds a node's port ([`epmd`]), asks the node for its name ([`greet`]), proves the
//! cookie ([`Handshake::prove`]) and calls functions ([`Connection::call`]).
//!
//! Knows nothing of the environment. Every step is under one deadline, and no peer can make it take more memory than
//! [`LONGEST`]. The crate `erl_dist` does more, costs more, takes memory as a peer announces it, and cannot stop a
//! handshake where a cookie begins to matter. <https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html>

pub mod call;
pub mod epmd;
pub mod handshake;
pub mod term;
pub mod wire;

use std::fmt;
use std::io::{self, ErrorKind, Write as _};
use std::net::SocketAddr;
use std::time::Instant;

use handshake::{Challenge, HandshakeStatus};
use wire::Wire;

use crate::system::{listeners, random};

pub use call::Connection;

/// No message of a peer's may be longer than this.
pub const LONGEST: usize = 1 << 20;

/// Own names have one of so many numbers: a node keeps every name that it has ever seen, as an atom.
const NUMBERS: u16 = 1024;

/// In characters.
const LONGEST_NAME: usize = 255;

/// Our own name towards a node: each hidden node needs its own, with a host of the same kind as the node's. A host that
/// makes it too long loses its first labels.
pub fn own_name(purpose: &str, host: &dyn fmt::Display) -> String {
    let (name, host) = (
        format!("{purpose}-{}@", random::below(NUMBERS)),
        host.to_string(),
    );
    let mut host = host.as_str();
    while let Some((_, rest)) = host.split_once('.')
        && name.len() + host.len() > LONGEST_NAME
    {
        host = rest;
    }
    name + host
}

/// Its text follows the node's name or address.
#[derive(Debug)]
pub enum DistError {
    NoConnection(io::Error),
    /// The kernel gives no random number to ask with.
    NoRandom(io::Error),
    /// No answer in time, in this step.
    Silent(&'static str),
    /// The connection was closed in this step.
    Closed(&'static str),
    /// It does not speak the distribution protocol.
    Foreign,
    /// The node has a list of nodes that it allows.
    NotAllowed,
    /// It has another cookie.
    Cookie,
    /// The answer was longer than [`LONGEST`].
    TooLong,
    /// The called function failed.
    BadRpc(String),
}

impl fmt::Display for DistError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection(error) => write!(f, "takes no connection: {error}"),
            Self::NoRandom(error) => write!(f, "cannot be asked: no random number: {error}"),
            Self::Silent(step) => write!(f, "does not answer {step} in time"),
            Self::Closed(step) => write!(f, "closed the connection instead of answering {step}"),
            Self::Foreign => f.write_str("does not speak the distribution protocol as a node does"),
            Self::NotAllowed => f.write_str("does not allow this connection (net_kernel:allow/1)"),
            Self::Cookie => f.write_str("has another cookie"),
            Self::TooLong => f.write_str("gave an answer that is too long"),
            Self::BadRpc(reason) => write!(f, "could not do what was asked: {reason}"),
        }
    }
}

impl std::error::Error for DistError {}

impl DistError {
    /// What a failed read or write in this step of the conversation means.
    fn in_step(step: &'static str) -> impl Fn(io::Error) -> Self + Copy {
        move |error| match error.kind() {
            ErrorKind::TimedOut => Self::Silent(step),
            _ => Self::Closed(step),
        }
    }
}

/// The step before the cookie is needed.
const GREETING: &str = "the handshake";

/// The handshake with a node, up to where a cookie is needed. Dropped here, it leaves nothing in the node's log.
#[derive(Debug)]
pub struct Handshake {
    /// The node's whole name, as it says it.
    pub name: String,
    /// A number that changes with every start of the node.
    pub peer_creation: u32,
    own_name: String,
    creation: u32,
    challenge: u32,
    wire: Wire,
}

fn connect(address: SocketAddr, deadline: Instant) -> Result<Wire, DistError> {
    Wire::connect(address, deadline).map_err(|error| match error.kind() {
        ErrorKind::TimedOut => DistError::Silent("a connection"),
        _ => DistError::NoConnection(error),
    })
}

/// Only connects: does anything listen?
///
/// # Errors
/// [`DistError::NoConnection`], [`DistError::Silent`].
pub fn try_connect(address: SocketAddr, deadline: Instant) -> Result<(), DistError> {
    connect(address, deadline).map(drop)
}

/// Connects, and asks the node who it is.
///
/// # Errors
/// It is no node, or gives no answer in time, or does not want this one.
pub fn greet(
    address: SocketAddr,
    own_name: String,
    deadline: Instant,
) -> Result<Handshake, DistError> {
    let mut wire = connect(address, deadline)?;
    // Zero would be a node of before OTP 23.
    let creation = random()?.max(1);
    send(&mut wire, &handshake::name(&own_name, creation), GREETING)?;
    match handshake::status(&receive(&mut wire, GREETING)?) {
        Some(HandshakeStatus::Ok) => {}
        // Another connection of this name, or one that has just ended.
        Some(HandshakeStatus::Alive) => send(&mut wire, handshake::REPLACE, GREETING)?,
        Some(HandshakeStatus::NotAllowed) => return Err(DistError::NotAllowed),
        Some(HandshakeStatus::Busy) => return Err(DistError::Closed(GREETING)),
        None => return Err(DistError::Foreign),
    }
    let challenge = handshake::challenge(&receive(&mut wire, GREETING)?);
    let Challenge {
        name,
        challenge,
        creation: peer_creation,
    } = challenge.ok_or(DistError::Foreign)?;
    Ok(Handshake {
        name,
        peer_creation,
        own_name,
        creation,
        challenge,
        wire,
    })
}

impl Handshake {
    /// Is it one of these processes that has answered? `None` where that cannot be seen. To any other, nothing is to be proved:
    /// it could hand the challenge of another node on to us, and our proof back to that node.
    pub fn is_with(&self, pids: &[u32]) -> Option<bool> {
        let (own, peer) = self.wire.addresses().ok()?;
        listeners::have_accepted(pids, peer, own)
    }

    /// The rest of the handshake: both prove that they have the same cookie, of which only digests are sent. A node logs an
    /// error if it is not the same.
    ///
    /// # Errors
    /// [`DistError::Cookie`], or as with [`greet`].
    pub fn prove(self, cookie: &str, deadline: Instant) -> Result<Connection, DistError> {
        const STEP: &str = "the proof of the cookie";
        let Self { mut wire, .. } = self;
        wire.set_deadline(deadline);
        let challenge = random()?;
        let reply = handshake::reply(challenge, &handshake::digest(cookie, self.challenge));
        send(&mut wire, &reply, STEP)?;
        let ack = match receive(&mut wire, STEP) {
            // A node refuses a cookie by closing the connection.
            Err(DistError::Closed(_)) => return Err(DistError::Cookie),
            other => other?,
        };
        let ack = handshake::ack(&ack).ok_or(DistError::Foreign)?;
        if !handshake::is_proof(&ack, cookie, challenge, self.challenge) {
            return Err(DistError::Cookie);
        }
        Ok(Connection::new(wire, self.own_name, self.creation))
    }
}

fn random() -> Result<u32, DistError> {
    random::number().map_err(DistError::NoRandom)
}

fn send(wire: &mut Wire, message: &[u8], step: &'static str) -> Result<(), DistError> {
    let length = u16::try_from(message.len()).map_err(|_| DistError::TooLong)?;
    let packet = [&length.to_be_bytes(), message].concat();
    wire.write_all(&packet).map_err(DistError::in_step(step))
}

fn receive(wire: &mut Wire, step: &'static str) -> Result<Vec<u8>, DistError> {
    let lost = DistError::in_step(step);
    let length = wire.read_length::<2>().map_err(lost)?;
    // A longer message is none of a node's.
    if length == 0 || length > handshake::LONGEST {
        return Err(DistError::Foreign);
    }
    wire.read_bytes(length).map_err(lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_itself() {
        let name = own_name("probe", &"app-0.prod");
        assert!(
            name.starts_with("probe-") && name.ends_with("@app-0.prod"),
            "{name}"
        );
        let long = vec!["h".repeat(60); 4].join(".") + ".example";
        let name = own_name("probe", &long);
        assert!(name.len() <= 255 && name.ends_with("h.example"), "{name}");
        assert!(own_name("probe", &"laptop").ends_with("@laptop"));
    }
}
