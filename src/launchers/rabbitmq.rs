//! `rabbitmq-server` and its tools: variables of its own for name and port, and the cookie in its user's home.
//!
//! Nothing goes into ERL_AFLAGS: RabbitMQ starts VMs of its own to look around, and they would take name and port. It
//! starts an epmd as well, and does not boot where none answers. <https://www.rabbitmq.com/docs/configure>

use std::path::{Path, PathBuf};

use super::script::Script;
use crate::beam::words::Syntax;
use crate::beam::{FlagSetting, FlagSettings, FlagVariables, PortFlag, PortKind};
use crate::config::{Config, Setting};
use crate::error::Failure;
use crate::launchers::{daemon_warning, erl};
use crate::naming;
use crate::node::{Cookie, Host, NamePart, NodeName, Port};
use crate::plan::{Apply, Launcher, OwnName, OwnSettings, Role};
use crate::plan::{Changes, NodeSettings, Pin};
use crate::system::Place;
use crate::system::account::Account;
use crate::system::files::text_of;
use crate::system::program::Command;
use crate::system::secrets::Text;
use crate::system::shell::{ShellAnswer, ShellQuery};

/// The variables whose words are flags of the broker's VM.
const SERVER_FLAGS: [&str; 3] = [
    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
    "RABBITMQ_SERVER_START_ARGS",
    "RABBITMQ_SERVER_ERL_ARGS",
];
const TOOL_FLAGS: &str = "RABBITMQ_CTL_ERL_ARGS";
const COOKIE: &str = "RABBITMQ_ERLANG_COOKIE";

/// The user that Debian's scripts become.
const USER: &str = "rabbitmq";

/// The broker's distribution port is its own port and this: 25672 where nothing is said.
const ABOVE_ITS_PORT: u16 = 20000;
const ITS_PORT: u16 = 5672;

/// What rabbitmq-env.conf is asked for: each with and without the prefix.
const WANTED: [&str; 22] = [
    "RABBITMQ_NODENAME",
    "NODENAME",
    "RABBITMQ_USE_LONGNAME",
    "USE_LONGNAME",
    "RABBITMQ_NODE_PORT",
    "NODE_PORT",
    "RABBITMQ_DIST_PORT",
    "DIST_PORT",
    "RABBITMQ_CONFIG_FILE",
    "CONFIG_FILE",
    "RABBITMQ_ADVANCED_CONFIG_FILE",
    "ADVANCED_CONFIG_FILE",
    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
    "SERVER_ADDITIONAL_ERL_ARGS",
    "RABBITMQ_SERVER_START_ARGS",
    "SERVER_START_ARGS",
    "RABBITMQ_SERVER_ERL_ARGS",
    "SERVER_ERL_ARGS",
    "RABBITMQ_CTL_ERL_ARGS",
    "CTL_ERL_ARGS",
    COOKIE,
    "HOME",
];

/// The part before the `@` that it gives itself.
const NAME: &str = "rabbit";

struct RabbitMq {
    /// What the first of `SERVER_FLAGS` says.
    server_flags: String,
    /// What the flags of its tools' VMs say, and claim.
    tool_flags: (String, FlagSettings),
    /// What rabbitmq-env.conf makes of the variables.
    answer: ShellAnswer,
    /// The ports that its configuration files give, which beat the variable.
    configured: Vec<FlagSetting<PortFlag>>,
    /// Where flags name a node or a cookie, which RabbitMQ does itself.
    named: Vec<Place>,
}

