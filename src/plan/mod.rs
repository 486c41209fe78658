//! Config and launcher ──► Plan: everything that a start will do, before it does any of it. `plan` prints the very value
//! that `run` executes.
//!
//! It needs no network: a missing binary or a bad variable fails at once, before the gates.

mod changes;
pub mod cookie_file;
mod display;
mod launcher;
pub mod resolve;
#[cfg(test)]
mod tests;
mod vm_cookie;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::{Config, LauncherKind, Setting};
use crate::error::Failure;
use crate::naming::{self, Chosen};
use crate::node::NodeName;
use crate::system::program::Command;
use crate::system::secrets::{self, Text};

pub use changes::Changes;
pub use launcher::{Apply, Decision, Launcher, OwnSettings, Role};
use resolve::Sources;
pub use resolve::{NodeSettings, Pin};

/// Where else than at loopback the epmd listens that the VM starts.
const EPMD_ADDRESS: &str = "ERL_EPMD_ADDRESS";

/// What will be run, and how.
pub struct Plan {
    /// The launcher's label.
    pub launcher: &'static str,
    pub role: Role,
    pub identity: Identity,
    /// How long the dns gate waits; `None` is for ever.
    pub dns_timeout: Option<Duration>,
    /// The release's shell file that was sourced to ask what it sets.
    pub sourced: Option<PathBuf>,
    /// The program and its arguments as the user gave them.
    pub command: Command,
    pub changes: Changes,
}

/// What the start has to do with a node's identity.
#[derive(Debug)]
pub enum Identity {
    /// Nothing: no node, or nothing that is known to be one.
    None,
    /// The node has its own, and nothing of it is changed: what it seems to be, for gates that only warn.
    Own(OwnIdentity),
    /// The Plan's.
    Planned(Box<NodeSettings>),
}

/// What a node that is left as it is seems to be called, and where it seems to listen.
#[derive(Clone, Debug, Default)]
pub struct OwnIdentity {
    pub node: Option<Setting<NodeName>>,
    pub port: Option<Pin>,
    /// Does it speak IPv6?
    pub ipv6: bool,
    /// The address that it listens at, where it is one.
    pub bound: Option<IpAddr>,
}

impl OwnIdentity {
    /// Reads it, and the warning of a name that no peer can connect to.
    ///
    /// # Errors
    /// A name that no node can have.
    pub fn read(sources: &Sources) -> Result<(Self, Option<String>), Failure> {
        let (node, warning) = resolve::name::without_changes(sources)?;
        let bind = resolve::bind::given(sources);
        let ipv6 = resolve::transport::family(sources);
        let own = Self {
            node,
            port: resolve::port::without_changes(sources),
            ipv6: ipv6.unwrap_or_else(|| sources.config.has_ipv6_alone()),
            bound: bind.map(|bind| bind.address.value),
        };
        Ok((own, warning))
    }
}

