//! One look at the command: has it become a VM, is that the one which was planned, does it listen, and who does it say it is?

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use tracing::{debug, warn};

use super::vm::{self, Vm};
use crate::beam::Flag;
use crate::dist::epmd::{self, answer::EpmdAnswer};
use crate::dist::{self, DistError};
use crate::node::{Cookie, NodeName};
use crate::plan::Pin;
use crate::system::files::text_of;
use crate::system::listeners;
use crate::watch::{Certainty, Expectation, Promise};

/// Any step of the conversation with the node. On a busy machine a node that boots is slow to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// So long a VM that starts the distribution itself may have another name before its own.
const PRELAUNCH: Duration = Duration::from_secs(20);

/// So often a node that listens may leave us without an answer: one from before OTP 23 never gives any.
const SILENCES: u8 = 20;

/// What a look came to.
pub enum Finding {
    /// The node is not there yet.
    NotYet,
    /// The VM runs without a name: there is no node to be seen.
    Nameless,
    /// The node is not the one that was planned, for this reason.
    Another(String),
    /// It takes connections.
    Up(Node),
}

/// A node that takes connections.
pub struct Node {
    /// Its name, as it says it.
    pub name: NodeName,
    /// Its VM's process.
    pub vm: Pid,
    /// Its port.
    pub port: u16,
    /// Was it reached over IPv6?
    pub ipv6: bool,
    /// What else was seen, to follow upon the port.
    pub how: String,
}

/// What is known from one look to the next.
pub struct NodeCheck<'a> {
    promise: &'a Promise,
    command: Pid,
    /// The VMs that are looked at.
    vms: Vec<Vm>,
    /// The command is a VM, which it stays, and its arguments are as planned, or nobody minds.
    arguments_checked: bool,
    /// The user wants no node stopped for what was found.
    accepted: bool,
    /// Since when the node has another name, where that may be for a moment.
    another_since: Option<Instant>,
    /// How often it has not answered.
    silences: u8,
}

impl<'a> NodeCheck<'a> {
    pub fn new(promise: &'a Promise, command: Pid) -> Self {
        Self {
            promise,
            command,
            vms: Vec::new(),
            arguments_checked: false,
            accepted: false,
            another_since: None,
            silences: 0,
        }
    }

    /// From now on any node will do.
    pub fn accept(&mut self) {
        self.accepted = true;
    }

    pub fn once(&mut self) -> Finding {
        if !self.arguments_checked {
            self.vms = vm::of(self.command);
            if let [vm] = self.vms.as_slice()
                && vm.is_command
            {
                self.arguments_checked = true;
                let reasons = self.other_arguments(vm);
                if !reasons.is_empty() {
                    return Finding::Another(reasons.join("; "));
                }
                if self.promise.in_arguments && vm.name().is_none() {
                    return Finding::Nameless;
                }
            }
        }
        let vms = std::mem::take(&mut self.vms);
        let found = self.among(&vms);
        self.vms = vms;
        found
    }

    fn among(&mut self, vms: &[Vm]) -> Finding {
        let named = vms.iter().find(|vm| vm.name().is_some());
        let Some(vm) = named.or(vms.first()) else {
            return Finding::NotYet;
        };
        let Some(port) = self.port(vm) else {
            return Finding::NotYet;
        };
        let mut addresses = self.promise.addresses.iter();
        let now = Instant::now;
        let listens = addresses
            .find(|at| dist::try_connect(SocketAddr::new(**at, port), now() + LIMIT).is_ok());
        // Nothing is proved to a process that is not the command's.
        let pids = vms.iter().map(|vm| vm.pid.as_raw().unsigned_abs());
        let pids: Vec<u32> = pids.collect();
        match listens {
            Some(at) if listeners::is_one_of(&pids, port) => self.greet(*at, port, vm),
            _ => Finding::NotYet,
        }
    }

    /// Why the VM's own arguments make another node of it, if they do.
    fn other_arguments(&self, vm: &Vm) -> Vec<String> {
        if !self.promise.in_arguments || self.accepted {
            return Vec::new();
        }
        let mut lines = Vec::new();
        if let Some(expected) = self.promise.node.as_ref() {
            let wanted = &expected.setting.value;
            let found = vm.name();
            let is_it = found.is_some_and(|flag| {
                flag.text == wanted.to_string() || flag.text == wanted.name.to_string()
            });
            if !is_it {
                let has = found.map_or_else(
                    || "neither -name nor -sname".into(),
                    |flag| {
                        let word = if flag.flag == Flag::Name {
                            "-name"
                        } else {
                            "-sname"
                        };
                        format!("{word} {}", crate::system::secrets::shown(&flag.text))
                    },
                );
                let text = found.map_or("RELEASE_NODE", |flag| flag.text.as_str());
                let line = format!(
                    "the node is not {wanted} ({}): its VM has {has}{}",
                    expected.setting.by,
                    self.guess(&[text, "ERL_AFLAGS"])
                );
                tell(expected, line, &mut lines);
            }
        }
        if let Some(expected) = self.promise.port.as_ref() {
            let wanted = expected.setting.value;
            let found = vm.port();
            if found.as_ref().and_then(Pin::port) != Some(wanted) {
                let has = match &found {
                    Some(Pin::Range(range)) => range.clone(),
                    Some(pin) => pin
                        .port()
                        .map_or_else(String::new, |port| format!("port {port}")),
                    None => "no inet_dist_listen_min".into(),
                };
                let line = format!(
                    "the node does not listen at port {wanted} ({}): its VM has {has}{}",
                    expected.setting.by,
                    self.guess(&["inet_dist_listen_min", "ERL_AFLAGS"])
                );
                tell(expected, line, &mut lines);
            }
        }
        lines
    }