/// Reads the variables and files that say something about name, cookie and port.
///
/// # Errors
/// Its own port is none.
pub fn read(
    script: Option<&Script>,
    command: &Command,
    config: &Config,
) -> Result<Launcher, Failure> {
    let is_tool = command.name().starts_with("rabbitmq") && command.name() != "rabbitmq-server";
    let role = match command.arguments().next() {
        _ if !is_tool => Role::Node,
        None | Some("help" | "version" | "autocomplete" | "--help" | "--version") => Role::Neither,
        Some(_) => Role::Client,
    };
    let settings = Settings {
        answer: ask(command, config)?,
    };
    let configured = settings.configured_ports();
    let mut files = FlagSettings::default();
    files.ports.clone_from(&configured);
    files.ports.extend(settings.dist_port());
    let mut named = Vec::new();
    for variable in SERVER_FLAGS {
        let (_, claims) = settings.flags(variable);
        named.extend(claims.names.iter().map(|claim| claim.place.clone()));
        named.extend(claims.cookies.iter().map(|claim| claim.place.clone()));
        files.extend(claims.without_identity());
    }
    let given = config.variable("RABBITMQ_NODENAME");
    OwnName::check("RABBITMQ_NODENAME", given)?;
    let longname = settings.said("RABBITMQ_USE_LONGNAME");
    let long = longname.is_some_and(|(value, _)| value == "true");
    let is_ours = config.names_node().is_some() && !settings.answer.assigns("RABBITMQ_NODENAME");
    let node = settings.said("RABBITMQ_NODENAME").filter(|_| !is_ours);
    let cookie = settings.said(COOKIE).and_then(|(text, place)| {
        let value = Cookie::parse(&text).ok()?;
        let by = place.to_string();
        Some(Setting { value, by })
    });
    let switches = script.is_some_and(|script| script.says(&["/usr/lib/rabbitmq/bin/", USER]));
    // The official image's entrypoint goes on as that user, too; root may read what is that user's.
    let is_root = nix::unistd::geteuid().is_root();
    let mut warnings = daemon_warning(
        command.arguments().any(|word| word == "-detached"),
        "rabbitmq-server without -detached",
    );
    let answer = &settings.answer;
    warnings.extend(answer.is_late().then(|| answer.late()));
    Ok(Launcher {
        label: "RabbitMQ",
        role,
        default_name: NAME.into(),
        own_settings: OwnSettings {
            files,
            node: node.map(|(text, place)| OwnName {
                text,
                by: place.to_string(),
                long,
            }),
            default_node: default_node(config, long),
            default_port: Some(settings.default_port()?),
            cookie,
            takes_cookie_file: true,
            shell: Some(settings.answer.clone()),
            ..OwnSettings::default()
        },
        root: None,
        account: (switches || is_root)
            .then(|| Account::reachable(USER))
            .flatten(),
        could_be_node: false,
        warnings,
        apply: Box::new(RabbitMq {
            server_flags: settings.flags(SERVER_FLAGS[0]).0,
            tool_flags: settings.flags(TOOL_FLAGS),
            answer: settings.answer,
            configured,
            named,
        }),
    })
}

/// Has a shell source rabbitmq-env.conf, as the scripts do, with what the start will set.
fn ask(command: &Command, config: &Config) -> Result<ShellAnswer, Failure> {
    let file = config.variable("RABBITMQ_CONF_ENV_FILE");
    let file = file.or_else(|| config.variable("CONF_ENV_FILE"));
    let file = PathBuf::from(file.unwrap_or("/etc/rabbitmq/rabbitmq-env.conf"));
    let mut environment = config.environment.clone();
    if config.names_node().is_some()
        && let Some(first) = naming::candidates(config, None, NAME)?.first()
    {
        let long = first.node.is_long().to_string();
        environment.set("RABBITMQ_NODENAME", first.node.to_string());
        environment.set("RABBITMQ_USE_LONGNAME", &long);
    }
    if let Some(port) = config.port {
        environment.set("RABBITMQ_DIST_PORT", port.to_string());
    }
    let arguments = [file.clone().into_os_string()];
    let question = file.exists().then(|| ShellQuery {
        file,
        interpreter: vec!["/bin/sh".into()],
        text: "set -e\n. \"$1\" || true".into(),
        script: &command.file,
        arguments: &arguments,
        environment: environment.clone(),
    });
    let answer = question.and_then(|question| question.ask(&WANTED));
    Ok(answer.unwrap_or_else(|| ShellAnswer::none(&environment, &WANTED)))
}

