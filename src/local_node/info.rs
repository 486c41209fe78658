//! `beaminit node --json`: how the node of this container is reached, for `beaminit-attach` and for scripts.
//!
//! With the cookie, and the key of a node that speaks TLS, only where that is asked for, and never on a terminal. A user who
//! can run a command in the container can read the cookie in the environment anyway.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{LocalNode, running};
use crate::cli;
use crate::config::{self, Invocation};
use crate::dist::{Carrier, TlsFiles};
use crate::error::Failure;
use crate::exit::Exit;
use crate::launchers;
use crate::log;
use crate::node::Port;
use crate::system::listeners;
use crate::system::secrets::shown;

#[derive(Deserialize, Serialize)]
pub struct NodeInfo {
    pub node: String,
    /// The distribution port. `None`: epmd knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The port of epmd. `None`: the node runs without epmd.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epmd: Option<u16>,
    /// The command that opens a shell on it, in this container. An older beaminit does not tell.
    #[serde(default)]
    pub shell: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie: Option<String>,
    /// Told with the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<NodeTls>,
}

/// What the node has for TLS: the files' content in PEM.
#[derive(Deserialize, Serialize)]
pub struct NodeTls {
    pub certificate: String,
    pub key: String,
    /// Without it every certificate is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// Must a certificate name its node's host?
    pub names_host: bool,
}

impl NodeTls {
    /// The content of these files.
    fn read(files: &TlsFiles) -> Result<Option<Self>, Failure> {
        let text = |path: &PathBuf| {
            fs::read_to_string(path).map_err(|error| {
                let path = path.display();
                let line = format!(
                    "cannot read {path}: {error}; a node that attaches needs it to speak TLS"
                );
                Failure::new(Exit::System, line)
            })
        };
        let Some((certificate, key)) = &files.identity else {
            return Ok(None);
        };
        Ok(Some(Self {
            certificate: text(certificate)?,
            key: text(key)?,
            authority: files.authority.as_ref().map(text).transpose()?,
            names_host: files.names_host,
        }))
    }
}

/// Returns the exit status.
pub fn run(mut invocation: Invocation) -> i32 {
    let cookie = match parse(&mut invocation.command) {
        Ok(cookie) => cookie,
        Err(usage) => return usage.report(),
    };
    log::start(&config::logging(&invocation.environment));
    match info(invocation, cookie) {
        Ok(text) => cli::say(&text),
        Err(failure) => failure.log(),
    }
}

/// Reads `--json [--cookie] [-- COMMAND]`; leaves the command. Is the cookie wanted?
fn parse(words: &mut Vec<OsString>) -> Result<bool, Failure> {
    let mut rest = std::mem::take(words).into_iter();
    let mut cookie = false;
    while let Some(word) = rest.next() {
        match word.to_str() {
            Some("--json") => {}
            Some("--cookie") => cookie = true,
            Some("--") => {
                *words = rest.collect();
                break;
            }
            _ => {
                return Err(Failure::usage(format!(
                    "node: {:?} is not understood (node --json [--cookie] [-- COMMAND])",
                    shown(&word)
                )));
            }
        }
    }
    Ok(cookie)
}

fn info(invocation: Invocation, cookie: bool) -> Result<String, Failure> {
    if cookie && nix::unistd::isatty(std::io::stdout()).unwrap_or(false) {
        let line = "node --json --cookie writes the cookie, and standard output is a terminal; send it to a pipe, or leave --cookie out";
        return Err(Failure::usage(line));
    }
    let mut local = LocalNode::discover(invocation, None, cookie)?;
    if let Some(line) = local.not_started() {
        return Err(Failure::new(Exit::Gate, line));
    }
    let command = std::mem::take(&mut local.command);
    let node = local.record.node.clone();
    let port = local.record.port.map(Port::number);
    if let Some(port) = port.filter(|_| cookie)
        && listeners::is_one_of(&running::vms(), port) == Some(false)
    {
        let holder = listeners::holder(port).unwrap_or_else(|| "another".into());
        let line = format!(
            "port {port} is not the node's, but that of {holder}: the cookie is not told, since it would be proved to that process; end it, or change the port of one of them"
        );
        return Err(Failure::new(Exit::Gate, line));
    }
    let secret = local.cookie.as_ref().filter(|_| cookie);
    let tls = match &local.record.carrier {
        Carrier::Tls(files) if cookie => NodeTls::read(files)?,
        _ => None,
    };
    let info = NodeInfo {
        tls,
        node: node.to_string(),
        port,
        epmd: local.record.epmd.map(Port::number),
        cookie: secret.map(|cookie| cookie.reveal().to_owned()),
        shell: launchers::shell_command(command, local.config, &node),
    };
    let text = serde_json::to_string(&info);
    text.map(|text| text + "\n")
        .map_err(|error| Failure::new(Exit::System, format!("cannot write JSON: {error}")))
}
