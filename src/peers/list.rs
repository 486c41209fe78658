//! `beaminit peers`: the nodes that are found, and whether each answers.

use std::ffi::OsString;
use std::io::Write as _;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::names::{Own, Peer};
use super::reach::{self, Way};
use super::{Census, NAME, finder, way};
use crate::cli::Usage;
use crate::dist;
use crate::exit::Exit;
use crate::launch::Start;
use crate::launch::failure::Failure;
use crate::launch::look::{Here, Wanted, look};
use crate::launch::node::NodeName;

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

/// What the words of the command line ask for.
struct Request {
    json: bool,
    /// The node's command, where it is given.
    command: Vec<OsString>,
}

/// Lists the peers: exit status 0 if every place could be asked and every peer answers, else 1.
pub fn run(mut start: Start) -> i32 {
    let Request { json, command } = match request(std::mem::take(&mut start.command)) {
        Ok(request) => request,
        Err(usage) => return usage.report(),
    };
    start.command = command;
    match list(start, json) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(failure) => {
            for line in &failure.lines {
                let _ = writeln!(std::io::stderr(), "beaminit: error: {line}");
            }
            failure.exit.status()
        }
    }
}

fn list(start: Start, json: bool) -> Result<bool, Failure> {
    let here = look(
        start,
        Wanted {
            node: None,
            cookie: false,
        },
    )?;
    let Some(peers) = here.peers.clone() else {
        return Err(Failure::config(
            "BEAMINIT_PEERS is not set: nothing says where to look; set it to dns, hosts:HOST,… or kubernetes:LABEL=VALUE",
        ));
    };
    let way = way(here.epmd, here.port)?;
    let Some(node) = name(&here, way) else {
        return Ok(false);
    };
    let own = Own::new(node, here.config.host, here.config.addresses());
    let finder = finder(own, &peers, &here.config, None);
    let Census { peers, failures } = super::census(finder, way, WHOLE)?;
    let mut well = failures.is_empty();
    for (node, (peer, answer)) in peers {
        well &= answer.is_ok();
        let reason = answer.err().map(|absent| absent.to_string());
        say(node, &peer, reason, json)?;
    }
    for failure in failures {
        let _ = writeln!(std::io::stderr(), "beaminit: error: {failure}");
    }
    Ok(well)
}

fn say(node: String, peer: &Peer, reason: Option<String>, json: bool) -> Result<(), Failure> {
    let address = peer.address.as_ref().ok();
    let line = Line {
        node,
        address: address.map(ToString::to_string),
        answers: reason.is_none(),
        reason,
    };
    let text = match (&line.reason, json) {
        (_, true) => serde_json::to_string(&line).unwrap_or_default(),
        (None, _) => format!("{} answers", line.node),
        (Some(reason), _) => format!("{} {reason}", line.node),
    };
    match crate::cli::say(&(text + "\n")) {
        0 => Ok(()),
        _ => Err(Failure::new(
            Exit::System,
            "standard output cannot be written; is it closed?",
        )),
    }
}

/// `[--json] [[--] COMMAND…]`
fn request(words: Vec<OsString>) -> Result<Request, Usage> {
    let mut words = words.into_iter().peekable();
    let mut json = false;
    while let Some(word) = words.next_if(|word| word.as_encoded_bytes().starts_with(b"-")) {
        match word.to_str() {
            Some("--json") => json = true,
            Some("--") => break,
            _ => {
                return Err(Usage::new(format!(
                    "unknown option {word:?}: beaminit peers takes --json, and the node's command behind --"
                )));
            }
        }
    }
    Ok(Request {
        json,
        command: words.collect(),
    })
}

/// The name of this container's node: of those that it may have, the one that it says; while it does not run, the first.
fn name(here: &Here, way: Way) -> Option<NodeName> {
    let first = &here.candidates.first()?.node;
    let says = || {
        let at = *here.addresses(LIMIT).ok()?.first()?;
        let own_name = dist::own_name(NAME, &first.host);
        let deadline = Instant::now() + LIMIT;
        let greeted = reach::greet(way, &first.name.to_string(), at, own_name, deadline).ok()?;
        let name = NodeName::parse(&greeted.name).ok()?;
        here.is_called(&greeted.name).then_some(name)
    };
    Some(says().unwrap_or_else(|| first.clone()))
}
