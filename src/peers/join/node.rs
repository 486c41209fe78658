//! The node beside this process, which takes it for a hidden node: which nodes is it connected to, and will it connect to
//! others?
//!
//! <https://www.erlang.org/doc/apps/kernel/net_kernel.html#connect_node/1>

use std::cell::Cell;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use nix::unistd::{Pid, getpid};

use super::Job;
use crate::dist::call::Reply;
use crate::dist::term::OutTerm;
use crate::dist::{Connection, DistError, Handshake};
use crate::error::Failure;
use crate::node::{Cookie, NodeName};
use crate::peers::NAME;
use crate::peers::reach::{self, PortLookup, Route, Unreachable};
use crate::watch::vm;

/// Any step with the node; a node that connects to another may wait 7 s for it (`net_setuptime`).
const LIMIT: Duration = Duration::from_secs(8);

/// How the node is reached.
pub struct LocalPeer {
    pub node: NodeName,
    addresses: Vec<IpAddr>,
    /// To the node.
    pub route: Route,
    cookie: Cookie,
    /// What its VM is, or is below.
    command: Pid,
}

/// Why a round came to nothing.
pub enum RoundError {
    /// The node is not there yet, or no longer.
    Absent(String),
    /// TLS fails; it logs an error for each attempt.
    Untrusted(String),
    /// It has another cookie; it logs an error for each attempt.
    WrongCookie,
    Other(String),
}

impl From<DistError> for RoundError {
    fn from(failed: DistError) -> Self {
        match failed {
            DistError::Cookie => Self::WrongCookie,
            other => Self::Other(format!("the node {other}")),
        }
    }
}

impl From<Failure> for RoundError {
    fn from(failure: Failure) -> Self {
        Self::Other(failure.lines.join("; "))
    }
}

/// A connection to the node.
pub struct Session(Connection);

impl LocalPeer {
    /// `route` is that to the peers.
    pub fn new(job: &Job, mut route: Route) -> Self {
        let record = &job.record;
        route.lookup = record.port.map_or(route.lookup, PortLookup::Pinned);
        Self {
            node: job.own.node.clone(),
            addresses: job.config.listening_addresses(record.ipv6, record.address),
            route,
            cookie: job.cookie.clone(),
            // This process becomes the command.
            command: getpid(),
        }
    }

    pub fn connect(&self) -> Result<Session, RoundError> {
        let deadline = Instant::now() + LIMIT;
        let own_name = format!("{NAME}@{}", self.node.host);
        let is_stranger = Cell::new(false);
        let is_own = |asked: &Handshake| {
            if asked.name != self.node.to_string() {
                return Err(format!("is not there: {} is", asked.name));
            }
            let pids = vm::pids(&vm::of(self.command));
            is_stranger.set(asked.is_with(&pids) != Some(true));
            if is_stranger.get() {
                return Err(format!(
                    "{} gets no proof of the cookie: {}",
                    asked.name,
                    reach::STRANGER
                ));
            }
            Ok(())
        };
        let (route, addresses) = (&self.route, &self.addresses);
        let asked = reach::greet_own(route, &self.node, addresses, &own_name, is_own, deadline);
        let asked = asked.map_err(|why| match why {
            _ if is_stranger.get() => RoundError::Other(why.to_string()),
            Unreachable::Untrusted(reason) => RoundError::Untrusted(reason),
            _ => RoundError::Absent(why.to_string()),
        })?;
        Ok(Session::prove(asked, &self.cookie, deadline)?)
    }
}

impl Session {
    pub fn prove(asked: Handshake, cookie: &Cookie, deadline: Instant) -> Result<Self, DistError> {
        asked.prove(cookie.reveal(), deadline).map(Self)
    }

    pub fn is_stopping(&mut self) -> Result<bool, DistError> {
        let reply = self.call("init", "get_status", vec![])?;
        let [internal, _] = reply.term().tuple().ok_or(DistError::Foreign)?;
        Ok(internal.is_atom("stopping"))
    }

    /// All nodes that it is connected to, hidden ones too.
    pub fn connected(&mut self) -> Result<BTreeSet<String>, DistError> {
        let reply = self.call("erlang", "nodes", vec![OutTerm::Atom("connected")])?;
        let nodes = reply.term().list().ok_or(DistError::Foreign)?;
        Ok(nodes
            .filter_map(|node| node.atom().map(str::to_owned))
            .collect())
    }

    /// Has it connect to another.
    pub fn connect_node(&mut self, node: &str) -> Result<bool, DistError> {
        let reply = self.call("net_kernel", "connect_node", vec![OutTerm::Atom(node)])?;
        Ok(reply.term().is_atom("true"))
    }

    fn call(
        &mut self,
        module: &str,
        function: &str,
        args: Vec<OutTerm>,
    ) -> Result<Reply, DistError> {
        self.0.call(module, function, args, Instant::now() + LIMIT)
    }
}
