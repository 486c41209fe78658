//! Who wins: out of the command line, our variables, the release's files and our defaults, one name, one cookie, one
//! port.
//!
//! What the command line says is the Plan's, and a variable of ours that says otherwise is an error; our variables beat
//! the release's files; our mere defaults yield to them; a line that cannot be beaten is named.

pub mod bind;
pub mod cookie;
mod epmd;
pub mod name;
pub mod peers;
pub mod port;
mod sources;
pub mod transport;

use crate::beam::words::quote;
use std::net::IpAddr;

use crate::beam::{Flag, Otp, PortFlags};
use crate::config::{Config, CookieVia, DnsMode, EpmdMode, Peers, Setting};
use crate::error::{Failure, Failures};
use crate::naming::{Candidate, Chosen, Lookup};
use crate::node::{Cookie, Host, NodeName, Port};
use crate::plan::Role;
use crate::system::Place;

pub use bind::Bind;
pub use epmd::Epmd;
pub use port::Pin;
pub use sources::Sources;
pub use transport::Transport;

/// A peer that has gone since it was found costs a start no more than this, in milliseconds.
const SYNC_TIMEOUT: u32 = 1000;

/// The settings of the node, each from the source that wins.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// The first of the candidates.
    pub node: Setting<NodeName>,
    /// The names that DNS has yet to choose from; one, or several.
    pub candidates: Vec<Candidate>,
    /// The cookie; `None` leaves it to the launcher.
    pub cookie: Option<Setting<Cookie>>,
    /// Does the VM read it in a file of ours, so that no process shows it?
    pub in_file: bool,
    /// The place of a `-setcookie` that stays, where a VM which takes one alone must read ours in a file.
    pub other_cookie: Option<Place>,
    /// Does the VM take one `-setcookie C` alone?
    pub takes_one_cookie: bool,
    /// The port; `None` for a client, which gets no pin, and needs to know the node's port only where epmd does not.
    pub port: Option<Pin>,
    /// What of the user's port flags in variables and files is replaced: nothing where a range of the release's own is kept.
    pub replaces_port: PortFlags,
    pub epmd: Epmd,
    /// What its record must answer.
    pub dns: DnsMode,
    /// Is the node reached over IPv6?
    pub ipv6: bool,
    /// The address that it listens at, where it is one.
    pub bind: Option<Bind>,
    /// How nodes speak with each other.
    pub transport: Transport,
    /// Where a node's peers are looked for.
    pub peers: Option<Peers>,
    /// The peers that it is to wait for, once somebody has looked for them.
    pub sync_with: Vec<NodeName>,
}

impl NodeSettings {
    /// The port that we have to make certain.
    pub fn pin(&self) -> Option<Port> {
        match &self.port {
            Some(Pin::Ours(port)) => Some(port.value),
            _ => None,
        }
    }

    /// The address that it listens at, where it is one.
    pub fn bound(&self) -> Option<IpAddr> {
        self.bind.as_ref().map(|bind| bind.address.value)
    }

    /// Its flag, with a blank behind it, where that is ours to set.
    pub fn bind_flag(&self) -> String {
        self.bind.as_ref().map_or_else(String::new, Bind::flag)
    }

    /// The flags of a node: those that pin it, or have it do without epmd, and those that have it wait for its peers; with
    /// a blank behind each.
    pub fn node_flags(&self) -> String {
        let port = match self.pin() {
            Some(pin) if !self.epmd.is_off() => {
                format!("-kernel inet_dist_listen_min {pin} inet_dist_listen_max {pin} ")
            }
            pin => self.epmd.flags(pin),
        } + &self.bind_flag();
        let peers = self.sync_with.iter().map(|peer| format!("'{peer}'"));
        let peers: Vec<String> = peers.collect();
        if peers.is_empty() {
            return port;
        }
        let peers = quote(&format!("[{}]", peers.join(",")));
        format!("{port}-kernel sync_nodes_optional {peers} sync_nodes_timeout {SYNC_TIMEOUT} ")
    }

    /// The flags of a client: those by which it finds its node without epmd, and does not listen where that one does.
    /// `is_given`: the user's own flags say whether it listens.
    pub fn client_flags(&self, listens: bool, is_given: bool) -> String {
        let listens = is_given || listens && !self.epmd.is_off();
        self.epmd.flags(self.pin()) + if listens { "" } else { "-dist_listen false " }
    }
}

