//! `Node ──► Plan`: everything that a start will do, before it does any of it. `plan` prints the very value that `run`
//! executes.
//!
//! It needs no network: a missing binary or a bad variable fails at once, before the gates.

mod changes;
pub mod cookie_file;
mod launcher;
pub mod resolve;
mod show;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::{AccessFlags, access};

use crate::beam::{FlagSettings, FlagVariables};
use crate::config::{Config, LauncherKind, Setting};
use crate::error::Failure;
use crate::naming::Chosen;
use crate::node::NodeName;
use crate::system::program::Command;
use crate::system::secrets::{self, Text};

pub use changes::Changes;
pub use launcher::{Apply, Launcher, OwnName, OwnSettings, Role};
pub use resolve::{NodeSettings, Pin};

/// What will be run, and how.
pub struct Plan {
    /// The launcher, in a message's words.
    pub launcher: &'static str,
    /// What the command is.
    pub role: Role,
    /// What becomes of the node's identity.
    pub identity: Identity,
    /// How long the dns gate waits; `None` is for ever.
    pub dns_timeout: Option<Duration>,
    /// The release's shell file that was sourced to ask what it sets.
    pub sourced: Option<PathBuf>,
    /// The program and its arguments as the user gave them.
    pub command: Command,
    /// What is changed for it.
    pub changes: Changes,
}

/// What the start has to do with a node's identity.
#[derive(Debug)]
pub enum Identity {
    /// Nothing: no node, or nothing that is known to be one.
    None,
    /// The node has its own, and nothing of it is changed: what it seems to be, for gates that only warn.
    Own(Own),
    /// The Plan's.
    Planned(Box<NodeSettings>),
}

/// What a node that is left as it is seems to be called, and where it seems to listen.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Its name.
    pub node: Option<Setting<NodeName>>,
    /// Its port.
    pub port: Option<Pin>,
}

/// The warning of a cookie file that the VM would read and not start with, where nothing gives it a cookie.
fn warning_of_cookie_file(
    config: &Config,
    own_settings: &OwnSettings,
    variables: &FlagSettings,
) -> Option<String> {
    let claims = [&own_settings.command_line, variables, &own_settings.files];
    let is_given = claims.iter().any(|claims| !claims.cookies.is_empty());
    if is_given || own_settings.cookie.is_some() || own_settings.takes_cookie_file {
        return None;
    }
    let home = config.path("HOME");
    cookie_file::places(home, config, own_settings.otp.as_ref()).iter().find_map(|file| {
        let reason = cookie_file::refused_by_the_vm(file)?;
        let file = file.display();
        Some(format!(
            "the VM does not start with {file}: {reason}; mend the file, or set ERLANG_COOKIE or ERLANG_COOKIE_FILE"
        ))
    })
}

impl Plan {
    /// Makes the Plan. `answer` is what DNS chose, once it has; `peers` are those that the node is told of.
    ///
    /// # Errors
    /// What cannot be done: bad configuration, or a file of the release that cannot be beaten.
    pub fn make(
        config: &Config,
        command: &Command,
        launcher: Option<&Launcher>,
        answer: Option<&Chosen>,
        peers: &[NodeName],
    ) -> Result<Self, Failure> {
        let mut plan = Self {
            launcher: launcher.map_or_else(
                || match config.launcher {
                    LauncherKind::None => "none, says BEAMINIT_LAUNCHER",
                    _ => "no BEAM known to beaminit",
                },
                |launcher| launcher.label,
            ),
            role: launcher.map_or(Role::Neither, |launcher| launcher.role),
            identity: Identity::None,
            dns_timeout: config.dns_timeout,
            sourced: launcher.and_then(|launcher| {
                let shell = launcher.own_settings.shell.as_ref()?;
                shell.sourced().map(Path::to_owned)
            }),
            command: command.clone(),
            changes: Changes::default(),
        };
        let own_warnings = launcher.map_or(&[][..], |launcher| &launcher.warnings);
        plan.changes.warnings = [&config.warnings, own_warnings].concat();
        let hidden = secrets::is_in_any_variable(&command.words);
        for name in &config.assigned {
            // An empty one would be taken out; the environment has it as it is.
            if let Some(value) = config.variable(name) {
                let value = Text::of_variable(name, value.as_ref(), hidden);
                plan.changes.set(name, value);
            }
        }
        match launcher {
            Some(launcher) if launcher.role != Role::Neither => {
                plan.identify(config, launcher, answer, peers)?;
            }
            None if config.launcher == LauncherKind::Auto => {
                if let Some(by) = config.asks_for_node() {
                    plan.changes.warn(format!(
                        "{by} is set, and {} is no BEAM known to beaminit, so it runs untouched; if it starts a node, set BEAMINIT_LAUNCHER to what it is",
                        plan.command.file.display()
                    ));
                }
            }
            _ => {}
        }
        Ok(plan)
    }

