//! A release made by `mix release`: RELEASE_NODE, RELEASE_DISTRIBUTION and RELEASE_COOKIE where its env.sh leaves them as
//! they are, else flags in ERL_AFLAGS. <https://hexdocs.pm/mix/Mix.Tasks.Release.html>

mod env_sh;
mod own_settings;

use std::path::PathBuf;

use super::elixir::no_input_warning;
use super::script::Script;
use super::{COOKIE_PLACEHOLDER, LauncherCommand};
use super::{of_one_vm, of_release, own_name};
use crate::beam::{Flag, FlagSetting, FlagVariables};
use crate::config::{Config, CookieVia, Setting};
use crate::error::Failure;
use crate::node::{Cookie, NodeName};
use crate::plan::resolve::{Sources, name};
use crate::plan::{Apply, Changes, Decision, Launcher, OwnSettings, Role};
use crate::system::Place;
use crate::system::secrets;
use crate::system::secrets::Text;
use crate::system::shell::ShellAnswer;

const NODE: &str = "RELEASE_NODE";
const DISTRIBUTION: &str = "RELEASE_DISTRIBUTION";
const COOKIE: &str = "RELEASE_COOKIE";
/// The args file of a client.
const REMOTE: &str = "RELEASE_REMOTE_VM_ARGS";

struct MixRelease {
    answer: ShellAnswer,
    /// Does a script around it set the same variables?
    is_set_outside: bool,
}

pub fn is(script: &Script) -> bool {
    script.contains_all(&["RELEASE_ROOT", "RELEASE_VSN", "env.sh"])
}

/// Reads the task, and the release around the script; without one, which BEAMINIT_LAUNCHER alone can say, only the
/// variables.
pub fn read(found: &LauncherCommand) -> Result<Launcher, Failure> {
    let (command, config) = (&found.command, &found.config);
    let script = found.script.as_ref();
    let release = script.filter(|script| script.is_in_release() && is(script));
    let task = command.arguments().next().unwrap_or_default();
    let role = match task {
        "rpc" | "remote" | "stop" | "restart" | "pid" => Role::Client,
        "start" | "start_iex" | "daemon" | "daemon_iex" => Role::Node,
        _ if release.is_none() => Role::Node,
        _ => Role::Neither,
    };
    let file_name = script.map_or(command.name(), |script| &script.name);
    let mut launcher = match script.and_then(|script| script.default_of("RELEASE_NAME")) {
        Some(name) => of_release("mix release", role, name),
        None => of_one_vm("mix release", role, file_name),
    };
    launcher.root = release.map(|script| script.root.clone());
    launcher.daemon = task.starts_with("daemon").then_some("start or start_iex");
    if role == Role::Neither {
        return Ok(launcher);
    }
    if task == "start_iex" {
        launcher.warnings.extend(no_input_warning("start_iex"));
    }
    // One that ours would beat is none the less wrong.
    name::check_variable(config, NODE)?;
    let version = release.map(|script| version_folder(script, config));
    let release = release.zip(version.transpose()?);
    let answer = env_sh::ask(release.as_ref(), found, &launcher.default_name)?;
    launcher.warnings.extend(answer.warning());
    launcher.own_settings = own_settings::read(release.as_ref(), &answer, role, config);
    let distribution = if answer.assigns(DISTRIBUTION) {
        answer.value(DISTRIBUTION)
    } else {
        config.variable(DISTRIBUTION)
    };
    let own = &launcher.own_settings;
    let variables = FlagVariables::read(&config.environment, Some(&answer)).flags();
    let flags = [&variables, &own.files, &own.of_node];
    if distribution == Some("none") && !flags.iter().any(|flags| flags.has(&Flag::NAMES)) {
        if let Some(by) = config.asks_for_node() {
            let line = format!(
                "{} \"none\", and {by} asks for a node, which beats it; unset one of them",
                said_distribution(&answer)
            );
            let line = Some(line).filter(|_| role == Role::Node);
            launcher.warnings.extend(line);
        } else {
            launcher.label = "mix release, RELEASE_DISTRIBUTION is none";
            launcher.could_be_node = role == Role::Node;
            launcher.role = Role::Neither;
            launcher.own_settings = OwnSettings {
                shell: launcher.own_settings.shell,
                ..OwnSettings::default()
            };
        }
    }
    if role == Role::Node {
        launcher.warnings.extend(odd_distribution(&answer, config));
    }
    launcher.apply = Box::new(MixRelease {
        answer,
        is_set_outside: found.sets_release,
    });
    Ok(launcher)
}

