//! The watcher: a process beside the command that checks the node against the Plan. It reads the VM's own arguments, waits
//! until the node takes connections, asks for its name, proves the cookie and logs one line; or it tells init that the node
//! is not the planned one.
//!
//! launch ──► fork ──► watcher ──► "node … is up", or the reason why it is not the Plan's. With BEAMINIT_PEERS this process
//! then joins the peers.

mod check;
mod guess;
pub mod process;
pub mod vm;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tracing::{debug, error, info, warn};

use crate::config::{Check, Setting};
use crate::dist::Carrier;
use crate::init::{VerdictSender, clock};
use crate::log;
use crate::node::{Cookie, NodeName, Port};
use crate::record::Record;
use crate::system::secrets;
use check::{Finding, NodeCheck};
use process::Companion;
use vm::Vm;

pub use check::Node;

/// A VM that takes connections drops a TERM until the next of its kernel's processes have started, milliseconds later; on a
/// busy machine that takes as much longer as its boot.
fn deafness(boot: Duration) -> Duration {
    (boot / 20).max(Duration::from_millis(200))
}

/// What the Plan promises about the node.
#[derive(Clone)]
pub struct Promise {
    pub node: Option<Expectation<NodeName>>,
    pub port: Option<Expectation<Port>>,
    pub cookie: Option<Expectation<Cookie>>,
    /// The epmd that it registers with.
    pub epmd: Option<Port>,
    /// Where it may listen, the most likely first.
    pub addresses: Vec<IpAddr>,
    /// That of `BEAMINIT_TLS`.
    pub tls: Option<Carrier>,
    /// The address of `BEAMINIT_BIND=pod`.
    pub bind: Option<IpAddr>,
    /// The VM's own arguments have its name and port. RabbitMQ's do not: it starts the distribution itself.
    pub in_arguments: bool,
    /// The files that may set another name or port.
    pub files: Vec<PathBuf>,
    pub check: Check,
    /// `BEAMINIT_TERMINATION_LOG`.
    pub termination_log: Option<PathBuf>,
    pub recorded: Option<Record>,
    /// When the command started.
    pub since: Duration,
}

/// A value that the node must have.
#[derive(Clone)]
pub struct Expectation<T> {
    pub setting: Setting<T>,
    pub certainty: Certainty,
}

impl<T: Clone> Expectation<T> {
    pub fn new(setting: &Setting<T>, certainty: Certainty) -> Self {
        let setting = setting.clone();
        Self { setting, certainty }
    }
}

impl<T> Expectation<T> {
    /// What the Plan gives the node though nobody asked for it.
    fn decided(&self) -> Option<&Setting<T>> {
        (self.certainty == Certainty::Decided).then_some(&self.setting)
    }

    /// Reports that the node has another value: `lines` are the failures.
    fn report(&self, line: String, lines: &mut Vec<String>) {
        match self.certainty {
            Certainty::Requested => lines.push(line),
            Certainty::Decided => warn!("{line}"),
            Certainty::Apparent => debug!("{line}"),
        }
    }
}

/// How certain the value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// By a variable of ours: another one is a failure.
    Requested,
    /// By the Plan: another one is a warning.
    Decided,
    /// The command's own files seem to set it.
    Apparent,
}

impl Promise {
    /// Warns of a name or a port that the command gives its VM, and that a default of ours beats: it comes before them.
    fn warn_of_beaten(&self, vm: &Vm) {
        if let Some(ours) = self.node.as_ref().and_then(Expectation::decided)
            && let Some(theirs) = vm.other_name(&ours.value)
        {
            warn!(
                "the command names its node {}, and {} ({}) beats that; set SNAME or BEAMINIT_NODE to the name that it should have",
                secrets::shown(&theirs.text),
                ours.value,
                ours.by
            );
        }
        if let Some(ours) = self.port.as_ref().and_then(Expectation::decided)
            && let Some(theirs) = vm.other_port(ours.value)
        {
            warn!(
                "the command gives its node port {}, and {} ({}) beats that; set ERL_PORT to the port that it should have",
                theirs.text, ours.value, ours.by
            );
        }
    }

    /// The record of the node that was found.
    pub fn record(&self, node: &Node) -> Record {
        let planned = self.recorded.as_ref();
        Record {
            node: node.name.clone(),
            port: Port::parse(&node.port.to_string()).ok(),
            epmd: planned.map_or(self.epmd, |planned| planned.epmd),
            ipv6: node.address.is_ipv6(),
            carrier: node.carrier.clone(),
            address: Some(node.address),
            vm: Some(node.vm.as_raw()),
            joiner: None,
            cookie_file: planned.and_then(|planned| planned.cookie_file.clone()),
        }
    }
}

/// Returns the node when it is up, or `None` when there is none to check. Ends this process if the command ends first or the
/// node is to be stopped.
pub fn watch(
    promise: &Promise,
    companion: &Companion,
    verdict: Option<&VerdictSender>,
) -> Option<Node> {
    let mut check = NodeCheck::new(promise, companion.command);
    loop {
        companion.sleep(pace(clock().saturating_sub(promise.since)));
        match check.run() {
            Finding::NotYet => {}
            Finding::NoNode => return None,
            Finding::Mismatch(reason) if promise.check == Check::Warn => {
                warn!("{reason}; it runs on (BEAMINIT_CHECK=warn)");
                check.accept();
            }
            Finding::Mismatch(reason) => {
                let line = format!("{reason}; it is stopped (BEAMINIT_CHECK=warn lets it run)");
                error!("{line}");
                log::leave_reason(&[line], promise.termination_log.as_deref());
                if let Some(verdict) = verdict {
                    verdict.is_another();
                } else {
                    let _ = nix::sys::signal::kill(companion.command, nix::sys::signal::SIGTERM);
                }
                process::leave(0)
            }
            Finding::Up(node) => {
                let took = clock().saturating_sub(promise.since);
                // Until init knows, it repeats a TERM.
                companion.sleep(deafness(took));
                info!(
                    "node {} is up: port {}{} ({:.1}s)",
                    node.name,
                    node.port,
                    node.remark,
                    took.as_secs_f32()
                );
                if let Some(verdict) = verdict {
                    verdict.is_up();
                }
                return Some(node);
            }
        }
    }
}

/// The wait before the next check: short at first, longer with the age of the command.
fn pace(age: Duration) -> Duration {
    (age / 3).clamp(Duration::from_millis(100), Duration::from_secs(5))
}
