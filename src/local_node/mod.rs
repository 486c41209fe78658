//! What this container's node is called, and how it is reached: for whoever looks at it from outside, after its start.
//!
//! environment ──► Config ──► Launcher ──► NodeSettings, as the start itself made them; no gate is run, nothing is written,
//! nothing is waited for. The command is that of the beaminit that runs in this container ([`running`]), if none is given.

mod cookie;
pub mod info;
mod lookup;
mod running;

pub use running::record;

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::config::Invocation;
use crate::config::{Config, LauncherKind, Peers, Pod, Reading, Setting};
use crate::error::Failure;
use crate::launchers::{self, Target};
use crate::naming::{Candidate, Lookup};
use crate::node::{Cookie, Host, NodeName, Port};
use crate::plan::NodeSettings;
use crate::plan::resolve::{self, Sources};
use crate::plan::{Launcher, Role};
use crate::record::Record;

/// The node of this container.
pub struct LocalNode {
    /// The names that it may have, in order; which of them it is, it says itself. At least one.
    pub candidates: Vec<Candidate>,
    first: NodeName,
    /// The cookie, from wherever the VM has it; `None` if it could not be found, or is not wanted.
    pub cookie: Option<Cookie>,
    /// The port of the epmd that knows it; `None` for a node that does without, or has a way of its own.
    pub epmd: Option<Port>,
    /// Its distribution port, if that is one and known.
    pub port: Option<Port>,
    /// The loopback addresses, that of its own family first; then those of this container.
    own_addresses: Vec<IpAddr>,
    /// The node that was asked for is not in this container.
    pub elsewhere: bool,
    /// Where its peers are looked for.
    pub peers: Option<Peers>,
    /// All that the environment says.
    pub config: Config,
}

/// What is looked for.
pub struct Wanted {
    /// It is this node, and all else tells only how; otherwise that of this container.
    pub node: Option<NodeName>,
    /// Its cookie, too? Without, nothing of a cookie is read or complained of.
    pub cookie: bool,
}

/// Looks. The command of `start` may be empty: then it is that of the beaminit which runs here.
///
/// # Errors
/// As at the start; or there is nothing that tells the name: exit status 78.
pub fn look(start: Invocation, wanted: Wanted) -> Result<LocalNode, Failure> {
    let Invocation {
        command,
        environment,
        settings,
    } = start;
    let Wanted {
        node: named,
        cookie,
    } = wanted;
    let reading = || {
        let reading = Reading::new(environment.clone(), settings.clone());
        if cookie {
            reading
        } else {
            reading.without_cookie()
        }
    };
    if command.is_empty()
        && let Some(record) = running::record()
    {
        let mut config = reading().config()?;
        config.pod = Pod::look();
        let mut here = LocalNode::of_record(config, &record)?;
        if let Some(node) = named {
            here.asks_for(node, false);
        }
        return Ok(here);
    }
    let read = |words| Target::new(words, reading());
    let found = if command.is_empty() {
        // What else may run here matters little to who knows the name.
        of_running(read).or_else(|failure| {
            if named.is_some() {
                Ok(None)
            } else {
                Err(failure)
            }
        })?
    } else {
        Some(node(read(command)?).map_err(|other| no_node(&other))?)
    };
    let mut stands_in = false;
    let (mut config, launcher) = if let Some(found) = found {
        found
    } else {
        let mut config = reading().config()?;
        // The name that is asked for stands for all that would make one.
        stands_in = named.is_some() && config.node != named;
        config.node = named.clone().or(config.node);
        let launcher = nameless(&config)?;
        (config, launcher)
    };
    config.pod = Pod::look();
    let mut here = if stands_in || config.asks_for_changes() {
        let settings = resolve::resolve(&Sources::read(&config, &launcher)?, None)?;
        LocalNode::new(config, settings)
    } else {
        LocalNode::without_changes(config, &launcher)?
    };
    if let Some(node) = named {
        here.asks_for(node, stands_in);
    }
    Ok(here)
}

impl LocalNode {
    fn new(config: Config, settings: NodeSettings) -> Self {
        let NodeSettings {
            node,
            candidates,
            cookie,
            epmd,
            port,
            ipv6,
            peers,
            ..
        } = settings;
        let cookie = cookie.map(|said| said.value);
        let port = port.and_then(|pin| pin.port());
        Self {
            candidates,
            peers,
            ..Self::called_so(node, port, epmd.port(), ipv6, cookie, config)
        }
    }

    /// The node that is written down.
    fn of_record(config: Config, record: &Record) -> Result<Self, Failure> {
        let peers = resolve::peers::resolve(&config, &record.node, true)?;
        let Record {
            node,
            port,
            epmd,
            ipv6,
            ..
        } = record;
        let given = config.cookie.as_ref().map(|said| said.value.clone());
        let cookie = given.or_else(|| config.wants_cookie.then(|| cookie::of_record(record))?);
        let said = Setting {
            value: node.clone(),
            by: "the node that runs here".into(),
        };
        Ok(Self {
            peers,
            ..Self::called_so(said, *port, *epmd, *ipv6, cookie, config)
        })
    }

