//! One check of the command: it has become the planned VM, it listens, and it gives the planned name and proves the cookie.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::guess;
use super::vm::{self, Vm};
use crate::beam::FlagSetting;
use crate::dist::{self, Carrier, Client, DistError, epmd};
use crate::node::host::loopback;
use crate::node::{Cookie, NodeName};
use crate::plan::Pin;
use crate::system::{listeners, secrets};
use crate::watch::{Certainty, Expectation, Promise};
use nix::unistd::Pid;

/// Of each step with the node. On a busy machine a node that boots is slow to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// Of a connection to an address of this container, which needs no answer of the node's. One that drops packets, such as the
/// one that Swarm adds for a published port, takes all of it in each round.
const CONNECT: Duration = Duration::from_millis(250);

/// A node can be reached at the first of its addresses, unless a file of its own has it listen at another one alone. Those are
/// tried in one check of so many, because connections are most of what a check costs.
const OTHERS: u8 = 4;

/// A VM that starts the distribution itself may have another name first, for this long.
const PRELAUNCH: Duration = Duration::from_secs(20);

/// A node that listens may fail to answer this often: one from before OTP 23 never answers.
const UNANSWERED: u8 = 20;

pub enum Finding {
    NotYet,
    /// The VM has no name, or does not listen, so there is no node to check.
    NoNode,
    /// The node is not the planned one, for this reason.
    Mismatch(String),
    Up(Node),
}

/// A node that takes connections.
pub struct Node {
    /// As the node gives it.
    pub name: NodeName,
    pub vm: Pid,
    pub port: u16,
    /// What it speaks with other nodes.
    pub carrier: Carrier,
    /// Where it was reached.
    pub address: IpAddr,
    /// Follows the port in the log line.
    pub remark: String,
}

/// The state between one check and the next.
pub struct NodeCheck<'a> {
    promise: &'a Promise,
    command: Pid,
    vms: Vec<Vm>,
    /// The command is a VM, which it stays, and its arguments are checked.
    arguments_checked: bool,
    /// The user wants no node stopped.
    is_accepted: bool,
    /// Since when the node has another name, where that may be temporary.
    other_name_since: Option<Instant>,
    unanswered: u8,
    /// Counts the checks, up to [`OTHERS`].
    round: u8,
}

impl<'a> NodeCheck<'a> {
    pub fn new(promise: &'a Promise, command: Pid) -> Self {
        Self {
            promise,
            command,
            vms: Vec::new(),
            arguments_checked: false,
            is_accepted: false,
            other_name_since: None,
            unanswered: 0,
            round: 0,
        }
    }

    /// From now on no mismatch is reported.
    pub fn accept(&mut self) {
        self.is_accepted = true;
    }

    pub fn run(&mut self) -> Finding {
        if !self.arguments_checked {
            self.vms = vm::of(self.command);
            if let [vm] = self.vms.as_slice()
                && vm.is_command
            {
                self.arguments_checked = true;
                let mismatches = self.argument_mismatches(vm);
                if !mismatches.is_empty() {
                    return Finding::Mismatch(mismatches.join("; "));
                }
                let is_nameless = self.promise.in_arguments && vm.name().is_none();
                if is_nameless || !vm.listens() {
                    return Finding::NoNode;
                }
            }
        }
        let vms = std::mem::take(&mut self.vms);
        let finding = self.check(&vms);
        self.vms = vms;
        finding
    }

    fn check(&mut self, vms: &[Vm]) -> Finding {
        let named = vms.iter().find(|vm| vm.name().is_some());
        let Some(vm) = named.or(vms.first()) else {
            return Finding::NotYet;
        };
        let Some(port) = self.port(vm) else {
            return Finding::NotYet;
        };
        // Another process may listen at the same port of another address.
        let pids = vm::pids(vms);
        self.round = (self.round + 1) % OTHERS;
        let count = if self.round == 0 { usize::MAX } else { 1 };
        let promised = self.promise.addresses.iter().copied().take(count);
        let addresses = vm.interface().map_or(promised.collect(), |one| vec![one]);
        for address in addresses {
            let at = SocketAddr::new(address, port);
            let listens = || dist::try_connect(at, Instant::now() + CONNECT).is_ok();
            if !listens() || listeners::is_one_of(&pids, port) == Some(false) {
                continue;
            }
            match self.greet(at, vm, &pids) {
                Finding::NotYet => {}
                found => return found,
            }
        }
        Finding::NotYet
    }

