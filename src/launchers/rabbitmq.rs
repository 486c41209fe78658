//! `rabbitmq-server` and its tools: variables of its own for name and port, and the cookie in its user's home.
//!
//! Nothing goes into ERL_AFLAGS: RabbitMQ starts VMs of its own to look around, and they would take name and port. It
//! starts an epmd as well, and does not boot where none answers. <https://www.rabbitmq.com/docs/configure>

use std::path::{Path, PathBuf};

use super::LauncherCommand;
use super::{name_flag, of_one_vm, own_name, port_range};
use crate::beam::words::Syntax;
use crate::beam::{Flag, FlagSetting, FlagSettings};
use crate::config::{Config, Setting};
use crate::error::{Failure, Failures};
use crate::naming;
use crate::node::{Cookie, Port};
use crate::plan::resolve::name;
use crate::plan::resolve::port::RABBITMQ as ITS_OWN;
use crate::plan::{Apply, Changes, Decision, Launcher, OwnSettings, Pin, Role};
use crate::system::Place;
use crate::system::account::Account;
use crate::system::files::text_of;
use crate::system::program::Command;
use crate::system::secrets::Text;
use crate::system::shell::{ShellAnswer, ShellQuery};

const SERVER: &str = "rabbitmq-server";
pub const PROGRAMS: [&str; 8] = [
    SERVER,
    "rabbitmqctl",
    "rabbitmq-diagnostics",
    "rabbitmq-plugins",
    "rabbitmq-queues",
    "rabbitmq-streams",
    "rabbitmq-upgrade",
    "rabbitmq-tanzu",
];

/// The variables whose words are flags of the broker's VM.
const SERVER_FLAGS: [&str; 3] = [
    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
    "RABBITMQ_SERVER_START_ARGS",
    "RABBITMQ_SERVER_ERL_ARGS",
];
const TOOL_FLAGS: &str = "RABBITMQ_CTL_ERL_ARGS";
const COOKIE: &str = "RABBITMQ_ERLANG_COOKIE";

/// The prefix that rabbitmq-env.conf may leave out.
const PREFIX: &str = "RABBITMQ_";

/// What rabbitmq-env.conf is asked for.
const VARIABLES: [&str; 6] = [
    "RABBITMQ_NODENAME",
    "RABBITMQ_USE_LONGNAME",
    "RABBITMQ_NODE_PORT",
    "RABBITMQ_DIST_PORT",
    "RABBITMQ_CONFIG_FILE",
    "RABBITMQ_ADVANCED_CONFIG_FILE",
];

/// The user that Debian's scripts become.
const USER: &str = "rabbitmq";

/// The broker's distribution port is its own port and this: 25672 by default.
const ABOVE_ITS_PORT: u16 = 20000;
const ITS_PORT: u16 = 5672;

/// The part before the `@` that it gives itself.
const NAME: &str = "rabbit";

struct RabbitMq {
    answer: EnvAnswer,
    /// The ports in its configuration files, which beat the variable.
    configured: Vec<FlagSetting>,
}

/// Reads the variables and files that say something about name, cookie and port.
pub fn read(found: &LauncherCommand) -> Result<Launcher, Failure> {
    let (command, config) = (&found.command, &found.config);
    let script = found.script.as_ref();
    let is_tool = command.name().starts_with("rabbitmq") && command.name() != SERVER;
    let role = match command.arguments().next() {
        _ if !is_tool => Role::Node,
        None | Some("help" | "version" | "autocomplete" | "--help" | "--version") => Role::Neither,
        Some(_) => Role::Client,
    };
    let answer = EnvAnswer::ask(command, config)?;
    let configured = answer.configured_ports();
    let mut files = FlagSettings::default();
    files.extend(configured.clone());
    if let Some((port, place)) = answer.variable("RABBITMQ_DIST_PORT") {
        files.extend(port_range(port, port, &place));
    }
    for variable in SERVER_FLAGS {
        files.extend(answer.flags(variable).without_identity());
    }
    name::check_variable(config, "RABBITMQ_NODENAME")?;
    let long = answer.variable("RABBITMQ_USE_LONGNAME");
    let long = long.is_some_and(|(value, _)| value == "true");
    let default_node = name::made_of(NAME, name_flag(long), config);
    let is_ours = config.names_node().is_some() && !answer.0.assigns("RABBITMQ_NODENAME");
    let node = answer.variable("RABBITMQ_NODENAME").filter(|_| !is_ours);
    let cookie = answer.0.value(COOKIE).and_then(|text| {
        let cookie = Cookie::parse(text).ok()?;
        Some(Setting::new(cookie, answer.0.place(COOKIE).to_string()))
    });
    let changes_user =
        script.is_some_and(|script| script.contains_all(&["/usr/lib/rabbitmq/bin/", USER]));
    // The official image's entrypoint goes on as that user, too; root may read what is that user's.
    let is_root = nix::unistd::geteuid().is_root();
    let account = (changes_user || is_root).then(|| Account::reachable(USER));
    let is_daemon = command.arguments().any(|word| word == "-detached");
    Ok(Launcher {
        own_settings: OwnSettings {
            files,
            node: node.map(|(text, place)| own_name(text, place, long)),
            default_node: default_node.ok().map(|node| Setting::new(node, ITS_OWN)),
            default_port: Some(answer.default_port()?),
            cookie,
            takes_cookie_file: true,
            shell: Some(answer.0.clone()),
            ..OwnSettings::default()
        },
        account: account.flatten(),
        daemon: is_daemon.then_some("rabbitmq-server without -detached"),
        names_in_arguments: false,
        warnings: Vec::from_iter(answer.0.warning()),
        apply: Box::new(RabbitMq { answer, configured }),
        default_name: own_default(),
        ..of_one_vm("RabbitMQ", role, NAME)
    })
}