/// The folder of the version that is started.
fn version_folder(script: &Script, config: &Config) -> Result<PathBuf, Failure> {
    let version = config.variable("RELEASE_VSN");
    script.version_folder(version).ok_or_else(|| {
        Failure::config(format!(
            "{} names no version of this release; is the image whole?",
            script.root.join("releases/start_erl.data").display()
        ))
    })
}

/// The script makes no flag of another word, and its VM starts all the same. One from the environment is set anew where
/// anything asks for that.
fn odd_distribution(answer: &ShellAnswer, config: &Config) -> Option<String> {
    let is_last = answer.assigns(DISTRIBUTION) || !config.asks_for_changes();
    let text = answer.value(DISTRIBUTION).filter(|_| is_last)?;
    let is_known = ["name", "sname", "none", ""].contains(&text);
    if is_known {
        return None;
    }
    Some(format!(
        "{} {:?}, which is none of name, sname and none: the release's script gives its VM no name",
        said_distribution(answer),
        secrets::shown(text)
    ))
}

/// How a message about its value begins.
fn said_distribution(answer: &ShellAnswer) -> String {
    match answer.place(DISTRIBUTION) {
        Place::Variable(name) => format!("{name} is"),
        place => format!("{place} sets {DISTRIBUTION} to"),
    }
}

fn distribution(node: &NodeName) -> &'static str {
    if node.is_long() { "name" } else { "sname" }
}

impl Apply for MixRelease {
    fn apply(&self, decision: &Decision, changes: &mut Changes) -> Result<(), Failure> {
        let settings = decision.settings;
        let launcher = decision.sources.launcher;
        let node = &settings.node.value;
        let name = node.to_string();
        changes.set(NODE, Text::plain(&name));
        changes.set(DISTRIBUTION, Text::plain(distribution(node)));
        self.check_distribution(node)?;
        check_first_flags(decision)?;
        changes
            .warnings
            .extend(self.node_warning(&name, decision.sources));
        let mut own = decision.own.clone();
        if let Some(cookie) = &settings.cookie {
            // The script hands one on, the release's own if none is set; the flag with nothing behind it drops it.
            let given = if settings.in_file {
                Text::plain(COOKIE_PLACEHOLDER)
            } else {
                Text::from(&cookie.value)
            };
            let of_script = if self.keeps(COOKIE, &given.reveal().to_string_lossy()) {
                cookie.value.reveal()
            } else {
                changes
                    .warnings
                    .extend(self.cookie_warning(cookie, decision.sources.config));
                self.answer.value(COOKIE).unwrap_or_default()
            };
            let flag = FlagSetting::new(Flag::Cookie, of_script, Place::CommandLine);
            own.command_line.extend([flag]);
            changes.set(COOKIE, given);
        }
        // The script itself gives the name; flags only where it would give another, or the release's flags have one.
        let has_flags = own.files.has(&Flag::NAMES)
            || decision.sources.variables.names().any(FlagSetting::stays);
        let gives_name =
            self.keeps(NODE, &name) && self.keeps(DISTRIBUTION, distribution(node)) && !has_flags;
        if launcher.role == Role::Node && gives_name {
            let name = own_name(&name, Place::CommandLine, node.is_long());
            own.command_line.extend([name]);
        }
        let decision = Decision {
            own: &own,
            ..*decision
        };
        let ours = if launcher.role == Role::Node {
            decision.node_flags()
        } else if has_flags {
            // A name among the flags of its env.sh would come before the script's, and be the same for all clients.
            let name_flags = format!("{} {} ", node.flag(), decision.client_name());
            decision.client_flags(&name_flags, false, &name)
        } else {
            decision.client_flags("", false, &name)
        };
        decision.put_first(ours, changes)
    }
}

