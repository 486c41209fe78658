//! A client of the distribution protocol: finds a node's port ([`epmd`]), asks the node for its name ([`Client::greet`]),
//! proves the cookie ([`Handshake::prove`]) and calls functions ([`Connection::call`]), over TCP or TLS ([`carrier`]).
//!
//! Knows nothing of the environment. Every step is under one deadline, and no peer can make it take more memory than
//! [`LONGEST`]. The crate `erl_dist` does more, costs more, takes memory as a peer announces it, and cannot stop a
//! handshake where a cookie begins to matter. <https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html>

pub mod call;
mod carrier;
pub mod epmd;
mod error;
pub mod handshake;
pub mod term;
#[cfg(feature = "full")]
pub mod tls;
pub mod wire;

use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::time::Instant;

use handshake::{Challenge, HandshakeStatus};
use wire::Wire;

use crate::node::Host;
use crate::system::{listeners, random};

pub use call::Connection;
pub use carrier::{Carrier, TlsFiles};
pub use error::DistError;

/// No message of a peer's may be longer than this.
pub const LONGEST: usize = 1 << 20;

/// Own names have one of so many numbers: a node keeps every name that it has ever seen, as an atom.
const NUMBERS: u16 = 1024;

/// The first two bytes of what a node says over TLS to one that speaks none: an alert, and its version.
const TLS_ALERT: usize = 0x1503;

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

/// Speaks with nodes that have one carrier.
#[derive(Debug)]
pub struct Client {
    carrier: Carrier,
    #[cfg(feature = "full")]
    tls: Option<tls::TlsClient>,
}

impl Client {
    pub fn new(carrier: Carrier) -> Self {
        Self {
            #[cfg(feature = "full")]
            tls: match &carrier {
                Carrier::Tls(files) => Some(tls::TlsClient::new(files.clone())),
                _ => None,
            },
            carrier,
        }
    }

    /// Connects, and asks the node who it is; over TLS its certificate may have to name `host`.
    ///
    /// # Errors
    /// It is no node, or gives no answer in time, or does not want this one.
    pub fn greet(
        &self,
        address: SocketAddr,
        host: &Host,
        own_name: String,
        deadline: Instant,
    ) -> Result<Handshake, DistError> {
        let mut wire = self.connect(address, host, deadline)?;
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

    #[cfg_attr(not(feature = "full"), allow(unused_variables))]
    fn connect(
        &self,
        address: SocketAddr,
        host: &Host,
        deadline: Instant,
    ) -> Result<Wire, DistError> {
        if let Some(reason) = self.carrier.unspoken() {
            return Err(DistError::CannotAsk(reason));
        }
        #[cfg(feature = "full")]
        if let Some(tls) = &self.tls {
            let connection = tls.connection(host)?;
            let mut wire = connect(address, deadline)?;
            let started = wire.start_tls(connection);
            return started
                .map(|()| wire)
                .map_err(DistError::in_step(error::TLS_HANDSHAKE));
        }
        connect(address, deadline)
    }
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
    let length = length.to_be_bytes();
    // Over TLS the handshake has the longer lengths of what follows it: `{packet, 4}` in inet_tls_dist.erl.
    let packet = if wire.has_tls() {
        [&[0, 0], length.as_slice(), message].concat()
    } else {
        [&length, message].concat()
    };
    wire.write_all(&packet).map_err(DistError::in_step(step))
}

fn receive(wire: &mut Wire, step: &'static str) -> Result<Vec<u8>, DistError> {
    let lost = DistError::in_step(step);
    let length = if wire.has_tls() {
        wire.read_length::<4>()
    } else {
        wire.read_length::<2>()
    };
    let length = length.map_err(lost)?;
    if length == TLS_ALERT {
        return Err(DistError::SpeaksTls);
    }
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
