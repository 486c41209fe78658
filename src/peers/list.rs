//! `beaminit peers`: lists the peers, and whether the node of this container is joined with each.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use super::find::Finder;
use super::join::node::Session;
use super::names::OwnNode;
use super::options::{ListFormat, ListOptions};
use super::reach::{self, Own, PortLookup, Route, Unreachable};
use super::{NAME, PeerStatus, check_once};
use crate::config::Invocation;
use crate::dist::{self, Handshake};
use crate::error::Failure;
use crate::local_node::LocalNode;
use crate::log;
use crate::node::NodeName;
use crate::watch::process;

/// The whole list takes no longer than this.
const LIMIT: Duration = Duration::from_secs(20);

/// Lists the peers: exit status 0 if every source could be asked and every peer is joined, else 1; with `--hosts`, which lists
/// those that answer, only the sources count.
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
    let began = Instant::now();
    let again = start.clone();
    // Without a cookie that this user may read the peers can be listed all the same.
    let local = match LocalNode::discover(start, None, format != ListFormat::Hosts) {
        Err(_) if format != ListFormat::Hosts => LocalNode::discover(again, None, false)?,
        other => other?,
    };
    let Some(peers) = &local.peers else {
        return Err(Failure::config(
            "BEAMINIT_PEERS is not set: nothing says where to look; set it to dns, hosts:HOST,… or kubernetes:LABEL=VALUE",
        ));
    };
    if format == ListFormat::Hosts && local.record.epmd.is_none() {
        return Err(Failure::config(
            "BEAMINIT_EPMD is \"off\", or the node's flags say the same, and net_adm:world() asks the epmd of each host; leave --hosts out: BEAMINIT_PEERS joins nodes without it",
        ));
    }
    if let Some(reason) = local.record.carrier.unspoken() {
        return Err(Failure::config(format!("no peer can be asked: {reason}")));
    }
    let lookup = PortLookup::new(local.record.epmd, local.record.port)?;
    let route = Route::new(lookup, local.record.carrier.clone());
    let config = &local.config;
    let (name, connected) = ask_own(&local, &route);
    let own = OwnNode::new(name, config.host, config.addresses());
    let finder = Finder::new(own, peers, config, None);
    let own = connected.as_ref().ok().zip(local.cookie.as_ref());
    let own = own.map(|(connected, cookie)| Own {
        connected: connected.clone(),
        cookie,
    });
    let left = LIMIT.saturating_sub(began.elapsed());
    let (peers, failures) = check_once(finder, &route, own.as_ref(), left)?;
    let lines: Vec<String> = match format {
        ListFormat::Hosts => hosts(&peers),
        ListFormat::Nodes => peers.iter().map(ToString::to_string).collect(),
        ListFormat::Json => peers
            .iter()
            .map(|peer| serde_json::to_string(peer).unwrap_or_default())
            .collect(),
    };
    let text: Vec<String> = lines.into_iter().map(|line| line + "\n").collect();
    crate::cli::print(&text.concat())?;
    for failure in &failures {
        report("error", failure);
    }
    if let (Err(reason), true) = (&connected, format != ListFormat::Hosts) {
        report("warning", format!("no peer counts as joined: {reason}"));
    }
    let all_joined = peers.iter().all(|peer| peer.joined);
    Ok(failures.is_empty() && (all_joined || format == ListFormat::Hosts))
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
        let status = match &self.reason {
            _ if self.joined => "joined",
            Some(reason) => reason,
            None => "answers",
        };
        write!(f, "{} {status}", self.node)
    }
}

/// The name of this container's node, as it says it, and what it is connected to, or why that is not known; while it does not
/// run, the first name that it may have. Warns if it runs without the process that joins it.
fn ask_own(local: &LocalNode, route: &Route) -> (NodeName, Result<BTreeSet<String>, String>) {
    let first = &local.record.node;
    let deadline = Instant::now() + reach::ONCE;
    let addresses = local.addresses(reach::ONCE).unwrap_or_default();
    let own_name = dist::own_name(NAME, &first.host);
    let is_own = |asked: &Handshake| {
        let is_called = local.is_called(&asked.name);
        is_called
            .then_some(())
            .ok_or_else(|| format!("is not there: {} is", asked.name))
    };
    let asked = reach::greet_own(route, first, &addresses, &own_name, is_own, deadline);
    let asked = match asked {
        Ok(asked) => asked,
        Err(why) => {
            let absent = || match why {
                Unreachable::Untrusted(reason) => format!("{first} {reason}"),
                _ => format!("{first} does not run here: it {why}"),
            };
            let line = local.not_started().unwrap_or_else(absent);
            return (first.clone(), Err(line));
        }
    };
    let name = NodeName::parse(&asked.name).unwrap_or_else(|_| first.clone());
    if !process::is_joiner_running(local.record.joiner) {
        report(
            "warning",
            format!(
                "no beaminit-peers runs here, so nobody joins {name} with its peers: is the node stopping? Else it was killed, or BEAMINIT_PEERS was not set when the node started; start the container anew"
            ),
        );
    }
    let connected = match &local.cookie {
        Some(_) if local.has_answered(&asked) != Some(true) => {
            Err(format!("{name} is not asked: {}", reach::STRANGER))
        }
        Some(cookie) => Session::prove(asked, cookie, deadline)
            .and_then(|mut session| session.connected())
            .map_err(|error| format!("{name} {error}")),
        None => Err(format!(
            "no cookie is known here to ask {name} with; is ERLANG_COOKIE set, or may this user read ERLANG_COOKIE_FILE?"
        )),
    };
    (name, connected)
}
