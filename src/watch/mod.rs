//! The watcher: a process beside the command that checks what the Plan promised. It reads the VM's own arguments, waits
//! until the node takes connections, asks it its name and proves the cookie, and says so in one line; or it tells init that
//! the node is another.
//!
//! launch ──► fork ──► watcher ──► "node … is up", or the reason why it is not the Plan's. With BEAMINIT_PEERS this process
//! goes on to join the peers.

mod check;
pub mod process;
pub mod vm;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tracing::{error, info, warn};

use crate::config::{Check, Setting};
use crate::init::{VerdictSender, clock};
use crate::log;
use crate::node::{Cookie, NodeName, Port};
use crate::record::Record;
use check::{Finding, NodeCheck};
use process::Companion;

pub use check::Node;

/// What the node is to be.
#[derive(Clone)]
pub struct Promise {
    /// Its name.
    pub node: Option<Expectation<NodeName>>,
    /// Its port.
    pub port: Option<Expectation<Port>>,
    /// Its cookie.
    pub cookie: Option<Expectation<Cookie>>,
    /// The epmd that it registers with.
    pub epmd: Option<Port>,
    /// Where it may listen, the likeliest first.
    pub addresses: Vec<IpAddr>,
    /// Do the VM's own arguments say its name and port? RabbitMQ's do not: it starts the distribution itself.
    pub in_arguments: bool,
    /// The files in which another name or port may stand.
    pub files: Vec<PathBuf>,
    /// What is done about a node that is another.
    pub check: Check,
    /// `BEAMINIT_TERMINATION_LOG`.
    pub termination_log: Option<PathBuf>,
    /// What is written down of the node.
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

/// How certain the value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// A variable of ours asks for it: another one is a failure.
    Requested,
    /// The Plan has it: another one is warned of.
    Decided,
    /// The command's own files seem to say it, and nothing was decided.
    Apparent,
}

impl Promise {
    /// What is written down of the node that was found.
    pub fn record(&self, node: &Node) -> Record {
        let port = Port::parse(&node.port.to_string()).ok();
        let found = Record {
            node: node.name.clone(),
            port,
            epmd: self.epmd,
            ipv6: node.ipv6,
            vm: Some(node.vm.as_raw()),
            cookie_file: None,
        };
        match &self.recorded {
            Some(planned) => Record {
                epmd: planned.epmd,
                cookie_file: planned.cookie_file.clone(),
                ..found
            },
            None => found,
        }
    }
}

/// Checks; returns when the node is up, with what it is, or when there is none to be seen. Leaves for good when the command
/// ends before or the node is to be stopped.
pub fn watch(
    promise: &Promise,
    beside: &Companion,
    verdict: Option<&VerdictSender>,
) -> Option<Node> {
    let mut look = NodeCheck::new(promise, beside.command);
    loop {
        beside.sleep(pace(clock().saturating_sub(promise.since)));
        match look.once() {
            Finding::NotYet => {}
            Finding::Nameless => return None,
            Finding::Another(reason) if promise.check == Check::Warn => {
                warn!("{reason}; it runs on (BEAMINIT_CHECK=warn)");
                look.accept();
            }
            Finding::Another(reason) => {
                let line = format!("{reason}; it is stopped (BEAMINIT_CHECK=warn lets it run)");
                error!("{line}");
                log::leave_reason(&[line], promise.termination_log.as_deref());
                if let Some(verdict) = verdict {
                    verdict.is_another();
                } else {
                    let _ = nix::sys::signal::kill(beside.command, nix::sys::signal::SIGTERM);
                }
                process::leave(0)
            }
            Finding::Up(node) => {
                let took = clock().saturating_sub(promise.since).as_secs_f32();
                info!(
                    "node {} is up: port {}{} ({took:.1}s)",
                    node.name, node.port, node.how
                );
                if let Some(verdict) = verdict {
                    verdict.is_up();
                }
                return Some(node);
            }
        }
    }
}

/// How long to wait before the next look: short at first, and longer the longer it takes.
fn pace(age: Duration) -> Duration {
    (age / 5).clamp(Duration::from_millis(5), Duration::from_secs(5))
}