/// Picks each setting. `answer` is what DNS chose, once it has.
///
/// # Errors
/// Contradictions, and lines that cannot be beaten: all of them together, [`Exit::Config`].
pub fn resolve(sources: &Sources, answer: Option<&Chosen>) -> Result<NodeSettings, Failure> {
    let (config, own) = (sources.config, sources.own);
    let candidates = name::resolve(sources, answer.map(|chosen| &chosen.node))?;
    let first = candidates
        .first()
        .ok_or_else(|| Failure::config("no name can be made for this node; set BEAMINIT_NODE"))?;
    let node = Setting::new(first.node.clone(), first.from.clone());
    let is_node = sources.launcher.role == Role::Node;
    let mut failures = Failures::default();
    failures.take(check_otp(sources));
    failures.take(name::check_short_names(sources, &node));
    let cookie = failures
        .take(cookie::resolve(sources, &node.value))
        .flatten();
    let via_file = config.cookie_via == CookieVia::File || own.takes_cookie_file;
    let takes_one = own.otp.as_ref().is_some_and(Otp::takes_one_cookie);
    let given = cookie.as_ref().filter(|_| takes_one && !via_file);
    let other_cookie = given.and_then(|given| cookie::find_other(sources, &given.value));
    if cookie.is_some() && (via_file || takes_one) {
        failures.take(cookie::check_nocookie(sources));
    }
    let off = config.epmd == EpmdMode::Off;
    let epmd = failures.take(epmd::resolve(sources)).unwrap_or(Epmd::Users);
    let port = (is_node || off)
        .then(|| failures.take(port::resolve(sources, off)))
        .flatten();
    if let Some(port) = &port {
        failures.take(epmd::check_port_conflict(&epmd, port));
    }
    let keeps_range = matches!(port, Some(Pin::Range(_))) && !own.command_line.has(&Flag::PORTS);
    let dns = failures.take(dns_mode(config, first));
    let target = sources.flags(&[Flag::Remsh]).next();
    let target = target.and_then(|target| NodeName::parse(&target.text).ok());
    let ipv6 = match &target.as_ref().unwrap_or(&node.value).host {
        Host::Address(address) => address.is_ipv6(),
        _ => answer.map_or_else(|| config.has_ipv6_alone(), |chosen| chosen.ipv6),
    };
    let ipv6 = transport::family(sources).unwrap_or(ipv6);
    let known = match node.value.host {
        Host::Address(address) => Some(address),
        _ => answer.and_then(|chosen| chosen.address),
    };
    let bind = is_node.then(|| failures.take(bind::resolve(sources, ipv6, known)));
    let transport = failures.take(transport::resolve(sources, &node.value, ipv6));
    let has_cookie = cookie.is_some() || !config.wants_cookie;
    let peers = is_node.then(|| failures.take(peers::resolve(config, &node.value, has_cookie)));
    failures.or(NodeSettings {
        in_file: cookie.is_some() && via_file || other_cookie.is_some(),
        cookie,
        other_cookie,
        takes_one_cookie: takes_one,
        port,
        replaces_port: match &epmd {
            Epmd::Off { .. } => PortFlags::All,
            _ if keeps_range => PortFlags::None,
            _ => PortFlags::Pins,
        },
        epmd,
        dns: dns.unwrap_or(DnsMode::Off),
        ipv6,
        bind: bind.flatten().flatten(),
        transport: transport.unwrap_or_default(),
        peers: peers.flatten().flatten(),
        sync_with: Vec::new(),
        node,
        candidates,
    })
}

fn check_otp(sources: &Sources) -> Result<(), Failure> {
    let (config, own) = (sources.config, sources.own);
    let asks = if sources.launcher.takes_any_otp {
        config.peers.as_ref().map(|_| "BEAMINIT_PEERS")
    } else {
        config.asks_for_node()
    };
    match (&own.otp, asks) {
        (Some(old), Some(asks)) if !old.is_from(23, 1) => Err(Failure::config(format!(
            "{asks} is set, and this is {old}: beaminit sets up nodes from OTP 23.1 on; use a newer OTP, or unset our variables: then it is started as it is"
        ))),
        _ => Ok(()),
    }
}

/// What the record must answer, where BEAMINIT_DNS does not say it: an address and a short name have none.
fn dns_mode(config: &Config, first: &Candidate) -> Result<DnsMode, Failure> {
    Ok(match (config.dns, first.lookup, &first.node.host) {
        (Some(DnsMode::Off), Lookup::Reverse(_), _) => {
            return Err(Failure::config(
                "BEAMINIT_DNS is \"off\" and BEAMINIT_HOST is \"reverse\", which only DNS can answer; change one of them",
            ));
        }
        (_, _, Host::Address(_)) | (None, _, Host::Short(_)) => DnsMode::Off,
        (Some(mode), _, _) => mode,
        (None, Lookup::Service, _) => DnsMode::Any,
        (None, _, _) => DnsMode::Own,
    })
}
