//! `beaminit peers`: the nodes that are found, and whether each answers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::names::{Own, Peer};
use super::options::{Options, Show};
use super::reach::{self, Absent, Answered, Way};
use crate::config::Invocation;
use crate::dist;
use crate::error::Failure;
use crate::exit::Exit;
use crate::local_node::LocalNode;
use crate::node::NodeName;
use crate::peers::{Census, NAME, finder, way};
use crate::watch::process;

/// This container's own node is asked for its name this long.
const LIMIT: Duration = Duration::from_secs(1);

/// All of it takes no longer than this.
const WHOLE: Duration = Duration::from_secs(20);

/// A line of the list.
#[derive(Serialize)]
struct Line {
    node: String,
    address: Option<String>,
    answers: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Lists the peers: exit status 0 if every place could be asked and every peer answers, else 1; of hosts, whatever the peers
/// do, for those that answer are what is listed.
pub fn run(mut start: Invocation) -> i32 {
    let Options { show, command } = match Options::parse(std::mem::take(&mut start.command)) {
        Ok(options) => options,
        Err(usage) => return usage.report(),
    };
    start.command = command;
    match list(start, show) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(failure) => {
            for line in &failure.lines {
                complain("error", line);
            }
            failure.exit.status()
        }
    }
}

fn list(start: Invocation, show: Show) -> Result<bool, Failure> {
    let here = LocalNode::discover(start, None, false)?;
    let Some(peers) = here.peers.clone() else {
        return Err(Failure::config(
            "BEAMINIT_PEERS is not set: nothing says where to look; set it to dns, hosts:HOST,… or kubernetes:LABEL=VALUE",
        ));
    };
    if show == Show::Hosts && here.epmd.is_none() {
        return Err(Failure::config(
            "BEAMINIT_EPMD is \"off\", or the node's flags say the same, and net_adm:world() asks the epmd of each host; leave --hosts out: BEAMINIT_PEERS joins nodes without it",
        ));
    }
    let way = way(here.epmd, here.port)?;
    let own = Own::new(name(&here, way), here.config.host, here.config.addresses());
    let finder = finder(own, &peers, &here.config, None);
    let Census { peers, failures } = super::census(finder, way, WHOLE)?;
    let mut well = failures.is_empty();
    if show == Show::Hosts {
        say(&hosts(&peers))?;
    } else {
        well &= peers.values().all(|(_, answer)| answer.is_ok());
        for (node, (peer, answer)) in peers {
            let line = Line::new(node, &peer, answer.err());
            say(&line.text(show))?;
        }
    }
    for failure in failures {
        complain("error", &failure);
    }
    Ok(well)
}

fn complain(level: &str, line: &str) {
    let _ = writeln!(std::io::stderr(), "beaminit: {level}: {line}");
}

fn say(text: &str) -> Result<(), Failure> {
    match crate::cli::say(text) {
        0 => Ok(()),
        _ => Err(Failure::new(
            Exit::System,
            "standard output cannot be written; is it closed?",
        )),
    }
}

/// The hosts of those that answer, in the form of `.hosts.erlang`: one that only swallows packets would hold
/// net_adm:world() up for minutes. The others are told of.
fn hosts(peers: &BTreeMap<String, (Peer, Answered)>) -> String {
    let mut hosts = BTreeSet::new();
    for (node, (_, answer)) in peers {
        match answer {
            Err(absent) => complain("warning", &format!("{node} {absent}")),
            Ok(_) => hosts.extend(node.split_once('@').map(|(_, host)| host)),
        }
    }
    // A peer that answers has a name whose host is one.
    let lines: Vec<String> = hosts.iter().map(|host| format!("'{host}'.\n")).collect();
    lines.concat()
}

impl Line {
    fn new(node: String, peer: &Peer, absent: Option<Absent>) -> Self {
        let address = peer.address.as_ref().ok();
        Self {
            node,
            address: address.map(ToString::to_string),
            answers: absent.is_none(),
            reason: absent.map(|absent| absent.to_string()),
        }
    }

    fn text(&self, show: Show) -> String {
        let text = match (&self.reason, show) {
            (_, Show::Json) => serde_json::to_string(self).unwrap_or_default(),
            (None, _) => format!("{} answers", self.node),
            (Some(reason), _) => format!("{} {reason}", self.node),
        };
        text + "\n"
    }
}

/// The name of this container's node: of those that it may have, the one that it says; while it does not run, the first. If
/// it runs with nobody to join it, that is told.
fn name(here: &LocalNode, way: Way) -> NodeName {
    let first = here.first();
    let says = || {
        let at = *here.addresses(LIMIT).ok()?.first()?;
        let own_name = dist::own_name(NAME, &first.host);
        let deadline = Instant::now() + LIMIT;
        let greeted = reach::greet(way, &first.name.to_string(), at, own_name, deadline).ok()?;
        let name = NodeName::parse(&greeted.name).ok()?;
        here.is_called(&greeted.name).then_some(name)
    };
    let Some(said) = says() else {
        return first.clone();
    };
    if !process::runs() {
        complain(
            "warning",
            &format!(
                "no beaminit-peers runs here, so nobody joins {said} with its peers: it was killed, or BEAMINIT_PEERS was not set when the node started; start the container anew"
            ),
        );
    }
    said
}
