//! The name: the command line's, ours, the release's, or one made of defaults; and what stands in its way.

use crate::launch::config::{Config, HostForm, Said};
use crate::launch::failure::Failure;
use crate::launch::flags::{Claim, Claims, NameFlag};
use crate::launch::launchers::{Demands, Fixed, Launcher, Role};
use crate::launch::node::identity::{self, Candidate, Lookup};
use crate::launch::node::{Host, NamePart, NodeName};

/// A name, and the candidates that it is the first of.
type Names = (Said<NodeName>, Vec<Candidate>);

/// The name, and the candidates for it.
pub fn name(
    config: &Config,
    launcher: &Launcher,
    variables: &Claims,
    answer: Option<&NodeName>,
) -> Result<Names, Failure> {
    let demands = &launcher.demands;
    if let Some(claim) = demands.command_line.names.first() {
        let node = command_line_name(claim, &demands.command_line.names, config)?;
        // A client is called as it likes.
        if launcher.role == Role::Node {
            contradiction(config, launcher, &node)?;
        }
        return Ok(told(node, "the command line".into(), config));
    }
    if identity::said_by(config).is_none() {
        let full = of_release(demands, variables)
            .find_map(|(text, by)| NodeName::parse(text).ok().map(|node| (node, by)));
        if let Some((node, by)) = full {
            return Ok(told(node, by, config));
        }
    }
    // One without a host is a part of the name; the host is looked for as ever.
    let part = of_release(demands, variables).find_map(|(text, by)| {
        let value = NamePart::parse(text).ok()?;
        Some(Said { value, by })
    });
    let candidates = identity::candidates(config, part.as_ref(), &launcher.default_name)?;
    let chosen = answer.and_then(|answer| {
        candidates
            .iter()
            .find(|one| one.node == *answer || matches!(one.lookup, Lookup::Reverse(_)))
            .map(|one| (answer, one))
    });
    match (chosen, candidates.first()) {
        (Some((answer, one)), _) => {
            let node = Said {
                value: answer.clone(),
                by: one.from.clone(),
            };
            Ok((
                node,
                vec![Candidate {
                    node: answer.clone(),
                    from: one.from.clone(),
                    lookup: Lookup::Own,
                }],
            ))
        }
        (None, Some(first)) => Ok((
            Said {
                value: first.node.clone(),
                by: first.from.clone(),
            },
            candidates,
        )),
        (None, None) => Err(Failure::config(
            "no name can be made for this node; set BEAMINIT_NODE",
        )),
    }
}

/// The names that the release's own variables, flags and files say, in their order.
fn of_release<'a>(
    demands: &'a Demands,
    variables: &'a Claims,
) -> impl Iterator<Item = (&'a str, String)> {
    let flags = variables.names.iter().chain(&demands.files.names);
    let flags = flags.chain(&demands.of_node.names);
    let flags = flags.map(|claim| (claim.value.text.as_str(), claim.place.to_string()));
    let own = demands.node.iter();
    own.map(|said| (said.value.as_str(), said.by.clone()))
        .chain(flags)
}

/// A name that needs no choice.
fn told(node: NodeName, by: String, config: &Config) -> Names {
    let lookup = if config.host == HostForm::Service {
        Lookup::Service
    } else {
        Lookup::Own
    };
    let candidate = Candidate {
        node: node.clone(),
        from: by.clone(),
        lookup,
    };
    (Said { value: node, by }, vec![candidate])
}

/// The name that the command line's flag makes, as the VM would make it.
fn command_line_name(
    claim: &Claim<NameFlag>,
    all: &[Claim<NameFlag>],
    config: &Config,
) -> Result<NodeName, Failure> {
    let NameFlag { long, text } = &claim.value;
    let flag = if *long { "-name" } else { "-sname" };
    if let Some(other) = all.iter().find(|other| other.value != claim.value) {
        return Err(Failure::config(format!(
            "the command line gives the node two names, {text:?} and {:?}; leave one",
            other.value.text
        )));
    }
    let bad =
        |reason: String| Failure::config(format!("the command line says {flag} {text}: {reason}"));
    let node = if text.contains('@') {
        NodeName::parse(text).map_err(bad)?
    } else if *long {
        return Err(bad("without @HOST the VM would guess the host; write NAME@HOST, or set SNAME and leave the flag out".into()));
    } else {
        let own = config
            .pod
            .hostname
            .as_deref()
            .and_then(|name| name.split('.').next())
            .unwrap_or_default();
        let host = Host::parse(own)
            .map_err(|reason| bad(format!("the host name is {own:?}: {reason}")))?;
        NodeName::new(NamePart::parse(text).map_err(bad)?, host).map_err(bad)?
    };
    match (long, node.is_long()) {
        (true, false) => Err(bad("its host has no dot, and no peer may connect to such a long name; write the full host name".into())),
        (false, true) => Err(bad("a short name's host has no dot; use -name".into())),
        _ => Ok(node),
    }
}

