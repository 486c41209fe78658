//! A release made by `mix release`: RELEASE_NODE, RELEASE_DISTRIBUTION and RELEASE_COOKIE where its env.sh leaves them as
//! they are, else flags in ERL_AFLAGS. <https://hexdocs.pm/mix/Mix.Tasks.Release.html>

use std::path::{Path, PathBuf};

use super::elixir::warn_of_no_input;
use super::script::Script;
use super::wrapped::Inside;
use crate::beam::Otp;
use crate::beam::{FlagSettings, FlagVariables, VmArgs};
use crate::config::{Config, CookieVia, Setting};
use crate::error::Failure;
use crate::launchers::{IN_A_FILE, daemon_warning, erl};
use crate::naming;
use crate::node::{Cookie, NodeName};
use crate::plan::{Apply, Launcher, OwnName, OwnSettings, Role};
use crate::plan::{Changes, NodeSettings};
use crate::system::secrets::Text;
use crate::system::shell::{self, ShellAnswer, ShellQuery};

/// What leads to the flags of a client.
const REMOTE: &str = "RELEASE_REMOTE_VM_ARGS";

/// What its env.sh may decide of the node, and where the VM looks for its cookie.
const WANTED: [&str; 15] = [
    "RELEASE_NODE",
    "RELEASE_DISTRIBUTION",
    "RELEASE_COOKIE",
    "RELEASE_NAME",
    "RELEASE_VSN",
    "RELEASE_VM_ARGS",
    REMOTE,
    "RELEASE_SYS_CONFIG",
    "HOME",
    "XDG_CONFIG_HOME",
    "ERL_AFLAGS",
    "ELIXIR_ERL_OPTIONS",
    "ERL_FLAGS",
    "ERL_ZFLAGS",
    "ERL_EPMD_PORT",
];

/// Those that have flags in a variable of their own.
const OTP_VERSIONS: std::ops::RangeInclusive<u8> = 22..=40;

struct MixRelease {
    answer: ShellAnswer,
    /// Does a script around it name the same variables?
    is_configured: bool,
    /// The variable that asks for a node in spite of RELEASE_DISTRIBUTION=none.
    asked_by: Option<&'static str>,
}

/// Is it a mix release's script?
pub fn is(script: &Script) -> bool {
    script.says(&["RELEASE_ROOT", "RELEASE_VSN", "env.sh"])
}

/// Reads the task, and the release around the script; without one, which BEAMINIT_LAUNCHER alone can say, only the
/// variables.
///
/// # Errors
/// The release has no version, or no name can be made.
pub fn read(script: Option<&Script>, inside: &Inside) -> Result<Launcher, Failure> {
    let Inside {
        launcher: command,
        config,
        ..
    } = inside;
    let release = script.filter(|script| script.is_of_release() && is(script));
    let task = command.arguments().next().unwrap_or_default();
    let mut role = match task {
        "rpc" | "remote" | "stop" | "restart" | "pid" => Role::Client,
        "start" | "start_iex" | "daemon" | "daemon_iex" => Role::Node,
        _ if release.is_none() => Role::Node,
        _ => Role::Neither,
    };
    let named = script.and_then(|script| script.default_of("RELEASE_NAME"));
    let name = named
        .or(script.map(|script| script.name.as_str()))
        .unwrap_or(command.name());
    let mut launcher = Launcher {
        label: "mix release",
        role,
        default_name: name.to_owned(),
        own_settings: OwnSettings::default(),
        root: release.map(|script| script.root.clone()),
        account: None,
        could_be_node: false,
        warnings: daemon_warning(task.starts_with("daemon"), "start or start_iex"),
        apply: Box::new(erl::OneVm),
    };
    if role == Role::Neither {
        return Ok(launcher);
    }
    if task == "start_iex" {
        launcher.warnings.extend(warn_of_no_input("start_iex"));
    }
    // One that ours would beat is none the less wrong.
    OwnName::check("RELEASE_NODE", config.variable("RELEASE_NODE"))?;
    let answer = ask(release, inside, &launcher)?;
    if answer.is_late() {
        launcher.warnings.push(answer.late());
    }
    let mut asked_by = None;
    launcher.own_settings = own_settings(release, &answer, role, config)?;
    let distribution = if answer.assigns("RELEASE_DISTRIBUTION") {
        answer.value("RELEASE_DISTRIBUTION")
    } else {
        config.variable("RELEASE_DISTRIBUTION")
    };
    let without = distribution == Some("none");
    if without && !names_itself(&launcher.own_settings, &answer, config)? {
        asked_by = config.asks_for_node();
        if asked_by.is_none() {
            launcher.label = "mix release, RELEASE_DISTRIBUTION is none";
            launcher.could_be_node = role == Role::Node;
            role = Role::Neither;
            launcher.own_settings = OwnSettings {
                shell: launcher.own_settings.shell.take(),
                ..OwnSettings::default()
            };
        }
    }
    launcher.role = role;
    launcher.apply = Box::new(MixRelease {
        answer,
        is_configured: inside.is_configured,
        asked_by,
    });
    Ok(launcher)
}

