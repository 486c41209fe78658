//! The name: the command line's, ours, the release's, or one made of defaults; and what stands in its way.

use super::Sources;
use crate::beam::{Flag, FlagSetting};
use crate::config::{Config, HostForm, Setting, unreplaced};
use crate::error::{Failure, Failures};
use crate::naming::{self, Candidate, Lookup};
use crate::node::{Host, NamePart, NodeName};
use crate::plan::{Launcher, Role};
use crate::system::Place;
use crate::system::secrets;
use crate::system::shell::ShellAnswer;

/// The names that the node may have, at least one.
///
/// # Errors
/// What was written for a name is none, or two say otherwise.
pub fn resolve(sources: &Sources, answer: Option<&NodeName>) -> Result<Vec<Candidate>, Failure> {
    let (config, launcher) = (sources.config, sources.launcher);
    check_own_names(sources)?;
    let mut line = sources.own.command_line.names();
    if let Some(flag) = line.next() {
        if let Some(other) = line.find(|other| (other.flag, &other.text) != (flag.flag, &flag.text))
        {
            return Err(Failure::config(format!(
                "the command line gives the node two names, {:?} and {:?}; leave one",
                secrets::shown(&flag.text),
                secrets::shown(&other.text)
            )));
        }
        let node = of_command_line(flag, config)?;
        if let Some(complaint) = no_dot(flag, &node) {
            return Err(Failure::config(complaint));
        }
        // A client is called as it likes.
        if launcher.role == Role::Node {
            check_conflict(config, launcher, &node)?;
        }
        return Ok(vec![certain(node, "the command line".into(), config)]);
    }
    if config.names_node().is_none()
        && let Some(own) = own_whole(sources)?
    {
        return Ok(vec![certain(own.value, own.by, config)]);
    }
    // One without a host is a part of the name; the host is looked for as for any.
    let part = own_names(sources).find_map(|own| {
        let part = NamePart::parse(&own.text).ok()?;
        Some(Setting::new(part, own.place.to_string()))
    });
    let candidates = naming::candidates(config, part.as_ref(), &launcher.default_name)?;
    let answered = answer.and_then(|answer| {
        let chosen = candidates.iter().find(|one| one.is(answer))?;
        Some(Candidate::own(answer.clone(), chosen.from.clone()))
    });
    Ok(answered.map_or(candidates, |one| vec![one]))
}

/// The name that the node takes where nothing is asked for, as far as it is known here; and a warning of one that no peer can
/// connect to.
///
/// # Errors
/// A name that no node can have.
pub fn without_changes(
    sources: &Sources,
) -> Result<(Option<Setting<NodeName>>, Option<String>), Failure> {
    let (config, own) = (sources.config, sources.own);
    check_own_names(sources)?;
    let mut line = Vec::new();
    for flag in own.command_line.names() {
        line.push((flag, of_command_line(flag, config)?));
    }
    // Of several the VM takes a short one, else the first.
    line.sort_by_key(|(flag, _)| flag.flag == Flag::Name);
    // What a script has in files that it rewrites comes before the words of its own line.
    if let Some((flag, value)) = line.into_iter().next().filter(|_| !own.rewritten) {
        let warning = no_dot(flag, &value);
        return Ok((Some(Setting::new(value, flag.place.to_string())), warning));
    }
    if let Some(own) = own_whole(sources)? {
        return Ok((Some(own), None));
    }
    // A mix release is a node without any name of its own.
    let is_mix = own.elixir && own.shell.as_ref().is_some_and(ShellAnswer::is_known);
    let (text, by) = match own_names(sources).next() {
        Some(own) => (&own.text, own.place.to_string()),
        None if is_mix => {
            let name = &sources.launcher.default_name;
            (&name.value, name.by.clone())
        }
        None => return Ok((None, None)),
    };
    let value = short_name(text, config).ok();
    Ok((value.map(|value| Setting::new(value, by)), None))
}

/// The names that the release's own variables, flags and files say, in their order.
fn own_names<'a>(sources: &'a Sources) -> impl Iterator<Item = &'a FlagSetting> {
    sources.own.node.iter().chain(sources.weaker(&Flag::NAMES))
}

/// What a user wrote for a name is one, or an error: it is never left out for another.
fn check_own_names(sources: &Sources) -> Result<(), Failure> {
    let (own, variables) = (sources.own, &sources.variables);
    let used = own.files.names().take(1);
    let mut failures = Failures::default();
    for name in own.node.iter().chain(variables.names()).chain(used) {
        failures.take(check_text(&name.text, &name.place));
    }
    failures.or(())
}

/// Refuses a variable that names a node, and has no name.
///
/// # Errors
/// It has none.
pub fn check_variable(config: &Config, variable: &str) -> Result<(), Failure> {
    let place = Place::Variable(variable.to_owned());
    let text = config.variable(variable);
    text.map_or(Ok(()), |text| check_text(text, &place))
}

/// Refuses a node name, or a part of one, that is none.
fn check_text(text: &str, place: &Place) -> Result<(), Failure> {
    let parsed = if text.contains('@') {
        NodeName::parse(text).map(drop)
    } else {
        NamePart::parse(text).map(drop)
    };
    let hint = match place {
        Place::File(path, _) if text.contains("${") && path.ends_with("vm.args") => {
            "; nothing has replaced the variable in it: relx does so in vm.args.src, or with RELX_REPLACE_OS_VARS=true"
        }
        _ => unreplaced(text),
    };
    parsed.map_err(|reason| {
        Failure::config(format!(
            "{place} has the node name {text:?}: {reason}{hint}; correct it"
        ))
    })
}

