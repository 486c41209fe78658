//! `ejabberdctl`: ERLANG_NODE_ARG, which is what its own `--node` assigns, ERL_DIST_PORT for a node without epmd, flags of
//! the node's VM in ERL_AFLAGS, and the cookie in its user's home. Its own shell is asked what its ejabberdctl.cfg makes of
//! all that.
//!
//! <https://docs.ejabberd.im/admin/guide/managing/#ejabberdctl>

use std::path::PathBuf;

use super::LauncherCommand;
use super::{dist_port, marked_environment, of_one_vm};
use super::{name_part, own_name, port_range};
use crate::beam::words::Syntax;
use crate::beam::{Flag, FlagSetting, FlagSettings, Otp, VmArgs};
use crate::config::{EpmdMode, Setting};
use crate::error::{Failure, Failures};
use crate::node::NodeName;
use crate::plan::{Apply, Changes, Decision, Launcher, OwnSettings, Role};
use crate::system::Place;
use crate::system::account::Account;
use crate::system::program::Command;
use crate::system::secrets::Text;
use crate::system::shell::ShellAnswer;

/// What the script's own `--node` assigns; an option beats it, and the file does not know it.
const NODE: &str = "ERLANG_NODE_ARG";
/// The name in the file, and what it is where the file says nothing: Mnesia's data belongs to that name.
const NODE_IN_FILE: &str = "ERLANG_NODE";
const DEFAULT: &str = "ejabberd@localhost";
/// The source of that.
const OWN: &str = "ejabberdctl's own";
/// Where its file is.
const FILE: &str = "EJABBERDCTL_CONFIG_PATH";

/// The variables that its shell is asked for.
const VARIABLES: [&str; 10] = [
    NODE,
    NODE_IN_FILE,
    "ERL_OPTIONS",
    "FIREWALL_WINDOW",
    "ERL_DIST_PORT",
    "CONFIG_DIR",
    "VMARGS",
    "HOME",
    "ERL_AFLAGS",
    FILE,
];

struct Ejabberd {
    answer: ShellAnswer,
    /// Does an option of the command name the node?
    has_node_option: bool,
    /// Does the script do without epmd where ERL_DIST_PORT is set?
    knows_dist_port: bool,
    /// Does it know the variable that its own `--node` assigns?
    knows_node: bool,
}

