//! Who wins: out of the command line, our variables, the release's files and our defaults, one name, one cookie, one
//! port.
//!
//! What the command line says is the Plan's, and a variable of ours that says otherwise is an error; our variables beat
//! the release's files; our mere defaults yield to them; a line that cannot be beaten is named.

mod cookie;
mod epmd;
pub mod name;
pub mod peers;
pub mod port;
mod transport;

use crate::beam::Otp;
use crate::beam::words::quote;
use crate::beam::{CookieFlag, FlagSetting, FlagVariables, NameFlag, PortFlags};
use crate::config::{Config, CookieVia, DnsMode, Peers, Setting};
use crate::error::Failure;
use crate::naming::{Candidate, Chosen, Lookup};
use crate::node::{Cookie, Host, NodeName, Port};
use crate::plan::{Launcher, Role};
use crate::system::Place;

pub use epmd::{Epmd, Spelling};
pub use port::Pin;

/// A peer that has gone since it was found costs a start no more than this, in milliseconds.
const SYNC_TIMEOUT: u32 = 1000;

/// The identity of the node, decided.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// The name, and what said it.
    pub node: Setting<NodeName>,
    /// The names that DNS has yet to choose from; one, or several.
    pub candidates: Vec<Candidate>,
    /// The cookie; `None` leaves it to the launcher.
    pub cookie: Option<Setting<Cookie>>,
    /// With none, why what there is for one was left out.
    pub no_cookie: Option<String>,
    /// Does the VM read it in a file of ours, so that no process shows it?
    pub in_file: bool,
    /// The place of a `-setcookie` that stays, where a VM which takes one alone must read ours in a file.
    pub cookie_beside: Option<Place>,
    /// The OTP that will run, where its files tell.
    pub otp: Option<Otp>,
    /// The port; `None` for a client, which gets no pin, and needs to know the node's port only where epmd does not.
    pub port: Option<Pin>,
    /// What of the user's port flags in variables and files is replaced: nothing where a range of the release's own is kept.
    pub replaces_port: PortFlags,
    /// How the node makes its port known.
    pub epmd: Epmd,
    /// What the record must answer.
    pub dns: DnsMode,
    /// Is the node reached over IPv6?
    pub ipv6: bool,
    /// Must the VM be told to speak IPv6? Where the user's own flags say how nodes speak, nothing is added.
    tells_ipv6: bool,
    /// Where a node's peers are looked for.
    pub peers: Option<Peers>,
    /// The peers that it is told of, once somebody has looked for them.
    pub sync_with: Vec<NodeName>,
}

impl NodeSettings {
    /// The flag that has a VM speak IPv6.
    pub const IPV6: &str = "-proto_dist inet6_tcp";

    /// Does the VM take one `-setcookie C` alone?
    pub fn takes_one_cookie(&self) -> bool {
        self.otp.as_ref().is_some_and(Otp::takes_one_cookie)
    }

    /// The port that we have to make certain.
    pub fn pin(&self) -> Option<Port> {
        match &self.port {
            Some(Pin::Ours(port)) => Some(port.value),
            _ => None,
        }
    }

    /// The flags of a node: those that pin it, or have it do without epmd, and those that have it wait for its peers; with
    /// a blank behind each.
    pub fn node_flags(&self) -> String {
        let port = self.port_flags();
        let peers = self.sync_with.iter();
        let peers: Vec<String> = peers.map(|peer| format!("'{peer}'")).collect();
        if peers.is_empty() {
            return port;
        }
        let peers = quote(&format!("[{}]", peers.join(",")));
        format!("{port}-kernel sync_nodes_optional {peers} sync_nodes_timeout {SYNC_TIMEOUT} ")
    }

    fn port_flags(&self) -> String {
        match (&self.epmd, self.pin()) {
            (Epmd::Off { spelling, .. }, pin) => without_epmd(*spelling, pin),
            (_, Some(pin)) => {
                format!("-kernel inet_dist_listen_min {pin} inet_dist_listen_max {pin} ")
            }
            (_, None) => String::new(),
        }
    }

    /// The flags of a client: those by which it finds its node without epmd, and does not listen where that one does.
    /// `said`: the user's own flags say whether it listens.
    pub fn client_flags(&self, listens: bool, said: bool) -> String {
        let epmd = match &self.epmd {
            Epmd::Off { spelling, .. } => without_epmd(*spelling, self.pin()),
            _ => String::new(),
        };
        let listens = said || listens && !self.epmd.is_off();
        epmd + if listens { "" } else { "-dist_listen false " }
    }