/// Do flags name the node, whatever RELEASE_DISTRIBUTION says?
fn names_itself(
    own_settings: &OwnSettings,
    answer: &ShellAnswer,
    config: &Config,
) -> Result<bool, Failure> {
    let variables = FlagVariables::read(&config.environment, Some(answer))?.claims();
    let names = [&variables, &own_settings.files, &own_settings.of_node];
    Ok(names.iter().any(|claims| !claims.names.is_empty()))
}

/// Has the release's own shell say what its env.sh makes of the variables that the start will set.
fn ask(
    release: Option<&Script>,
    inside: &Inside,
    launcher: &Launcher,
) -> Result<ShellAnswer, Failure> {
    let Inside {
        launcher: command,
        config,
        ..
    } = inside;
    let mut environment = config.environment.clone();
    if config.names_node().is_some() {
        let candidates = naming::candidates(config, None, &launcher.default_name)?;
        if let Some(first) = candidates.first() {
            let node = &first.node;
            environment.set("RELEASE_NODE", node.to_string());
            environment.set("RELEASE_DISTRIBUTION", distribution(node));
        }
    }
    if let Some(cookie) = &config.cookie {
        let given = if config.cookie_via == CookieVia::File {
            IN_A_FILE
        } else {
            cookie.value.reveal()
        };
        environment.set("RELEASE_COOKIE", given);
        if config.cookie_via == CookieVia::File {
            environment.remove("ERLANG_COOKIE");
        }
    }
    if config.asks_for_changes() {
        let users = config.variable("ERL_AFLAGS").unwrap_or_default();
        let marked = format!("{} {users}", FlagVariables::MARK);
        environment.set("ERL_AFLAGS", marked.trim_end());
    }
    let question = release.and_then(|script| {
        Some(ShellQuery {
            file: env_sh(script, config).ok()?,
            interpreter: shell::interpreter(&script.text)?,
            text: shell::up_to_source(&script.text, "env.sh")?,
            script: &command.file,
            arguments: command.words.get(1..).unwrap_or_default(),
            environment: environment.clone(),
        })
    });
    let versioned = OTP_VERSIONS.map(|version| format!("ERL_OTP{version}_FLAGS"));
    let versioned: Vec<String> = versioned.collect();
    let wanted = WANTED
        .into_iter()
        .chain(versioned.iter().map(String::as_str));
    let wanted: Vec<&str> = wanted.collect();
    let answer = question.and_then(|question| question.ask(&wanted));
    Ok(answer.unwrap_or_else(|| ShellAnswer::none(&environment, &wanted)))
}

/// The folder of the version that is started.
fn folder(script: &Script, config: &Config) -> Result<PathBuf, Failure> {
    let given = config.variable("RELEASE_VSN").map(ToOwned::to_owned);
    let version = given.or_else(|| script.current_version()).ok_or_else(|| {
        Failure::config(format!(
            "{} names no version of this release; is the image whole?",
            script.root.join("releases/start_erl.data").display()
        ))
    })?;
    Ok(script.root.join("releases").join(version))
}

fn env_sh(script: &Script, config: &Config) -> Result<PathBuf, Failure> {
    Ok(folder(script, config)?.join("env.sh"))
}

