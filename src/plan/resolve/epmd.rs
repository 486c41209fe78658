//! How the node makes its port known: through epmd, without it, or in a way of the user's own.
//!
//! Without epmd every node of a cluster listens at one and the same port, and takes for granted that its peers do.
//! <https://www.erlang.org/doc/apps/erts/erl_cmd.html#erl_epmd_port>

use super::{Pin, Sources};
use crate::beam::{Flag, Otp};
use crate::config::{EpmdMode, Setting};
use crate::error::{Failure, Failures};
use crate::node::Port;
use crate::system::Place;
use crate::system::secrets;

/// epmd, or what there is instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Epmd {
    /// The VM registers with the epmd of its host, at this port.
    At(Setting<Port>),
    /// BEAMINIT_EPMD=off: it neither starts one nor asks one.
    Off {
        /// What its port is written behind.
        flag: &'static str,
        /// The source.
        by: String,
    },
    /// The user's own flags do without it, or have a module for it.
    Users,
}

/// Picks one.
///
/// # Errors
/// A port that is none, or what does not go together.
pub fn resolve(sources: &Sources) -> Result<Epmd, Failure> {
    if sources.config.epmd == EpmdMode::Off {
        return off(sources);
    }
    let mut own = sources.flags(&[Flag::EpmdlessPort, Flag::OwnEpmd]);
    if own.next().is_some() {
        return Ok(Epmd::Users);
    }
    let Some(text) = sources.config.variable("ERL_EPMD_PORT") else {
        return Ok(Epmd::At(Setting::new(Port::EPMD, "the default")));
    };
    let port = Port::parse(text).map_err(|reason| {
        let text = secrets::shown(text);
        Failure::config(format!("ERL_EPMD_PORT is {text:?}: {reason}"))
    })?;
    Ok(Epmd::At(Setting::new(port, "ERL_EPMD_PORT")))
}

/// `BEAMINIT_EPMD=off`: can this OTP do it, and does nothing else say otherwise?
fn off(sources: &Sources) -> Result<Epmd, Failure> {
    let mut failures = Failures::default();
    for flag in sources.flags(&[Flag::OwnEpmd]) {
        failures.push(format!(
            "{} has an epmd module of its own, and BEAMINIT_EPMD is \"off\"; leave one of them out",
            flag.place
        ));
    }
    // Of several the VM takes the last, and ours comes before a file's.
    let start = sources.staying(&[Flag::StartEpmd]);
    for flag in start.filter(|flag| flag.text != "false") {
        let (place, text) = (&flag.place, &flag.text);
        failures.push(if *place == Place::CommandLine {
            format!(
                "{place} says -start_epmd {text}, and BEAMINIT_EPMD is \"off\"; leave one of them out"
            )
        } else {
            format!("{place} has -start_epmd {text}, which beats BEAMINIT_EPMD=off; remove that flag")
        });
    }
    let otp = sources.own.otp.as_ref();
    let by = otp.map_or_else(
        || "which OTP this is cannot be told from its files, and 23.1 is needed".into(),
        Otp::to_string,
    );
    failures.or(Epmd::Off {
        flag: match otp {
            // The first of several wins.
            Some(otp) if otp.is_from(27, 2) => "-kernel erl_epmd_node_listen_port",
            // Given twice, both are dropped.
            _ => "-erl_epmd_port",
        },
        by: format!("BEAMINIT_EPMD; {by}"),
    })
}

/// Refuses a node that is to listen where epmd does, or at no certain port where epmd cannot tell it.
pub fn check_port_conflict(epmd: &Epmd, pin: &Pin) -> Result<(), Failure> {
    match (epmd, pin) {
        (Epmd::At(epmd), Pin::Ours(port)) if port.value == epmd.value => {
            Err(Failure::config(format!(
                "{} is {}, which is epmd's own port: the VM would find it taken; set ERL_PORT or ERL_EPMD_PORT to another",
                port.by, epmd.value
            )))
        }
        (Epmd::Off { .. }, Pin::Range(range)) => Err(Failure::config(format!(
            "BEAMINIT_EPMD is \"off\", and the node is given {range}: without epmd it needs one port; set ERL_PORT, or make them the same"
        ))),
        _ => Ok(()),
    }
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
            _ => None,
        }
    }

    /// The flags of a node or a client without epmd, with a blank behind each; none with one.
    pub fn flags(&self, pin: Option<Port>) -> String {
        match (self, pin) {
            (Self::Off { flag, .. }, Some(port)) => format!("-start_epmd false {flag} {port} "),
            (Self::Off { .. }, None) => "-start_epmd false ".into(),
            _ => String::new(),
        }
    }
}