    /// The same, where this VM must be told.
    pub fn transport_flag(&self) -> Option<&'static str> {
        self.tells_ipv6.then_some(Self::IPV6)
    }

    /// A cookie as a claim of the command line, for a launcher that gives it there.
    pub fn cookie_claim(cookie: &str) -> FlagSetting<CookieFlag> {
        let value = CookieFlag {
            node: None,
            cookie: Some(cookie.to_owned()),
        };
        FlagSetting {
            value,
            place: Place::CommandLine,
            span: None,
        }
    }

    /// The name as a claim of the command line, for a launcher that gives it there.
    pub fn name_claim(&self) -> FlagSetting<NameFlag> {
        let value = NameFlag {
            long: self.node.value.is_long(),
            text: self.node.value.to_string(),
        };
        FlagSetting {
            value,
            place: Place::CommandLine,
            span: None,
        }
    }
}

fn without_epmd(spelling: Spelling, pin: Option<Port>) -> String {
    let port = pin.map_or_else(String::new, |port| spelling.flags(port) + " ");
    format!("-start_epmd false {port}")
}

/// Decides. `answer` is what DNS chose, once it has.
///
/// # Errors
/// Contradictions, and lines that cannot be beaten: all of them together, [`Exit::Config`].
pub fn resolve(
    config: &Config,
    launcher: &Launcher,
    flags: &FlagVariables,
    answer: Option<&Chosen>,
) -> Result<NodeSettings, Failure> {
    let own_settings = &launcher.own_settings;
    let variables = flags.claims();
    let chosen = answer.map(|chosen| &chosen.node);
    let (node, candidates) = name::name(config, launcher, &variables, chosen)?;
    let mut lines = Vec::new();
    let old = own_settings.otp.as_ref().filter(|otp| !otp.is_from(23, 1));
    let asks = if launcher.takes_any_otp() {
        config.peers.as_ref().map(|_| "BEAMINIT_PEERS")
    } else {
        config.asks_for_node()
    };
    if let (Some(old), Some(asks)) = (old, asks) {
        lines.push(format!(
            "{asks} is set, and this is {old}: beaminit sets up nodes from OTP 23.1 on; use a newer OTP, or unset our variables: then it is started as it is"
        ));
    }
    name::short_names_that_stay(own_settings, &variables, &node, &mut lines);
    let cookie = cookie::resolve(config, own_settings, &variables, &node.value, &mut lines);
    let no_cookie = cookie::left_out(own_settings, &variables).filter(|_| cookie.is_none());
    let via_file = config.cookie_via == CookieVia::File || own_settings.takes_cookie_file;
    let takes_one = own_settings.otp.as_ref().is_some_and(Otp::takes_one_cookie);
    let given = cookie.as_ref().filter(|_| takes_one && !via_file);
    let cookie_beside =
        given.and_then(|said| cookie::beside(own_settings, &variables, &said.value));
    let in_file = cookie.is_some() && (via_file || cookie_beside.is_some());
    if in_file || given.is_some() {
        lines.extend(cookie::kept_from_file(own_settings, &variables));
    }
    let epmd = epmd::resolve(config, own_settings, &variables, &mut lines);
    let port = if launcher.role == Role::Node || epmd.is_off() {
        let pin = port::resolve(config, own_settings, &variables, epmd.is_off(), &mut lines);
        epmd.goes_with(&pin, &mut lines);
        Some(pin)
    } else {
        None
    };
    let keeps_range =
        matches!(port, Some(Pin::Range(_))) && own_settings.command_line.ports.is_empty();
    let replaces_port = match &epmd {
        Epmd::Off { .. } => PortFlags::All,
        _ if keeps_range => PortFlags::None,
        _ => PortFlags::Pins,
    };
    let dns = dns_mode(config, &candidates, &mut lines);
    let target = own_settings.command_line.remsh.as_deref();
    let target = target.and_then(|target| NodeName::parse(target).ok());
    let ipv6 = match &target.as_ref().unwrap_or(&node.value).host {
        Host::Address(address) => address.is_ipv6(),
        _ => answer.map_or_else(|| config.has_ipv6_alone(), |chosen| chosen.ipv6),
    };
    let tells_ipv6 = transport::resolve(own_settings, &variables, &mut lines) && ipv6;
    let peers = if launcher.role == Role::Node {
        let has_cookie = cookie.is_some() || !config.wants_cookie;
        peers::resolve(config, &node.value, has_cookie, &mut lines)
    } else {
        None
    };
    if lines.is_empty() {
        Ok(NodeSettings {
            node,
            candidates,
            cookie,
            no_cookie,
            in_file,
            cookie_beside,
            otp: own_settings.otp.clone(),
            port,
            replaces_port,
            epmd,
            dns,
            ipv6,
            tells_ipv6,
            peers,
            sync_with: Vec::new(),
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