/// The name that the broker gives itself.
fn default_node(config: &Config, long: bool) -> Option<Setting<NodeName>> {
    let host = config.pod.hostname.as_deref()?;
    let host = if long {
        config.pod.fully_qualified()?
    } else {
        host.split('.').next()?.to_owned()
    };
    let name = NamePart::parse(NAME).ok()?;
    let value = NodeName::new(name, Host::parse(&host).ok()?).ok()?;
    let by = "RabbitMQ's own".into();
    Some(Setting { value, by })
}

/// What RabbitMQ would be told without us.
struct Settings {
    answer: ShellAnswer,
}

impl Settings {
    /// A variable as RabbitMQ sees it in the end, with the prefix first.
    fn said(&self, variable: &'static str) -> Option<(String, Place)> {
        let names = [variable, variable.trim_start_matches("RABBITMQ_")];
        let mut names = names.into_iter().filter(|name| WANTED.contains(name));
        names.find_map(|name| {
            let value = self.answer.value(name)?.to_owned();
            Some((value, self.answer.place(name)))
        })
    }

    /// The flags of a variable, and what they claim.
    fn flags(&self, variable: &'static str) -> (String, FlagSettings) {
        let Some((text, place)) = self.said(variable) else {
            return Default::default();
        };
        let claims = FlagSettings::of_text(&text, Syntax::Blanks, &|_| place.clone());
        (text, claims)
    }

    fn default_port(&self) -> Result<Setting<Port>, Failure> {
        let own = self.said("RABBITMQ_NODE_PORT");
        let port = own.as_ref().and_then(|(text, _)| text.parse::<u16>().ok());
        let port = port.unwrap_or(ITS_PORT).saturating_add(ABOVE_ITS_PORT);
        let value = Port::parse(&port.to_string()).map_err(Failure::config)?;
        let by = "RabbitMQ's own".into();
        Ok(Setting { value, by })
    }

    /// RABBITMQ_DIST_PORT, as the claim that it amounts to.
    fn dist_port(&self) -> Vec<FlagSetting<PortFlag>> {
        let found = self.said("RABBITMQ_DIST_PORT");
        let claims = found.map(|(text, place)| {
            [PortKind::Min, PortKind::Max].map(|kind| claim(kind, &text, place.clone()))
        });
        claims.into_iter().flatten().collect()
    }

    /// What advanced.config and rabbitmq.conf say of the port; the one that wins comes first.
    fn configured_ports(&self) -> Vec<FlagSetting<PortFlag>> {
        let file = |variable, default: &str| {
            let said = self.said(variable);
            said.map_or_else(|| default.into(), |(path, _)| PathBuf::from(path))
        };
        let main = file("RABBITMQ_CONFIG_FILE", "/etc/rabbitmq/rabbitmq");
        let beside = |ending: &str| PathBuf::from(format!("{}{ending}", main.display()));
        let mut more: Vec<PathBuf> = std::fs::read_dir("/etc/rabbitmq/conf.d")
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == "conf"))
            .collect();
        more.sort();
        let advanced = file(
            "RABBITMQ_ADVANCED_CONFIG_FILE",
            "/etc/rabbitmq/advanced.config",
        );
        let files = [advanced].into_iter().chain(more.into_iter().rev());
        let files = files.chain([beside(".conf"), beside(".config"), main.clone()]);
        files.flat_map(|file| ports_in(&file)).collect()
    }
}

fn claim(kind: PortKind, text: &str, place: Place) -> FlagSetting<PortFlag> {
    FlagSetting {
        value: PortFlag {
            kind,
            text: text.to_owned(),
        },
        place,
        span: None,
    }
}

