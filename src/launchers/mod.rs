//! The launchers: how each way of starting a BEAM is told, and what makes its name, cookie and port certain.
//!
//! A new one is a file beside these, a word in [`LauncherKind`], a line in `PROGRAMS` or `SCRIPTS` and one in
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
pub mod wrapped;

use crate::beam::{FlagSetting, FlagVariables, PortFlag, PortKind};
use crate::config::{LauncherKind, Pod};
use crate::error::Failure;
use crate::plan::{Launcher, OwnSettings, Role};
use crate::system::Place;
use crate::system::program::Command;
use script::Script;
pub use target::Target;
use wrapped::Inside;

/// The launchers that are told by the program's name.
const PROGRAMS: [(&str, LauncherKind); 14] = [
    ("erl", LauncherKind::Erl),
    ("elixir", LauncherKind::Elixir),
    ("iex", LauncherKind::Iex),
    ("mix", LauncherKind::Mix),
    ("escript", LauncherKind::Escript),
    ("rabbitmq-server", LauncherKind::RabbitMq),
    ("rabbitmqctl", LauncherKind::RabbitMq),
    ("rabbitmq-diagnostics", LauncherKind::RabbitMq),
    ("rabbitmq-plugins", LauncherKind::RabbitMq),
    ("rabbitmq-queues", LauncherKind::RabbitMq),
    ("rabbitmq-streams", LauncherKind::RabbitMq),
    ("rabbitmq-upgrade", LauncherKind::RabbitMq),
    ("rabbitmq-tanzu", LauncherKind::RabbitMq),
    ("ejabberdctl", LauncherKind::Ejabberd),
];

/// What tells a script.
type Tells = fn(&Script) -> bool;

/// Those that are told by what their script says.
const SCRIPTS: [(Tells, LauncherKind); 5] = [
    (escript::is, LauncherKind::Escript),
    (distillery::is, LauncherKind::Distillery),
    (relx::is, LauncherKind::Relx),
    (mix_release::is, LauncherKind::MixRelease),
    (gleam::is, LauncherKind::Gleam),
];

/// What a start script that insists on a cookie gets where the VM reads the real one in a file.
const IN_A_FILE: &str = "it-is-in-a-file";

/// What a launcher without epmd is told its port by.
fn dist_port_claim(text: &str, place: Place) -> FlagSetting<PortFlag> {
    FlagSetting {
        value: PortFlag {
            kind: PortKind::Epmdless,
            text: text.to_owned(),
        },
        place,
        span: None,
    }
}

/// That of a node whose command is not known: it asks for nothing, and starts nothing.
pub fn unknown() -> Launcher {
    Launcher {
        label: "unknown",
        role: Role::Node,
        default_name: String::new(),
        own_settings: OwnSettings::default(),
        root: None,
        account: None,
        could_be_node: false,
        warnings: Vec::new(),
        apply: Box::new(erl::OneVm),
    }
}

/// The warning of a task whose script ends at once, if it is one.
fn daemon_warning(is_daemon: bool, instead: &str) -> Vec<String> {
    let line = format!("a daemon's script ends at once, and this container with it; use {instead}");
    Vec::from_iter(is_daemon.then_some(line))
}

/// Finds the launcher of a command; `None` for one that is no BEAM as far as can be told.
///
/// # Errors
/// The launcher's own files cannot be read, or contradict BEAMINIT_LAUNCHER.
pub fn recognise(inside: &mut Inside) -> Result<Option<Launcher>, Failure> {
    let script = Script::read(&inside.launcher);
    let script = script.as_ref();
    if inside.config.launcher == LauncherKind::Auto && of_itself(&inside.launcher, script).is_none()
    {
        return Ok(None);
    }
    inside.config.pod = Pod::look();
    let Some(kind) = kind(inside, script)? else {
        return Ok(None);
    };
    let mut launcher = read(kind, inside, script)?;
    let Inside {
        config, account, ..
    } = inside;
    let only_where_asked = matches!(
        kind,
        LauncherKind::Erl
            | LauncherKind::Elixir
            | LauncherKind::Iex
            | LauncherKind::Mix
            | LauncherKind::Escript
            | LauncherKind::Gleam
    );
    if only_where_asked && launcher.role == Role::Node && config.asks_for_node().is_none() {
        let variables = FlagVariables::read(&config.environment, None)?.claims();
        let own_settings = &launcher.own_settings;
        let names = [&own_settings.command_line, &own_settings.files, &variables];
        if names.iter().all(|claims| claims.names.is_empty()) {
            launcher.role = Role::Neither;
            launcher.could_be_node = true;
        }
    }
    launcher.account = launcher.account.or_else(|| account.clone());
    Ok(Some(launcher))
}

