//! `beaminit-attach`: a shell on a node that this machine cannot reach, from a developer's own machine.
//!
//! request, [`place`] ──► what the pod tells ([`told`]) ──► a way to its port ([`way`], [`forward`], [`docker`]) ──► who
//! answers there ([`met`]) ──► files and variables for one VM ([`surroundings`]) ──► the shell, until it ends ([`shell`])
//!
//! The shell's VM believes that it does without epmd, and that every node listens at the near end of the way: so neither
//! epmd's port nor the pinned one need be free here. It listens nowhere itself. All signals stay blocked in this process
//! and are taken one by one, so that whatever ends it, its files and its kubectl go first.

mod docker;
mod folder;
mod forward;
mod met;
mod place;
mod processes;
mod request;
mod shell;
mod surroundings;
mod told;
mod way;

use std::ffi::OsString;

use crate::cli;
use crate::config::{Config, Reading};
use crate::error::Failure;
use crate::exit::Exit;
use crate::log;
use crate::system::Environment;
use crate::system::program::Command;
use crate::system::secrets;
use crate::system::signals::Inherited;
use crate::system::terminal;
use request::{Request, Shell, Wanted};

/// This machine: its environment, and how programs are started on it.
struct Local {
    config: Config,
    inherited: Inherited,
}

/// Why there is no shell, or no more.
#[derive(Debug)]
enum Stopped {
    /// Something failed.
    Failed(Failure),
    /// This signal came.
    Signal(i32),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What `--help` prints.
const HELP: &str = include_str!("help.txt");

/// The whole of `beaminit-attach`; returns its exit status: the shell's own.
pub fn main() -> i32 {
    let mut inherited = Inherited::block_all();
    let wanted = match request::parse(std::env::args_os().skip(1).collect()) {
        Ok(Request::Shell(wanted)) => wanted,
        Ok(Request::Help) => return cli::say(HELP),
        Ok(Request::Version) => return cli::say(&cli::version("beaminit-attach")),
        Err(usage) => return usage.report(),
    };
    inherited.hear_of_children();
    let mut reading = Reading::new(Environment::take(), None);
    log::start(&reading.logging());
    let config = reading.config().map_err(Stopped::from);
    ended(config.and_then(|config| attach(wanted, &Local { config, inherited })))
}

fn attach(wanted: Wanted, local: &Local) -> Result<i32, Stopped> {
    let Wanted { place, node, shell } = wanted;
    let is_remote = !matches!(shell, Shell::Command(_));
    // What is piped to a shell would be run here by a VM of before OTP 26, which forgets `-remsh` then.
    if is_remote && !terminal::is_ours() {
        let line = "beaminit-attach opens a shell for a person, and standard input is no terminal; give what needs none behind --, as in: beaminit-attach POD -- erl -noinput -eval '…', which finds the node's name in BEAMINIT_NODE";
        return Err(Failure::new(Exit::Usage, line).into());
    }
    let told = told::ask(&place, node, local)?;
    let mut way = way::to(&place, &told, local)?;
    let met = met::meet(&way, &told, shell == Shell::Either)?;
    let node = met.node.to_string();
    let remote = |program: &str, flag: &str| vec![program.into(), flag.into(), node.into()];
    let words: Vec<OsString> = match shell {
        Shell::Command(words) => words,
        Shell::Iex => remote("iex", "--remsh"),
        Shell::Either if met.has_iex && local.find(vec!["iex".into()]).is_ok() => {
            remote("iex", "--remsh")
        }
        Shell::Erl | Shell::Either => remote("erl", "-remsh"),
    };
    let command = local.find(words)?;
    let surroundings = surroundings::make(&met, is_remote, way.address(), &told, local)?;
    shell::run(&command, &surroundings.environment, &mut way, local)
}

impl Local {
    /// Finds a program, which is in no image here.
    fn find(&self, words: Vec<OsString>) -> Result<Command, Failure> {
        let program = words.first().cloned().unwrap_or_default();
        Command::find(words, &self.config.environment).map_err(|failure| match failure.exit {
            Exit::NotFound => {
                let line = format!(
                    "{} is not on this machine, where beaminit-attach runs it (PATH is {}); install it, or correct PATH",
                    secrets::shown_name(&program),
                    self.config.variable("PATH").unwrap_or_default()
                );
                Failure::new(failure.exit, line)
            }
            _ => failure,
        })
    }
}

/// Says what there is to say, and gives the exit status.
fn ended(result: Result<i32, Stopped>) -> i32 {
    match result {
        Ok(status) => status,
        Err(Stopped::Signal(signal)) => 128 + signal,
        Err(Stopped::Failed(failure)) => {
            for line in &failure.lines {
                tracing::error!("{line}");
            }
            failure.exit.status()
        }
    }
}
