//! The node of this container: its name, and how it is reached. For what looks at it from outside, after its start.
//!
//! The start has written both down ([`Record`]). Where it has not yet, or a command is given, they are made as the start
//! makes them: environment ──► Config ──► Launcher ──► NodeSettings. No gate is run, nothing is written, nothing is waited
//! for.

mod cookie;
pub mod info;
mod lookup;
mod running;

pub use running::{command, has_found_record, record};

use std::ffi::OsString;
use std::net::IpAddr;
use std::time::Duration;

use crate::config::{Config, Invocation, LauncherKind, Peers};
use crate::dist::Handshake;
use crate::error::Failure;
use crate::launchers::{self, Target};
use crate::naming::Candidate;
use crate::node::host::loopback;
use crate::node::{Cookie, Host, NodeName};
use crate::plan::resolve::{self, Sources};
use crate::plan::{Launcher, OwnIdentity, Role};
use crate::record::{Record, Wait};

/// The node of this container.
pub struct LocalNode {
    /// How it is reached. Its name is the first of those that it may have.
    pub record: Record,
    /// All of them, in order; which of them it is, it says itself. At least one.
    candidates: Vec<Candidate>,
    /// The cookie, from wherever the VM has it; `None` if it could not be found, or is not wanted.
    pub cookie: Option<Cookie>,
    /// The node that was asked for is not in this container.
    pub is_remote: bool,
    /// Where its peers are looked for.
    pub peers: Option<Peers>,
    /// The command that starts it; empty where that is not known.
    pub command: Vec<OsString>,
    pub config: Config,
}

impl LocalNode {
    /// Finds the node of this container; or the one that is `asked` for, of which all else tells only how it is reached.
    /// The command may be empty: then it is that of the beaminit which runs here. Without `wants_cookie`, nothing of a
    /// cookie is read or complained of.
    ///
    /// # Errors
    /// As at the start; or there is nothing that tells the name: exit status 78.
    pub fn discover(
        invocation: Invocation,
        asked: Option<NodeName>,
        wants_cookie: bool,
    ) -> Result<Self, Failure> {
        let Invocation {
            command,
            environment,
        } = invocation;
        let is_given = !command.is_empty();
        let read = || Config::read(environment.clone(), wants_cookie);
        let target = |words| read().and_then(|config| Target::new(words, config));
        let mut name_only = false;
        let mut local = if !is_given && let Some((record, command)) = running::record() {
            Self {
                command,
                ..Self::of_record(record, read()?)?
            }
        } else {
            let node = if is_given {
                target(command).and_then(node).map(Some)
            } else {
                of_running(target)
            };
            let (config, launcher, command) = match node {
                Ok(Some(node)) => node,
                // What else runs here does not matter where the name is given.
                Err(failure) if is_given || asked.is_none() => return Err(failure),
                _ => {
                    let mut config = read()?;
                    name_only = asked.is_some() && config.node != asked;
                    config.node = asked.clone().or(config.node);
                    let launcher = unknown(&config)?;
                    (config, launcher, Vec::new())
                }
            };
            Self {
                command,
                ..Self::of_launcher(&launcher, config, name_only)?
            }
        };
        if let Some(node) = asked {
            local.select(node, name_only);
        }
        Ok(local)
    }

    fn of_record(record: Record, mut config: Config) -> Result<Self, Failure> {
        config.discover_pod()?;
        let peers = resolve::peers::resolve(&config, &record.node, true)?;
        let given = config.cookie.as_ref().map(|cookie| cookie.value.clone());
        let cookie = given.or_else(|| config.wants_cookie.then(|| cookie::of_record(&record))?);
        Ok(Self {
            peers,
            ..Self::new(record, cookie, config)
        })
    }

    /// `name_only`: the name that is asked for is used instead of the variables that would make one.
    fn of_launcher(
        launcher: &Launcher,
        mut config: Config,
        name_only: bool,
    ) -> Result<Self, Failure> {
        config.discover_pod()?;
        let sources = Sources::read(&config, launcher)?;
        if name_only || config.asks_for_changes() {
            let settings = resolve::resolve(&sources, None)?;
            let record = Record::from(&settings);
            let cookie = settings.cookie.map(|cookie| cookie.value);
            return Ok(Self {
                candidates: settings.candidates,
                peers: settings.peers,
                ..Self::new(record, cookie, config)
            });
        }
        let (own, _) = OwnIdentity::read(&sources)?;
        let record = Record {
            node: own.node.ok_or_else(|| no_node(launcher.label))?.value,
            port: own.port.and_then(|pin| pin.port()),
            epmd: config.epmd_port(),
            ipv6: own.ipv6,
            carrier: resolve::transport::of_users(&sources),
            address: own.bound,
            vm: None,
            joiner: None,
            cookie_file: None,
        };
        let cookie = launcher.own_settings.cookie.as_ref();
        let cookie = cookie.map(|cookie| cookie.value.clone());
        Ok(Self::new(record, cookie, config))
    }

    fn new(record: Record, cookie: Option<Cookie>, config: Config) -> Self {
        let of_files = || config.wants_cookie.then(|| cookie::of_files(&config))?;
        Self {
            candidates: vec![Candidate::own(record.node.clone(), "")],
            record,
            cookie: cookie.or_else(of_files),
            is_remote: false,
            peers: None,
            command: Vec::new(),
            config,
        }
    }

