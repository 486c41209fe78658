//! The launchers: how each way of starting a BEAM is told, and what makes its name, cookie and port certain.
//!
//! A new one is a file beside these and a line in [`recognise`].

mod elixir;
mod erl;
mod mix_release;
mod otp;
mod relx;
mod script;

use std::path::Path;

use crate::launch::config::{Config, Said};
use crate::launch::failure::Failure;
use crate::launch::flags::{Claim, Claims, FlagVariables, Place, PortFlag};
use crate::launch::node::Cookie;
use crate::launch::plan::{Command, Recipe, Settled};

pub use otp::Otp;
/// What a start script that insists on a cookie gets where the VM reads the real one in a file.
const IN_A_FILE: &str = "it-is-in-a-file";

/// What the command is to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It starts a node: all gates, and the pin.
    Node,
    /// It talks to a node that runs: the identity alone.
    Client,
    /// It is no business of ours.
    Neither,
}

/// What a launcher's own files and arguments ask for.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    /// What the command line says: the Plan keeps to it.
    pub command_line: Claims,
    /// What files say: beaten by our variables, yielded to by our defaults.
    pub files: Claims,
    /// Are those files rewritten for the start, so that every claim in their own text is beaten?
    pub rewritten: bool,
    /// A node name of the release's own, before those in files.
    pub node: Option<Said<String>>,
    /// The cookie that the release has of its own.
    pub cookie: Option<Said<Cookie>>,
    /// For a client, what the node's own files say of the port.
    pub node_ports: Vec<Claim<PortFlag>>,
    /// What cannot be beaten.
    pub fixed: Vec<Fixed>,
    /// The OTP that will run: looked for where it matters, for a node without epmd.
    pub otp: Option<Otp>,
}

impl Demands {
    /// ERL_DIST_PORT, where the launcher makes a port without epmd of it.
    pub fn dist_port(&self) -> Option<&Fixed> {
        self.fixed
            .iter()
            .find(|fixed| fixed.variable == "ERL_DIST_PORT")
    }
}

/// A line of a file that wins over all that we can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The file and line.
    pub place: Place,
    /// The variable that it assigns.
    pub variable: &'static str,
    /// To what; `None` if only the shell can tell.
    pub value: Option<String>,
}

/// One way of starting a BEAM, recognised in the command at hand.
pub trait Launcher {
    /// What it is called in messages.
    fn label(&self) -> &'static str;
    /// What the command is.
    fn role(&self) -> Role;
    /// The name part of the node where no variable says one.
    fn default_name(&self) -> String;
    /// What its files and arguments ask for.
    fn demands(&self) -> &Demands;
    /// The root of the Erlang that will run, where that is not the `erl` of PATH.
    fn root(&self) -> Option<&Path> {
        None
    }
    /// Makes name, cookie and port certain.
    ///
    /// # Errors
    /// What stands in the way.
    fn cook(
        &self,
        settled: &Settled,
        flags: &FlagVariables,
        recipe: &mut Recipe,
    ) -> Result<(), Failure>;
}

/// Finds the launcher of a command; `None` for one that is no BEAM as far as can be told.
///
/// # Errors
/// The launcher's own files cannot be read.
pub fn recognise(command: &Command, config: &Config) -> Result<Option<Box<dyn Launcher>>, Failure> {
    if let Some(found) =
        erl::recognise(command, config).or_else(|| elixir::recognise(command, config))
    {
        return Ok(Some(found));
    }
    let Some(script) = script::Script::read(command) else {
        return Ok(None);
    };
    match relx::recognise(&script, command, config) {
        Some(found) => found.map(Some),
        None => mix_release::recognise(&script, command, config),
    }
}
