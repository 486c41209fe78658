//! What launch hands to the process beside the node: what it promised, and the peers to be joined.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use nix::unistd::getpid;
use tracing::{info, warn};

use super::question;
use crate::config::{Check, Config, DnsMode, Setting};
use crate::error::Failure;
use crate::exit::{self, Exit};
use crate::gates::dns;
use crate::init::{TellInit, TellVerdict, clock};
use crate::launchers::Target;
use crate::naming::{Candidate, Lookup};
use crate::node::{Host, NodeName, Port};
use crate::peers::join::{self, Job};
use crate::peers::names::Own;
use crate::plan::Role;
use crate::plan::{Identity, NodeSettings, Pin, Plan, cookie_file};
use crate::record::Record;
use crate::system::private_file::PrivateFile;
use crate::watch::{self, Expected, Promise, Why, process};

/// Starts the watcher, which goes on to join the peers where there are any to be joined.
///
/// # Errors
/// The ports of peers cannot be known, or no process was to be had.
pub fn start(recognised: &Target, plan: &Plan, tell_init: Option<TellInit>) -> Result<(), Failure> {
    if plan.role != Role::Node {
        return Ok(());
    }
    let config = &recognised.config;
    let job = plan
        .node_settings()
        .and_then(|settled| job(config, settled));
    let rounds = job.map(join::rounds).transpose()?;
    let checks = config.check != Check::Off;
    if rounds.is_none() {
        if !checks {
            return Ok(());
        }
        // Nobody would reap it there.
        if tell_init.is_none() && getpid().as_raw() == 1 {
            info!(
                "the node is not checked: `beaminit exec` is PID 1 here, and leaves no process beside it"
            );
            return Ok(());
        }
    }
    let promise = checks.then(|| promise(recognised, plan));
    let (verdict, memory) = tell_init.map(TellInit::into_watchers).unzip();
    let kept = [verdict.map(OwnedFd::from), memory.flatten()];
    let joins = rounds.is_some();
    let started = process::beside(kept, |beside, [verdict, memory]| {
        let verdict = verdict.map(TellVerdict::from);
        if let Some(promise) = promise {
            let node = watch::watch(&promise, &beside, verdict.as_ref());
            if let (Some(node), Some(memory)) = (&node, memory) {
                promise.record(node).write(&memory);
            }
            if let Some(node) = node.filter(|_| plan.node_settings().is_none()) {
                warn_of_unknown_name(&node.name, config);
            }
        }
        drop(verdict);
        if let Some(rounds) = rounds {
            beside.becomes_joiner();
            rounds.go();
        }
    });
    match started {
        Err(errno) if joins => Err(Failure::new(
            Exit::System,
            format!(
                "cannot start the process that joins BEAMINIT_PEERS: {errno}; {}",
                exit::remedy(errno)
            ),
        )),
        Err(errno) => {
            warn!(
                "cannot start the process that checks the node: {errno}; it is not checked: {}",
                exit::remedy(errno)
            );
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Warns where DNS does not have the name of a node that was not waited for.
fn warn_of_unknown_name(node: &NodeName, config: &Config) {
    let candidates = [Candidate {
        node: node.clone(),
        from: String::new(),
        lookup: Lookup::Own,
    }];
    let question = question(config, &candidates, DnsMode::Own);
    let is_domain = matches!(node.host, Host::Domain(_));
    if is_domain && !dns::is_known(&node.host.to_string(), &question) {
        warn!(
            "DNS does not answer {} with an address of this pod, so peers do not find {node} by it; with SNAME, CLUSTER_HOSTNAME or BEAMINIT_DNS=own set, beaminit waits until it does",
            node.host
        );
    }
}

/// What is written down of the node before it runs.
pub fn record(plan: &Plan) -> Option<Record> {
    let settled = plan.node_settings()?;
    let is_cookie = |file: &&PrivateFile| file.path.ends_with(cookie_file::NAME);
    Some(Record {
        node: settled.node.value.clone(),
        port: settled.port.as_ref().and_then(Pin::port),
        epmd: settled.epmd.port(),
        ipv6: settled.ipv6,
        vm: None,
        cookie_file: plan
            .changes
            .files
            .iter()
            .find(is_cookie)
            .map(|file| file.path.clone()),
    })
}

/// The peers to be joined, where there are any and a cookie to join them by.
pub fn job<'a>(config: &'a Config, settled: &'a NodeSettings) -> Option<Job<'a>> {
    let cookie = settled.cookie.as_ref()?;
    let peers = settled.peers.as_ref()?;
    let (node, host) = (settled.node.value.clone(), config.host);
    Some(Job {
        own: Own::new(node, host, config.addresses()),
        cookie: &cookie.value,
        port: settled.port.as_ref().and_then(Pin::port),
        epmd: settled.epmd.port(),
        ipv6: settled.ipv6,
        peers,
        config,
    })
}

/// What the node is to be.
fn promise(recognised: &Target, plan: &Plan) -> Promise {
    let Target {
        config, launcher, ..
    } = recognised;
    let is_settled = plan.node_settings().is_some();
    let why = |asked| match (asked, is_settled) {
        (true, _) => Why::Asked,
        (false, true) => Why::Decided,
        (false, false) => Why::Seems,
    };
    let expect = |pin: &Pin| match pin {
        Pin::Ours(said) | Pin::Given(said) => Some(Expected {
            said: said.clone(),
            why: why(config.port.is_some()),
        }),
        Pin::Range(_) => None,
    };
    let (node, port, cookie, ipv6) = match &plan.identity {
        Identity::Planned(settled) => (
            Some(settled.node.clone()),
            settled.port.as_ref().and_then(expect),
            settled.cookie.clone(),
            settled.ipv6,
        ),
        Identity::Own(own) => (
            own.node.clone(),
            own.port.as_ref().and_then(expect),
            None,
            config.has_ipv6_alone(),
        ),
        Identity::None => (None, None, None, false),
    };
    let of_vm = || {
        let given = config.variable("ERL_EPMD_PORT");
        given.map_or(Some(Port::EPMD), |text| Port::parse(text).ok())
    };
    let epmd = plan
        .node_settings()
        .map_or_else(of_vm, |settled| settled.epmd.port());
    let mut addresses: Vec<IpAddr> = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    addresses.sort_by_key(|address| address.is_ipv6() != ipv6);
    addresses.extend(config.addresses());
    let log = config.variable("BEAMINIT_TERMINATION_LOG");
    Promise {
        node: node.map(|said| Expected {
            said,
            why: why(config.names_node().is_some()),
        }),
        port,
        cookie: cookie.map(|said: Setting<_>| Expected {
            said,
            why: why(config.cookie.is_some()),
        }),
        epmd,
        addresses,
        in_arguments: launcher
            .as_ref()
            .is_some_and(|one| one.apply.names_in_arguments()),
        files: files(recognised),
        check: config.check,
        recorded: record(plan),
        termination_log: log.and_then(|log| std::path::absolute(log).ok()),
        since: clock(),
    }
}

/// The files of the command in which a name or a port may stand.
fn files(recognised: &Target) -> Vec<PathBuf> {
    let Target {
        command, launcher, ..
    } = recognised;
    let mut files = vec![command.file.clone()];
    if let Some(launcher) = launcher {
        files.extend(launcher.files());
    }
    files
}
