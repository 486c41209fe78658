//! The distribution port: the command line's, ours, the release's, or the default.

use std::fmt;

use super::Sources;
use crate::beam::{Flag, FlagSetting};
use crate::config::Setting;
use crate::error::Failure;
use crate::node::Port;
use crate::system::secrets;

/// The sources of a port that nobody has set.
pub const DEFAULT: &str = "the default";
pub const RABBITMQ: &str = "RabbitMQ's own";

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

/// The port. `off`: it is that of a node without epmd, whatever pinned it before.
pub fn resolve(sources: &Sources, off: bool) -> Result<Pin, Failure> {
    let (config, own) = (sources.config, sources.own);
    let differs = |given: &Pin| {
        let ours = config.port?;
        given.port().is_none_or(|port| port != ours).then_some(ours)
    };
    if let Some(given) = of_flags(own.command_line.ports())? {
        if let Some(ours) = differs(&given) {
            return Err(Failure::config(format!(
                "the node is given {given}, and ERL_PORT says {ours}; leave one of them out"
            )));
        }
        let is_epmdless = own.command_line.has(&[Flag::EpmdlessPort]);
        return Ok(match given {
            Pin::Given(port) if off && !is_epmdless => Pin::Ours(port),
            given => given,
        });
    }
    let epmdless = sources.flags(&[Flag::EpmdlessPort]);
    // Without epmd those that can be taken out are.
    if let Some(given) = of_flags(epmdless.filter(|port| port.stays() || !off))? {
        if let Some(ours) = differs(&given) {
            return Err(Failure::config(format!(
                "a node without epmd is pinned: {given}, and ERL_PORT says {ours}; make them the same"
            )));
        }
        return Ok(given);
    }
    if let Some(ours) = config.port {
        return Ok(Pin::Ours(Setting::new(ours, "ERL_PORT")));
    }
    let weaker = of_flags(sources.weaker(&Flag::PORTS))?;
    Ok(match (weaker, &own.default_port) {
        // Set again by us, it holds in whatever else says otherwise.
        (Some(Pin::Given(port)), _) => Pin::Ours(port),
        (Some(range), _) => range,
        (None, Some(default)) => Pin::Given(default.clone()),
        (None, None) => Pin::Ours(Setting::new(Port::DEFAULT, DEFAULT)),
    })
}

/// The port or the ports that a node has where nothing is asked for, as far as it is known here.
pub fn without_changes(sources: &Sources) -> Option<Pin> {
    let default = || sources.own.default_port.clone().map(Pin::Given);
    // What is wrong with them is the VM's to say.
    let port = of_flags(sources.flags(&Flag::PORTS)).ok().flatten();
    port.or_else(default)
}

/// The flag by which the node listens at no port at all.
pub fn no_listener<'a>(sources: &'a Sources) -> Option<&'a FlagSetting> {
    let mut flags = sources.flags(&[Flag::DistListen]);
    let first = flags.next()?;
    let is_false = |flag: &FlagSetting| flag.text == "false";
    (is_false(first) && flags.all(is_false)).then_some(first)
}

/// What port flags come to: the first of each kind counts.
///
/// # Errors
/// One that is no port.
pub fn of_flags<'a>(ports: impl Iterator<Item = &'a FlagSetting>) -> Result<Option<Pin>, Failure> {
    let ports: Vec<_> = ports.collect();
    let first = |flag: Flag| {
        let found = ports.iter().find(|port| port.flag == flag);
        found.map(|port| parse(port)).transpose()
    };
    if let Some(port) = first(Flag::EpmdlessPort)? {
        return Ok(Some(Pin::Given(port)));
    }
    Ok(match (first(Flag::PortMin)?, first(Flag::PortMax)?) {
        (Some(min), Some(max)) if min.value != max.value => Some(Pin::Range(format!(
            "ports {} to {} ({})",
            min.value, max.value, min.by
        ))),
        // The VM wants a min to make anything of a max.
        (min, _) => min.map(Pin::Given),
    })
}

fn parse(FlagSetting { text, place, .. }: &FlagSetting) -> Result<Setting<Port>, Failure> {
    let port = Port::parse(text).map_err(|reason| {
        let text = secrets::shown(text);
        Failure::config(format!(
            "{place} has the distribution port {text:?}: {reason}"
        ))
    })?;
    Ok(Setting::new(port, place.to_string()))
}

impl Pin {
    /// The one port, if it is one.
    pub fn port(&self) -> Option<Port> {
        self.setting().map(|port| port.value)
    }

    pub fn setting(&self) -> Option<&Setting<Port>> {
        match self {
            Self::Ours(port) | Self::Given(port) => Some(port),
            Self::Range(_) => None,
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(port) | Self::Given(port) => write!(f, "port {} ({})", port.value, port.by),
            Self::Range(range) => f.write_str(range),
        }
    }
}