    /// A node that is left as it is, as far as its name can be told.
    fn without_changes(config: Config, launcher: &Launcher) -> Result<Self, Failure> {
        let sources = Sources::read(&config, launcher)?;
        let (node, _) = resolve::name::without_changes(&sources)?;
        let node = node.ok_or_else(|| no_node(launcher.label))?;
        let port = resolve::port::without_changes(&sources);
        let port = port.and_then(|pin| pin.port());
        let ipv6 = config.has_ipv6_alone();
        let cookie = sources.own.cookie.as_ref().map(|said| said.value.clone());
        let epmd = Some(Port::EPMD);
        Ok(Self::called_so(node, port, epmd, ipv6, cookie, config))
    }

    fn called_so(
        node: Setting<NodeName>,
        port: Option<Port>,
        epmd: Option<Port>,
        ipv6: bool,
        cookie: Option<Cookie>,
        config: Config,
    ) -> Self {
        let mut own_addresses = vec![
            IpAddr::from(Ipv4Addr::LOCALHOST),
            Ipv6Addr::LOCALHOST.into(),
        ];
        own_addresses.sort_by_key(|address| address.is_ipv6() != ipv6);
        own_addresses.extend(config.addresses());
        let candidate = Candidate {
            node: node.value.clone(),
            from: node.by,
            lookup: Lookup::Own,
        };
        Self {
            own_addresses,
            port,
            elsewhere: false,
            peers: None,
            first: node.value,
            candidates: vec![candidate],
            cookie: cookie.or_else(|| config.wants_cookie.then(|| cookie::of_files(&config))?),
            epmd,
            config,
        }
    }

    /// It is this node that is asked for. `stands_in`: it has no other name here, since nothing else told one.
    fn asks_for(&mut self, node: NodeName, stands_in: bool) {
        let mut own = self.candidates.iter().map(|one| &one.node.host);
        let is_own = !stands_in && own.any(|host| host.is(&node.host));
        self.elsewhere = !is_own && !names(&node.host, &self.config);
        // Of another node nothing says where it listens; without epmd it is where they all do.
        self.port = self.port.filter(|_| self.epmd.is_none());
        self.first = node.clone();
        self.candidates = vec![Candidate {
            node,
            from: "the command line".into(),
            lookup: Lookup::Own,
        }];
    }

    /// The first of its names.
    pub fn first(&self) -> &NodeName {
        &self.first
    }

    /// What it is called before it has said so itself: its name, or the part before the `@` where there are several.
    pub fn called(&self) -> String {
        match self.candidates.as_slice() {
            [one] if !matches!(one.lookup, Lookup::Reverse(_)) => one.node.to_string(),
            _ => self.first.name.to_string(),
        }
    }

    /// All of its names, in a message's words.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.candidates.iter().map(Candidate::to_string).collect();
        names.join(" or ")
    }

    /// Is this one of its names?
    pub fn is_called(&self, name: &str) -> bool {
        self.candidates.iter().any(|one| match one.lookup {
            Lookup::Reverse(_) => name.split('@').next() == Some(&one.node.name.to_string()),
            _ => name == one.node.to_string(),
        })
    }

    /// Where it is, in the order in which to try.
    ///
    /// # Errors
    /// Its host cannot be looked up in this time; to be put behind its name.
    pub fn addresses(&self, limit: Duration) -> Result<Vec<IpAddr>, String> {
        if self.elsewhere {
            lookup::addresses(&self.config, &self.first.host, limit)
        } else {
            Ok(self.own_addresses.clone())
        }
    }
}

/// Does a host name this container?
fn names(host: &Host, config: &Config) -> bool {
    if let Host::Address(address) = host {
        return address.is_loopback() || config.addresses().contains(address);
    }
    let names = [&config.hostname, &config.pod.hostname];
    let mut own = names.into_iter().flatten();
    own.any(|name| Host::parse(name).is_ok_and(|own| own.is(host)))
}

/// The launcher of a node whose command is not known, where the variables tell its name.
fn nameless(config: &Config) -> Result<Launcher, Failure> {
    let is_named = config.node.is_some() || config.sname.is_some() || config.release_name.is_some();
    if is_named {
        return Ok(launchers::of_one_vm("unknown", Role::Node, ""));
    }
    Err(Failure::config(
        "no beaminit that runs a node is in this container, to tell its name by (`beaminit exec` leaves none); give the node's COMMAND behind --, or NAME@HOST, or set BEAMINIT_NODE or SNAME",
    ))
}

/// What a command would start, if that is a node or its client; else the command's file.
fn node(found: Target) -> Result<(Config, Launcher), String> {
    let node = found
        .launcher
        .filter(|launcher| launcher.role != Role::Neither);
    node.map(|launcher| (found.config, launcher))
        .ok_or_else(|| found.command.file.display().to_string())
}

fn no_node(command: &str) -> Failure {
    Failure::config(format!(
        "{command} starts no node that beaminit knows; give NAME@HOST, or set BEAMINIT_LAUNCHER to what it is"
    ))
}

/// The first node among the commands that a beaminit here runs.
fn of_running(
    read: impl Fn(Vec<OsString>) -> Result<Target, Failure>,
) -> Result<Option<(Config, Launcher)>, Failure> {
    let mut failed = None;
    for running in running::commands() {
        match read(running) {
            // A client is that of `kubectl exec POD -- beaminit bin/app remote`.
            Ok(found) if found.is(Role::Client) => {}
            // Left alone by beaminit, it has the name that it gives itself; the variables may tell it.
            Ok(found) if found.config.launcher == LauncherKind::None => {}
            Ok(found) => match node(found) {
                Ok(found) => return Ok(Some(found)),
                Err(other) => failed = failed.or_else(|| Some(no_node(&other))),
            },
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    failed.map_or(Ok(None), Err)
}
