//! How the node makes its port known: through epmd, without it, or in a way of the user's own.
//!
//! Without epmd every node of a cluster listens at one and the same port, and takes for granted that its peers do.
//! <https://www.erlang.org/doc/apps/erts/erl_cmd.html#erl_epmd_port>

use super::Pin;
use crate::beam::{FlagSetting, FlagSettings, PortKind};
use crate::config::{Config, EpmdMode, Setting};
use crate::node::Port;
use crate::plan::OwnSettings;

/// epmd, or what there is instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Epmd {
    /// The VM registers with the epmd of its host, at this port.
    At(Setting<Port>),
    /// BEAMINIT_EPMD=off: it neither starts one nor asks one.
    Off {
        /// How its port is written.
        spelling: Spelling,
        /// Why so.
        by: String,
    },
    /// The user's own flags do without it, or have a module for it.
    Users,
}

/// How a node without epmd is told its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `-erl_epmd_port`, from OTP 23.1. Given twice, both are dropped.
    Flag,
    /// `-kernel erl_epmd_node_listen_port`, from OTP 27.2. The first wins.
    Kernel,
}

impl Spelling {
    /// The words.
    pub fn flags(self, port: Port) -> String {
        match self {
            Self::Flag => format!("-erl_epmd_port {port}"),
            Self::Kernel => format!("-kernel erl_epmd_node_listen_port {port}"),
        }
    }
}

/// Decides, and complains of a port that is none, or of what does not go together.
pub fn resolve(
    config: &Config,
    own_settings: &OwnSettings,
    variables: &FlagSettings,
    lines: &mut Vec<String>,
) -> Epmd {
    if config.epmd == EpmdMode::Off {
        return off(own_settings, variables, lines);
    }
    let places = [&own_settings.command_line, variables, &own_settings.files];
    let without = |claims: &&FlagSettings| {
        let epmdless = |kind| kind == PortKind::Epmdless;
        let mut ports = claims.ports.iter();
        ports.any(|claim| epmdless(claim.value.kind)) || !claims.own_epmd.is_empty()
    };
    if own_settings.dist_port.is_some() || places.iter().any(without) {
        return Epmd::Users;
    }
    let Some(text) = config.variable("ERL_EPMD_PORT") else {
        return Epmd::At(Setting {
            value: Port::EPMD,
            by: "the default".into(),
        });
    };
    let value = Port::parse(text).unwrap_or_else(|reason| {
        let text = crate::system::secrets::shown(text);
        lines.push(format!("ERL_EPMD_PORT is {text:?}: {reason}"));
        Port::EPMD
    });
    Epmd::At(Setting {
        value,
        by: "ERL_EPMD_PORT".into(),
    })
}

/// `BEAMINIT_EPMD=off`: can this OTP do it, and does nothing else say otherwise?
fn off(own_settings: &OwnSettings, variables: &FlagSettings, lines: &mut Vec<String>) -> Epmd {
    let otp = own_settings.otp.as_ref();
    let places = [&own_settings.command_line, variables, &own_settings.files];
    for claim in places.iter().flat_map(|claims| &claims.own_epmd) {
        lines.push(format!(
            "{} has an epmd module of its own, and BEAMINIT_EPMD is \"off\"; leave one of them out",
            claim.place
        ));
    }
    let starts = |claim: &&FlagSetting<String>| claim.value != "false";
    for claim in own_settings.command_line.start_epmd.iter().filter(starts) {
        lines.push(format!(
            "{} says -start_epmd {}, and BEAMINIT_EPMD is \"off\"; leave one of them out",
            claim.place, claim.value
        ));
    }
    // Of several the VM takes the last, and ours comes before a file's.
    let stays =
        |claim: &&FlagSetting<String>, rewritten: bool| !(rewritten && claim.span.is_some());
    let in_files = own_settings.files.start_epmd.iter();
    let in_files = in_files.filter(|claim| stays(claim, own_settings.rewritten));
    let in_variables = variables.start_epmd.iter();
    let in_variables = in_variables.filter(|claim| stays(claim, true));
    for claim in in_files.chain(in_variables).filter(starts) {
        lines.push(format!(
            "{} has -start_epmd {}, which beats BEAMINIT_EPMD=off; remove that flag",
            claim.place, claim.value
        ));
    }
    let spelling = match otp {
        Some(otp) if otp.is_from(27, 2) => Spelling::Kernel,
        _ => Spelling::Flag,
    };
    let by = otp.map_or_else(
        || {
            "BEAMINIT_EPMD; which OTP this is cannot be told from its files, and 23.1 is needed"
                .into()
        },
        |otp| format!("BEAMINIT_EPMD; {otp}"),
    );
    Epmd::Off { spelling, by }
}

impl Epmd {
    /// Is it BEAMINIT_EPMD=off?
    pub fn is_off(&self) -> bool {
        matches!(self, Self::Off { .. })
    }

    /// The port of the epmd that knows the node; `None` for one that does without, or has a way of its own.
    pub fn port(&self) -> Option<Port> {
        match self {
            Self::At(port) => Some(port.value),
            Self::Off { .. } | Self::Users => None,
        }
    }

    /// Complains of a node that is to listen where epmd does, or at no certain port where epmd cannot tell it.
    pub fn goes_with(&self, pin: &Pin, lines: &mut Vec<String>) {
        match (self, pin) {
            (Self::At(epmd), Pin::Ours(port)) if port.value == epmd.value => lines.push(format!(
                "{} is {}, which is epmd's own port: the VM would find it taken; set ERL_PORT or ERL_EPMD_PORT to another",
                port.by, epmd.value
            )),
            (Self::Off { .. }, Pin::Range(range)) => lines.push(format!(
                "BEAMINIT_EPMD is \"off\", and the node is given {range}: without epmd it needs one port; set ERL_PORT, or make them the same"
            )),
            _ => {}
        }
    }
}