/// The variables as rabbitmq-env.conf makes them.
struct EnvAnswer(ShellAnswer);

fn own_default() -> Setting<String> {
    Setting::new(NAME.into(), ITS_OWN)
}

impl EnvAnswer {
    /// Has a shell source rabbitmq-env.conf, as the scripts do, with what the start will set.
    fn ask(command: &Command, config: &Config) -> Result<Self, Failure> {
        let file = config.variable("RABBITMQ_CONF_ENV_FILE");
        let file = file.or_else(|| config.variable("CONF_ENV_FILE"));
        let file = PathBuf::from(file.unwrap_or("/etc/rabbitmq/rabbitmq-env.conf"));
        let mut environment = config.environment.clone();
        if config.names_node().is_some()
            && let Some(first) = naming::candidates(config, None, &own_default())?.first()
        {
            let long = first.node.is_long().to_string();
            environment.set("RABBITMQ_NODENAME", first.node.to_string());
            environment.set("RABBITMQ_USE_LONGNAME", &long);
        }
        if let Some(port) = config.port {
            environment.set("RABBITMQ_DIST_PORT", port.to_string());
        }
        let all = VARIABLES.iter().chain(&SERVER_FLAGS).chain(&[TOOL_FLAGS]);
        let both = all.flat_map(|name| [*name, name.trim_start_matches(PREFIX)]);
        let variables: Vec<&str> = both.chain([COOKIE, "HOME"]).collect();
        let arguments = [file.clone().into_os_string()];
        let query = file.exists().then(|| ShellQuery {
            file,
            interpreter: vec!["/bin/sh".into()],
            text: "set -e\n. \"$1\" || true".into(),
            script: &command.file,
            arguments: &arguments,
            environment: &environment,
        });
        let answer = query.and_then(|query| query.ask(&variables));
        Ok(Self(answer.unwrap_or_else(|| {
            ShellAnswer::none(&environment, &variables)
        })))
    }

    /// A variable as RabbitMQ sees it in the end, with the prefix first, and its place.
    fn variable(&self, name: &str) -> Option<(&str, Place)> {
        let mut names = [name, name.trim_start_matches(PREFIX)].into_iter();
        names.find_map(|name| Some((self.0.value(name)?, self.0.place(name))))
    }

    /// The flags in a variable.
    fn flags(&self, variable: &str) -> FlagSettings {
        self.variable(variable)
            .map(|(text, place)| FlagSettings::of_text(text, Syntax::Blanks, &|_| place.clone()))
            .unwrap_or_default()
    }

    fn default_port(&self) -> Result<Setting<Port>, Failure> {
        let own = self.variable("RABBITMQ_NODE_PORT");
        let port = own.and_then(|(text, _)| text.parse::<u16>().ok());
        let port = port.unwrap_or(ITS_PORT).saturating_add(ABOVE_ITS_PORT);
        let value = Port::parse(&port.to_string()).map_err(Failure::config)?;
        Ok(Setting::new(value, ITS_OWN))
    }

    /// What advanced.config and rabbitmq.conf say of the port; the one that wins comes first.
    fn configured_ports(&self) -> Vec<FlagSetting> {
        let file = |variable, default| {
            let given = self.variable(variable);
            PathBuf::from(given.map_or(default, |(path, _)| path))
        };
        let main = file("RABBITMQ_CONFIG_FILE", "/etc/rabbitmq/rabbitmq");
        let beside = |ending: &str| PathBuf::from(format!("{}{ending}", main.display()));
        let more = std::fs::read_dir("/etc/rabbitmq/conf.d");
        let more = more.into_iter().flatten().flatten();
        let mut more: Vec<PathBuf> = more.map(|entry| entry.path()).collect();
        more.retain(|path| path.extension().is_some_and(|ending| ending == "conf"));
        more.sort();
        let advanced = "/etc/rabbitmq/advanced.config";
        let files = [file("RABBITMQ_ADVANCED_CONFIG_FILE", advanced)];
        let files = files.into_iter().chain(more.into_iter().rev());
        let files = files.chain([beside(".conf"), beside(".config"), main.clone()]);
        files.flat_map(|file| ports_in(&file)).collect()
    }
}

