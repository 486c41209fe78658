//! What `beaminit-attach` is asked for: which pod or container, which shell.
//!
//! Options before or behind the pod, as kubectl has them; everything behind `--` is the command's.

use std::ffi::OsString;

use super::place::{Place, Pod};
use crate::cli::Usage;
use crate::node::NodeName;
use crate::system::secrets::shown;

/// How it is called.
const FORM: &str = "beaminit-attach POD [-n NAMESPACE] [-c CONTAINER] [NAME@HOST] [--erl|--iex] [-- COMMAND], or --docker CONTAINER in the place of POD";

/// What is asked for.
#[derive(PartialEq, Eq)]
pub enum Request {
    /// A shell.
    Shell(Wanted),
    /// `--help`.
    Help,
    /// `--version`.
    Version,
}

/// The node and the shell that are wanted.
#[derive(PartialEq, Eq)]
pub struct Wanted {
    /// Where the node runs.
    pub place: Place,
    /// Its name, if that was given.
    pub node: Option<NodeName>,
    /// What to run.
    pub shell: Shell,
}

/// What is run on this machine.
#[derive(PartialEq, Eq)]
pub enum Shell {
    /// `iex` if the node has it and this machine has it, else `erl`.
    Either,
    /// `erl -remsh`.
    Erl,
    /// `iex --remsh`.
    Iex,
    /// A command, which is to be a local node.
    Command(Vec<OsString>),
}

/// Reads the words.
///
/// # Errors
/// What cannot be read, in one line.
pub fn parse(words: Vec<OsString>) -> Result<Request, Usage> {
    let mut words = words.into_iter().peekable();
    match words.peek().and_then(|word| word.to_str()) {
        Some("--help" | "-h") => return Ok(Request::Help),
        Some("--version" | "-V") => return Ok(Request::Version),
        _ => {}
    }
    let (mut name, mut docker, mut node, mut shell) = (None, None, None, None);
    let (mut namespace, mut container) = (None, None);
    while let Some(word) = words.next() {
        let (option, attached) = split(word.to_str().unwrap_or_default());
        let mut value = || {
            let value = attached.map(str::to_owned);
            let value = value.or_else(|| words.next().and_then(|value| value.into_string().ok()));
            value
                .filter(|value| !value.is_empty() && !value.starts_with('-'))
                .ok_or_else(|| Usage::new(format!("there is no name behind {option}")))
        };
        match option {
            // Given twice, the last one wins, as for kubectl: an alias may have the first.
            "-n" | "--namespace" => namespace = Some(value()?),
            "-c" | "--container" => container = Some(value()?),
            "--docker" => once(&mut docker, value()?, "container")?,
            "--erl" if attached.is_none() => once(&mut shell, Shell::Erl, "shell")?,
            "--iex" if attached.is_none() => once(&mut shell, Shell::Iex, "shell")?,
            "--" if attached.is_none() => {
                once(
                    &mut shell,
                    Shell::Command(words.collect()),
                    "shell or command",
                )?;
                break;
            }
            text if text.contains('@') => {
                let complain = |reason| Usage::new(format!("{:?}: {reason}", shown(text)));
                once(
                    &mut node,
                    NodeName::parse(text).map_err(complain)?,
                    "NAME@HOST",
                )?;
            }
            text if !text.is_empty() && !text.starts_with('-') && name.is_none() => {
                name = Some(text.strip_prefix("pod/").unwrap_or(text).to_owned());
            }
            _ => {
                return Err(Usage::new(format!(
                    "{:?} is not understood ({FORM})",
                    shown(&word)
                )));
            }
        }
    }
    let place = match (name, docker) {
        // What stands for several pods: kubectl would choose one anew each time.
        (Some(name), None) if name.contains('/') => {
            return Err(Usage::new(format!(
                "{name:?} is no pod's name: give one, as kubectl get pods shows them"
            )));
        }
        (Some(name), None) => Place::Pod(Pod {
            name,
            namespace,
            container,
        }),
        (None, Some(docker)) if namespace.is_none() && container.is_none() => Place::Docker(docker),
        _ => {
            return Err(Usage::new(format!("give one pod or container ({FORM})")));
        }
    };
    match shell.unwrap_or(Shell::Either) {
        Shell::Command(command) if command.is_empty() => Err(Usage::new(
            "there is no command behind --: leave it out for a shell on the node",
        )),
        shell => Ok(Request::Shell(Wanted { place, node, shell })),
    }
}

