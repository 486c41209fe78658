//! The command line of `beaminit-attach`: which pod or container, which program.
//!
//! AttachOptions before or after the pod, as kubectl takes them; everything after `--` is the command's.

use std::ffi::OsString;

use super::location::{Location, PodRef};
use crate::error::Failure;
use crate::node::NodeName;
use crate::system::secrets::shown;

const SYNOPSIS: &str = "beaminit-attach POD [-n NAMESPACE] [-c CONTAINER] [NAME@HOST] [--in-pod] [--erl|--iex] [-- COMMAND], or --docker CONTAINER instead of POD";

#[derive(PartialEq, Eq)]
pub struct AttachOptions {
    pub location: Location,
    /// The node's name, if it is given.
    pub node: Option<NodeName>,
    /// It is run there, not on this machine.
    pub in_pod: bool,
    pub program: Program,
}

/// What is run.
#[derive(PartialEq, Eq)]
pub enum Program {
    /// `iex` if the node has it and this machine has it, else `erl`; in the pod, what the release has for it.
    Auto,
    /// `erl -remsh`.
    Erl,
    /// `iex --remsh`.
    Iex,
    /// A command, which is to be a node of its own.
    Command(Vec<OsString>),
}

impl AttachOptions {
    pub fn parse(words: Vec<OsString>) -> Result<Self, Failure> {
        let mut words = words.into_iter();
        let (mut name, mut docker, mut node, mut program) = (None, None, None, None);
        let (mut namespace, mut container, mut in_pod) = (None, None, false);
        while let Some(word) = words.next() {
            let (option, attached) = split(word.to_str().unwrap_or_default());
            let mut value = || {
                let value = attached.map(str::to_owned);
                let value =
                    value.or_else(|| words.next().and_then(|value| value.into_string().ok()));
                value
                    .filter(|value| !value.is_empty() && !value.starts_with('-'))
                    .ok_or_else(|| Failure::usage(format!("there is no name after {option}")))
            };
            match option {
                // Given twice, the last one wins, as for kubectl: an alias may have the first.
                "-n" | "--namespace" => namespace = Some(value()?),
                "-c" | "--container" => container = Some(value()?),
                "--docker" => once(&mut docker, value()?, "container")?,
                "--in-pod" if attached.is_none() => in_pod = true,
                "--erl" if attached.is_none() => once(&mut program, Program::Erl, "shell")?,
                "--iex" if attached.is_none() => once(&mut program, Program::Iex, "shell")?,
                "--" if attached.is_none() => {
                    let command = Program::Command(words.collect());
                    once(&mut program, command, "shell or command")?;
                    break;
                }
                text if text.contains('@') => {
                    let complain = |reason| Failure::usage(format!("{:?}: {reason}", shown(text)));
                    let parsed = NodeName::parse(text).map_err(complain)?;
                    once(&mut node, parsed, "NAME@HOST")?;
                }
                text if !text.is_empty() && !text.starts_with('-') && name.is_none() => {
                    name = Some(text.strip_prefix("pod/").unwrap_or(text).to_owned());
                }
                _ => {
                    return Err(Failure::usage(format!(
                        "{:?} is not understood ({SYNOPSIS})",
                        shown(&word)
                    )));
                }
            }
        }
        let location = match (name, docker) {
            // It stands for several pods, and kubectl would choose another one each time.
            (Some(name), None) if name.contains('/') => {
                return Err(Failure::usage(format!(
                    "{name:?} is not the name of a pod; give one that kubectl get pods shows"
                )));
            }
            (Some(name), None) => Location::Pod(PodRef {
                name,
                namespace,
                container,
            }),
            (None, Some(docker)) if namespace.is_none() && container.is_none() => {
                Location::Docker(docker)
            }
            _ => {
                return Err(Failure::usage(format!(
                    "give one pod or container ({SYNOPSIS})"
                )));
            }
        };
        match program.unwrap_or(Program::Auto) {
            Program::Command(command) if command.is_empty() => Err(Failure::usage(
                "there is no command after --: leave it out for a shell on the node",
            )),
            program => Ok(Self {
                location,
                node,
                in_pod,
                program,
            }),
        }
    }
}

