//! The distribution port: the command line's, ours, the release's, or the default.

use crate::beam::{FlagSetting, FlagSettings, PortFlag, PortKind};
use crate::config::{Config, Setting};
use crate::node::Port;
use crate::plan::OwnSettings;

/// The distribution port, as decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// We pin it.
    Ours(Setting<Port>),
    /// The user's own flags pin it: nothing to add.
    Given(Setting<Port>),
    /// The user's own flags leave a range: nothing to add, nothing to check.
    Range(String),
}

/// The port, and complaints about two that differ. `off`: it is that of a node without epmd, whatever pinned it before.
pub fn resolve(
    config: &Config,
    own_settings: &OwnSettings,
    variables: &FlagSettings,
    off: bool,
    lines: &mut Vec<String>,
) -> Pin {
    let ours = config.port.map(|value| Setting {
        value,
        by: "ERL_PORT".into(),
    });
    if let Some(given) = pinned(&own_settings.command_line.ports, lines) {
        if let Some(ours) = ours.filter(|ours| given.port().is_none_or(|given| given != ours.value))
        {
            lines.push(format!(
                "the node is given {given}, and ERL_PORT says {}; leave one of them out",
                ours.value
            ));
        }
        let epmdless = own_settings.command_line.ports.iter().any(is_epmdless);
        return match given {
            Pin::Given(port) if off && !epmdless => Pin::Ours(port),
            given => given,
        };
    }
    let dist_port = &own_settings.dist_port;
    let is_replaced = |claim: &FlagSetting<PortFlag>, rewritten: bool| {
        off && rewritten && claim.span.is_some() && is_epmdless(claim)
    };
    let variables = variables
        .ports
        .iter()
        .map(|claim| (claim, is_replaced(claim, true)));
    let files = own_settings
        .files
        .ports
        .iter()
        .map(|claim| (claim, is_replaced(claim, own_settings.rewritten)));
    // What a client has from elsewhere is not in its way.
    let nodes = own_settings.of_node.ports.iter().map(|claim| (claim, true));
    let all: Vec<(&FlagSetting<PortFlag>, bool)> = dist_port
        .iter()
        .map(|claim| (claim, false))
        .chain(variables)
        .chain(files)
        .chain(nodes)
        .collect();
    let kept = |(claim, replaced): &(&FlagSetting<PortFlag>, bool)| {
        (is_epmdless(claim) && !replaced).then(|| (*claim).clone())
    };
    let epmdless: Vec<FlagSetting<PortFlag>> = all.iter().filter_map(kept).collect();
    if let Some(given) = pinned(&epmdless, lines) {
        if let Some(ours) = ours.filter(|ours| given.port() != Some(ours.value)) {
            lines.push(format!(
                "a node without epmd is pinned: {given}, and ERL_PORT says {}; make them the same",
                ours.value
            ));
        }
        return given;
    }
    if let Some(ours) = ours {
        return Pin::Ours(ours);
    }
    let claims: Vec<FlagSetting<PortFlag>> =
        all.into_iter().map(|(claim, _)| claim.clone()).collect();
    match pinned(&claims, lines) {
        // Setting again by us, it holds in whatever else says otherwise.
        Some(Pin::Given(port)) => Pin::Ours(port),
        Some(range) => range,
        None => match &own_settings.default_port {
            Some(own) => Pin::Given(own.clone()),
            None => Pin::Ours(Setting {
                value: Port::DEFAULT,
                by: "the default".into(),
            }),
        },
    }
}

fn is_epmdless(claim: &FlagSetting<PortFlag>) -> bool {
    claim.value.kind == PortKind::Epmdless
}

/// The port or the ports that a node has where nothing is asked for, as far as they can be told.
pub fn untouched(own_settings: &OwnSettings, variables: &FlagSettings) -> Option<Pin> {
    let own = own_settings
        .dist_port
        .iter()
        .chain(&own_settings.command_line.ports);
    let all = own.chain(&variables.ports).chain(&own_settings.files.ports);
    let all: Vec<FlagSetting<PortFlag>> = all.cloned().collect();
    let own = || own_settings.default_port.clone().map(Pin::Given);
    // What is wrong with them is the VM's to say.
    pinned(&all, &mut Vec::new()).or_else(own)
}

/// What port flags come to: the first of each kind counts.
pub fn pinned(claims: &[FlagSetting<PortFlag>], lines: &mut Vec<String>) -> Option<Pin> {
    let mut first = |kind: PortKind| {
        let claim = claims.iter().find(|claim| claim.value.kind == kind)?;
        match Port::parse(&claim.value.text) {
            Ok(port) => Some((port, claim.place.to_string())),
            Err(reason) => {
                let line = format!(
                    "{} has the distribution port {:?}: {reason}",
                    claim.place,
                    crate::system::secrets::shown(&claim.value.text)
                );
                // Looked at twice: as one without epmd, and among all.
                if !lines.contains(&line) {
                    lines.push(line);
                }
                None
            }
        }
    };
    if let Some((value, by)) = first(PortKind::Epmdless) {
        return Some(Pin::Given(Setting { value, by }));
    }
    let (min, max) = (first(PortKind::Min), first(PortKind::Max));
    match (min, max) {
        (Some((min, by)), Some((max, _))) if min != max => {
            Some(Pin::Range(format!("ports {min} to {max} ({by})")))
        }
        (Some((value, by)), _) => Some(Pin::Given(Setting { value, by })),
        // The VM wants a min to make anything of a max.
        (None, _) => None,
    }
}

impl Pin {
    /// The one port, if it is one.
    pub fn port(&self) -> Option<Port> {
        match self {
            Self::Ours(port) | Self::Given(port) => Some(port.value),
            Self::Range(_) => None,
        }
    }
}

impl std::fmt::Display for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ours(port) | Self::Given(port) => write!(f, "port {} ({})", port.value, port.by),
            Self::Range(range) => f.write_str(range),
        }
    }
}