/// What env.sh puts before our flags comes before them, and wins.
fn check_first_flags(decision: &Decision) -> Result<(), Failure> {
    let settings = decision.settings;
    let first = &decision.sources.flag_variables.before_ours;
    let node = settings.node.value.to_string();
    let name = first.names().next().filter(|name| name.text != node);
    let port = settings.pin().and_then(|pin| {
        let pin = pin.to_string();
        let port = first.ports().find(|port| port.text != pin)?;
        Some((&port.place, format!("port {pin}")))
    });
    match name.map(|name| (&name.place, node)).or(port) {
        None => Ok(()),
        Some((place, beaten)) => Err(Failure::config(format!(
            "{place} puts flags before what ERL_AFLAGS was, and the first wins over {beaten}; write ERL_AFLAGS=\"$ERL_AFLAGS …\" there"
        ))),
    }
}

impl MixRelease {
    /// Does the start script get a variable as we set it?
    fn keeps(&self, variable: &str, value: &str) -> bool {
        !self.is_set_outside && self.answer.keeps(variable, value)
    }

    /// A short name that the script gives beats a long one, wherever that stands.
    fn check_distribution(&self, node: &NodeName) -> Result<(), Failure> {
        let answer = &self.answer;
        let value = answer.value(DISTRIBUTION);
        let is_changed = answer.is_known() && !answer.keeps(DISTRIBUTION, distribution(node));
        if !is_changed || !node.is_long() || !matches!(value, None | Some("sname")) {
            return Ok(());
        }
        Err(Failure::config(format!(
            "{} sets {DISTRIBUTION} to {:?} after us, and the short name that the release's script makes of it beats the long name {node}; remove that line",
            answer.place(DISTRIBUTION),
            value.unwrap_or_default()
        )))
    }

    /// The release's own script will hand another cookie to its clients.
    fn cookie_warning(&self, cookie: &Setting<Cookie>, config: &Config) -> Option<String> {
        // The shell was asked without the variable, which its clients have.
        let is_hidden = config.cookie_via == CookieVia::File && cookie.by == "ERLANG_COOKIE";
        if is_hidden && self.answer.reads("ERLANG_COOKIE") {
            return None;
        }
        let place = self.answer.place(COOKIE);
        let line = format!(
            "{place} sets {COOKIE}, and the node's cookie is that of {}: the release's own rpc and remote do not reach the node; write {COOKIE}=${{{COOKIE}:-…}} there",
            cookie.by
        );
        self.answer.assigns(COOKIE).then_some(line)
    }

    /// The release's own script will go on to use another name than the node's.
    fn node_warning(&self, name: &str, sources: &Sources) -> Option<String> {
        let (config, launcher) = (sources.config, sources.launcher);
        if !self.answer.assigns(NODE) {
            let text = config.variable(NODE)?;
            let is_it = text == name || name.split('@').next() == Some(text);
            let by = config
                .names_node()
                .filter(|_| !is_it && launcher.role == Role::Node)?;
            return Some(format!(
                "{NODE} is {text}, and {by} makes the node {name}: the release's own rpc and remote look for {text}; unset one of them"
            ));
        }
        let FlagSetting { text, place, .. } = launcher.own_settings.node.as_ref()?;
        if text == name || self.answer.keeps(NODE, name) {
            return None;
        }
        let effect = if launcher.role == Role::Node {
            format!("and the node is {name}: the release's own rpc and remote look for {text}")
        } else {
            format!("so this command looks for that node and not for {name}")
        };
        Some(format!(
            "{place} sets {NODE} to {text}, {effect}; write {NODE}=${{{NODE}:-…}} there"
        ))
    }
}