    /// It is this node that is asked for. `name_only`: nothing else in this container has a name for it.
    fn select(&mut self, node: NodeName, name_only: bool) {
        let mut hosts = self.candidates.iter().map(|one| &one.node.host);
        let is_own = !name_only && hosts.any(|host| host.is(&node.host));
        self.is_remote = !is_own && !is_local(&node.host, &self.config);
        // Of another node nothing says where it listens; without epmd it is where they all do.
        let record = &mut self.record;
        record.port = record.port.filter(|_| record.epmd.is_none());
        record.node = node.clone();
        self.candidates = vec![Candidate::own(node, "")];
    }

    /// What to call it before it has told its name: its only name, or the part before the `@` where there are several.
    pub fn called(&self) -> String {
        match self.candidates.as_slice() {
            [one] if !one.is_reverse() => one.node.to_string(),
            _ => self.record.node.name.to_string(),
        }
    }

    /// All of its names, in a message's words.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.candidates.iter().map(Candidate::to_string).collect();
        names.join(" or ")
    }

    pub fn is_called(&self, name: &str) -> bool {
        let name = NodeName::parse(name);
        name.is_ok_and(|name| self.candidates.iter().any(|one| one.is(&name)))
    }

    /// What its start still waits for, if it has not come as far as the node. With a record the start is over, and it is a
    /// client of the node that begins.
    pub fn not_started(&self) -> Option<String> {
        let is_over = || running::record().is_some();
        let wait = Wait::current().filter(|_| !self.is_remote && !is_over())?;
        let names = match wait {
            Wait::Dns => format!(" to have {}", self.names()),
            _ => String::new(),
        };
        Some(format!(
            "{} is not started yet: it still waits for {wait}{names}",
            self.called()
        ))
    }

    /// Where its epmd is, if the node is at these addresses. The VM of this container asks its epmd at loopback.
    pub fn epmd_addresses(&self, addresses: &[IpAddr]) -> Vec<IpAddr> {
        if self.is_remote {
            return addresses.to_vec();
        }
        [self.record.ipv6, !self.record.ipv6].map(loopback).to_vec()
    }

    /// Is it the node's VM that has answered? `None` where that cannot be seen. Of a node elsewhere, which the user has named,
    /// nothing more can be known than its address.
    pub fn has_answered(&self, handshake: &Handshake) -> Option<bool> {
        if self.is_remote {
            return Some(true);
        }
        handshake.is_with(&running::vms())
    }

    /// Where it is, in the order in which to try.
    ///
    /// # Errors
    /// Its host cannot be looked up in this time; to be put behind its name.
    pub fn addresses(&self, limit: Duration) -> Result<Vec<IpAddr>, String> {
        if self.is_remote {
            lookup::addresses(&self.config, &self.record.node.host, limit)
        } else {
            let Record { ipv6, address, .. } = self.record;
            Ok(self.config.listening_addresses(ipv6, address))
        }
    }
}

/// Does a host name this container?
fn is_local(host: &Host, config: &Config) -> bool {
    if let Host::Address(address) = host {
        return address.is_loopback() || config.addresses().contains(address);
    }
    let names = [&config.hostname, &config.pod.hostname];
    let mut own = names.into_iter().flatten();
    own.any(|name| Host::parse(name).is_ok_and(|own| own.is(host)))
}

/// The launcher of a node whose command is not known, where the variables tell its name.
fn unknown(config: &Config) -> Result<Launcher, Failure> {
    let is_named = config.node.is_some() || config.sname.is_some() || config.release_name.is_some();
    if is_named {
        return Ok(launchers::of_one_vm("unknown", Role::Node, ""));
    }
    Err(Failure::config(
        "no beaminit that runs a node is in this container, to tell its name by (`beaminit exec` leaves none); give the node's COMMAND behind --, or NAME@HOST, or set BEAMINIT_NODE or SNAME",
    ))
}

type Found = (Config, Launcher, Vec<OsString>);

/// What a command would start, if that is a node or its client.
fn node(target: Target) -> Result<Found, Failure> {
    match target.launcher {
        Some(launcher) if launcher.role != Role::Neither => {
            Ok((target.config, launcher, target.command.words))
        }
        _ => Err(no_node(&target.command.file.display().to_string())),
    }
}

fn no_node(command: &str) -> Failure {
    Failure::config(format!(
        "{command} starts no node that beaminit knows; give NAME@HOST, or set BEAMINIT_LAUNCHER to its kind (mix-release, relx, erl, …)"
    ))
}

/// The first node among the commands that a beaminit in this container runs.
fn of_running(
    target: impl Fn(Vec<OsString>) -> Result<Target, Failure>,
) -> Result<Option<Found>, Failure> {
    let mut failed = None;
    for command in running::commands() {
        let target = target(command);
        // A client is that of `kubectl exec POD -- beaminit bin/app remote`. With BEAMINIT_LAUNCHER=none the node names
        // itself; the variables may say how.
        let is_passed_over =
            |it: &Target| it.is(Role::Client) || it.config.launcher == LauncherKind::None;
        if target.as_ref().is_ok_and(is_passed_over) {
            continue;
        }
        match target.and_then(node) {
            Ok(node) => return Ok(Some(node)),
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    failed.map_or(Ok(None), Err)
}

#[cfg(test)]
crate::system::secrets::without_debug!(Invocation, LocalNode, Target);
