//! The probe's own command line: the level of the check, its time limit, and the node.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use crate::error::Failure;
use crate::node::NodeName;
use crate::system::secrets::shown;

/// The default time limit.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// epmd knows the name, or there is none; and the port takes a connection.
    Port,
    /// The node itself answers, by its own name.
    Alive,
    /// It has booted, and answers to one that has its cookie.
    Ready,
}

#[derive(Clone, PartialEq, Eq)]
pub struct ProbeOptions {
    pub level: Level,
    /// Applications that must have started.
    pub apps: Vec<String>,
    /// The least number of visible nodes that must be connected.
    pub peers: Option<usize>,
    pub timeout: Duration,
    /// The node, if not that of this container.
    pub node: Option<NodeName>,
    /// The command that the node was started with; empty for that of the beaminit in this container.
    pub command: Vec<OsString>,
}

impl ProbeOptions {
    /// Reads the words after `beaminit probe`.
    ///
    /// # Errors
    /// Exit status 64.
    pub fn parse(words: Vec<OsString>) -> Result<Self, Failure> {
        let mut words = words.into_iter();
        let mut level = None;
        let mut options = Self {
            level: Level::Alive,
            apps: Vec::new(),
            peers: None,
            timeout: TIMEOUT,
            node: None,
            command: Vec::new(),
        };
        while let Some(word) = words.next() {
            let text = word.to_str().unwrap_or_default();
            let (option, mut attached) = match text.split_once('=') {
                Some((option, value)) if text.starts_with("--") => (option, Some(value.to_owned())),
                _ => (text, None),
            };
            let mut value = || {
                let next = || words.next().and_then(|word| word.into_string().ok());
                let value = attached
                    .take()
                    .or_else(next)
                    .filter(|value| !value.is_empty());
                value.ok_or_else(|| Failure::usage(format!("{option} needs a value after it")))
            };
            match option {
                "--" => {
                    options.command = words.collect();
                    if options.command.is_empty() {
                        return Err(Failure::usage(
                            "there is no command after `--`: leave it out, or give the node's",
                        ));
                    }
                    break;
                }
                "--port" => set_level(&mut level, Level::Port)?,
                "--alive" => set_level(&mut level, Level::Alive)?,
                "--ready" => set_level(&mut level, Level::Ready)?,
                "--app" => options.apps.push(value()?),
                "--peers" => {
                    let text = value()?;
                    let number = text.parse().map_err(|_| {
                        Failure::usage(format!(
                            "--peers is {:?}: not a number of nodes",
                            shown(&text)
                        ))
                    })?;
                    options.peers = Some(number);
                }
                "--timeout" => options.timeout = timeout(&value()?)?,
                name if name.contains('@') && options.node.is_none() => {
                    let node = NodeName::parse(text).map_err(|reason| {
                        Failure::usage(format!("{:?} is no node: {reason}", shown(text)))
                    })?;
                    options.node = Some(node);
                }
                _ => return Err(unknown(&word)),
            }
            if let Some(value) = attached {
                return Err(Failure::usage(format!(
                    "{option} takes no value, and has {:?}",
                    shown(value)
                )));
            }
        }
        let needs_ready = !options.apps.is_empty() || options.peers.is_some();
        options.level = match level {
            Some(Level::Port | Level::Alive) if needs_ready => {
                return Err(Failure::usage(
                    "--app and --peers are asked of a node that is ready: leave --port or --alive out",
                ));
            }
            _ if needs_ready => Level::Ready,
            level => level.unwrap_or(Level::Alive),
        };
        Ok(options)
    }
}

fn set_level(level: &mut Option<Level>, new: Level) -> Result<(), Failure> {
    if level.replace(new).is_some_and(|old| old != new) {
        return Err(Failure::usage(
            "--port, --alive and --ready: give one of them, each includes those before it",
        ));
    }
    Ok(())
}

fn timeout(text: &str) -> Result<Duration, Failure> {
    // A longer one is a mistake, and may be more than the clock can hold.
    let is_sensible = |time: &Duration| !time.is_zero() && time.as_secs() < 24 * 60 * 60;
    humantime::parse_duration(text)
        .ok()
        .filter(is_sensible)
        .ok_or_else(|| {
            Failure::usage(format!(
                "--timeout is {:?}: not a time above 0 and below a day; write it like 2s or 500ms",
                shown(text)
            ))
        })
}

fn unknown(word: &OsStr) -> Failure {
    Failure::usage(format!(
        "{:?} is neither NAME@HOST nor an option of the probe's (--port, --alive, --ready, --app, --peers, --timeout); a command follows `--`",
        shown(word)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::system::secrets::without_debug!(ProbeOptions);

    fn read(line: &str) -> Result<ProbeOptions, String> {
        let words = line.split_whitespace().map(Into::into).collect();
        ProbeOptions::parse(words).map_err(|usage| usage.lines.concat())
    }

    #[test]
    fn reads_options() {
        for (line, expected) in [
            ("", "Alive [] None 2s - ''"),
            ("--port", "Port [] None 2s - ''"),
            ("--alive --alive", "Alive [] None 2s - ''"),
            ("--ready", "Ready [] None 2s - ''"),
            ("--app a --app=b", "Ready [\"a\", \"b\"] None 2s - ''"),
            ("--ready --peers 0", "Ready [] Some(0) 2s - ''"),
            ("--timeout 500ms a@b.c", "Alive [] None 500ms a@b.c ''"),
            ("a@b --port --timeout=1m", "Port [] None 1m a@b ''"),
            (
                "--port -- erl --ready a@b",
                "Port [] None 2s - 'erl --ready a@b'",
            ),
        ] {
            let got = read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            let node = got.node.map_or_else(|| "-".into(), |node| node.to_string());
            let shown = format!(
                "{:?} {:?} {:?} {} {node} '{}'",
                got.level,
                got.apps,
                got.peers,
                humantime::format_duration(got.timeout),
                got.command.join(OsStr::new(" ")).display()
            );
            assert_eq!(shown, expected, "{line}");
        }
    }

    #[test]
    fn says_what_it_cannot_read() {
        for (line, part) in [
            ("--port --ready", "give one of them"),
            ("--port --app a", "leave --port or --alive out"),
            ("--alive --peers 1", "leave --port or --alive out"),
            ("--port=1", "--port takes no value, and has \"1\""),
            ("--app", "--app needs a value"),
            ("--app=", "--app needs a value"),
            ("--peers many", "--peers is \"many\""),
            ("--peers -1", "--peers is \"-1\""),
            ("--timeout 0s", "--timeout is \"0s\": not a time above 0"),
            ("--timeout 2", "--timeout is \"2\""),
            ("--timeout 9999days", "--timeout is \"9999days\""),
            ("--verbose", "\"--verbose\" is neither"),
            ("bin/app start", "\"bin/app\" is neither"),
            ("a@b c@d", "\"c@d\" is neither"),
            ("a.b@c", "\"a.b@c\" is no node"),
            ("--", "no command after"),
        ] {
            let got = read(line).err();
            assert!(
                got.as_ref().is_some_and(|error| error.contains(part)),
                "{line}: {got:?}"
            );
        }
    }
}
