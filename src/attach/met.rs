//! The node at the far end of the way: who is it, does it take our cookie, has it IEx? Asked before there is a shell, which
//! would only say that it could not connect.

use std::time::{Duration, Instant};

use super::told::Told;
use super::way::Way;
use crate::attach::{Stopped, processes};
use crate::dist::term::Say;
use crate::dist::{self, Failed};
use crate::error::Failure;
use crate::exit::Exit;
use crate::node::{Host, NamePart, NodeName};

/// How long a node may think.
const LIMIT: Duration = Duration::from_secs(10);

/// A node that has answered.
pub struct Met {
    /// Its name, as it says it.
    pub node: NodeName,
    /// That of the local node.
    pub own: NodeName,
    /// Has it IEx? Only if that was asked.
    pub has_iex: bool,
}

/// Speaks with the node.
///
/// # Errors
/// It does not answer, it is another one, it has another cookie, or a signal came.
pub fn meet(way: &Way, told: &Told, ask_for_iex: bool) -> Result<Met, Stopped> {
    let deadline = Instant::now() + LIMIT;
    let own = own_name(told.node.is_long())?;
    let address = way.address();
    let failed = |node: &NodeName, failed: Failed| {
        let hint = match failed {
            Failed::Cookie => {
                "; is it that of ERLANG_COOKIE, or was the pod's changed after its start?".into()
            }
            _ => way.hint(),
        };
        Failure::new(Exit::Gate, format!("{node} {failed}{hint}"))
    };
    let own_name = own.to_string();
    let greeted = processes::aside(move || dist::greet(address, own_name, deadline))?;
    let greeted = greeted.map_err(|error| failed(&told.node, error))?;
    let node = NodeName::parse(&greeted.name).map_err(|reason| {
        let line = format!("the node there calls itself {:?}: {reason}", greeted.name);
        Failure::new(Exit::Gate, line)
    })?;
    if told.named && node != told.node {
        let line = format!(
            "the node there is {node}, not {}; give that name",
            told.node
        );
        return Err(Failure::config(line).into());
    }
    let cookie = told.cookie.clone();
    let connection = processes::aside(move || greeted.prove(cookie.reveal(), deadline))?;
    let mut connection = connection.map_err(|error| failed(&node, error))?;
    let has_iex = ask_for_iex
        && processes::aside(move || {
            let which = connection.call("code", "which", vec![Say::Atom("Elixir.IEx")], deadline);
            // A path, or `non_existing`; a node that does not answer this has a shell of erl's own.
            which.is_ok_and(|reply| reply.term().atom().is_none())
        })?;
    Ok(Met { node, own, has_iex })
}

/// A name for the local node: of the same kind as the other's, and its own among those of this machine.
fn own_name(long: bool) -> Result<NodeName, Failure> {
    let hostname = nix::unistd::gethostname().ok();
    let hostname = hostname.and_then(|name| name.into_string().ok());
    let label = hostname.unwrap_or_default();
    let label = label.split('.').next().unwrap_or_default();
    let label = if Host::parse(label).is_ok() {
        label
    } else {
        "localhost"
    };
    // No such domain is ever looked up: nobody connects to a node that does not listen.
    let host = if long {
        format!("{label}.attach")
    } else {
        label.to_owned()
    };
    let name = NamePart::parse(&format!("attach-{}", std::process::id()));
    let whole = name.and_then(|name| NodeName::new(name, Host::parse(&host)?));
    whole.map_err(Failure::config)
}