    /// How the node that the VM's own arguments name differs from the planned one.
    fn argument_mismatches(&self, vm: &Vm) -> Vec<String> {
        if !self.promise.in_arguments || self.is_accepted {
            return Vec::new();
        }
        let mut lines = Vec::new();
        if let Some(expected) = &self.promise.node {
            let wanted = &expected.setting.value;
            let (text, has) = match vm.name() {
                Some(FlagSetting { flag, text, .. }) => {
                    let has = format!("{} {}", flag.name_word(), secrets::shown(text));
                    (text.as_str(), has)
                }
                None => ("RELEASE_NODE", "neither -name nor -sname".into()),
            };
            if text != wanted.to_string() && text != wanted.name.to_string() {
                let line = format!(
                    "the node is not {wanted} ({}): its VM has {has}{}",
                    expected.setting.by,
                    self.guess(&[text, "ERL_AFLAGS"])
                );
                expected.report(line, &mut lines);
            }
        }
        if let Some(expected) = &self.promise.port {
            let wanted = expected.setting.value;
            let pin = vm.port();
            let port = pin.as_ref().and_then(Pin::port);
            if port != Some(wanted) {
                let has = match (pin, port) {
                    (Some(Pin::Range(range)), _) => range,
                    (_, Some(port)) => format!("port {port}"),
                    (_, None) => "no inet_dist_listen_min".into(),
                };
                let line = format!(
                    "the node does not listen at port {wanted} ({}): its VM has {has}{}",
                    expected.setting.by,
                    self.guess(&["inet_dist_listen_min", "ERL_AFLAGS"])
                );
                expected.report(line, &mut lines);
            }
        }
        lines
    }

    fn guess(&self, texts: &[&str]) -> String {
        let place = guess::line_that_sets(texts, &self.promise.files);
        let place = place.map(|place| format!(", which seems to come from {place}"));
        place.unwrap_or_default()
    }

    /// The port at which the node listens, or will.
    fn port(&self, vm: &Vm) -> Option<u16> {
        let planned = self.promise.port.as_ref();
        let planned = planned.map(|port| port.setting.value.number());
        if let Some(port) = vm.port().as_ref().and_then(Pin::port) {
            return Some(port.number());
        }
        // A VM below the command at another port may be a helper of a script, and is not checked.
        let is_node = self.promise.in_arguments && vm.is_command;
        let epmd = self.promise.epmd;
        let Some(epmd) = epmd.filter(|_| is_node || planned.is_none()) else {
            return planned;
        };
        let planned = self.promise.node.as_ref();
        let planned = planned.map(|node| node.setting.value.name.to_string());
        let own = vm.name().and_then(|flag| flag.text.split('@').next());
        let name = own.map(ToOwned::to_owned).or(planned)?;
        [false, true].into_iter().find_map(|ipv6| {
            let address = SocketAddr::new(loopback(ipv6), epmd.number());
            epmd::find_port(&name, address, Instant::now() + LIMIT).ok()
        })
    }

