//! Name, port and cookie of the node: from the command line and the environment, else from the beaminit in the pod.

use std::process::{Command, ExitStatus};

use super::location::Location;
use super::{Abort, Machine, processes};
use crate::config::EpmdMode;
use crate::dist::TlsFiles;
use crate::error::Failure;
use crate::exit::Exit;
use crate::local_node::info::{NodeInfo, NodeTls};
use crate::node::{Cookie, NodeName, Port};
use crate::system::printable::shortened;

/// Where images have the binary.
pub const BEAMINIT: &str = "/beaminit";

const GIVE_BOTH: &str = "NAME@HOST, and the cookie in ERLANG_COOKIE_FILE";
const GIVE_COMMAND: &str = "the command of a shell, as in --in-pod -- bin/app remote";

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
    pub tls: Option<Tls>,
}

/// What to speak TLS with: a folder of this machine, or what the pod has told.
pub enum Tls {
    Here(TlsFiles),
    Told(NodeTls),
}

pub fn find(
    location: &Location,
    node: Option<NodeName>,
    machine: &Machine,
) -> Result<RemoteInfo, Abort> {
    let config = &machine.config;
    let own_tls = || config.tls.as_ref().map(|tls| Tls::Here(tls.files()));
    let own_cookie = config.cookie.as_ref().map(|said| said.value.clone());
    if let (Some(node), Some(cookie)) = (&node, &own_cookie) {
        let off = config.epmd == EpmdMode::Off;
        return Ok(RemoteInfo {
            node: node.clone(),
            name_is_given: true,
            port: config.port.or(off.then_some(Port::DEFAULT)),
            epmd: Some(Port::EPMD).filter(|_| !off),
            cookie: cookie.clone(),
            tls: own_tls(),
        });
    }
    let mut answer = Answer::ask(location, &["node", "--json", "--cookie"], machine)?;
    let told_tls = answer.info.as_mut().and_then(|info| info.tls.take());
    let info = answer.info.as_ref();
    let name_is_given = node.is_some();
    let node = node.or_else(|| answer.node());
    let node = node.ok_or_else(|| answer.lacks("node name", GIVE_BOTH))?;
    let cookie = info.and_then(|info| Cookie::parse(info.cookie.as_ref()?).ok());
    let cookie = cookie.or(own_cookie);
    let cookie = cookie.ok_or_else(|| {
        if answer.status.success() {
            let line =
                format!("the cookie of {node} was not found there; give it in ERLANG_COOKIE_FILE");
            return Failure::config(line);
        }
        answer.lacks("cookie", GIVE_BOTH)
    })?;
    Ok(RemoteInfo {
        node,
        name_is_given,
        port: info.and_then(|info| Port::new(info.port?)),
        epmd: info.and_then(|info| Port::new(info.epmd?)),
        cookie,
        tls: own_tls().or(told_tls.map(Tls::Told)),
    })
}

/// The command that opens a shell on the node where it runs.
pub fn find_shell(
    location: &Location,
    asked: Option<&NodeName>,
    machine: &Machine,
) -> Result<(NodeName, Vec<String>), Abort> {
    let answer = Answer::ask(location, &["node", "--json"], machine)?;
    let lacks = |what| answer.lacks(what, GIVE_COMMAND);
    let node = answer.node().ok_or_else(|| lacks("node name"))?;
    if let Some(asked) = asked {
        check_name(&node, asked)?;
    }
    let shell = answer.info.as_ref().map(|info| info.shell.clone());
    let shell = shell.filter(|shell| !shell.is_empty());
    Ok((node, shell.ok_or_else(|| lacks("shell"))?))
}

/// The node must be the one that the user gave.
pub fn check_name(node: &NodeName, asked: &NodeName) -> Result<(), Failure> {
    if node == asked {
        return Ok(());
    }
    let line = format!("the node there is {node}, not {asked}; give that name");
    Err(Failure::config(line))
}

/// What the beaminit in the pod said.
struct Answer {
    info: Option<NodeInfo>,
    status: ExitStatus,
    command_line: String,
    /// The last line that is no JSON: Docker writes there what its own errors are.
    said: Option<String>,
}

impl Answer {
    fn ask(location: &Location, words: &[&str], machine: &Machine) -> Result<Self, Abort> {
        let words = [&[BEAMINIT], words].concat();
        let words = location.exec(&machine.config, None, &words);
        let (status, text) = processes::output_of(&mut command(&words), machine)?;
        Ok(Self {
            info: parse(&text),
            said: last_line(&text),
            status,
            command_line: words.join(" "),
        })
    }

    fn node(&self) -> Option<NodeName> {
        NodeName::parse(&self.info.as_ref()?.node).ok()
    }

    fn lacks(&self, what: &str, instead: &str) -> Failure {
        let said = match &self.said {
            Some(said) => format!("): {}", shortened(said)),
            None if self.status.success() => ")".into(),
            None => "; its errors, if it wrote any, are above)".into(),
        };
        let line = format!(
            "`{}` printed no {what} ({}{said}; does the node run there, and is {BEAMINIT} of that image new enough? If not, give {instead}",
            self.command_line, self.status
        );
        Failure::new(Exit::Gate, line)
    }
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

/// The last line that may be shown: an object may have the cookie.
fn last_line(text: &str) -> Option<String> {
    let lines = text.lines().rev().map(str::trim);
    let mut shown = lines.filter(|line| !line.is_empty() && !line.contains('{'));
    shown.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::system::secrets::without_debug!(Answer, RemoteInfo);

    #[test]
    fn finds_the_object_among_other_lines() {
        let text = "nodes {}\n{\"node\":\"app@a.b\",\"epmd\":4369,\"cookie\":\"with a \\\"\"}\nbye";
        let info = parse(text).map(|info| (info.node, info.port, info.epmd, info.cookie));
        let cookie = Some("with a \"".into());
        assert_eq!(info, Some(("app@a.b".into(), None, Some(4369), cookie)));
    }

    #[test]
    fn shows_what_is_no_object() {
        for (text, expected) in [
            (
                "OCI runtime exec failed: no such file\r\n\n",
                Some("OCI runtime exec failed: no such file"),
            ),
            ("{\"node\":\"app@a.b\",\"cookie\":\"cut o", None),
            ("why\n{\"cookie\":1}\n", Some("why")),
            ("", None),
        ] {
            assert_eq!(last_line(text).as_deref(), expected, "{text}");
        }
    }
}
