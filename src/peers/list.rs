//! `beaminit peers`: lists the peers, and whether each answers.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use super::find::Finder;
use super::names::OwnNode;
use super::options::{ListFormat, ListOptions};
use super::reach::{self, PortLookup};
use super::{NAME, PeerStatus, check_once};
use crate::config::Invocation;
use crate::dist;
use crate::error::Failure;
use crate::exit::Exit;
use crate::local_node::LocalNode;
use crate::log;
use crate::node::NodeName;
use crate::watch::process;

/// This container's own node has so long to answer its name.
const OWN_LIMIT: Duration = Duration::from_secs(1);

/// The whole list takes no longer than this.
const LIMIT: Duration = Duration::from_secs(20);

/// Lists the peers: exit status 0 if every source could be asked and every peer answers, else 1; with `--hosts`, which lists
/// those that answer, the others do not change it.
pub fn run(mut start: Invocation) -> i32 {
    let ListOptions { format, command } =
        match ListOptions::parse(std::mem::take(&mut start.command)) {
            Ok(options) => options,
            Err(usage) => return usage.report(),
        };
    start.command = command;
    match list(start, format) {
        Ok(is_well) => i32::from(!is_well),
        Err(failure) => failure.report(),
    }
}

fn list(start: Invocation, format: ListFormat) -> Result<bool, Failure> {
    let local = LocalNode::discover(start, None, false)?;
    let Some(peers) = &local.peers else {
        return Err(Failure::config(
            "BEAMINIT_PEERS is not set: nothing says where to look; set it to dns, hosts:HOST,… or kubernetes:LABEL=VALUE",
        ));
    };
    if format == ListFormat::Hosts && local.epmd.is_none() {
        return Err(Failure::config(
            "BEAMINIT_EPMD is \"off\", or the node's flags say the same, and net_adm:world() asks the epmd of each host; leave --hosts out: BEAMINIT_PEERS joins nodes without it",
        ));
    }
    let lookup = PortLookup::new(local.epmd, local.port)?;
    let config = &local.config;
    let own = OwnNode::new(own_name(&local, lookup), config.host, config.addresses());
    let finder = Finder::new(own, peers, config, None);
    let (peers, failures) = check_once(finder, lookup, LIMIT)?;
    let lines: Vec<String> = match format {
        ListFormat::Hosts => hosts(&peers),
        ListFormat::Nodes => peers.iter().map(ToString::to_string).collect(),
        ListFormat::Json => peers
            .iter()
            .map(|peer| serde_json::to_string(peer).unwrap_or_default())
            .collect(),
    };
    let text: Vec<String> = lines.into_iter().map(|line| line + "\n").collect();
    if crate::cli::say(&text.concat()) != 0 {
        return Err(Failure::new(
            Exit::System,
            "standard output cannot be written; is it closed?",
        ));
    }
    for failure in &failures {
        report("error", failure);
    }
    let all_answer = peers.iter().all(|peer| peer.answers);
    Ok(failures.is_empty() && (all_answer || format == ListFormat::Hosts))
}

fn report(level: &str, line: impl fmt::Display) {
    log::print(format_args!("{level}: {line}"));
}

/// The hosts of those that answer, in the form of `.hosts.erlang`: one that only drops packets would hold net_adm:world()
/// up for minutes. Each of the others is a warning.
fn hosts(peers: &[PeerStatus]) -> Vec<String> {
    let (there, silent): (Vec<_>, Vec<_>) = peers.iter().partition(|peer| peer.answers);
    for peer in silent {
        report("warning", peer);
    }
    let hosts = there.iter().filter_map(|peer| peer.node.split_once('@'));
    let hosts: BTreeSet<&str> = hosts.map(|(_, host)| host).collect();
    hosts.iter().map(|host| format!("'{host}'.")).collect()
}

impl fmt::Display for PeerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.reason.as_deref().unwrap_or("answers");
        write!(f, "{} {status}", self.node)
    }
}

/// The name of this container's node: the one that it says itself; while it does not run, the first that it may have. Warns
/// if it runs without the process that joins it.
fn own_name(local: &LocalNode, lookup: PortLookup) -> NodeName {
    let first = local.first();
    let ask = || {
        let at = *local.addresses(OWN_LIMIT).ok()?.first()?;
        let own_name = dist::own_name(NAME, &first.host);
        let deadline = Instant::now() + OWN_LIMIT;
        let greeted = reach::greet(lookup, &first.name.to_string(), at, own_name, deadline).ok()?;
        let name = NodeName::parse(&greeted.name).ok()?;
        local.is_called(&greeted.name).then_some(name)
    };
    let Some(name) = ask() else {
        return first.clone();
    };
    if !process::is_joiner_running() {
        report(
            "warning",
            format!(
                "no beaminit-peers runs here, so nobody joins {name} with its peers: it was killed, or BEAMINIT_PEERS was not set when the node started; start the container anew"
            ),
        );
    }
    name
}