/// The ports in a configuration file, of the old format (terms) or the new; the last line wins.
fn ports_in(file: &Path) -> Vec<FlagSetting> {
    let text = text_of(file).unwrap_or_default();
    let of_terms = FlagSettings::of_sys_config(&text, file).into_iter();
    let of_lines = (1..).zip(text.lines()).filter_map(|(number, line)| {
        let (name, value) = line.split('#').next()?.split_once('=')?;
        let flag = match name.trim() {
            "distribution.listener.port_range.min" => Flag::PortMin,
            "distribution.listener.port_range.max" => Flag::PortMax,
            _ => return None,
        };
        let place = Place::File(file.to_owned(), number);
        Some(FlagSetting::new(flag, value.trim(), place))
    });
    let mut found: Vec<FlagSetting> = of_terms.chain(of_lines).collect();
    found.reverse();
    found
}

impl Apply for RabbitMq {
    fn apply(&self, decision: &Decision, changes: &mut Changes) -> Result<(), Failure> {
        let settings = decision.settings;
        if settings.epmd.is_off() {
            return Err(Failure::config(
                "BEAMINIT_EPMD is \"off\", and RabbitMQ starts an epmd itself and does not boot where none answers; use auto",
            ));
        }
        let node = &settings.node.value;
        let long = node.is_long().to_string();
        changes.set("RABBITMQ_NODENAME", Text::plain(node.to_string()));
        changes.set("RABBITMQ_USE_LONGNAME", Text::plain(long));
        if let Some(port) = settings.pin() {
            changes.set("RABBITMQ_DIST_PORT", Text::plain(port.to_string()));
        }
        let flags = settings.bind_flag() + settings.transport.flags().unwrap_or_default();
        if !flags.is_empty() {
            self.add_flags(flags.trim_end(), SERVER_FLAGS[0], changes);
        }
        // The VMs of its tools speak as their own flags say, or the user's for all VMs.
        let users = [&self.answer.flags(TOOL_FLAGS), &decision.sources.variables];
        let have_any = users.iter().any(|flags| flags.has(&[Flag::ProtoDist]));
        if let Some(flags) = settings.transport.wanted.as_ref().filter(|_| !have_any) {
            self.add_flags(flags, TOOL_FLAGS, changes);
        }
        if settings.cookie.is_some() {
            changes.set.remove(COOKIE);
            changes.unset.push(COOKIE.into());
        }
        decision.remove_flags(changes);
        self.check(decision, changes)
    }
}

impl RabbitMq {
    /// Puts flags before the user's own in a variable.
    fn add_flags(&self, flags: &str, variable: &str, changes: &mut Changes) {
        let users = self.answer.variable(variable);
        let flags = format!("{flags} {}", users.map_or("", |(text, _)| text));
        changes.set(variable, Text::concealing(flags.trim().as_ref()));
    }

    /// Finds the lines that would give the node another name, cookie or port in spite of us.
    fn check(&self, decision: &Decision, changes: &Changes) -> Result<(), Failure> {
        let settings = decision.settings;
        let mut failures = Failures::default();
        failures.take(self.answer.0.check(&changes.set));
        if settings.cookie.is_some() && self.answer.0.assigns(COOKIE) {
            failures.push(format!(
                "{} sets {COOKIE}, which every process could read, and its tools would take for the node's; remove that line",
                self.answer.0.place(COOKIE)
            ));
        }
        if decision.sources.launcher.role == Role::Client {
            return failures.or(());
        }
        for variable in SERVER_FLAGS {
            let flags = self.answer.flags(variable);
            for flag in flags.names().chain(flags.cookies()) {
                failures.push(format!(
                    "{} names the node or its cookie for the VM, and RabbitMQ does that itself; remove that flag: the node is {}",
                    flag.place, settings.node.value
                ));
            }
        }
        if let Some(Pin::Ours(pin)) = &settings.port {
            let winner = |flag| self.configured.iter().find(|one| one.flag == flag);
            let winners = [Flag::PortMin, Flag::PortMax].map(winner).into_iter();
            let ours = pin.value.to_string();
            if let Some(port) = winners.flatten().find(|port| port.text != ours) {
                failures.push(format!(
                    "{} has the port {:?}, which beats {ours} ({}); remove that line",
                    port.place, port.text, pin.by
                ));
            }
        }
        failures.or(())
    }
}
