//! Name, port and cookie of the node: from the command line and the environment, else from the beaminit in the pod.

use std::process::Command;

use super::location::Location;
use super::{Abort, Machine, processes};
use crate::config::EpmdMode;
use crate::error::Failure;
use crate::exit::Exit;
use crate::local_node::info::NodeInfo;
use crate::node::{Cookie, NodeName, Port};

/// Where images have the binary.
const BEAMINIT: &str = "/beaminit";

/// What is known of the node before the handshake.
pub struct RemoteInfo {
    pub node: NodeName,
    /// The user gave that name; else the node may have the same name on another host, and says that itself.
    pub name_is_given: bool,
    /// `None`: epmd knows it.
    pub port: Option<Port>,
    /// `None`: the node runs without epmd.
    pub epmd: Option<Port>,
    pub cookie: Cookie,
}

pub fn find(
    location: &Location,
    node: Option<NodeName>,
    machine: &Machine,
) -> Result<RemoteInfo, Abort> {
    let config = &machine.config;
    let own_cookie = config.cookie.as_ref().map(|said| said.value.clone());
    if let (Some(node), Some(cookie)) = (&node, &own_cookie) {
        let off = config.epmd == EpmdMode::Off;
        return Ok(RemoteInfo {
            node: node.clone(),
            name_is_given: true,
            port: config.port.or(off.then_some(Port::DEFAULT)),
            epmd: Some(Port::EPMD).filter(|_| !off),
            cookie: cookie.clone(),
        });
    }
    let words = location.exec(config, &[BEAMINIT, "node", "--json", "--cookie"]);
    let (status, text) = processes::output_of(&mut command(&words), machine)?;
    let info = parse(&text);
    let info = info.as_ref();
    let missing = |what| {
        let words = words.join(" ");
        let line = format!(
            "`{words}` printed no {what} ({status}, see above for what it said); does the node run there, and is {BEAMINIT} of that image new enough? If not, give NAME@HOST, and the cookie in ERLANG_COOKIE_FILE"
        );
        Failure::new(Exit::Gate, line)
    };
    let name_is_given = node.is_some();
    let node = node.or_else(|| NodeName::parse(&info?.node).ok());
    let node = node.ok_or_else(|| missing("node name"))?;
    let cookie = info.and_then(|info| Cookie::parse(info.cookie.as_ref()?).ok());
    let cookie = cookie.or(own_cookie);
    let cookie = cookie.ok_or_else(|| {
        if status.success() {
            let line =
                format!("the cookie of {node} was not found there; give it in ERLANG_COOKIE_FILE");
            return Failure::config(line);
        }
        missing("cookie")
    })?;
    Ok(RemoteInfo {
        node,
        name_is_given,
        port: info.and_then(|info| Port::new(info.port?)),
        epmd: info.and_then(|info| Port::new(info.epmd?)),
        cookie,
    })
}

pub fn command(words: &[String]) -> Command {
    let mut words = words.iter();
    let mut command = Command::new(words.next().map_or("", String::as_str));
    command.args(words);
    command
}

/// The JSON object, on a line of its own: kubectl may print other lines.
fn parse(text: &str) -> Option<NodeInfo> {
    let mut lines = text.lines().rev();
    lines.find_map(|line| serde_json::from_str(line).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::system::secrets::without_debug!(RemoteInfo);

    #[test]
    fn finds_the_object_among_other_lines() {
        let text = "nodes {}\n{\"node\":\"app@a.b\",\"epmd\":4369,\"cookie\":\"with a \\\"\"}\nbye";
        let info = parse(text).map(|info| (info.node, info.port, info.epmd, info.cookie));
        let cookie = Some("with a \"".into());
        assert_eq!(info, Some(("app@a.b".into(), None, Some(4369), cookie)));
    }
}