/// The ports in a configuration file, of the old format (terms) or the new.
fn ports_in(file: &Path) -> Vec<FlagSetting<PortFlag>> {
    let text = text_of(file).unwrap_or_default();
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split(['%', '#']).next().unwrap_or_default();
        for (name, kind) in [
            ("inet_dist_listen_min", PortKind::Min),
            ("inet_dist_listen_max", PortKind::Max),
            ("distribution.listener.port_range.min", PortKind::Min),
            ("distribution.listener.port_range.max", PortKind::Max),
        ] {
            let Some((_, rest)) = line.split_once(name) else {
                continue;
            };
            let value = rest.trim_start_matches([' ', '\t', ',', '=', '\'']);
            let digits = value.bytes().take_while(u8::is_ascii_digit).count();
            let place = Place::File(file.to_owned(), number);
            found.push(claim(kind, value.get(..digits).unwrap_or_default(), place));
        }
    }
    // The last line of a file wins.
    found.reverse();
    found
}

impl Apply for RabbitMq {
    fn names_in_arguments(&self) -> bool {
        false
    }

    fn apply(
        &self,
        launcher: &Launcher,
        settled: &NodeSettings,
        flags: &FlagVariables,
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        if settled.epmd.is_off() {
            return Err(Failure::config(
                "BEAMINIT_EPMD is \"off\", and RabbitMQ starts an epmd itself and does not boot where none answers; use auto",
            ));
        }
        let node = &settled.node.value;
        changes.set("RABBITMQ_NODENAME", Text::plain(node.to_string()));
        changes.set(
            "RABBITMQ_USE_LONGNAME",
            Text::plain(node.is_long().to_string()),
        );
        if let Some(port) = settled.pin() {
            changes.set("RABBITMQ_DIST_PORT", Text::plain(port.to_string()));
        }
        self.speak_ipv6(settled, flags, changes);
        if settled.cookie.is_some() {
            changes.set.remove(COOKIE);
            changes.unset.push(COOKIE.into());
        }
        erl::cleanse(settled, flags, changes);
        let mut lines = self.answer.complaints(&changes.set);
        lines.extend(self.complaints(launcher, settled));
        if lines.is_empty() {
            Ok(())
        } else {
            Err(Failure::config_lines(lines))
        }
    }
}

impl RabbitMq {
    /// Has both of its VMs speak IPv6, the node's and its tools', where nothing says how they speak.
    fn speak_ipv6(&self, settled: &NodeSettings, flags: &FlagVariables, changes: &mut Changes) {
        let mut add = |flag: &str, variable: &str, users: &str| {
            let flags = format!("{flag} {users}");
            changes.set(variable, Text::concealing(flags.trim().as_ref()));
        };
        if let Some(flag) = settled.transport_flag() {
            add(flag, SERVER_FLAGS[0], &self.server_flags);
        }
        let (text, claims) = &self.tool_flags;
        let of_both = flags.claims().proto_dist;
        if settled.ipv6 && claims.proto_dist.is_empty() && of_both.is_empty() {
            add(NodeSettings::IPV6, TOOL_FLAGS, text);
        }
    }

    /// Lines that would give the node another name, cookie or port in spite of us.
    fn complaints(&self, launcher: &Launcher, settled: &NodeSettings) -> Vec<String> {
        let mut lines = Vec::new();
        if settled.cookie.is_some() && self.answer.assigns(COOKIE) {
            lines.push(format!(
                "{} sets {COOKIE}, which every process could read, and its tools would take for the node's; remove that line",
                self.answer.place(COOKIE)
            ));
        }
        if launcher.role == Role::Client {
            return lines;
        }
        for place in &self.named {
            lines.push(format!(
                "{place} names the node or its cookie for the VM, and RabbitMQ does that itself; remove that flag: the node is {}",
                settled.node.value
            ));
        }
        if let Some(Pin::Ours(pin)) = &settled.port {
            let winner = |kind| self.configured.iter().find(|one| one.value.kind == kind);
            let winners = [PortKind::Min, PortKind::Max].map(winner).into_iter();
            let ours = pin.value.to_string();
            let lost = winners.flatten().find(|claim| claim.value.text != ours);
            lines.extend(lost.map(|claim| {
                format!(
                    "{} has the port {:?}, which beats {ours} ({}); remove that line",
                    claim.place, claim.value.text, pin.by
                )
            }));
        }
        lines
    }
}