/// The first whole name of the release's own; an explicit long name without a host has the one that the VM would take.
fn own_whole(sources: &Sources) -> Result<Option<Setting<NodeName>>, Failure> {
    let Some(own) = own_names(sources).next() else {
        return Ok(sources.own.default_node.clone());
    };
    if own.flag == Flag::Sname && !own.text.contains('@') {
        return Ok(None);
    }
    let value = made_of(&own.text, own.flag, sources.config).map_err(|reason| {
        let (place, text) = (&own.place, secrets::shown(&own.text));
        Failure::config(format!("{place} has the node name {text:?}: {reason}"))
    })?;
    Ok(Some(Setting::new(value, own.place.to_string())))
}

/// The name that the VM makes of a flag's text: a long one without a host has the host's fully qualified name.
pub fn made_of(text: &str, flag: Flag, config: &Config) -> Result<NodeName, String> {
    if text.contains('@') {
        return NodeName::parse(text);
    }
    if flag == Flag::Sname {
        return short_name(text, config);
    }
    let name = NamePart::parse(text)?;
    let host = config.pod.fully_qualified().ok_or_else(|| {
        format!(
            "without @HOST the VM wants a fully qualified host name, and this container has none (its host name is {:?}); write NAME@HOST, or set SNAME and CLUSTER_HOSTNAME or BEAMINIT_HOST",
            config.pod.hostname.as_deref().unwrap_or_default()
        )
    })?;
    NodeName::new(name, Host::parse(&host)?)
}

fn short_name(text: &str, config: &Config) -> Result<NodeName, String> {
    let host = config.pod.hostname.as_deref().unwrap_or_default();
    let host = host.split('.').next().unwrap_or_default();
    let parsed = Host::parse(host).map_err(|reason| format!("the host name is {host:?}: {reason}"));
    NodeName::new(NamePart::parse(text)?, parsed?)
}

/// A name that needs no choice.
fn certain(node: NodeName, from: String, config: &Config) -> Candidate {
    let lookup = match config.host {
        HostForm::Service => Lookup::Service,
        _ => Lookup::Own,
    };
    Candidate { node, from, lookup }
}

/// The name that a flag of the command line makes.
fn of_command_line(flag: &FlagSetting, config: &Config) -> Result<NodeName, Failure> {
    let node = made_of(&flag.text, flag.flag, config).and_then(|node| match flag.flag {
        Flag::Sname if node.is_long() => Err("a short name's host has no dot; use -name".into()),
        _ => Ok(node),
    });
    node.map_err(|reason| {
        let word = flag.flag.name_word();
        let text = secrets::shown(&flag.text);
        let hint = unreplaced(&flag.text);
        let correct = if reason.contains("; ") {
            ""
        } else {
            "; correct it"
        };
        Failure::config(format!(
            "the command line says {word} {text:?}: {reason}{hint}{correct}"
        ))
    })
}

/// The complaint of a long name by which no peer can connect.
fn no_dot(flag: &FlagSetting, node: &NodeName) -> Option<String> {
    (flag.flag == Flag::Name && !node.is_long()).then(|| {
        format!(
            "{} says -name {}: its host has no dot, and no peer may connect to such a long name; write the full host name",
            flag.place, flag.text
        )
    })
}

/// Refuses a variable of ours that says something else than the command line.
fn check_conflict(config: &Config, launcher: &Launcher, node: &NodeName) -> Result<(), Failure> {
    let differs = |variable: &str, value: &str| {
        Err(Failure::config(format!(
            "the command line names the node {node}, and {variable} says {value}; leave one of them out"
        )))
    };
    match (&config.node, &config.sname) {
        (Some(own), _) if own != node => return differs("BEAMINIT_NODE", &own.to_string()),
        (_, Some(name)) if *name != node.name => return differs("SNAME", &name.to_string()),
        _ => {}
    }
    let by = match (config.host, &config.cluster) {
        (HostForm::Auto, None) | (HostForm::Reverse, _) => return Ok(()),
        (HostForm::Auto, Some(_)) => "CLUSTER_HOSTNAME",
        _ => "BEAMINIT_HOST",
    };
    let candidates = naming::candidates(config, None, &launcher.default_name)?;
    match candidates.first() {
        Some(first) if !candidates.iter().any(|one| one.node.host.is(&node.host)) => {
            differs(by, &first.node.host.to_string())
        }
        _ => Ok(()),
    }
}

/// Refuses short names among flags that stay: one of them beats a long name wherever it stands.
pub fn check_short_names(sources: &Sources, node: &Setting<NodeName>) -> Result<(), Failure> {
    let mut failures = Failures::default();
    // Of two short names the first wins, and ours is first.
    let short = sources.staying(&[Flag::Sname]);
    for flag in short.filter(|_| node.value.is_long()) {
        failures.push(format!(
            "{} has -sname {}, which beats the long name {} ({}); remove that flag",
            flag.place, flag.text, node.value, node.by
        ));
    }
    failures.or(())
}
