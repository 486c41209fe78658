//! The node beside this process, spoken with as a hidden node: who is it connected to, and would it please connect to others.
//!
//! <https://www.erlang.org/doc/apps/kernel/net_kernel.html#connect_node/1>

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use crate::dist::term::Say;
use crate::dist::{Connection, Failed};
use crate::node::Cookie;
use crate::peers::NAME;
use crate::peers::names::Own;
use crate::peers::reach::{self, Way};

/// Any step with the node; a node that connects to another may wait 7 s for it (`net_setuptime`).
const LIMIT: Duration = Duration::from_secs(8);

/// Where the node is, and how it is spoken with.
pub struct Node {
    name: String,
    before_at: String,
    own_name: String,
    addresses: Vec<IpAddr>,
    way: Way,
    cookie: Cookie,
}

/// Why there is no conversation with the node.
pub enum NotYet {
    /// It is not there, or another is.
    Absent(String),
    /// It has another cookie than we were told.
    Cookie,
    /// It does not answer as it should.
    Busy(Failed),
}

/// A conversation with the node.
pub struct Talk(Connection);

impl Node {
    /// It listens at loopback, or at its own addresses alone.
    pub fn new(own: &Own, cookie: &Cookie, way: Way, ipv6: bool) -> Self {
        let loopback = if ipv6 {
            Ipv6Addr::LOCALHOST.into()
        } else {
            IpAddr::from(Ipv4Addr::LOCALHOST)
        };
        let others = own
            .addresses
            .iter()
            .copied()
            .filter(|other| other.is_ipv6() == ipv6);
        Self {
            name: own.node.to_string(),
            before_at: own.node.name.to_string(),
            own_name: format!("{NAME}@{}", own.node.host),
            addresses: std::iter::once(loopback).chain(others).collect(),
            way,
            cookie: cookie.clone(),
        }
    }

    /// Speaks with it.
    pub fn talk(&self) -> Result<Talk, NotYet> {
        let deadline = Instant::now() + LIMIT;
        let mut reason = String::new();
        for at in &self.addresses {
            match reach::greet(
                self.way,
                &self.before_at,
                *at,
                self.own_name.clone(),
                deadline,
            ) {
                Ok(greeted) if greeted.name == self.name => {
                    return match greeted.prove(self.cookie.reveal(), deadline) {
                        Ok(connection) => Ok(Talk(connection)),
                        Err(Failed::Cookie) => Err(NotYet::Cookie),
                        Err(failed) => Err(NotYet::Busy(failed)),
                    };
                }
                Ok(greeted) => reason = format!("is not there: {} is", greeted.name),
                Err(why) => reason = why,
            }
        }
        Err(NotYet::Absent(reason))
    }
}

impl Talk {
    /// Is it shutting down?
    pub fn is_stopping(&mut self) -> Result<bool, Failed> {
        let reply = self.call("init", "get_status", vec![])?;
        let [internal, _] = reply.term().tuple().ok_or(Failed::Foreign)?;
        Ok(internal.is_atom("stopping"))
    }

    /// All nodes that it is connected to, hidden ones too.
    pub fn connected(&mut self) -> Result<BTreeSet<String>, Failed> {
        let reply = self.call("erlang", "nodes", vec![Say::Atom("connected")])?;
        let nodes = reply.term().list().ok_or(Failed::Foreign)?;
        Ok(nodes
            .filter_map(|node| node.atom().map(str::to_owned))
            .collect())
    }

    /// Has it connect to another.
    pub fn connect(&mut self, node: &str) -> Result<bool, Failed> {
        let reply = self.call("net_kernel", "connect_node", vec![Say::Atom(node)])?;
        Ok(reply.term().is_atom("true"))
    }

    fn call(
        &mut self,
        module: &str,
        function: &str,
        arguments: Vec<Say>,
    ) -> Result<crate::dist::call::Reply, Failed> {
        self.0
            .call(module, function, arguments, Instant::now() + LIMIT)
    }
}
