//! `beaminit-attach`: a shell on a node in a pod or a container, from a developer's machine that cannot reach it.
//!
//! [`options`] ──► [`node_info`]: name, port and cookie, from the pod ──► [`tunnel`] to that port ([`port_forward`],
//! [`docker`]) ──► [`handshake`] with the node, over [`tls`] if it speaks that ──► [`vm_env`]: files and variables for one VM ──► [`shell`], until it ends;
//! with `--in-pod`: [`node_info`]: the command that opens a shell there ──► [`shell`]
//!
//! The shell's VM uses no epmd, and takes the near end of the tunnel for the port of every node: so neither epmd's port nor
//! the pinned one need be free here. It listens nowhere itself. All signals stay blocked in this process and are taken one
//! by one, so that its files and its kubectl are removed first, whatever ends it.

mod docker;
mod folder;
mod handshake;
mod location;
mod node_info;
mod options;
mod port_forward;
mod processes;
mod shell;
mod tls;
mod tunnel;
mod vm_env;

use std::ffi::{OsStr, OsString};

use tracing::{info, warn};

use crate::cli;
use crate::config::{self, Config};
use crate::error::Failure;
use crate::exit::Exit;
use crate::log;
use crate::node::NodeName;
use crate::system::Environment;
use crate::system::program::Command;
use crate::system::secrets;
use crate::system::signals::Inherited;
use crate::system::terminal;
use folder::Folder;
use location::Location;
use node_info::BEAMINIT;
use options::{AttachOptions, Program};
use vm_env::VmEnv;

const NAME: &str = "beaminit-attach";
const HELP: &str = include_str!("help.txt");
/// Measured with OTP 25, of erl and of iex.
const MEMORY: &str = "about 40 MiB, and 70 MiB where it sees 64 processors";

/// The developer's machine: its environment, and the signal mask for programs that are started on it.
struct Machine {
    config: Config,
    inherited: Inherited,
}

/// Why there is no shell, or no more.
#[derive(Debug)]
enum Abort {
    Failure(Failure),
    Signal(i32),
}

impl From<Failure> for Abort {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// The whole of `beaminit-attach`; returns its exit status: the shell's own.
pub fn main() -> i32 {
    log::set_program(NAME);
    let mut inherited = Inherited::block_all();
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    match words.first().and_then(|word| word.to_str()) {
        Some("--help" | "-h") => return cli::say(HELP),
        Some("--version" | "-V") => {
            let json = words.get(1).is_some_and(|word| word == "--json");
            return cli::say(&cli::version(NAME, json));
        }
        _ => {}
    }
    let options = match AttachOptions::parse(words) {
        Ok(options) => options,
        Err(usage) => return usage.report(),
    };
    inherited.hear_of_children();
    let environment = Environment::take();
    log::start(&config::logging(&environment));
    let config = Config::read(environment, !options.in_pod).map_err(Abort::from);
    match config.and_then(|config| attach(options, &Machine { config, inherited })) {
        Ok(status) => status,
        Err(Abort::Signal(signal)) => 128 + signal,
        Err(Abort::Failure(failure)) => failure.log(),
    }
}

fn attach(options: AttachOptions, machine: &Machine) -> Result<i32, Abort> {
    let AttachOptions {
        location,
        node,
        in_pod,
        program,
    } = options;
    let is_remote = !matches!(program, Program::Command(_));
    // A VM of before OTP 26 forgets `-remsh` there, and would run here what is piped to it.
    if is_remote && !terminal::is_ours() {
        let line = "standard input is no terminal, and beaminit-attach opens a shell for a person; give a command that needs none behind --, as in: beaminit-attach POD -- erl -noinput -eval '…', which finds the node's name in BEAMINIT_NODE";
        return Err(Failure::new(Exit::Usage, line).into());
    }
    if in_pod {
        return attach_in_pod(&location, node.as_ref(), program, machine);
    }
    let info = node_info::find(&location, node, machine)?;
    let mut tunnel = tunnel::open(&location, &info, machine)?;
    let folder = Folder::create()?;
    let carrier = tls::carrier(info.tls.as_ref(), &folder)?;
    let own_name = handshake::own_name(info.node.is_long())?;
    let ask_for_iex = program == Program::Auto;
    let remote = handshake::run(&tunnel, &info, carrier.clone(), &own_name, ask_for_iex)?;
    let command = machine.find(words(program, &remote.node, remote.has_iex, machine))?;
    let env = VmEnv::create(
        &own_name,
        &remote.node,
        is_remote,
        tunnel.address(),
        (&info.cookie, &carrier),
        folder,
        machine,
    )?;
    warn!(
        "any code on {} can call back into this VM, and then runs on this machine with your rights; --in-pod opens the shell there instead",
        remote.node
    );
    shell::run(&command, &env.variables, Some(&mut tunnel), machine)
}

/// A client that the beaminit of the pod starts. It has the container's user, and nothing of this machine but the terminal.
fn attach_in_pod(
    location: &Location,
    asked: Option<&NodeName>,
    program: Program,
    machine: &Machine,
) -> Result<i32, Abort> {
    let words = if let Program::Command(words) = program {
        words
    } else {
        let (node, own) = node_info::find_shell(location, asked, machine)?;
        info!("it runs there as a VM of its own, in the memory of that container: {MEMORY}");
        match program {
            Program::Auto => own.into_iter().map(OsString::from).collect(),
            program => words(program, &node, false, machine),
        }
    };
    let option = if terminal::is_ours() { "-it" } else { "-i" };
    let exec = location.exec(&machine.config, Some(option), &[BEAMINIT, "--"]);
    let exec = exec.into_iter().map(OsString::from);
    let command = machine.find(exec.chain(words).collect())?;
    shell::run(&command, &machine.config.environment, None, machine)
}

/// The command line of the program.
fn words(program: Program, node: &NodeName, has_iex: bool, machine: &Machine) -> Vec<OsString> {
    let remote =
        |program: &str, flag: &str| vec![program.into(), flag.into(), node.to_string().into()];
    match program {
        Program::Command(words) => words,
        Program::Iex => remote("iex", "--remsh"),
        Program::Auto if has_iex && machine.find(vec!["iex".into()]).is_ok() => {
            remote("iex", "--remsh")
        }
        Program::Erl | Program::Auto => remote("erl", "-remsh"),
    }
}

impl Machine {
    fn find(&self, words: Vec<OsString>) -> Result<Command, Failure> {
        let program = words.first().cloned().unwrap_or_default();
        Command::find(words, &self.config.environment).map_err(|failure| match failure.exit {
            // The message for PID 1 speaks of the image.
            Exit::NotFound => self.lacks(&program),
            _ => failure,
        })
    }

    fn lacks(&self, program: &OsStr) -> Failure {
        let is = |words: &[String]| words.first().is_some_and(|word| program == word.as_str());
        let remedy = if is(&self.config.kubectl) {
            "install it, or set BEAMINIT_KUBECTL to the words for yours, like oc; for a container of this machine: --docker CONTAINER"
        } else if is(&self.config.docker) {
            "install it, or set BEAMINIT_DOCKER to the words for yours, like podman; for a pod: its name without --docker"
        } else {
            "install it, or correct PATH"
        };
        let line = format!(
            "{} is not on this machine, where beaminit-attach runs it (PATH is {}); {remedy}",
            secrets::shown_name(program),
            self.config.variable("PATH").unwrap_or_default()
        );
        Failure::new(Exit::NotFound, line)
    }
}
