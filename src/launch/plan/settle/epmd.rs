//! How the node makes its port known: through epmd, or in a way of the user's own.

use super::Pin;
use crate::launch::config::{Config, Said};
use crate::launch::flags::{Claims, PortKind};
use crate::launch::launchers::Demands;
use crate::launch::node::Port;

/// epmd, or what there is instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Epmd {
    /// The VM registers with the epmd of its host, at this port.
    At(Said<Port>),
    /// The user's own flags do without it, or have a module for it.
    Users,
}

/// Decides, and complains of a port that is none.
pub fn settle(
    config: &Config,
    demands: &Demands,
    variables: &Claims,
    lines: &mut Vec<String>,
) -> Epmd {
    let places = [&demands.command_line, variables, &demands.files];
    let without = |claims: &&Claims| {
        let epmdless = |kind| kind == PortKind::Epmdless;
        let mut ports = claims.ports.iter();
        ports.any(|claim| epmdless(claim.value.kind)) || !claims.own_epmd.is_empty()
    };
    let by_variable = demands
        .fixed
        .iter()
        .any(|fixed| fixed.variable == "ERL_DIST_PORT");
    if by_variable || places.iter().any(without) {
        return Epmd::Users;
    }
    let Some(text) = config.variable("ERL_EPMD_PORT") else {
        return Epmd::At(Said {
            value: Port::EPMD,
            by: "the default".into(),
        });
    };
    let value = Port::parse(text).unwrap_or_else(|reason| {
        lines.push(format!("ERL_EPMD_PORT is {text:?}: {reason}"));
        Port::EPMD
    });
    Epmd::At(Said {
        value,
        by: "ERL_EPMD_PORT".into(),
    })
}

impl Epmd {
    /// Complains of a node that is to listen where epmd does.
    pub fn keeps_its_port(&self, pin: &Pin, lines: &mut Vec<String>) {
        if let (Self::At(epmd), Pin::Ours(port)) = (self, pin)
            && port.value == epmd.value
        {
            lines.push(format!(
                "{} is {}, which is epmd's own port: the VM would find it taken; choose another",
                port.by, epmd.value
            ));
        }
    }
}
