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

use std::path::PathBuf;

use crate::beam::{Claim, Claims, FlagVariables, Otp, PortFlag, PortKind};
use crate::config::{LauncherKind, Pod, Said};
use crate::error::Failure;
use crate::node::{Cookie, NamePart, NodeName, Port};
use crate::plan::{Recipe, Settled};
use crate::system::Place;
use crate::system::account::Account;
use crate::system::program::Command;
use crate::system::shell::Answer;
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
#[derive(Clone, Default)]
pub struct Demands {
    /// What the command line says: the Plan keeps to it.
    pub command_line: Claims,
    /// What files say: beaten by our variables, yielded to by our defaults.
    pub files: Claims,
    /// Are those files rewritten for the start, so that every claim in their own text is beaten?
    pub rewritten: bool,
    /// A node name of the release's own, before those in files.
    pub node: Option<OwnName>,
    /// The name that the launcher gives its node where nothing is said.
    pub default_node: Option<Said<NodeName>>,
    /// The port that the launcher gives its node where nothing is said.
    pub default_port: Option<Said<Port>>,
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
    /// ERL_DIST_PORT, where the launcher makes a port without epmd of it.
    pub dist_port: Option<Claim<PortFlag>>,
    /// What its own shell file makes of the environment.
    pub shell: Option<Answer>,
    /// The OTP that will run, where its files tell.
    pub otp: Option<Otp>,
}

/// A node name as a release says it: whole, or the part before the `@`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnName {
    /// As it is written.
    pub text: String,
    /// Where.
    pub by: String,
    /// Is it meant as a long name, also without a host?
    pub long: bool,
}

impl OwnName {
    /// Refuses a variable that is no name.
    fn check(by: &str, text: Option<&str>) -> Result<(), Failure> {
        let own = text.map(|text| Self {
            text: text.to_owned(),
            by: by.to_owned(),
            long: false,
        });
        match own.and_then(|own| own.complaint()) {
            Some(line) => Err(Failure::config(line)),
            None => Ok(()),
        }
    }

    /// Why it is no name, if it is none.
    pub fn complaint(&self) -> Option<String> {
        let Self { text, by, .. } = self;
        let parsed = if text.contains('@') {
            NodeName::parse(text).map(drop)
        } else {
            NamePart::parse(text).map(drop)
        };
        let reason = parsed.err()?;
        let hint = if text.contains("$(") || text.contains("${") {
            "; nothing has replaced the variable in it: Kubernetes does so only for one that is defined before it"
        } else {
            ""
        };
        Some(format!(
            "{by} has the node name {text:?}: {reason}{hint}; correct it"
        ))
    }
}

/// What a launcher without epmd is told its port by.
fn dist_port_claim(text: &str, place: Place) -> Claim<PortFlag> {
    Claim {
        value: PortFlag {
            kind: PortKind::Epmdless,
            text: text.to_owned(),
        },
        place,
        span: None,
    }
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
    /// Is it no node only because nothing asks for one?
    pub could_be_node: bool,
    /// What the user should know of the command itself, whatever is asked for.
    pub warnings: Vec<String>,
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
            could_be_node: false,
            warnings: Vec::new(),
            cook: Box::new(erl::OneVm),
        }
    }

    /// Do the VM's own arguments say its name and port?
    pub fn names_in_arguments(&self) -> bool {
        self.label != rabbitmq::LABEL
    }

    /// Does it take its name, cookie and port with any OTP? Distillery was made for OTP 18 to 23.
    pub fn takes_any_otp(&self) -> bool {
        self.label == distillery::LABEL
    }

    /// The release's own files in which a name, a cookie or a port may stand.
    pub fn files(&self) -> Vec<PathBuf> {
        let Some(root) = &self.root else {
            return Vec::new();
        };
        let versions = std::fs::read_dir(root.join("releases"));
        let versions = versions.into_iter().flatten().flatten();
        let of_versions = versions.flat_map(|version| {
            ["env.sh", "vm.args", "sys.config"].map(|name| version.path().join(name))
        });
        of_versions.collect()
    }

    /// Does the release's own shell file read ERLANG_COOKIE?
    pub fn reads_cookie_variable(&self) -> bool {
        let shell = self.demands.shell.as_ref();
        shell.is_some_and(|shell| shell.reads("ERLANG_COOKIE"))
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
        let demands = &launcher.demands;
        let names = [&demands.command_line, &demands.files, &variables];
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