/// Splits an option from a value in the same word, in the ways that kubectl takes: `--namespace=prod`, `-n=prod`, `-nprod`.
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

/// Sets what may be given once.
fn once<T>(slot: &mut Option<T>, value: T, what: &str) -> Result<(), Failure> {
    match slot.replace(value) {
        Some(_) => Err(Failure::usage(format!(
            "more than one {what} is given ({SYNOPSIS})"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::system::secrets::without_debug!(AttachOptions, Program);

    /// How a command line is read, in short; or the start of a complaint.
    fn read(line: &str) -> String {
        let options =
            match AttachOptions::parse(line.split_whitespace().map(OsString::from).collect()) {
                Ok(options) => options,
                Err(usage) => return usage.lines.concat(),
            };
        let location = match options.location {
            Location::Pod(pod) => format!("{} {:?} {:?}", pod.name, pod.namespace, pod.container),
            Location::Docker(container) => format!("docker {container}"),
        };
        let node = options.node.map(|node| format!(" {node}"));
        let program = match options.program {
            Program::Auto => "Auto".into(),
            Program::Erl => "Erl".into(),
            Program::Iex => "Iex".into(),
            Program::Command(words) => format!("Command({words:?})"),
        };
        let place = if options.in_pod { " in the pod:" } else { "" };
        format!("{location}{}{place} {program}", node.unwrap_or_default())
    }

    #[test]
    fn reads_the_command_line() {
        for (line, expected) in [
            ("app-0", "app-0 None None Auto"),
            ("pod/app-0 --erl", "app-0 None None Erl"),
            (
                "-n prod app-0 -c app --iex",
                "app-0 Some(\"prod\") Some(\"app\") Iex",
            ),
            ("-nprod a -c=app", "a Some(\"prod\") Some(\"app\") Auto"),
            ("-n=prod a -capp", "a Some(\"prod\") Some(\"app\") Auto"),
            (
                "--namespace=prod a --container=app",
                "a Some(\"prod\") Some(\"app\") Auto",
            ),
            (
                "a --namespace prod --container app",
                "a Some(\"prod\") Some(\"app\") Auto",
            ),
            ("-n prod a -n test", "a Some(\"test\") None Auto"),
            ("--docker=web_1", "docker web_1 Auto"),
            (
                "a -- --erl -n=x",
                "a None None Command([\"--erl\", \"-n=x\"])",
            ),
            ("app-0 app@a.b", "app-0 None None app@a.b Auto"),
            (
                "app-0 -- erl -x",
                "app-0 None None Command([\"erl\", \"-x\"])",
            ),
            ("--docker web_1", "docker web_1 Auto"),
            ("a --in-pod", "a None None in the pod: Auto"),
            (
                "--in-pod --docker a b@c --erl",
                "docker a b@c in the pod: Erl",
            ),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
        for (line, start) in [
            ("", "give one pod"),
            ("a b", "\"b\" is not understood"),
            ("a --docker b", "give one pod"),
            ("--docker b -n prod", "give one pod"),
            ("a -n", "there is no name after -n"),
            ("a -n=", "there is no name after -n"),
            ("a --namespace=", "there is no name after --namespace"),
            ("a b@c d@e", "more than one NAME@HOST"),
            ("a --erl --iex", "more than one shell is given"),
            ("a --iex -- x", "more than one shell or command"),
            ("--docker a --docker b", "more than one container"),
            ("a --=x", "\"--=x\" is not understood"),
            ("a --erl=x", "\"--erl=x\" is not understood"),
            ("a -n --erl", "there is no name after -n"),
            ("a --in-pod=x", "\"--in-pod=x\" is not understood"),
            ("svc/app", "\"svc/app\" is not the name of a pod"),
            ("a a@b@c", "\"a@b@c\": "),
            ("a --", "there is no command"),
            ("a --verbose", "\"--verbose\" is not understood"),
        ] {
            assert!(read(line).starts_with(start), "{line}: {}", read(line));
        }
    }
}