impl Plan {
    /// Makes the Plan. `answer` is what DNS chose, once it has; `peers` are those that the node waits for.
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
            launcher: match (launcher, config.launcher) {
                (Some(launcher), _) => launcher.label,
                (None, LauncherKind::None) => "none, says BEAMINIT_LAUNCHER",
                (None, _) => "no BEAM known to beaminit",
            },
            role: launcher.map_or(Role::Neither, |launcher| launcher.role),
            identity: Identity::None,
            dns_timeout: config.dns_timeout,
            sourced: launcher.and_then(|launcher| {
                let shell = launcher.own_settings.shell.as_ref()?;
                shell.sourced_file().map(Path::to_owned)
            }),
            command: command.clone(),
            changes: Changes::default(),
        };
        plan.changes.warnings.clone_from(&config.warnings);
        let hidden = secrets::is_in_any_variable(&command.words);
        for name in &config.assigned {
            // An empty one would be taken out; the environment has it as it is.
            if let Some(value) = config.variable(name) {
                let value = Text::of_variable(name, value.as_ref(), hidden);
                plan.changes.set(name, value);
            }
        }
        if let Some(launcher) = launcher {
            if let Some(instead) = launcher.daemon {
                plan.changes.warn(format!(
                    "a daemon's script ends at once, and this container with it; use {instead}"
                ));
            }
            plan.changes.warnings.extend(launcher.warnings.clone());
            if launcher.role != Role::Neither {
                plan.identify(&Sources::read(config, launcher)?, answer, peers)?;
            }
        } else if Self::is_in_vain(config) {
            let names: Vec<&str> = config.asking_for_changes().collect();
            let are = if names.len() == 1 { "is" } else { "are" };
            plan.changes.warn(format!(
                "{} {are} set, and {} is no BEAM known to beaminit, so it runs untouched; if it starts a node, set BEAMINIT_LAUNCHER to its kind (mix-release, relx, erl, …)",
                names.join(", "),
                command.file.display()
            ));
        }
        Ok(plan)
    }

    /// Does a variable ask for a node, of a command that is not known to be one?
    pub fn is_in_vain(config: &Config) -> bool {
        config.launcher == LauncherKind::Auto && config.asks_for_node().is_some()
    }

    /// Decides on the identity of a node or a client, and changes what is needed for it.
    fn identify(
        &mut self,
        sources: &Sources,
        answer: Option<&Chosen>,
        peers: &[NodeName],
    ) -> Result<(), Failure> {
        let (config, launcher) = (sources.config, sources.launcher);
        let changes = &mut self.changes;
        if !config.asks_for_changes() {
            let (own, warning) = OwnIdentity::read(sources)?;
            changes.warnings.extend(warning);
            if launcher.role == Role::Node {
                changes.warnings.extend(vm_cookie::warning(sources));
            }
            self.identity = Identity::Own(own);
            return Ok(());
        }
        let mut settings = resolve::resolve(sources, answer)?;
        settings.sync_with = peers.to_vec();
        if settings.peers.is_some()
            && let Some(reason) = settings.transport.carrier.unspoken()
        {
            changes.warn(resolve::peers::not_joined(&reason));
            settings.peers = None;
        }
        if launcher.role == Role::Node
            && let Some(flag) = resolve::port::no_listener(sources)
        {
            changes.warn(format!(
                "{} has -dist_listen false, so the node does not listen: no peer reaches it, nor does `beaminit probe`; remove that flag, if it is to be a node of a cluster",
                flag.place
            ));
            if settings.peers.take().is_some() {
                changes.warn(resolve::peers::not_joined("the node does not listen"));
            }
        }
        let unused = resolve::transport::unused_options(sources, &settings.transport.carrier);
        if let Some(flag) = unused {
            changes.warn(format!(
                "{} has options of TLS without -proto_dist inet_tls, so the node speaks without TLS; add that flag",
                flag.place
            ));
        }
        if let Some(file) = settings.transport.file.clone() {
            changes.add_file(file);
        }
        let decision = Decision {
            sources,
            own: sources.own,
            settings: &settings,
        };
        launcher.apply.apply(&decision, changes)?;
        // A release's own shell file may read it.
        if config.variable("ERLANG_COOKIE").is_some() && !launcher.reads_cookie_variable() {
            changes.set.remove("ERLANG_COOKIE");
            changes.unset.push("ERLANG_COOKIE".into());
        }
        let ours = settings.bind.as_ref().filter(|bind| bind.is_ours);
        // epmd adds the loopback addresses, where the VM registers.
        if let Some(bind) = ours.filter(|_| settings.epmd.port().is_some())
            && config.variable(EPMD_ADDRESS).is_none()
        {
            changes.set(EPMD_ADDRESS, Text::plain(bind.address.value.to_string()));
        }
        match &settings.cookie {
            Some(cookie) if settings.in_file => {
                cookie_file::plan(sources, &settings, &cookie.value, changes)?;
            }
            None if launcher.role == Role::Node => {
                let warning = vm_cookie::check(sources, &settings)?;
                changes.warnings.extend(warning);
            }
            _ => {}
        }
        if launcher.role == Role::Node {
            let chosen = settings.candidates.first();
            let warning = chosen.and_then(|one| naming::address_warning(config, one));
            changes.warnings.extend(warning);
        }
        if settings.node.value.host.has_upper_case() {
            changes.warn(format!(
                "{} has upper case in its host: to the VM that is another name than in lower case",
                settings.node.value
            ));
        }
        self.identity = Identity::Planned(Box::new(settings));
        Ok(())
    }

    /// The Plan's settings for the node, if it has any.
    pub fn node_settings(&self) -> Option<&NodeSettings> {
        match &self.identity {
            Identity::Planned(settings) => Some(settings),
            Identity::None | Identity::Own(_) => None,
        }
    }
}