/// Splits an option from the value that is attached to it, in the ways that kubectl takes: `--namespace=prod`, `-n=prod`,
/// `-nprod`. Any other word stays whole.
fn split(word: &str) -> (&str, Option<&str>) {
    for short in ["-n", "-c"] {
        if let Some(value) = word.strip_prefix(short).filter(|value| !value.is_empty()) {
            return (short, Some(value.strip_prefix('=').unwrap_or(value)));
        }
    }
    match word.split_once('=') {
        Some((option, value)) if option.starts_with("--") => (option, Some(value)),
        _ => (word, None),
    }
}

/// Sets what may be said once.
fn once<T>(slot: &mut Option<T>, value: T, what: &str) -> Result<(), Usage> {
    match slot.replace(value) {
        Some(_) => Err(Usage::new(format!(
            "more than one {what} is given ({FORM})"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    crate::system::secrets::without_debug!(Request, Wanted, Shell);

    /// How a command line is read, in short; or the start of a complaint.
    fn read(line: &str) -> String {
        let wanted = match parse(line.split_whitespace().map(OsString::from).collect()) {
            Ok(Request::Help) => return "help".into(),
            Ok(Request::Version) => return "version".into(),
            Ok(Request::Shell(wanted)) => wanted,
            Err(usage) => return usage.to_string(),
        };
        let place = match wanted.place {
            Place::Pod(pod) => format!("{} {:?} {:?}", pod.name, pod.namespace, pod.container),
            Place::Docker(container) => format!("docker {container}"),
        };
        let node = wanted.node.map(|node| format!(" {node}"));
        let shell = match wanted.shell {
            Shell::Either => "Either".into(),
            Shell::Erl => "Erl".into(),
            Shell::Iex => "Iex".into(),
            Shell::Command(words) => format!("Command({words:?})"),
        };
        format!("{place}{} {shell}", node.unwrap_or_default())
    }

    #[test]
    fn reads_the_words() {
        for (line, expected) in [
            ("app-0", "app-0 None None Either"),
            ("pod/app-0 --erl", "app-0 None None Erl"),
            (
                "-n prod app-0 -c app --iex",
                "app-0 Some(\"prod\") Some(\"app\") Iex",
            ),
            ("-nprod a -c=app", "a Some(\"prod\") Some(\"app\") Either"),
            ("-n=prod a -capp", "a Some(\"prod\") Some(\"app\") Either"),
            (
                "--namespace=prod a --container=app",
                "a Some(\"prod\") Some(\"app\") Either",
            ),
            (
                "a --namespace prod --container app",
                "a Some(\"prod\") Some(\"app\") Either",
            ),
            ("-n prod a -n test", "a Some(\"test\") None Either"),
            ("--docker=web_1", "docker web_1 Either"),
            (
                "a -- --erl -n=x",
                "a None None Command([\"--erl\", \"-n=x\"])",
            ),
            ("app-0 app@a.b", "app-0 None None app@a.b Either"),
            (
                "app-0 -- erl -x",
                "app-0 None None Command([\"erl\", \"-x\"])",
            ),
            ("--docker web_1", "docker web_1 Either"),
            ("--help", "help"),
            ("-V app-0", "version"),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
        for (line, start) in [
            ("", "give one pod"),
            ("a b", "\"b\" is not understood"),
            ("a --docker b", "give one pod"),
            ("--docker b -n prod", "give one pod"),
            ("a -n", "there is no name behind -n"),
            ("a -n=", "there is no name behind -n"),
            ("a --namespace=", "there is no name behind --namespace"),
            ("a b@c d@e", "more than one NAME@HOST"),
            ("a --erl --iex", "more than one shell is given"),
            ("a --iex -- x", "more than one shell or command"),
            ("--docker a --docker b", "more than one container"),
            ("a --=x", "\"--=x\" is not understood"),
            ("a --erl=x", "\"--erl=x\" is not understood"),
            ("a -n --erl", "there is no name behind -n"),
            ("svc/app", "\"svc/app\" is no pod's name"),
            ("a a@b@c", "\"a@b@c\": "),
            ("a --", "there is no command"),
            ("a --verbose", "\"--verbose\" is not understood"),
        ] {
            assert!(read(line).starts_with(start), "{line}: {}", read(line));
        }
    }
}