/// Which it is: what the file is, symbolic links followed, or what BEAMINIT_LAUNCHER says of it. A program that was called
/// by the name of a launcher is one, whatever it is a link to: version managers make such scripts.
fn kind(inside: &Inside, script: Option<&Script>) -> Result<Option<LauncherKind>, Failure> {
    let command = &inside.launcher;
    let said = inside.config.launcher;
    match said {
        LauncherKind::None => return Ok(None),
        LauncherKind::Auto => return Ok(of_itself(command, script)),
        _ => {}
    }
    let of_release = script.and_then(certain);
    // A release's script is called by the release's name.
    let other = || needs_release(said).then(|| by_name(command)).flatten();
    let Some(is) = of_release.or_else(other).filter(|is| *is != said) else {
        return Ok(Some(said));
    };
    let stays = inside.command.words != command.words;
    let launcher = read(is, inside, script)?;
    // What is said is meant for the node's own command; a client in the same container is what it is, and so is what a
    // script of the user's own starts.
    if launcher.role != Role::Node || stays {
        return Ok(Some(is));
    }
    let (said, label) = (said.word(), launcher.label);
    let file = command.file.display();
    Err(Failure::config(if of_release.is_none() {
        format!("BEAMINIT_LAUNCHER is {said:?}, and {file} is {label} itself; unset it")
    } else {
        format!(
            "BEAMINIT_LAUNCHER is {said:?}, and {file} is the start script of a {label}; unset it"
        )
    }))
}

/// What a command is of itself, whatever is said.
fn of_itself(command: &Command, script: Option<&Script>) -> Option<LauncherKind> {
    by_name(command).or_else(|| told(script?))
}

/// Reads the files of a launcher of this kind.
fn read(kind: LauncherKind, inside: &Inside, script: Option<&Script>) -> Result<Launcher, Failure> {
    let Inside {
        launcher: command,
        config,
        ..
    } = inside;
    let of_release = || {
        let is_said = config.launcher == kind;
        let lacks = |script: &&Script| is_said && !script.is_of_release();
        let file = command.file.display();
        let what = match script {
            None => format!("{file} is no script"),
            Some(script) if needs_release(kind) && lacks(&script) => {
                format!(
                    "there is no release around {file} ({})",
                    script.root.join("releases").display()
                )
            }
            Some(script) => return Ok(script),
        };
        Err(Failure::config(format!(
            "BEAMINIT_LAUNCHER is {:?}, and {what}; give the release's own start script as the command",
            kind.word()
        )))
    };
    Ok(match kind {
        LauncherKind::Auto | LauncherKind::None | LauncherKind::Erl => erl::read(command, config),
        LauncherKind::Elixir => elixir::read("elixir", command, config),
        LauncherKind::Iex => elixir::read("iex", command, config),
        LauncherKind::Mix => elixir::read("mix", command, config),
        LauncherKind::Escript => escript::read(script, command, config),
        LauncherKind::MixRelease => mix_release::read(script, inside)?,
        LauncherKind::Relx => relx::read(of_release()?, command, config)?,
        LauncherKind::Distillery => distillery::read(of_release()?, command, config)?,
        LauncherKind::Gleam => gleam::read(of_release()?, command, config),
        LauncherKind::RabbitMq => rabbitmq::read(script, command, config)?,
        LauncherKind::Ejabberd => ejabberd::read(script, command, config)?,
    })
}

/// Has such a launcher a release's folders around its script?
fn needs_release(kind: LauncherKind) -> bool {
    use LauncherKind::{Distillery, MixRelease, Relx};
    matches!(kind, MixRelease | Relx | Distillery)
}

/// What a script is, if it is no user's own that only speaks of such things: one of a release, in its place.
fn certain(script: &Script) -> Option<LauncherKind> {
    told(script).filter(|kind| match kind {
        LauncherKind::Gleam => true,
        kind => needs_release(*kind) && script.is_of_release(),
    })
}

fn told(script: &Script) -> Option<LauncherKind> {
    let mut scripts = SCRIPTS.iter();
    scripts.find_map(|(is, kind)| is(script).then_some(*kind))
}

/// The launcher that a program is by its name, or by that of the file which it is a link to.
fn by_name(command: &Command) -> Option<LauncherKind> {
    let known = |name: &str| {
        let mut programs = PROGRAMS.iter();
        programs.find_map(|(program, kind)| (*program == name).then_some(*kind))
    };
    let of_file = || {
        let file = std::fs::canonicalize(&command.file).ok()?;
        known(file.file_name()?.to_str()?)
    };
    known(command.name()).or_else(of_file)
}
