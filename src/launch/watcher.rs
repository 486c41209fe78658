//! Starts the process beside the node: what it checks the node against, and the peers that it joins.

use std::os::fd::OwnedFd;

use nix::unistd::getpid;
use tracing::{info, warn};

use crate::config::{BindTo, Check, Config, DnsMode};
use crate::dist::Carrier;
use crate::error::Failure;
use crate::exit::{self, Exit};
use crate::gates::dns::{self, WaitContext};
use crate::init::{StatusSender, VerdictSender, clock};
use crate::launchers::Target;
use crate::naming::Candidate;
use crate::node::{Host, NodeName};
use crate::peers::join::{Job, Rounds};
use crate::peers::names::OwnNode;
use crate::plan::resolve::peers::not_joined;
use crate::plan::{Identity, Launcher, NodeSettings, Pin, Plan, Role, cookie_file};
use crate::record::Record;
use crate::watch::{self, Certainty, Expectation, Promise, process};

/// Starts the watcher, which goes on to join the peers where there are any to be joined.
///
/// # Errors
/// The ports of peers cannot be known, or the system starts no process.
pub fn start(target: &Target, plan: &Plan, status: Option<StatusSender>) -> Result<(), Failure> {
    if plan.role != Role::Node {
        return Ok(());
    }
    let config = &target.config;
    let job = plan
        .node_settings()
        .and_then(|settings| job(config, settings));
    let rounds = job.map(Rounds::new).transpose()?;
    let promise = (config.check != Check::Off).then(|| promise(target, plan));
    let joins = rounds.is_some();
    if !joins && promise.is_none() {
        return Ok(());
    }
    // Nobody would reap it there.
    if !joins && status.is_none() && getpid().as_raw() == 1 {
        info!(
            "the node is not checked: `beaminit exec` is PID 1 here, and leaves no process beside it"
        );
        return Ok(());
    }
    let (verdict, memory) = status.map(StatusSender::into_watchers).unzip();
    let descriptors = [verdict.map(OwnedFd::from), memory.flatten()];
    let started = process::spawn(descriptors, |companion, [verdict, memory]| {
        let verdict = verdict.map(VerdictSender::from);
        let node = promise
            .as_ref()
            .and_then(|promise| watch::watch(promise, &companion, verdict.as_ref()));
        drop(verdict);
        let carrier = node.as_ref().map(|node| &node.carrier);
        let unspoken = carrier.and_then(Carrier::unspoken);
        if let Some(reason) = unspoken.as_ref().filter(|_| joins) {
            warn!("{}", not_joined(reason));
        }
        let mut rounds = rounds.filter(|_| unspoken.is_none());
        if let (Some(rounds), Some(carrier)) = (&mut rounds, carrier) {
            rounds.speak(carrier);
        }
        let found = promise.as_ref().zip(node.as_ref());
        let record = found.map_or_else(|| record(plan), |(it, node)| Some(it.record(node)));
        if let (Some(record), Some(memory)) = (record, memory) {
            let joiner = rounds.as_ref().map(|_| getpid().as_raw());
            Record { joiner, ..record }.write(&memory);
        }
        if let Some(node) = node.filter(|_| plan.node_settings().is_none()) {
            warn_of_unknown_name(&node.name, config);
        }
        if let Some(rounds) = rounds {
            companion.become_joiner();
            rounds.run();
        }
    });
    let Err(errno) = started else { return Ok(()) };
    let hint = exit::remedy(errno);
    if joins {
        let line = format!("cannot start the process that joins BEAMINIT_PEERS: {errno}; {hint}");
        return Err(Failure::new(Exit::System, line));
    }
    warn!("cannot start the process that checks the node: {errno}; it is not checked: {hint}");
    Ok(())
}

/// Warns where DNS does not have the name of a node that was not waited for.
fn warn_of_unknown_name(node: &NodeName, config: &Config) {
    let candidates = [Candidate::own(node.clone(), "")];
    let context = WaitContext::new(config, &candidates, DnsMode::Own);
    let is_domain = matches!(node.host, Host::Domain(_));
    if is_domain && !dns::is_known(&node.host.to_string(), &context) {
        warn!(
            "DNS does not answer {} with an address of this pod, so peers do not find {node} by it; with SNAME, CLUSTER_HOSTNAME or BEAMINIT_DNS=own set, beaminit waits until it does",
            node.host
        );
    }
}

/// What is written down of the node before it runs.
pub fn record(plan: &Plan) -> Option<Record> {
    let mut files = plan.changes.files.iter().map(|file| &file.path);
    Some(Record {
        cookie_file: files
            .find(|path| path.ends_with(cookie_file::NAME))
            .cloned(),
        ..Record::from(plan.node_settings()?)
    })
}

/// The peers to be joined, where there are any and a cookie to join them by.
pub fn job<'a>(config: &'a Config, settings: &'a NodeSettings) -> Option<Job<'a>> {
    let record = Record::from(settings);
    Some(Job {
        own: OwnNode::new(record.node.clone(), config.host, config.addresses()),
        record,
        cookie: &settings.cookie.as_ref()?.value,
        peers: settings.peers.as_ref()?,
        config,
    })
}

/// What the node is to be.
fn promise(target: &Target, plan: &Plan) -> Promise {
    let Target {
        config,
        command,
        launcher,
    } = target;
    let settings = plan.node_settings();
    let certainty = |is_asked| match settings {
        _ if is_asked => Certainty::Requested,
        Some(_) => Certainty::Decided,
        None => Certainty::Apparent,
    };
    let (node, port, ipv6, bound) = match &plan.identity {
        Identity::Planned(node) => (Some(&node.node), &node.port, node.ipv6, node.bound()),
        Identity::Own(own) => (own.node.as_ref(), &own.port, own.ipv6, own.bound),
        Identity::None => (None, &None, config.has_ipv6_alone(), None),
    };
    let port = port.as_ref().and_then(Pin::setting);
    let cookie = settings.and_then(|settings| settings.cookie.as_ref());
    let log = config.logging.termination_log.as_ref();
    let mut files = vec![command.file.clone()];
    files.extend(launcher.iter().flat_map(Launcher::files));
    Promise {
        node: node.map(|node| Expectation::new(node, certainty(config.names_node().is_some()))),
        port: port.map(|port| Expectation::new(port, certainty(config.port.is_some()))),
        cookie: cookie.map(|cookie| Expectation::new(cookie, certainty(config.cookie.is_some()))),
        epmd: settings.map_or_else(|| config.epmd_port(), |settings| settings.epmd.port()),
        addresses: config.listening_addresses(ipv6, bound),
        tls: settings.and_then(|settings| settings.transport.of_ours()),
        bind: bound.filter(|_| config.bind == BindTo::Pod),
        in_arguments: launcher.as_ref().is_some_and(|it| it.names_in_arguments),
        files,
        check: config.check,
        recorded: record(plan),
        termination_log: log.and_then(|log| std::path::absolute(log).ok()),
        since: clock(),
    }
}
