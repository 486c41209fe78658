//! The launchers: how each way of starting a BEAM is recognised, by the program's name or by the text of its script, and how
//! its node is given a name, a cookie and a port. What they find goes to the Plan; the Plan calls back [`Launcher::apply`].
//!
//! A new one is a file beside these, a word in [`LauncherKind`], a line in `program_kind` or `script_kind` and one in
//! [`read`].

mod args_file;
mod dist_port;
mod distillery;
mod ejabberd;
mod elixir;
mod erl;
mod escript;
mod gleam;
mod mix_release;
mod rabbitmq;
mod relx;
mod script;
mod target;
mod wrappers;

use std::ffi::OsString;

use crate::beam::{Flag, FlagSetting, FlagVariables};
use crate::config::{Config, Keyword as _, LauncherKind, Setting};
use crate::error::Failure;
use crate::node::NodeName;
use crate::plan::{Launcher, OwnSettings, Role};
use crate::system::program::Command;
use crate::system::{Environment, Place};
use script::Script;
pub use target::Target;
pub use wrappers::LauncherCommand;

/// The cookie for a start script that insists on one, where the VM reads the real one in a file.
const COOKIE_PLACEHOLDER: &str = "it-is-in-a-file";

/// A launcher that hands its environment to one VM, with no settings of its own.
pub fn of_one_vm(label: &'static str, role: Role, default_name: &str) -> Launcher {
    Launcher {
        label,
        role,
        default_name: Setting::new(default_name.to_owned(), "the program's file name"),
        own_settings: OwnSettings::default(),
        root: None,
        account: None,
        daemon: None,
        could_be_node: false,
        names_in_arguments: true,
        takes_any_otp: false,
        warnings: Vec::new(),
        apply: Box::new(erl::OneVm),
    }
}

/// The same of a release, which has a name of its own.
fn of_release(label: &'static str, role: Role, name: &str) -> Launcher {
    Launcher {
        default_name: Setting::new(name.to_owned(), "the release's own"),
        ..of_one_vm(label, role, name)
    }
}

/// Both ends of a range of ports.
fn port_range(min: &str, max: &str, place: &Place) -> [FlagSetting; 2] {
    let ends = [(Flag::PortMin, min), (Flag::PortMax, max)];
    ends.map(|(flag, text)| FlagSetting::new(flag, text, place.clone()))
}

fn name_flag(long: bool) -> Flag {
    if long { Flag::Name } else { Flag::Sname }
}

fn own_name(text: &str, place: Place, long: bool) -> FlagSetting {
    FlagSetting::new(name_flag(long), text, place)
}

/// The part before the `@` of a name.
fn name_part(FlagSetting { text, place, .. }: &FlagSetting) -> Setting<String> {
    let name = text.split('@').next().unwrap_or_default();
    Setting::new(name.to_owned(), place.to_string())
}

/// The environment for the script's own shell, which is asked what becomes of our flags.
fn marked_environment(config: &Config) -> Environment {
    let mut environment = config.environment.clone();
    if config.asks_for_changes() {
        let users = config.variable("ERL_AFLAGS").unwrap_or_default();
        let marked = format!("{} {users}", FlagVariables::MARK);
        environment.set("ERL_AFLAGS", marked.trim_end());
    }
    environment
}

/// Finds the launcher of a command; `None` for a program that is not a known one.
///
/// # Errors
/// The launcher's own files cannot be read, or contradict BEAMINIT_LAUNCHER.
pub fn recognise(found: &mut LauncherCommand) -> Result<Option<Launcher>, Failure> {
    let Some(mut kind) = configured_or_detected(found) else {
        return Ok(None);
    };
    found.config.discover_pod()?;
    if let Some(actual) = other_than_configured(found) {
        let is_node = read(actual, found)?.role == Role::Node;
        if is_node && !found.is_wrapped() {
            return Err(Failure::config(format!(
                "BEAMINIT_LAUNCHER is {:?}, and {} is recognised as {:?}; unset it",
                kind.word(),
                found.command.file.display(),
                actual.word()
            )));
        }
        kind = actual;
    } else if let Some(named) = program_kind(&found.command)
        && named != kind
        && read(named, found)?.role == Role::Client
    {
        // `iex --remsh` beside a node that its own word says is an `erl`.
        kind = named;
    }
    let mut launcher = read(kind, found)?;
    let config = &found.config;
    let is_node_where_asked = !matches!(kind, LauncherKind::RabbitMq | LauncherKind::Ejabberd)
        && !is_of_release(kind)
        && launcher.role == Role::Node;
    if is_node_where_asked && config.asks_for_node().is_none() {
        let variables = FlagVariables::read(&config.environment, None).flags();
        let own_settings = &launcher.own_settings;
        let all = [&own_settings.command_line, &own_settings.files, &variables];
        if all.iter().all(|flags| !flags.has(&Flag::NAMES)) {
            launcher.role = Role::Neither;
            launcher.could_be_node = true;
        }
    }
    if !launcher.own_settings.rewritten {
        launcher.own_settings.files.forget_spans();
    }
    launcher.account = launcher.account.or_else(|| found.account.clone());
    Ok(Some(launcher))
}

fn configured_or_detected(found: &LauncherCommand) -> Option<LauncherKind> {
    match found.config.launcher {
        LauncherKind::None => None,
        LauncherKind::Auto => detect(&found.command, found.script.as_ref()),
        configured => Some(configured),
    }
}