    /// Asks the node for its name, and proves the cookie.
    fn greet(&mut self, at: SocketAddr, vm: &Vm, pids: &[u32]) -> Finding {
        let port = at.port();
        let planned = self.promise.node.as_ref();
        let own = vm.name().and_then(|flag| NodeName::parse(&flag.text).ok());
        let Some(assumed) = own.or_else(|| Some(planned?.setting.value.clone())) else {
            return Finding::NotYet;
        };
        let mut carrier = vm.carrier();
        let mismatch = self.transport_mismatch(vm, &carrier);
        if let Some(line) = mismatch.filter(|_| !self.is_accepted) {
            return Finding::Mismatch(line);
        }
        // Its options are of ours, and may be where only the VM can read them.
        if let Some(ours) = self.promise.tls.as_ref().filter(|_| vm.speaks_tls()) {
            carrier.clone_from(ours);
        }
        let client = Client::new(carrier.clone());
        let via = match carrier {
            Carrier::Tls(_) => ", over TLS",
            _ => "",
        };
        let up = |name, remark: &str| Node {
            name,
            vm: vm.pid,
            port,
            carrier: carrier.clone(),
            address: at.ip(),
            remark: format!("{via}{remark}"),
        };
        let deadline = Instant::now() + LIMIT;
        let own_name = dist::own_name("watch", &assumed.host);
        let handshake = match client.greet(at, &assumed.host, own_name, deadline) {
            Ok(handshake) => handshake,
            // Each attempt of TLS leaves a line in its log.
            Err(error @ (DistError::CannotAsk(_) | DistError::Tls(_))) => {
                return Finding::Up(up(assumed, &format!(", and it {error}")));
            }
            Err(_) => {
                self.unanswered = self.unanswered.saturating_add(1);
                if self.unanswered < UNANSWERED {
                    return Finding::NotYet;
                }
                let remark = ", where it does not say who it is";
                return Finding::Up(up(assumed, remark));
            }
        };
        let is_command = handshake.is_with(pids);
        if is_command == Some(false) {
            return Finding::NotYet;
        }
        let name = handshake.name.clone();
        let mut lines = Vec::new();
        let other = planned.filter(|expected| expected.setting.value.to_string() != name);
        if other.is_some() && self.may_be_prelaunch() {
            return Finding::NotYet;
        }
        if let Some(expected) = other {
            let line = format!(
                "the node is not {} ({}): the one at port {port} says that it is {name}{}",
                expected.setting.value,
                expected.setting.by,
                self.guess(&[&name])
            );
            // A mismatch of its arguments is reported already.
            if !self.arguments_checked || !self.promise.in_arguments {
                expected.report(line, &mut lines);
            }
        }
        let remark = match self.cookie(vm) {
            None => String::new(),
            Some(_) if is_command.is_none() => {
                ", its cookie not asked: which process listens cannot be seen".into()
            }
            Some((cookie, expected)) => match handshake.prove(cookie.reveal(), deadline) {
                Ok(_) => ", cookie accepted".into(),
                Err(DistError::Cookie) => {
                    let line = format!(
                        "node {name} has another cookie than that of {}{}",
                        expected.map_or("the release", |expected| expected.setting.by.as_str()),
                        self.guess(&["-setcookie", "RELEASE_COOKIE"])
                    );
                    if let Some(expected) = expected {
                        expected.report(line, &mut lines);
                    }
                    ", with another cookie".into()
                }
                Err(_) => return Finding::NotYet,
            },
        };
        if !lines.is_empty() && self.may_be_prelaunch() {
            return Finding::NotYet;
        }
        if lines.is_empty() || self.is_accepted {
            self.promise.warn_of_beaten(vm);
            Finding::Up(up(NodeName::parse(&name).unwrap_or(assumed), &remark))
        } else {
            Finding::Mismatch(lines.join("; "))
        }
    }

    /// RabbitMQ's VM has another name first, to test whether it can have one.
    fn may_be_prelaunch(&mut self) -> bool {
        let since = self.other_name_since.get_or_insert_with(Instant::now);
        !self.promise.in_arguments && since.elapsed() < PRELAUNCH
    }

    /// What the VM's own arguments lack of `BEAMINIT_TLS` and `BEAMINIT_BIND`.
    fn transport_mismatch(&self, vm: &Vm, carrier: &Carrier) -> Option<String> {
        let guess = || self.guess(&["ERL_AFLAGS"]);
        if self.promise.tls.is_some() && *carrier == Carrier::Tcp {
            return Some(format!(
                "the node does not speak TLS (BEAMINIT_TLS): its VM has no -proto_dist for it{}",
                guess()
            ));
        }
        let bind = self.promise.bind.filter(|at| vm.interface() != Some(*at))?;
        Some(format!(
            "the node does not listen at {bind} alone (BEAMINIT_BIND): its VM has another inet_dist_use_interface, or none{}",
            guess()
        ))
    }

    /// The cookie to prove: the requested one, else that of the VM's arguments, else the release's.
    fn cookie(&self, vm: &Vm) -> Option<(Cookie, Option<&'a Expectation<Cookie>>)> {
        let planned = self.promise.cookie.as_ref();
        match (planned, vm.cookie()) {
            (Some(planned), own) if own.is_none() || planned.certainty == Certainty::Requested => {
                Some((planned.setting.value.clone(), Some(planned)))
            }
            (_, own) => own.map(|own| (own, None)),
        }
    }
}
