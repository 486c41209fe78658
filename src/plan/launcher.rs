//! What a launcher says of its node, and how it gives it the Plan's settings. `launchers` has them, a file each.

use std::path::PathBuf;

use super::resolve::Sources;
use super::{Changes, NodeSettings};
use crate::beam::{FlagSetting, FlagSettings, Otp};
use crate::config::Setting;
use crate::error::Failure;
use crate::node::{Cookie, NodeName, Port};
use crate::system::account::Account;
use crate::system::private_file::{Keeper, Reader};
use crate::system::shell::ShellAnswer;

/// What the command is to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It starts a node: all gates, and the pin.
    Node,
    /// It talks to a node that runs: the identity alone.
    Client,
    /// Neither: it is run untouched.
    Neither,
}

/// What a launcher's own files and arguments ask for.
#[derive(Clone, Default)]
pub struct OwnSettings {
    /// What the command line says: the Plan keeps to it.
    pub command_line: FlagSettings,
    /// What files say: beaten by our variables, yielded to by our defaults.
    pub files: FlagSettings,
    /// Are those files rewritten for the start, so that every flag in their own text is beaten?
    pub rewritten: bool,
    /// A node name of the release's own, before those in files: whole, or the part before the `@`.
    pub node: Option<FlagSetting>,
    /// The name that the launcher gives its node where nothing else names it.
    pub default_node: Option<Setting<NodeName>>,
    /// The port that the launcher gives its node where nothing else pins it.
    pub default_port: Option<Setting<Port>>,
    /// The cookie that the release has of its own.
    pub cookie: Option<Setting<Cookie>>,
    /// Why the VM cannot take what it has for one.
    pub no_cookie: Option<String>,
    /// Does it get its cookie in a file whatever BEAMINIT_COOKIE_VIA says? Its script has no argument for one.
    pub takes_cookie_file: bool,
    /// For a client, what the node's own files say, which it does not get itself.
    pub of_node: FlagSettings,
    /// Does its script hand ELIXIR_ERL_OPTIONS to the VM?
    pub elixir: bool,
    /// ERL_DIST_PORT, where the launcher makes a port without epmd of it.
    pub dist_port: Option<FlagSetting>,
    /// What its own shell file makes of the environment.
    pub shell: Option<ShellAnswer>,
    /// The OTP that will run, where its files tell.
    pub otp: Option<Otp>,
}

/// One way of starting a BEAM, recognised in the command at hand.
pub struct Launcher {
    /// Its name in messages.
    pub label: &'static str,
    pub role: Role,
    /// The name part of the node where no variable says one.
    pub default_name: Setting<String>,
    pub own_settings: OwnSettings,
    /// The root of the Erlang that will run, where that is not the `erl` of PATH.
    pub root: Option<PathBuf>,
    /// The user that its script insists on, in whose home the VM will look for its cookie.
    pub account: Option<Account>,
    /// Does its script end at once, and leave the node behind? Then what to use instead.
    pub daemon: Option<&'static str>,
    /// Is it no node only because nothing asks for one?
    pub could_be_node: bool,
    /// Do the VM's own arguments say its name and port?
    pub names_in_arguments: bool,
    /// Does it take its name, cookie and port with any OTP?
    pub takes_any_otp: bool,
    /// What the user should know of the command itself, whatever is asked for.
    pub warnings: Vec<String>,
    pub apply: Box<dyn Apply>,
}

/// What was decided for a node, and what it was decided from.
#[derive(Clone, Copy)]
pub struct Decision<'a> {
    pub sources: &'a Sources<'a>,
    /// The launcher's own settings, as they are when it has done its part.
    pub own: &'a OwnSettings,
    pub settings: &'a NodeSettings,
}

/// How a launcher gives the node its name, cookie and port.
pub trait Apply {
    /// Plans the changes.
    ///
    /// # Errors
    /// What stands in the way.
    fn apply(&self, decision: &Decision, changes: &mut Changes) -> Result<(), Failure>;
}

impl Launcher {
    /// The release's own files in which a name, a cookie or a port may stand.
    pub fn files(&self) -> Vec<PathBuf> {
        let releases = self.root.iter().map(|root| root.join("releases"));
        let versions = releases.flat_map(std::fs::read_dir).flatten().flatten();
        let files = versions.flat_map(|version| {
            ["env.sh", "vm.args", "sys.config"].map(|name| version.path().join(name))
        });
        files.collect()
    }

    /// Who reads its private files.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            account: self.account.as_ref(),
            keeper: match self.role {
                _ if self.daemon.is_some() => Keeper::Nobody,
                // `su` stays as the command: its descriptors are root's, and the VM behind it is another user's.
                _ if self.account.is_some() => Keeper::Each,
                Role::Client => Keeper::Each,
                _ => Keeper::Command,
            },
        }
    }

    /// Does the release's own shell file read ERLANG_COOKIE?
    pub fn reads_cookie_variable(&self) -> bool {
        let shell = self.own_settings.shell.as_ref();
        shell.is_some_and(|shell| shell.reads("ERLANG_COOKIE"))
    }
}
