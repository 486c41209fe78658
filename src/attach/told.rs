//! What the beaminit in the pod tells of its node.

use std::process::Command;

use super::place::Place;
use crate::attach::{Local, Stopped, processes};
use crate::config::EpmdMode;
use crate::error::Failure;
use crate::exit::Exit;
use crate::local_node::info::NodeInfo;
use crate::node::{Cookie, NodeName, Port};

/// Where images have the binary.
const BEAMINIT: &str = "/beaminit";

/// What is known of a node before anybody has spoken with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// Its name; it may have another host, and says that itself.
    pub node: NodeName,
    /// Was that name asked for?
    pub named: bool,
    /// Its distribution port; epmd knows it where this is `None`.
    pub port: Option<Port>,
    /// epmd's port, where there is one.
    pub epmd: Option<Port>,
    /// The cookie.
    pub cookie: Cookie,
}

/// Learns what is to be known: from the command line and the environment where they say it all, else from the pod.
///
/// # Errors
/// The pod tells nothing, or too little.
pub fn ask(place: &Place, node: Option<NodeName>, local: &Local) -> Result<Told, Stopped> {
    let config = &local.config;
    let own_cookie = config.cookie.as_ref().map(|said| said.value.clone());
    if let (Some(node), Some(cookie)) = (&node, &own_cookie) {
        let off = config.epmd == EpmdMode::Off;
        return Ok(Told {
            node: node.clone(),
            named: true,
            port: config.port.or(off.then_some(Port::DEFAULT)),
            epmd: Some(Port::EPMD).filter(|_| !off),
            cookie: cookie.clone(),
        });
    }
    let words = place.inside(config, &[BEAMINIT, "node", "--json", "--cookie"]);
    let (status, text) = processes::answer_of(&mut command(&words), local)?;
    let info = info_in(&text);
    let info = info.as_ref();
    let silent = |what| {
        let words = words.join(" ");
        let line = format!(
            "`{words}` tells of no {what} ({status}, its own words are above): is that the place, and {BEAMINIT} of its image new enough? Without it, give NAME@HOST, and the cookie in ERLANG_COOKIE_FILE"
        );
        Failure::new(Exit::Gate, line)
    };
    let named = node.is_some();
    let node = node.or_else(|| NodeName::parse(&info?.node).ok());
    let node = node.ok_or_else(|| silent("node"))?;
    let cookie = info.and_then(|info| Cookie::parse(info.cookie.as_ref()?).ok());
    let cookie = cookie.or(own_cookie);
    let cookie = cookie.ok_or_else(|| {
        if status.success() {
            let line = format!(
                "the cookie of {node} cannot be found there; give it in ERLANG_COOKIE_FILE"
            );
            return Failure::config(line);
        }
        silent("cookie")
    })?;
    Ok(Told {
        node,
        named,
        port: info.and_then(|info| Port::new(info.port?)),
        epmd: info.and_then(|info| Port::new(info.epmd?)),
        cookie,
    })
}

/// The program of some words, and its arguments.
pub fn command(words: &[String]) -> Command {
    let mut words = words.iter();
    let mut command = Command::new(words.next().map_or("", String::as_str));
    command.args(words);
    command
}

/// The object among all that was said.
fn info_in(text: &str) -> Option<NodeInfo> {
    let mut lines = text.lines().rev();
    lines.find_map(|line| serde_json::from_str(line).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_told_whatever_else_is_said() {
        let text = "nodes {}\n{\"node\":\"app@a.b\",\"epmd\":4369,\"cookie\":\"with a \\\"\"}\nbye";
        let info = info_in(text);
        let told = info.map(|info| (info.node, info.port, info.epmd, info.cookie));
        let cookie = Some("with a \"".into());
        assert_eq!(told, Some(("app@a.b".into(), None, Some(4369), cookie)));
    }
}