/// What the release says of its node, with its env.sh's word last.
fn own_settings(
    release: Option<&Script>,
    answer: &ShellAnswer,
    role: Role,
    config: &Config,
) -> Result<OwnSettings, Failure> {
    let by = |name: &str| answer.place(name).to_string();
    let said = |name: &str| {
        let given_by_us = config.names_node().is_some() && !answer.assigns(name);
        answer.value(name).filter(|_| !given_by_us)
    };
    let long = said("RELEASE_DISTRIBUTION") == Some("name");
    let own = said("RELEASE_NODE").map(|text| OwnName {
        text: text.to_owned(),
        by: by("RELEASE_NODE"),
        long,
    });
    // An explicit long name without a name is made of the release's.
    let own = own.or_else(|| {
        let name = answer.value("RELEASE_NAME").filter(|_| long);
        let name = name.or_else(|| release?.default_of("RELEASE_NAME").filter(|_| long))?;
        Some(OwnName {
            text: name.to_owned(),
            by: by("RELEASE_DISTRIBUTION"),
            long,
        })
    });
    let mut own_settings = OwnSettings {
        node: own,
        elixir: true,
        shell: Some(answer.clone()),
        ..OwnSettings::default()
    };
    let is_ours = config.cookie.is_some() && !answer.assigns("RELEASE_COOKIE");
    if let Some(text) = answer.value("RELEASE_COOKIE").filter(|_| !is_ours) {
        match Cookie::parse(text.trim_end_matches(['\n', '\r'])) {
            Ok(value) => {
                own_settings.cookie = Some(Setting {
                    value,
                    by: by("RELEASE_COOKIE"),
                });
            }
            Err(reason) => {
                let by = by("RELEASE_COOKIE");
                own_settings.no_cookie = Some(format!("that of {by} cannot be one: {reason}"));
            }
        }
    }
    let Some(script) = release else {
        return Ok(own_settings);
    };
    if own_settings.cookie.is_none() && own_settings.no_cookie.is_none() {
        (own_settings.cookie, own_settings.no_cookie) =
            own_cookie(&script.root.join("releases/COOKIE"));
    }
    own_settings.otp = Otp::of_root(&script.root);
    let folder = folder(script, config)?;
    let path = |variable: &str, name: &str| {
        let said = answer.value(variable);
        said.map_or_else(|| folder.join(name), PathBuf::from)
    };
    let config_file = || {
        let said = answer.value("RELEASE_SYS_CONFIG");
        let said = said.map(|path| format!("{path}.config").into());
        FlagSettings::of_config_file(&said.unwrap_or_else(|| folder.join("sys.config")))
    };
    let vm_args = claims_of(&path("RELEASE_VM_ARGS", "vm.args"));
    // A client is started with another args file, and without the pin; without epmd it must know the node's.
    if role == Role::Node {
        own_settings.files = vm_args;
        own_settings.files.extend(config_file());
    } else {
        own_settings.of_node = vm_args;
        own_settings.of_node.extend(config_file());
        // The scripts of Elixir 1.10 know none.
        if script.says(&[REMOTE]) {
            own_settings.files = claims_of(&path(REMOTE, "remote.vm.args")).without_identity();
        }
    }
    Ok(own_settings)
}

/// What an args file says; one that is not there is the VM's to complain of.
fn claims_of(path: &Path) -> FlagSettings {
    VmArgs::read(path, None).map_or_else(|_| FlagSettings::default(), |args| args.claims)
}

/// The cookie in its file, or why that is none.
fn own_cookie(path: &Path) -> (Option<Setting<Cookie>>, Option<String>) {
    let Ok(text) = std::fs::read_to_string(path) else {
        return (None, None);
    };
    let by = path.display().to_string();
    // The script takes it through `$(cat …)`, which strips line breaks at the end.
    match Cookie::parse(text.trim_end_matches('\n')) {
        Ok(value) => (Some(Setting { value, by }), None),
        Err(reason) => (None, Some(format!("that of {by} cannot be one: {reason}"))),
    }
}

fn distribution(node: &NodeName) -> &'static str {
    if node.is_long() { "name" } else { "sname" }
}

impl Apply for MixRelease {
    fn apply(
        &self,
        launcher: &Launcher,
        settled: &NodeSettings,
        flags: &FlagVariables,
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        let node = &settled.node.value;
        let name = node.to_string();
        changes.set("RELEASE_NODE", Text::plain(&name));
        changes.set("RELEASE_DISTRIBUTION", Text::plain(distribution(node)));
        let answer = &self.answer;
        let holds = !self.is_configured
            && answer.keeps("RELEASE_NODE", &name)
            && answer.keeps("RELEASE_DISTRIBUTION", distribution(node));
        self.check_distribution(node)?;
        check_first_flags(settled, flags)?;
        self.warn_of_another(&name, launcher, changes);
        let mut own_settings = launcher.own_settings.clone();
        if let Some(cookie) = &settled.cookie {
            // The script hands one on, the release's own if none is set; the flag with nothing behind it drops it.
            let (given, shown) = if settled.in_file {
                (IN_A_FILE, Text::plain(IN_A_FILE))
            } else {
                (cookie.value.reveal(), Text::from(&cookie.value))
            };
            changes.set("RELEASE_COOKIE", shown);
            let script_gives = if !self.is_configured && answer.keeps("RELEASE_COOKIE", given) {
                cookie.value.reveal()
            } else {
                self.warn_of_another_cookie(cookie, changes);
                answer.value("RELEASE_COOKIE").unwrap_or_default()
            };
            own_settings
                .command_line
                .cookies
                .push(NodeSettings::cookie_claim(script_gives));
        }
        // The script itself gives the name; flags only where it would give another, or the release's flags have one.
        let has_flags = !own_settings.files.names.is_empty() || flags.names_stay();
        if launcher.role == Role::Node {
            if holds && !has_flags {
                own_settings.command_line.names = vec![settled.name_claim()];
            }
            erl::node_flags(&own_settings, settled, flags, changes)?;
        } else {
            let mut ours = Text::default();
            if has_flags {
                // A name among the flags of its env.sh would come before the script's, and be the same for all clients.
                let number = fastrand::u32(..);
                ours.push(&format!("{} rem-{number:08x}-{node} ", node.flag()));
            }
            if let Some(flag) = settled.transport_flag() {
                ours.push(flag).push(" ");
            }
            let says = erl::says_dist_listen(&own_settings, flags);
            ours.push(&settled.client_flags(false, says));
            ours.append(&erl::cookie_flags(&own_settings, settled, &name));
            erl::put_first(ours, settled, flags, changes)?;
        }
        if let Some(by) = self.asked_by.filter(|_| launcher.role == Role::Node) {
            changes.warn(format!(
                "RELEASE_DISTRIBUTION is \"none\", and {by} asks for a node, which beats it; unset one of them"
            ));
        }
        Ok(())
    }
}

