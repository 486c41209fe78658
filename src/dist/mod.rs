//! Speaking with a node as another node does, without a VM: where is it ([`epmd`]), is it the one that it should be
//! ([`greet`]), and what does it answer ([`Handshake::prove`], [`Connection::call`]).
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
use std::net::SocketAddr;
use std::time::Instant;

use handshake::{Challenge, HandshakeStatus};
use wire::{Wire, WireError};

pub use call::Connection;

/// No message of a peer's may be longer than this.
pub const LONGEST: usize = 1 << 20;

/// Names that a node is asked under come in so many numbers: a node keeps every name that it has ever seen, as an atom.
const NUMBERS: u16 = 1024;

/// A node's name has no more characters.
const LONGEST_NAME: usize = 255;

/// A name to ask a node under: hidden nodes need one of their own, with a host of the same kind as the node's. A host that
/// makes it too long loses its first labels.
pub fn own_name(purpose: &str, host: &dyn fmt::Display) -> String {
    let (name, host) = (
        format!("{purpose}-{}@", fastrand::u16(..NUMBERS)),
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

/// What did not go well, in words that follow upon the node's name or address.
#[derive(Debug)]
pub enum DistError {
    /// Nobody takes a connection.
    NotThere(std::io::Error),
    /// No answer in time; to what.
    Silent(&'static str),
    /// The connection was closed; instead of what.
    Closed(&'static str),
    /// It does not speak the distribution protocol.
    Foreign,
    /// The node has a list of nodes that it allows.
    NotAllowed,
    /// It has another cookie.
    Cookie,
    /// The answer was longer than [`LONGEST`].
    TooLong,
    /// What was called went wrong.
    BadRpc(String),
}

impl fmt::Display for DistError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere(error) => write!(f, "takes no connection: {error}"),
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

impl WireError {
    /// In which step of the conversation.
    fn in_step(self, step: &'static str) -> DistError {
        match self {
            Self::Refused(error) => DistError::NotThere(error),
            Self::Late => DistError::Silent(step),
            Self::Closed => DistError::Closed(step),
        }
    }
}

/// The first half of the handshake.
const GREETING: &str = "the handshake";

/// A node that has said its name: the handshake up to where a cookie is needed. Dropped here, it leaves nothing in the
/// node's log.
#[derive(Debug)]
pub struct Handshake {
    /// The node's name, whole, as it says it.
    pub name: String,
    /// In which of its lives: a number that changes with every start.
    pub peer_creation: u32,
    own_name: String,
    creation: u32,
    challenge: u32,
    wire: Wire,
}

/// Only connects: is there anybody?
///
/// # Errors
/// [`DistError::NotThere`], [`DistError::Silent`].
pub fn try_connect(address: SocketAddr, deadline: Instant) -> Result<(), DistError> {
    Wire::connect(address, deadline)
        .map(drop)
        .map_err(|lost| lost.in_step("a connection"))
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
    let mut wire = Wire::connect(address, deadline).map_err(|lost| lost.in_step("a connection"))?;
    // Zero would be a node of before OTP 23.
    let creation = fastrand::u32(1..);
    send(&mut wire, &handshake::name(&own_name, creation), GREETING)?;
    match handshake::status(&receive(&mut wire, GREETING)?) {
        Some(HandshakeStatus::Ok) => {}
        // Another of this name, or one that has just gone.
        Some(HandshakeStatus::Alive) => send(&mut wire, handshake::GO_ON, GREETING)?,
        Some(HandshakeStatus::NotAllowed) => return Err(DistError::NotAllowed),
        Some(HandshakeStatus::Busy) => return Err(DistError::Closed(GREETING)),
        None => return Err(DistError::Foreign),
    }
    let Some(Challenge {
        name,
        challenge,
        creation: peer_creation,
    }) = handshake::challenge(&receive(&mut wire, GREETING)?)
    else {
        return Err(DistError::Foreign);
    };
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
    /// The rest of the handshake: both prove that they have the same cookie, of which only digests are sent. A node logs an
    /// error if it is not the same.
    ///
    /// # Errors
    /// [`DistError::Cookie`], or as with [`greet`].
    pub fn prove(self, cookie: &str, deadline: Instant) -> Result<Connection, DistError> {
        const STEP: &str = "the proof of the cookie";
        let Self { mut wire, .. } = self;
        wire.until(deadline);
        let challenge = fastrand::u32(..);
        let reply = handshake::reply(challenge, &handshake::digest(cookie, self.challenge));
        send(&mut wire, &reply, STEP)?;
        let ack = match receive(&mut wire, STEP) {
            // That is how a node says so.
            Err(DistError::Closed(_)) => return Err(DistError::Cookie),
            other => other?,
        };
        match handshake::ack(&ack) {
            Some(digest) if digest == handshake::digest(cookie, challenge) => Ok(Connection::new(
                wire,
                self.name,
                self.own_name,
                self.creation,
            )),
            Some(_) => Err(DistError::Cookie),
            None => Err(DistError::Foreign),
        }
    }
}

/// Sends a message of the handshake, which has its length before it.
fn send(wire: &mut Wire, message: &[u8], step: &'static str) -> Result<(), DistError> {
    let length = u16::try_from(message.len()).map_err(|_| DistError::TooLong)?;
    let packet = [&length.to_be_bytes(), message].concat();
    wire.write(&packet).map_err(|lost| lost.in_step(step))
}

/// Receives one.
fn receive(wire: &mut Wire, step: &'static str) -> Result<Vec<u8>, DistError> {
    let mut read = |count| wire.read(count).map_err(|lost| lost.in_step(step));
    let length = read(2)?;
    let length = length
        .iter()
        .fold(0, |sum, byte| sum * 256 + usize::from(*byte));
    // No name is longer: what announces more is something else.
    if length == 0 || length > handshake::LONGEST {
        return Err(DistError::Foreign);
    }
    read(length)
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