/// Reads the task, what ejabberdctl.cfg says, and vm.args.
pub fn read(found: &LauncherCommand) -> Result<Launcher, Failure> {
    let (command, config) = (&found.command, &found.config);
    let script = found.script.as_ref();
    let task = task(command);
    let role = match task {
        Some("start" | "foreground" | "foreground-quiet" | "live" | "iexlive") => Role::Node,
        _ => Role::Client,
    };
    let environment = marked_environment(config);
    let answer = script.and_then(|script| {
        let file = ("/etc/ejabberd/ejabberdctl.cfg".into(), "CONFIG_PATH");
        script.ask_shell(file, command, &environment, &VARIABLES)
    });
    let answer = answer.unwrap_or_else(|| ShellAnswer::none(&environment, &VARIABLES));
    let answer = answer.about_file_in(FILE);
    let has_node_option = command
        .arguments()
        .any(|word| matches!(word, "-n" | "--node"));
    let variable = |name: &str| Some((answer.value(name)?, answer.place(name)));

    let mut files = FlagSettings::default();
    if let Some((flags, place)) = variable("ERL_OPTIONS") {
        files = FlagSettings::of_text(flags, Syntax::Blanks, &|_| place.clone());
        files.forget_spans();
    }
    if let Some((window, place)) = variable("FIREWALL_WINDOW") {
        let (min, max) = window.split_once('-').unwrap_or((window, window));
        files.extend(port_range(min, max, &place));
    }
    let folder = answer.value("CONFIG_DIR").unwrap_or("/etc/ejabberd");
    let vm_args = answer.value("VMARGS").map(PathBuf::from);
    let vm_args = vm_args.unwrap_or_else(|| PathBuf::from(folder).join("vm.args"));
    if vm_args.exists() {
        files.extend(VmArgs::of_release(&vm_args)?.flags);
    }
    let otp = || Otp::of_erl(None, &config.environment);
    let mut own_settings = OwnSettings {
        files,
        takes_cookie_file: true,
        shell: Some(answer.clone()),
        otp: (config.epmd == EpmdMode::Off).then(otp).flatten(),
        dist_port: variable("ERL_DIST_PORT")
            .map(|(text, place)| FlagSetting::new(Flag::EpmdlessPort, text, place)),
        ..OwnSettings::default()
    };
    let is_long = |text: &str| text.contains('.');
    let mut name = variable(NODE_IN_FILE).filter(|(text, _)| *text != DEFAULT);
    if let Some((text, mut place)) = variable(NODE) {
        // The shell's own reading of the options.
        if matches!(place, Place::File(..)) && has_node_option {
            place = Place::CommandLine;
        }
        if place == Place::CommandLine && role == Role::Node {
            let name = own_name(text, place, is_long(text));
            own_settings.command_line.extend([name]);
        } else {
            name = Some((text, place));
        }
    }
    own_settings.node = name.map(|(text, place)| own_name(text, place, is_long(text)));
    let default = NodeName::parse(DEFAULT).ok();
    own_settings.default_node = default.map(|node| Setting::new(node, OWN));
    let name = own_settings.node.as_ref().map(name_part);
    let user = script.and_then(|script| script.assigned("INSTALLUSER"));
    Ok(Launcher {
        default_name: name.unwrap_or_else(|| Setting::new("ejabberd".into(), OWN)),
        own_settings,
        account: user.and_then(Account::reachable),
        daemon: (task == Some("start")).then_some("foreground"),
        warnings: Vec::from_iter(answer.warning()),
        apply: Box::new(Ejabberd {
            answer,
            has_node_option,
            knows_dist_port: script.is_none_or(|script| script.contains_all(&["$ERL_DIST_PORT"])),
            knows_node: script.is_none_or(|script| script.contains_all(&[NODE])),
        }),
        ..of_one_vm("ejabberdctl", role, "ejabberd")
    })
}

/// The first word that is neither an option nor its value.
fn task(command: &Command) -> Option<&str> {
    let mut words = command.arguments();
    loop {
        match words.next()? {
            "-n" | "--node" | "-c" | "--ctl-config" | "-d" | "--config-dir" | "-s" | "--spool"
            | "-l" | "--logs" | "-f" | "--config" => drop(words.next()),
            "-t" | "--no-timeout" => {}
            task => return Some(task),
        }
    }
}

impl Apply for Ejabberd {
    fn apply(&self, decision: &Decision, changes: &mut Changes) -> Result<(), Failure> {
        let (own, settings) = (decision.own, decision.settings);
        if !self.knows_node {
            return Err(Failure::config(
                "this ejabberdctl knows no ERLANG_NODE_ARG, so that its node cannot be named; use a later ejabberd",
            ));
        }
        changes.set(NODE, Text::plain(settings.node.value.to_string()));
        let mut ours = Text::plain(decision.transport_flags());
        if settings.epmd.is_off() {
            let problem = "this ejabberdctl knows no ERL_DIST_PORT; take a later ejabberd";
            let problem = (!self.knows_dist_port).then_some(problem);
            dist_port::set(problem, decision, changes)?;
            ours.push(&settings.bind_flag());
        } else if decision.sources.launcher.role == Role::Node {
            ours.push(&settings.node_flags());
        } else if own.files.has(&Flag::PORTS) && !decision.has_dist_listen() {
            // The script pins its clients too, and a pinned one finds the node's port taken.
            ours.push("-dist_listen false ");
        }
        if settings.in_file && own.files.has(&[Flag::Cookie]) {
            ours.append(&decision.cookie_flags(""));
        }
        // The variable that its own `--node` assigns is read behind the file, whatever the options were.
        let mut set = changes.set.clone();
        if self.has_node_option {
            set.remove(NODE);
        }
        let mut failures = Failures::default();
        failures.take(self.answer.check(&set));
        failures.take(decision.put_first(ours, changes));
        failures.or(())
    }
}
