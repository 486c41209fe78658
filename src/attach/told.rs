//! What a pod tells of its node, from one beaminit to another: a line each for its name, port, epmd and cookie.
//!
//! `plan` shows no cookie, and nothing else of beaminit does. `attach --tell` does, to a pipe alone: whoever may run a
//! command in the pod can read its environment, and the cookie with it.

use std::process::Command;

use super::place::Place;
use super::{Local, Stopped, processes};
use crate::exit::Exit;
use crate::launch::config::{EpmdMode, Reading};
use crate::launch::failure::Failure;
use crate::launch::look::{self, Here, Wanted};
use crate::launch::node::{Cookie, NodeName, Port};
use crate::launch::{self, Start};

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

/// `attach --tell`, in the pod.
///
/// # Errors
/// Standard output is a terminal, or nothing here tells of a node.
pub fn tell(start: Start) -> Result<i32, Stopped> {
    let mut reading = Reading::new(start.environment.clone(), None);
    launch::log::start(&reading.logging());
    if nix::unistd::isatty(std::io::stdout()).unwrap_or(false) {
        let line = "attach --tell writes the cookie, and standard output is a terminal; it is what beaminit attach asks, by a pipe";
        return Err(Failure::new(Exit::Usage, line).into());
    }
    let here = look::look(
        start,
        Wanted {
            node: None,
            cookie: true,
        },
    )?;
    Ok(crate::cli::say(&write(&here)))
}

fn write(here: &Here) -> String {
    let node = here.candidates.first();
    let lines = [
        ("node", node.map(|candidate| candidate.node.to_string())),
        ("port", here.port.map(|port| port.to_string())),
        ("epmd", here.epmd.map(|port| port.to_string())),
        (
            "cookie",
            here.cookie
                .as_ref()
                .map(|cookie| cookie.reveal().to_owned()),
        ),
    ];
    let lines = lines
        .into_iter()
        .filter_map(|(what, value)| Some(format!("{what} {}\n", value?)));
    lines.collect()
}

/// The values of such lines.
struct Lines<'a>(&'a str);

impl Lines<'_> {
    fn of<T>(&self, what: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let mut lines = self.0.lines();
        let value = lines.find_map(|line| line.strip_prefix(what)?.strip_prefix(' '))?;
        read(value).ok()
    }
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
    let words = place.inside(config, &[BEAMINIT, "attach", "--tell"]);
    let (status, text) = processes::answer_of(&mut command(&words), local)?;
    let lines = Lines(&text);
    let silent = |what| {
        let words = words.join(" ");
        let line = format!(
            "`{words}` tells of no {what} ({status}, its own words are above): is that the place, and {BEAMINIT} of its image new enough? Without it, give NAME@HOST, and the cookie in ERLANG_COOKIE_FILE"
        );
        Failure::new(Exit::Gate, line)
    };
    let named = node.is_some();
    let node = node.or_else(|| lines.of("node", NodeName::parse));
    let node = node.ok_or_else(|| silent("node"))?;
    let cookie = lines.of("cookie", Cookie::parse).or(own_cookie);
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
        port: lines.of("port", Port::parse),
        epmd: lines.of("epmd", Port::parse),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_told_whatever_else_is_said() {
        let lines = Lines("nodes x@y\nnode app@a.b\nport 0\ncookie with a space\nepmd 4369");
        let node = lines
            .of("node", NodeName::parse)
            .map(|node| node.to_string());
        assert_eq!(node.as_deref(), Some("app@a.b"));
        assert_eq!(lines.of("port", Port::parse), None);
        assert_eq!(lines.of("epmd", Port::parse), Some(Port::EPMD));
        let cookie = lines.of("cookie", Cookie::parse);
        assert_eq!(cookie.as_ref().map(Cookie::reveal), Some("with a space"));
    }
}