/// What env.sh puts before our flags comes before them, and wins.
fn check_first_flags(settled: &NodeSettings, flags: &FlagVariables) -> Result<(), Failure> {
    let node = settled.node.value.to_string();
    let name = flags.first().names.first();
    let name = name.filter(|claim| claim.value.text != node);
    let of_name = name.map(|claim| (&claim.place, node.clone()));
    let pin = settled.pin().map(|port| port.to_string());
    let mut ports = flags.first().ports.iter();
    let port = ports.find(|claim| pin.as_ref().is_some_and(|pin| *pin != claim.value.text));
    let of_port = port
        .zip(pin.as_ref())
        .map(|(claim, pin)| (&claim.place, format!("port {pin}")));
    let Some((place, beaten)) = of_name.or(of_port) else {
        return Ok(());
    };
    Err(Failure::config(format!(
        "{place} puts flags before what ERL_AFLAGS was, and the first wins over {beaten}; write ERL_AFLAGS=\"$ERL_AFLAGS …\" there"
    )))
}

impl MixRelease {
    /// A short name that the script gives beats a long one, wherever that stands.
    fn check_distribution(&self, node: &NodeName) -> Result<(), Failure> {
        const NAME: &str = "RELEASE_DISTRIBUTION";
        let answer = &self.answer;
        let stays = answer.is_told() && !answer.keeps(NAME, distribution(node));
        let is_short = matches!(answer.value(NAME), None | Some("sname"));
        if !(stays && is_short && node.is_long()) {
            return Ok(());
        }
        Err(Failure::config(format!(
            "{} sets {NAME} to {:?} after us, and the short name that the release's script makes of it beats the long name {node}; remove that line",
            answer.place(NAME),
            answer.value(NAME).unwrap_or_default()
        )))
    }

    /// Warns where the release's own script will hand another cookie to its clients.
    fn warn_of_another_cookie(&self, cookie: &Setting<Cookie>, changes: &mut Changes) {
        if self.answer.assigns("RELEASE_COOKIE") {
            changes.warn(format!(
                "{} sets RELEASE_COOKIE, and the node's cookie is that of {}: the release's own rpc and remote do not reach the node; write RELEASE_COOKIE=${{RELEASE_COOKIE:-…}} there",
                self.answer.place("RELEASE_COOKIE"),
                cookie.by
            ));
        }
    }

    /// Warns where the release's own script will go on to use another name than the node's.
    fn warn_of_another(&self, name: &str, launcher: &Launcher, changes: &mut Changes) {
        let Some(other) = &launcher.own_settings.node else {
            return;
        };
        if !self.answer.assigns("RELEASE_NODE")
            || other.text == name
            || self.answer.keeps("RELEASE_NODE", name)
        {
            return;
        }
        let (text, by) = (&other.text, &other.by);
        changes.warn(if launcher.role == Role::Node {
            format!(
                "{by} sets RELEASE_NODE to {text}, and the node is {name}: the release's own rpc and remote look for {text}; write RELEASE_NODE=${{RELEASE_NODE:-{text}}} there"
            )
        } else {
            format!(
                "{by} sets RELEASE_NODE to {text}, so this command looks for that node and not for {name}; write RELEASE_NODE=${{RELEASE_NODE:-{text}}} there"
            )
        });
    }
}
