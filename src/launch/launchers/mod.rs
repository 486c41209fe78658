//! The launchers: how each way of starting a BEAM is told, and what makes its name, cookie and port certain.
//!
//! A new one is a file beside these, a word in [`LauncherKind`], a line in `PROGRAMS` or `SCRIPTS` and one in
//! [`read`].

mod args_file;
mod dist_port;
mod distillery;
mod ejabberd;
mod elixir;
mod env_sh;
mod erl;
mod escript;
mod gleam;
mod mix_release;
mod otp;
mod rabbitmq;
mod relx;
mod script;
mod shell;
mod sourced;
mod starter;
pub mod wrapped;

use std::path::PathBuf;

use crate::launch::config::{Config, LauncherKind, Said};
use crate::launch::failure::Failure;
use crate::launch::flags::{Claims, FlagVariables, Place};
use crate::launch::node::Cookie;
use crate::launch::plan::{Account, Command, Recipe, Settled};
use script::Script;
use starter::Starter;

pub use otp::Otp;

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

/// What the command is to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It starts a node: all gates, and the pin.
    Node,
    /// It talks to a node that runs: the identity alone.
    Client,
    /// It is no business of ours.
    Neither,
}

/// What a launcher's own files and arguments ask for.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    /// What the command line says: the Plan keeps to it.
    pub command_line: Claims,
    /// What files say: beaten by our variables, yielded to by our defaults.
    pub files: Claims,
    /// Are those files rewritten for the start, so that every claim in their own text is beaten?
    pub rewritten: bool,
    /// A node name of the release's own, before those in files.
    pub node: Option<Said<String>>,
    /// The cookie that the release has of its own.
    pub cookie: Option<Said<Cookie>>,
    /// Why what it has for one is none.
    pub no_cookie: Option<String>,
    /// Does it get its cookie in a file whatever BEAMINIT_COOKIE_VIA says? Its script has no argument for one.
    pub takes_cookie_file: bool,
    /// For a client, what the node's own files say, which it does not get itself.
    pub of_node: Claims,
    /// Does its script hand ELIXIR_ERL_OPTIONS to the VM?
    pub elixir: bool,
    /// What cannot be beaten.
    pub fixed: Vec<Fixed>,
    /// The OTP that will run: looked for where it matters, for a node without epmd.
    pub otp: Option<Otp>,
}

impl Demands {
    /// ERL_DIST_PORT, where the launcher makes a port without epmd of it.
    pub fn dist_port(&self) -> Option<&Fixed> {
        self.fixed
            .iter()
            .find(|fixed| fixed.variable == "ERL_DIST_PORT")
    }
}

/// A line of a file that wins over all that we can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The file and line.
    pub place: Place,
    /// The variable that it assigns.
    pub variable: String,
    /// To what; `None` if only the shell can tell.
    pub value: Option<String>,
}

/// One way of starting a BEAM, recognised in the command at hand.
pub struct Launcher {
    /// What it is called in messages.
    pub label: &'static str,
    /// What the command is.
    pub role: Role,
    /// The name part of the node where no variable says one.
    pub default_name: String,
    /// What its files and arguments ask for.
    pub demands: Demands,
    /// The root of the Erlang that will run, where that is not the `erl` of PATH.
    pub root: Option<PathBuf>,
    /// The user that its script insists on, in whose home the VM will look for its cookie.
    pub account: Option<Account>,
    /// How it makes name, cookie and port certain.
    cook: Box<dyn Cook>,
}

/// What a launcher does about name, cookie and port.
trait Cook {
    /// Makes them certain.
    ///
    /// # Errors
    /// What stands in the way.
    fn cook(
        &self,
        launcher: &Launcher,
        settled: &Settled,
        flags: &FlagVariables,
        recipe: &mut Recipe,
    ) -> Result<(), Failure>;
}

impl Launcher {
    /// That of a node whose command is not known: it asks for nothing, and starts nothing.
    pub fn nothing() -> Self {
        Self {
            label: "unknown",
            role: Role::Node,
            default_name: String::new(),
            demands: Demands::default(),
            root: None,
            account: None,
            cook: Box::new(erl::OneVm),
        }
    }

    /// Makes name, cookie and port certain.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn cook(
        &self,
        settled: &Settled,
        flags: &FlagVariables,
        recipe: &mut Recipe,
    ) -> Result<(), Failure> {
        self.cook.cook(self, settled, flags, recipe)
    }
}

/// Warns of a task whose script ends at once.
fn warn_of_daemon(recipe: &mut Recipe, instead: &str) {
    recipe.warn(format!(
        "a daemon's script ends at once, and this container with it; use {instead}"
    ));
}

/// Finds the launcher of a command; `None` for one that is no BEAM as far as can be told.
///
/// # Errors
/// The launcher's own files cannot be read.
pub fn recognise(command: &Command, config: &Config) -> Result<Option<Launcher>, Failure> {
    let script = Script::read(command);
    if config.launcher != LauncherKind::None
        && let Some(starter) = script
            .as_ref()
            .and_then(|script| Starter::of(script, command, config))
    {
        let inner = Script::read(&starter.command);
        if let Some(launcher) = recognise_file(&starter.command, inner.as_ref(), config)? {
            return Ok(Some(starter.start(launcher)));
        }
    }
    recognise_file(command, script.as_ref(), config)
}

/// The same of the command's own file, which is this script, if it is one.
fn recognise_file(
    command: &Command,
    script: Option<&Script>,
    config: &Config,
) -> Result<Option<Launcher>, Failure> {
    let said = config.launcher;
    let of_release = script.and_then(certain);
    // A release's script is called by the release's name.
    let other = || needs_release(said).then(|| by_name(command)).flatten();
    if !matches!(said, LauncherKind::None | LauncherKind::Auto)
        && let Some(is) = of_release.or_else(other).filter(|is| *is != said)
    {
        // What is said is meant for the node's own command; a client in the same container is what it is.
        let launcher = read(is, command, script, config)?;
        let (said, label) = (said.word(), launcher.label);
        let file = command.file.display();
        return match launcher.role {
            Role::Node if of_release.is_none() => Err(Failure::config(format!(
                "BEAMINIT_LAUNCHER is {said:?}, and {file} is {label} itself; unset it"
            ))),
            Role::Node => Err(Failure::config(format!(
                "BEAMINIT_LAUNCHER is {said:?}, and {file} is the start script of a {label}; unset it"
            ))),
            _ => Ok(Some(launcher)),
        };
    }
    let kind = kind(command, script, said);
    kind.map(|kind| read(kind, command, script, config))
        .transpose()
}

/// Reads the files of a launcher of this kind.
fn read(
    kind: LauncherKind,
    command: &Command,
    script: Option<&Script>,
    config: &Config,
) -> Result<Launcher, Failure> {
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
        LauncherKind::MixRelease => mix_release::read(of_release()?, command, config)?,
        LauncherKind::Relx => relx::read(of_release()?, command, config)?,
        LauncherKind::Distillery => distillery::read(of_release()?, command, config)?,
        LauncherKind::Gleam => gleam::read(of_release()?, command, config),
        LauncherKind::RabbitMq => rabbitmq::read(script, command, config),
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

/// Which it is: what the user says, else what the file is, symbolic links followed. A program that was called by the name
/// of a launcher is one, whatever it is a link to: version managers make such scripts.
fn kind(command: &Command, script: Option<&Script>, said: LauncherKind) -> Option<LauncherKind> {
    if said != LauncherKind::Auto {
        return Some(said).filter(|kind| *kind != LauncherKind::None);
    }
    by_name(command).or_else(|| told(script?))
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