/// Does a variable of ours say something else than the command line?
fn contradiction(config: &Config, launcher: &Launcher, node: &NodeName) -> Result<(), Failure> {
    let says = |variable: &str, value: &dyn std::fmt::Display| {
        Err(Failure::config(format!(
            "the command line names the node {node}, and {variable} says {value}; leave one of them out"
        )))
    };
    match (&config.node, &config.sname) {
        (Some(own), _) if own != node => return says("BEAMINIT_NODE", own),
        (_, Some(name)) if *name != node.name => return says("SNAME", name),
        _ => {}
    }
    let by = if config.host == HostForm::Auto {
        "CLUSTER_HOSTNAME"
    } else {
        "BEAMINIT_HOST"
    };
    if config.cluster.is_none() && config.host == HostForm::Auto || config.host == HostForm::Reverse
    {
        return Ok(());
    }
    let candidates = identity::candidates(config, None, &launcher.default_name)?;
    if candidates.iter().any(|one| one.node.host.is(&node.host)) {
        return Ok(());
    }
    candidates
        .first()
        .map_or(Ok(()), |first| says(by, &first.node.host))
}

/// Lines that would give the node another name in spite of us.
pub fn unbeatable(
    demands: &Demands,
    variables: &Claims,
    node: &Said<NodeName>,
    lines: &mut Vec<String>,
) {
    let all = demands
        .files
        .names
        .iter()
        .map(|claim| (claim, demands.rewritten))
        .chain(variables.names.iter().map(|claim| (claim, true)));
    for (claim, rewritten) in all {
        // Of two short names the first wins, and ours is first.
        if !claim.value.long && node.value.is_long() && !(rewritten && claim.span.is_some()) {
            lines.push(format!(
                "{} has -sname {}, which beats the long name {} ({}); remove that flag",
                claim.place, claim.value.text, node.value, node.by
            ));
        }
    }
    let lost = |fixed: &Fixed| match fixed.variable.as_str() {
        "RELEASE_NODE" => fixed.value.as_deref() != Some(&node.value.to_string()),
        "RELEASE_DISTRIBUTION" => {
            fixed.value.as_deref()
                != Some(if node.value.is_long() {
                    "name"
                } else {
                    "sname"
                })
        }
        // These have messages of their own, where cookie and port are settled, and the cookie's file.
        "RELEASE_COOKIE" | "ERL_DIST_PORT" | "HOME" | "XDG_CONFIG_HOME" => false,
        _ => true,
    };
    for fixed in demands.fixed.iter().filter(|fixed| lost(fixed)) {
        let Fixed {
            place,
            variable,
            value,
        } = fixed;
        let (node, by) = (&node.value, &node.by);
        lines.push(match variable.as_str() {
            "-name" | "-sname" => format!(
                "{place} has a {variable} of its own, and the release's script takes only one; remove that line: the node is {node}"
            ),
            "RELEASE_NODE" | "RELEASE_DISTRIBUTION" => {
                let value = value
                    .as_deref()
                    .map_or_else(|| "what only a shell can tell".into(), |value| format!("{value:?}"));
                format!(
                    "{place} sets {variable} to {value} after us, and the release's own rpc and remote would miss the node {node} ({by}); remove that line"
                )
            }
            "RELEASE_VM_ARGS" => format!(
                "{place} sets {variable} to what only a shell can tell, and a -sname in that file would beat {node} ({by}); write the path out, or set it in the container's environment"
            ),
            _ => format!(
                "{place} sets {variable} after us, and takes the node's name, cookie or port away; remove those flags, and keep the rest as {variable}=\"… ${variable}\""
            ),
        });
    }
}
