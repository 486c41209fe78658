//! One question to an epmd: at which port does the node of this name listen?
//!
//! <https://www.erlang.org/doc/apps/erts/epmd_cmd.html>

pub mod answer;

use std::net::SocketAddr;
use std::time::Instant;

use super::wire::{Wire, WireError};
use answer::EpmdAnswer;

/// No answer is longer: 12 bytes, and a name of 255 at most.
const LONGEST: usize = 512;

/// What listens there said.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer of epmd's.
    Answer(EpmdAnswer),
    /// Nobody listens.
    NoListener,
    /// It took the connection, and gave no answer in time; or the connection itself was not taken in time.
    Timeout,
}

/// Asks once for a name, the part before the `@`. epmd closes the connection behind its answer.
pub fn ask(name: &str, address: SocketAddr, deadline: Instant) -> Reply {
    let mut wire = match Wire::connect(address, deadline) {
        Ok(wire) => wire,
        Err(WireError::Late) => return Reply::Timeout,
        Err(_) => return Reply::NoListener,
    };
    match wire.write(&answer::question(name)) {
        Ok(()) => {}
        Err(WireError::Late) => return Reply::Timeout,
        Err(_) => return Reply::Answer(EpmdAnswer::Foreign),
    }
    let mut bytes = Vec::new();
    loop {
        match answer::read(&bytes, name) {
            EpmdAnswer::Incomplete if bytes.len() < LONGEST => {}
            EpmdAnswer::Incomplete => return Reply::Answer(EpmdAnswer::Foreign),
            answer => return Reply::Answer(answer),
        }
        match wire.read_some(&mut bytes, LONGEST) {
            Ok(()) => {}
            Err(WireError::Late) => return Reply::Timeout,
            Err(_) => return Reply::Answer(EpmdAnswer::Foreign),
        }
    }
}
