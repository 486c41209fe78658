//! Who wins: out of the command line, our variables, the release's files and our defaults, one name, one cookie, one
//! port.
//!
//! What the command line says is the Plan's, and a variable of ours that says otherwise is an error; our variables beat
//! the release's files; our mere defaults yield to them; a line that cannot be beaten is named.

mod cookie;
mod name;
mod port;

use crate::launch::config::{Config, CookieVia, DnsMode, Said};
use crate::launch::failure::Failure;
use crate::launch::flags::{Claim, FlagVariables, NameFlag, Place};
use crate::launch::launchers::{Launcher, Role};
use crate::launch::node::identity::{Candidate, Chosen, Lookup};
use crate::launch::node::{Cookie, Host, NodeName, Port};

pub use port::Pin;

/// The identity of the node, decided.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The name, and what said it.
    pub node: Said<NodeName>,
    /// The names that DNS has yet to choose from; one, or several.
    pub candidates: Vec<Candidate>,
    /// The cookie; `None` leaves it to the launcher.
    pub cookie: Option<Said<Cookie>>,
    /// Does the VM read it in a file of ours, so that no process shows it?
    pub in_file: bool,
    /// The port; `None` for a client, which gets no pin.
    pub port: Option<Pin>,
    /// Are port flags in variables and files replaced? Not where a range of the release's own is kept.
    pub replaces_port: bool,
    /// What the record must answer.
    pub dns: DnsMode,
    /// Must the VM speak IPv6 (`-proto_dist inet6_tcp`)?
    pub ipv6: bool,
}

impl Settled {
    /// The port that we have to pin.
    pub fn pin(&self) -> Option<Port> {
        match &self.port {
            Some(Pin::Ours(port)) => Some(port.value),
            _ => None,
        }
    }

    /// The name as a claim of the command line, for a launcher that gives it there.
    pub fn name_claim(&self) -> Claim<NameFlag> {
        let value = NameFlag {
            long: self.node.value.is_long(),
            text: self.node.value.to_string(),
        };
        Claim {
            value,
            place: Place::CommandLine,
            span: None,
        }
    }
}

/// Decides. `answer` is what DNS chose, once it has.
///
/// # Errors
/// Contradictions, and lines that cannot be beaten: all of them together, [`Exit::Config`].
pub fn settle(
    config: &Config,
    launcher: &dyn Launcher,
    flags: &FlagVariables,
    answer: Option<&Chosen>,
) -> Result<Settled, Failure> {
    let demands = launcher.demands();
    let variables = flags.claims();
    let chosen = answer.map(|chosen| &chosen.node);
    let (node, candidates) = name::name(config, launcher, &variables, chosen)?;
    let mut lines = Vec::new();
    name::unbeatable(demands, &variables, &node, &mut lines);
    let cookie = cookie::settle(config, demands, &variables, &node.value, &mut lines);
    let in_file = config.cookie_via == CookieVia::File && cookie.is_some();
    let port = if launcher.role() == Role::Node {
        Some(port::settle(config, demands, &variables, &mut lines))
    } else {
        None
    };
    let replaces_port =
        !matches!(port, Some(Pin::Range(_))) || !demands.command_line.ports.is_empty();
    let dns = dns_mode(config, &candidates, &mut lines);
    let ipv6 = match &node.value.host {
        Host::Address(address) => address.is_ipv6(),
        _ => answer.map_or_else(|| config.has_ipv6_alone(), |chosen| chosen.ipv6),
    };
    if lines.is_empty() {
        Ok(Settled {
            node,
            candidates,
            cookie,
            in_file,
            port,
            replaces_port,
            dns,
            ipv6,
        })
    } else {
        Err(Failure::config_lines(lines))
    }
}

/// What the record must answer, where BEAMINIT_DNS does not say it: an address and a short name have none.
fn dns_mode(config: &Config, candidates: &[Candidate], lines: &mut Vec<String>) -> DnsMode {
    let Some(first) = candidates.first() else {
        return DnsMode::Off;
    };
    match (config.dns, first.lookup, &first.node.host) {
        (Some(DnsMode::Off), Lookup::Reverse(_), _) => {
            lines.push("BEAMINIT_DNS is \"off\" and BEAMINIT_HOST is \"reverse\", which only DNS can answer; change one of them".into());
            DnsMode::Off
        }
        (_, _, Host::Address(_)) | (None, _, Host::Short(_)) => DnsMode::Off,
        (Some(mode), _, _) => mode,
        (None, Lookup::Service, _) => DnsMode::Any,
        (None, _, _) => DnsMode::Own,
    }
}
