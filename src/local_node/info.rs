//! `beaminit node --json`: how the node of this container is reached, for `beaminit-attach` and for scripts.
//!
//! The cookie is among it only where that is asked for, and never on a terminal. Who may run a command in the container can
//! read it anyway, in the environment.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use super::{Wanted, look};
use crate::cli::{self, Usage};
use crate::config::{Invocation, Reading};
use crate::error::Failure;
use crate::exit::Exit;
use crate::log;
use crate::system::secrets::shown;

/// The node, as one JSON object.
#[derive(Deserialize, Serialize)]
pub struct NodeInfo {
    /// Its name.
    pub node: String,
    /// Its distribution port; epmd knows it where this is `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The port of epmd, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epmd: Option<u16>,
    /// The cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie: Option<String>,
}

/// Prints it; returns the exit status.
pub fn run(mut invocation: Invocation) -> i32 {
    let cookie = match parse(&mut invocation.command) {
        Ok(cookie) => cookie,
        Err(usage) => return usage.report(),
    };
    log::start(&Reading::new(invocation.environment.clone(), None).logging());
    match info(invocation, cookie) {
        Ok(text) => cli::say(&text),
        Err(failure) => {
            for line in &failure.lines {
                tracing::error!("{line}");
            }
            failure.exit.status()
        }
    }
}

/// Reads `--json [--cookie] [-- COMMAND]`; leaves the command. Is the cookie wanted?
fn parse(words: &mut Vec<OsString>) -> Result<bool, Usage> {
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
                return Err(Usage::new(format!(
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
        return Err(Failure::new(Exit::Usage, line));
    }
    let here = look(invocation, Wanted { node: None, cookie })?;
    let secret = here.cookie.as_ref().filter(|_| cookie);
    let info = NodeInfo {
        node: here.first().to_string(),
        port: here.port.map(crate::node::Port::number),
        epmd: here.epmd.map(crate::node::Port::number),
        cookie: secret.map(|cookie| cookie.reveal().to_owned()),
    };
    let text = serde_json::to_string(&info);
    text.map(|text| text + "\n")
        .map_err(|error| Failure::new(Exit::System, format!("cannot write JSON: {error}")))
}
