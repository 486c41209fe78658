//! The name: the command line's, ours, the release's, or one made of defaults; and what stands in its way.

use crate::beam::{FlagSetting, FlagSettings, NameFlag};
use crate::config::{Config, HostForm, Setting};
use crate::error::Failure;
use crate::naming::{self, Candidate, Lookup};
use crate::node::{Host, NamePart, NodeName};
use crate::plan::{Launcher, OwnName, OwnSettings, Role};
use crate::system::shell::ShellAnswer;

/// A name, and the candidates that it is the first of.
type Names = (Setting<NodeName>, Vec<Candidate>);

/// The name, and the candidates for it.
pub fn name(
    config: &Config,
    launcher: &Launcher,
    variables: &FlagSettings,
    answer: Option<&NodeName>,
) -> Result<Names, Failure> {
    let own_settings = &launcher.own_settings;
    check_own(own_settings, variables)?;
    if let Some(claim) = own_settings.command_line.names.first() {
        let node = command_line_name(claim, &own_settings.command_line.names, config)?;
        if claim.value.long && !node.is_long() {
            return Err(no_dot(claim));
        }
        // A client is called as it likes.
        if launcher.role == Role::Node {
            contradiction(config, launcher, &node)?;
        }
        return Ok(told(node, "the command line".into(), config));
    }
    if config.names_node().is_none()
        && let Some(own) = own_whole(own_settings, variables, config)?
    {
        return Ok(told(own.value, own.by, config));
    }
    // One without a host is a part of the name; the host is looked for as for any.
    let part = of_release(own_settings, variables).find_map(|own| {
        let value = NamePart::parse(&own.text).ok()?;
        Some(Setting { value, by: own.by })
    });
    let candidates = naming::candidates(config, part.as_ref(), &launcher.default_name)?;
    let chosen = answer.and_then(|answer| {
        candidates
            .iter()
            .find(|one| one.node == *answer || matches!(one.lookup, Lookup::Reverse(_)))
            .map(|one| (answer, one))
    });
    match (chosen, candidates.first()) {
        (Some((answer, one)), _) => {
            let node = Setting {
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
            Setting {
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

/// The name that the node takes where nothing is asked for, as far as it can be told; and a warning of one that no peer can
/// connect to.
///
/// # Errors
/// A name that no node can have.
pub fn untouched(
    config: &Config,
    launcher: &Launcher,
    variables: &FlagSettings,
) -> Result<(Option<Setting<NodeName>>, Option<String>), Failure> {
    let own_settings = &launcher.own_settings;
    check_own(own_settings, variables)?;
    for claim in &own_settings.command_line.names {
        command_line_name(claim, std::slice::from_ref(claim), config)?;
    }
    // What a script has in files that it rewrites comes before the words of its own line.
    let line = own_settings.command_line.names.iter();
    let claims: Vec<_> = line.filter(|_| !own_settings.rewritten).collect();
    // Of several the VM takes a short one, else the first.
    let first = claims.iter().find(|claim| !claim.value.long);
    if let Some(claim) = first.or(claims.first()).copied() {
        let value = command_line_name(claim, std::slice::from_ref(claim), config)?;
        let warning =
            (claim.value.long && !value.is_long()).then(|| no_dot(claim).lines.join("; "));
        let by = claim.place.to_string();
        return Ok((Some(Setting { value, by }), warning));
    }
    if let Some(own) = own_whole(own_settings, variables, config)? {
        return Ok((Some(own), None));
    }
    let part = of_release(own_settings, variables).find_map(|own| {
        let value = NamePart::parse(&own.text).ok()?;
        Some(Setting { value, by: own.by })
    });
    // A mix release is a node without any name of its own.
    let default = || {
        let value = NamePart::parse(&launcher.default_name).ok();
        let value = value.filter(|_| {
            own_settings.elixir
                && own_settings
                    .shell
                    .as_ref()
                    .is_some_and(ShellAnswer::is_told)
        })?;
        let by = "the release's own".into();
        Some(Setting { value, by })
    };
    let node = part.or_else(default).and_then(|part| {
        let value = NodeName::new(part.value, short_host(config).ok()?).ok()?;
        Some(Setting { value, by: part.by })
    });
    Ok((node, None))
}

/// The names that the release's own variables, flags and files say, in their order.
fn of_release<'a>(
    own_settings: &'a OwnSettings,
    variables: &'a FlagSettings,
) -> impl Iterator<Item = OwnName> + 'a {
    let flags = variables.names.iter().chain(&own_settings.files.names);
    let flags = flags.chain(&own_settings.of_node.names).map(own_name);
    own_settings.node.iter().cloned().chain(flags)
}

fn own_name(claim: &FlagSetting<NameFlag>) -> OwnName {
    OwnName {
        text: claim.value.text.clone(),
        by: claim.place.to_string(),
        long: claim.value.long,
    }
}

/// What a user wrote for a name is one, or an error: it is never left out for another.
fn check_own(own_settings: &OwnSettings, variables: &FlagSettings) -> Result<(), Failure> {
    let written = variables.names.iter().map(own_name);
    let used = own_settings.files.names.iter().map(own_name).take(1);
    let all = own_settings.node.iter().cloned().chain(written).chain(used);
    let mut lines: Vec<String> = all.filter_map(|own| own.complaint()).collect();
    lines.dedup();
    if lines.is_empty() {
        Ok(())
    } else {
        Err(Failure::config_lines(lines))
    }
}

/// The first whole name of the release's own; an explicit long name without a host has the one that the VM would take.
fn own_whole(
    own_settings: &OwnSettings,
    variables: &FlagSettings,
    config: &Config,
) -> Result<Option<Setting<NodeName>>, Failure> {
    let Some(own) = of_release(own_settings, variables).next() else {
        return Ok(own_settings.default_node.clone());
    };
    let value = if own.text.contains('@') {
        NodeName::parse(&own.text)
    } else if own.long {
        long_name(&own.text, config)
    } else {
        return Ok(None);
    };
    let bad = |reason: String| {
        let (text, by) = (crate::system::secrets::shown(&own.text), &own.by);
        Failure::config(format!("{by} has the node name {text:?}: {reason}"))
    };
    let value = value.map_err(bad)?;
    Ok(Some(Setting { value, by: own.by }))
}

/// A long name without a host: the VM takes the host's fully qualified one.
fn long_name(text: &str, config: &Config) -> Result<NodeName, String> {
    let name = NamePart::parse(text)?;
    let host = config.pod.fully_qualified().ok_or_else(|| {
        format!(
            "without @HOST the VM wants a fully qualified host name, and this container has none (its host name is {:?}); write NAME@HOST, or set SNAME and CLUSTER_HOSTNAME or BEAMINIT_HOST",
            config.pod.hostname.as_deref().unwrap_or_default()
        )
    })?;
    NodeName::new(name, Host::parse(&host)?)
}

/// The host of a short name.
fn short_host(config: &Config) -> Result<Host, String> {
    let own = config.pod.hostname.as_deref();
    let own = own.and_then(|name| name.split('.').next());
    let own = own.unwrap_or_default();
    Host::parse(own).map_err(|reason| format!("the host name is {own:?}: {reason}"))
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
    (Setting { value: node, by }, vec![candidate])
}

/// The name that the command line's flag makes, as the VM would make it.
fn command_line_name(
    claim: &FlagSetting<NameFlag>,
    all: &[FlagSetting<NameFlag>],
    config: &Config,
) -> Result<NodeName, Failure> {
    let NameFlag { long, text } = &claim.value;
    let shown = crate::system::secrets::shown(text);
    let flag = if *long { "-name" } else { "-sname" };
    if let Some(other) = all.iter().find(|other| other.value != claim.value) {
        return Err(Failure::config(format!(
            "the command line gives the node two names, {shown:?} and {:?}; leave one",
            crate::system::secrets::shown(&other.value.text)
        )));
    }
    let bad =
        |reason: String| Failure::config(format!("the command line says {flag} {shown}: {reason}"));
    let node = if text.contains('@') {
        NodeName::parse(text).map_err(bad)?
    } else if *long {
        long_name(text, config).map_err(bad)?
    } else {
        let host = short_host(config).map_err(bad)?;
        NodeName::new(NamePart::parse(text).map_err(bad)?, host).map_err(bad)?
    };
    if !long && node.is_long() {
        return Err(bad("a short name's host has no dot; use -name".into()));
    }
    Ok(node)
}

fn no_dot(claim: &FlagSetting<NameFlag>) -> Failure {
    Failure::config(format!(
        "{} says -name {}: its host has no dot, and no peer may connect to such a long name; write the full host name",
        claim.place, claim.value.text
    ))
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
    let candidates = naming::candidates(config, None, &launcher.default_name)?;
    if candidates.iter().any(|one| one.node.host.is(&node.host)) {
        return Ok(());
    }
    candidates
        .first()
        .map_or(Ok(()), |first| says(by, &first.node.host))
}

/// Short names among flags that stay: one of them beats a long name wherever it stands.
pub fn short_names_that_stay(
    own_settings: &OwnSettings,
    variables: &FlagSettings,
    node: &Setting<NodeName>,
    lines: &mut Vec<String>,
) {
    let files = own_settings.files.names.iter();
    let all = files
        .map(|claim| (claim, own_settings.rewritten))
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
}