    /// Where another value seems to come from.
    fn guess(&self, texts: &[&str]) -> String {
        let place = texts.iter().find_map(|text| {
            self.promise.files.iter().find_map(|file| {
                let lines = text_of(file).ok()?;
                let (number, _) = (1..)
                    .zip(lines.lines())
                    .find(|(_, line)| line.contains(text))?;
                Some(format!("{}:{number}", file.display()))
            })
        });
        place.map_or_else(String::new, |place| {
            format!(", which seems to come from {place}")
        })
    }

    /// The port at which the node is, or will be.
    fn port(&self, vm: &Vm) -> Option<u16> {
        let planned = self.promise.port.as_ref();
        let planned = planned.map(|port| port.setting.value.number());
        if let Some(port) = vm.port().as_ref().and_then(Pin::port) {
            return Some(port.number());
        }
        // A VM below the command that is elsewhere than planned may be a helper of a script: that is no node to judge.
        let is_told = self.promise.in_arguments && vm.is_command;
        let epmd = self.promise.epmd;
        let epmd = epmd.filter(|_| is_told || planned.is_none());
        let Some(epmd) = epmd else {
            return planned;
        };
        let planned = self
            .promise
            .node
            .as_ref()
            .map(|node| node.setting.value.name.to_string());
        let own = vm.name().and_then(|flag| flag.text.split('@').next());
        let name = own.map(ToOwned::to_owned).or(planned)?;
        self.promise.addresses.iter().find_map(|at| {
            let address = SocketAddr::new(*at, epmd.number());
            match epmd::ask(&name, address, Instant::now() + LIMIT) {
                epmd::Reply::Answer(EpmdAnswer::Taken(port)) => Some(port),
                _ => None,
            }
        })
    }

    /// Asks the node who it is.
    fn greet(&mut self, at: IpAddr, port: u16, vm: &Vm) -> Finding {
        let planned = self.promise.node.as_ref();
        let own = vm.name().and_then(|flag| NodeName::parse(&flag.text).ok());
        let Some(assumed) = own.or_else(|| Some(planned?.setting.value.clone())) else {
            return Finding::NotYet;
        };
        let up = |name, how| Node {
            name,
            vm: vm.pid,
            port,
            ipv6: at.is_ipv6(),
            how,
        };
        if let Some(transport) = vm.transport() {
            let how = format!(", over {transport}, where its name and cookie cannot be asked");
            return Finding::Up(up(assumed, how));
        }
        let deadline = Instant::now() + LIMIT;
        let own_name = dist::own_name("watch", &assumed.host);
        let Ok(greeted) = dist::greet(SocketAddr::new(at, port), own_name, deadline) else {
            self.silences = self.silences.saturating_add(1);
            if self.silences < SILENCES {
                return Finding::NotYet;
            }
            let how = ", where it does not say who it is";
            return Finding::Up(up(assumed, how.into()));
        };
        let name = greeted.name.clone();
        let mut lines = Vec::new();
        if let Some(expected) =
            planned.filter(|expected| expected.setting.value.to_string() != name)
        {
            let line = format!(
                "the node is not {} ({}): the one at port {port} says that it is {name}{}",
                expected.setting.value,
                expected.setting.by,
                self.guess(&[&name])
            );
            // What its arguments said has been told already.
            if !self.arguments_checked || !self.promise.in_arguments {
                tell(expected, line, &mut lines);
            }
        }
        let how = match self.cookie(vm) {
            None => String::new(),
            Some((cookie, expected)) => match greeted.prove(cookie.reveal(), deadline) {
                Ok(_) => ", cookie accepted".into(),
                Err(DistError::Cookie) => {
                    let line = format!(
                        "node {name} has another cookie than that of {}{}",
                        expected.map_or("the release", |expected| expected.setting.by.as_str()),
                        self.guess(&["setcookie", "RELEASE_COOKIE"])
                    );
                    if let Some(expected) = expected {
                        tell(expected, line, &mut lines);
                    }
                    ", with another cookie".into()
                }
                Err(_) => return Finding::NotYet,
            },
        };
        // RabbitMQ's VM has another name for a moment, to try whether it can have one.
        if !lines.is_empty() && !self.promise.in_arguments {
            let since = *self.another_since.get_or_insert_with(Instant::now);
            if since.elapsed() < PRELAUNCH {
                return Finding::NotYet;
            }
        }
        if lines.is_empty() || self.accepted {
            Finding::Up(up(NodeName::parse(&name).unwrap_or(assumed), how))
        } else {
            Finding::Another(lines.join("; "))
        }
    }

    /// The cookie to prove: the one that was asked for, else the VM's own as its arguments have it, else the release's.
    fn cookie(&self, vm: &Vm) -> Option<(Cookie, Option<&'a Expectation<Cookie>>)> {
        let planned = self.promise.cookie.as_ref();
        if let Some(asked) = planned.filter(|cookie| cookie.certainty == Certainty::Requested) {
            return Some((asked.setting.value.clone(), Some(asked)));
        }
        if let Some(own) = vm.cookie() {
            return Some((own, None));
        }
        planned.map(|planned| (planned.setting.value.clone(), Some(planned)))
    }
}

/// Another value than was asked for is a failure; another than was only expected is the node's.
fn tell<T>(expected: &Expectation<T>, line: String, lines: &mut Vec<String>) {
    match expected.certainty {
        Certainty::Requested => lines.push(line),
        Certainty::Decided => warn!("{line}"),
        Certainty::Apparent => debug!("{line}"),
    }
}