    /// Decides upon the identity of a node or a client, and changes what is needed for it.
    fn identify(
        &mut self,
        config: &Config,
        launcher: &Launcher,
        answer: Option<&Chosen>,
        peers: &[NodeName],
    ) -> Result<(), Failure> {
        let flags = FlagVariables::read(&config.environment, launcher.own_settings.shell.as_ref())?;
        if !config.asks_for_changes() {
            let variables = flags.claims();
            let (node, warning) = resolve::name::untouched(config, launcher, &variables)?;
            let port = resolve::port::untouched(&launcher.own_settings, &variables);
            self.changes.warnings.extend(warning);
            if launcher.role == Role::Node {
                let warning = warning_of_cookie_file(config, &launcher.own_settings, &variables);
                self.changes.warnings.extend(warning);
            }
            self.identity = Identity::Own(Own { node, port });
            return Ok(());
        }
        let mut settled = resolve::resolve(config, launcher, &flags, answer)?;
        settled.sync_with = peers.to_vec();
        let changes = &mut self.changes;
        launcher.apply(&settled, &flags, changes)?;
        // A release's own shell file may read it.
        if config.variable("ERLANG_COOKIE").is_some() && !launcher.reads_cookie_variable() {
            changes.set.remove("ERLANG_COOKIE");
            changes.unset.push("ERLANG_COOKIE".into());
        }
        if settled.in_file {
            cookie_file::plan(config, launcher, &settled, changes)?;
        }
        if launcher.role == Role::Node && settled.cookie.is_none() {
            self.leave_cookie_to_the_vm(config, launcher, &settled)?;
        }
        if settled.node.value.host.has_upper_case() {
            self.changes.warn(format!(
                "{} has upper case in its host: to the VM that is another name than in lower case",
                settled.node.value
            ));
        }
        self.identity = Identity::Planned(Box::new(settled));
        Ok(())
    }

    /// What was decided for the node, where anything was.
    pub fn settled(&self) -> Option<&NodeSettings> {
        match &self.identity {
            Identity::Planned(settled) => Some(settled),
            Identity::None | Identity::Own(_) => None,
        }
    }

    /// With no cookie from anywhere, the VM looks for one in HOME or makes one there, and dies where it can do neither. A
    /// node with a long name is one of several, whose homes are not the same.
    fn leave_cookie_to_the_vm(
        &mut self,
        config: &Config,
        launcher: &Launcher,
        settled: &NodeSettings,
    ) -> Result<(), Failure> {
        let why = settled.no_cookie.as_ref();
        let why = why.map_or_else(String::new, |why| format!(" ({why})"));
        let of_account = launcher.account.as_ref().map(|one| one.home.as_path());
        let home = of_account.or_else(|| config.path("HOME"));
        let allows = |path: &Path, mode: AccessFlags| access(path, mode).is_ok();
        for file in cookie_file::places(home, config, settled.otp.as_ref()) {
            if let Some(reason) = cookie_file::refused_by_the_vm(&file) {
                return Err(Failure::config(format!(
                    "no cookie is set{why}, and the VM does not start with {}: {reason}; mend the file, or set ERLANG_COOKIE or ERLANG_COOKIE_FILE",
                    file.display()
                )));
            }
            if allows(&file, AccessFlags::R_OK) {
                return Ok(());
            }
        }
        if !home.is_some_and(|home| allows(home, AccessFlags::W_OK)) {
            let seen = home.map_or_else(
                || "is not set".into(),
                |home| format!("is {home:?}, which this user cannot write"),
            );
            return Err(Failure::config(format!(
                "no cookie is set{why}, and HOME {seen}, so that the VM can neither find nor make one; set ERLANG_COOKIE or ERLANG_COOKIE_FILE"
            )));
        }
        if settled.node.value.is_long() {
            return Err(Failure::config(format!(
                "no cookie is set for {}{why}: the VM would make up its own, and nodes with different cookies never connect; set ERLANG_COOKIE or ERLANG_COOKIE_FILE",
                settled.node.value
            )));
        }
        self.changes.warn(format!(
            "no cookie is set{why}: the VM makes its own in HOME, and nodes with different cookies never connect; set ERLANG_COOKIE"
        ));
        Ok(())
    }
}