/// The command that opens a shell on the node that these words start: a client of the release's own, else Elixir's, else
/// Erlang's.
pub fn shell_command(words: Vec<OsString>, config: Config, node: &NodeName) -> Vec<String> {
    use LauncherKind::{Distillery, Ejabberd, Elixir, Iex, Mix, MixRelease, RabbitMq, Relx};
    let command = Command::find(words, &config.environment);
    let found = command.and_then(|command| LauncherCommand::find(&command, config));
    let found = found.as_ref().ok();
    let kind =
        found.and_then(|it| other_than_configured(it).or_else(|| configured_or_detected(it)));
    let file = found.map(|found| found.command.file.display().to_string());
    let (file, node) = (file.unwrap_or_default(), node.to_string());
    let words = match kind {
        Some(MixRelease) => vec![&*file, "remote"],
        Some(Relx | Distillery) => vec![&*file, "remote_console"],
        Some(Ejabberd) => vec![&*file, "debug"],
        Some(RabbitMq) => vec!["rabbitmq-diagnostics", "remote_shell"],
        Some(Elixir | Iex | Mix) => vec!["iex", "--remsh", &node],
        _ => vec!["erl", "-remsh", &node],
    };
    words.into_iter().map(str::to_owned).collect()
}

/// What the command certainly is, where BEAMINIT_LAUNCHER says something else: it is meant for the node's own command, and a
/// client in the same container, or what a script of the user's own starts, stays what it is.
fn other_than_configured(found: &LauncherCommand) -> Option<LauncherKind> {
    let configured = found.config.launcher;
    let of_script = found.script.as_ref().and_then(script_kind);
    let of_script = of_script.filter(|kind| *kind != LauncherKind::Escript);
    // A release's script is called by the release's name.
    let of_name = || program_kind(&found.command).filter(|_| is_of_release(configured));
    let actual = of_script.or_else(of_name)?;
    (configured != LauncherKind::Auto && actual != configured).then_some(actual)
}

/// What a command is, whatever BEAMINIT_LAUNCHER says. A program that was called by the name of a launcher is one, whatever
/// it is a link to: version managers make such scripts.
fn detect(command: &Command, script: Option<&Script>) -> Option<LauncherKind> {
    program_kind(command).or_else(|| script_kind(script?))
}

/// The launcher that a program is by its name, or by that of the file which it is a link to.
fn program_kind(command: &Command) -> Option<LauncherKind> {
    let by_name = |name: &str| match name {
        "erl" => Some(LauncherKind::Erl),
        "elixir" => Some(LauncherKind::Elixir),
        "iex" => Some(LauncherKind::Iex),
        "mix" => Some(LauncherKind::Mix),
        "escript" => Some(LauncherKind::Escript),
        "ejabberdctl" => Some(LauncherKind::Ejabberd),
        name => rabbitmq::PROGRAMS
            .contains(&name)
            .then_some(LauncherKind::RabbitMq),
    };
    let of_file = || {
        let file = std::fs::canonicalize(&command.file).ok()?;
        by_name(file.file_name()?.to_str()?)
    };
    by_name(command.name()).or_else(of_file)
}

/// The launcher that a script is by its text. One of a release has the release around it: a script of the user's own may
/// mention the same variables.
fn script_kind(script: &Script) -> Option<LauncherKind> {
    let kinds = [
        (escript::is(script), LauncherKind::Escript),
        (distillery::is(script), LauncherKind::Distillery),
        (relx::is(script), LauncherKind::Relx),
        (mix_release::is(script), LauncherKind::MixRelease),
        (gleam::is(script), LauncherKind::Gleam),
    ];
    let found = kinds.into_iter().find(|(is, _)| *is);
    let kind = found.map(|(_, kind)| kind);
    kind.filter(|kind| !is_of_release(*kind) || script.is_in_release())
}

/// Does such a launcher have a release's folders around its script?
fn is_of_release(kind: LauncherKind) -> bool {
    use LauncherKind::{Distillery, MixRelease, Relx};
    matches!(kind, MixRelease | Relx | Distillery)
}

/// Reads the files of a launcher of this kind.
fn read(kind: LauncherKind, found: &LauncherCommand) -> Result<Launcher, Failure> {
    let (command, config) = (&found.command, &found.config);
    let script = found.script.as_ref();
    let start_script = || {
        let fits = |script: &&Script| !is_of_release(kind) || script.is_in_release();
        script.filter(fits).ok_or_else(|| {
            Failure::config(format!(
                "BEAMINIT_LAUNCHER is {:?}, and {} is no script with a release around it; give the release's own start script as the command",
                kind.word(),
                command.file.display()
            ))
        })
    };
    Ok(match kind {
        LauncherKind::Auto | LauncherKind::None | LauncherKind::Erl => erl::read(command, config),
        LauncherKind::Elixir => elixir::read("elixir", command, config),
        LauncherKind::Iex => elixir::read("iex", command, config),
        LauncherKind::Mix => elixir::read("mix", command, config),
        LauncherKind::Escript => escript::read(script, command, config),
        LauncherKind::MixRelease => mix_release::read(found)?,
        LauncherKind::Relx => relx::read(start_script()?, command, config)?,
        LauncherKind::Distillery => distillery::read(start_script()?, command, config)?,
        LauncherKind::Gleam => gleam::read(start_script()?, command, config),
        LauncherKind::RabbitMq => rabbitmq::read(found)?,
        LauncherKind::Ejabberd => ejabberd::read(found)?,
    })
}
