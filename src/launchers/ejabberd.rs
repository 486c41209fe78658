//! `ejabberdctl`: ERLANG_NODE_ARG, which is what its own `--node` assigns, ERL_DIST_PORT for a node without epmd, flags of
//! the node's VM in ERL_AFLAGS, and the cookie in its user's home. What its ejabberdctl.cfg makes of all that, its own shell
//! is asked.
//!
//! <https://docs.ejabberd.im/admin/guide/managing/#ejabberdctl>

use std::path::PathBuf;

use super::script::Script;
use crate::beam::Otp;
use crate::beam::words::Syntax;
use crate::beam::{FlagSetting, FlagSettings, FlagVariables, NameFlag, PortFlag, PortKind, VmArgs};
use crate::config::{Config, EpmdMode, Setting};
use crate::error::Failure;
use crate::launchers::{daemon_warning, dist_port, dist_port_claim, erl};
use crate::node::NodeName;
use crate::plan::{Apply, Launcher, OwnName, OwnSettings, Role};
use crate::plan::{Changes, NodeSettings};
use crate::system::Place;
use crate::system::account::Account;
use crate::system::program::Command;
use crate::system::secrets::Text;
use crate::system::shell::{ShellAnswer, ShellQuery, interpreter, up_to_source};

/// What the script's own `--node` assigns; an option beats it, and the file does not know it.
const NODE: &str = "ERLANG_NODE_ARG";
/// The name in the file, and what it is where the file says nothing: Mnesia's data belongs to that name.
const OF_FILE: &str = "ERLANG_NODE";
/// Where its file is.
const FILE: &str = "EJABBERDCTL_CONFIG_PATH";
const DEFAULT: &str = "ejabberd@localhost";

/// What is asked.
const WANTED: [&str; 10] = [
    NODE,
    OF_FILE,
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
    gives_node: bool,
    /// Does the script do without epmd where ERL_DIST_PORT is set?
    knows_dist_port: bool,
    /// Does it know the variable that its own `--node` assigns?
    knows_node: bool,
}

/// Reads the task, what ejabberdctl.cfg says, and vm.args.
///
/// # Errors
/// vm.args cannot be read.
pub fn read(
    script: Option<&Script>,
    command: &Command,
    config: &Config,
) -> Result<Launcher, Failure> {
    let task = task(command);
    let role = match task {
        Some("start" | "foreground" | "foreground-quiet" | "live" | "iexlive") => Role::Node,
        _ => Role::Client,
    };
    let answer = ask(script, command, config);
    let is_option = |word: &str| matches!(word, "-n" | "--node");
    let gives_node = command.arguments().any(is_option);
    let place = |name: &str| match answer.place(name) {
        // The shell's own reading of the options.
        Place::File(..) if name == NODE && gives_node => Place::CommandLine,
        place => place,
    };
    let folder = PathBuf::from(answer.value("CONFIG_DIR").unwrap_or("/etc/ejabberd"));
    let vm_args = answer.value("VMARGS").map(PathBuf::from);
    let vm_args = vm_args.unwrap_or_else(|| folder.join("vm.args"));
    let flags = answer.value("ERL_OPTIONS").unwrap_or_default();
    let flags_place = place("ERL_OPTIONS");
    let mut files = FlagSettings::of_text(flags, Syntax::Blanks, &|_| flags_place.clone());
    files.forget_spans();
    let window = answer.value("FIREWALL_WINDOW").unwrap_or_default();
    files
        .ports
        .extend(of_window(window, &place("FIREWALL_WINDOW")));
    if vm_args.exists() {
        files.extend(VmArgs::of_release(&vm_args)?.claims);
    }
    let mut own_settings = OwnSettings {
        files,
        takes_cookie_file: true,
        shell: Some(answer.clone()),
        otp: (config.epmd == EpmdMode::Off)
            .then(|| Otp::of_erl(None, &config.environment))
            .flatten(),
        dist_port: answer
            .value("ERL_DIST_PORT")
            .map(|text| dist_port_claim(text, place("ERL_DIST_PORT"))),
        ..OwnSettings::default()
    };
    let long = |text: &str| text.contains('.');
    if let Some(text) = answer.value(NODE) {
        let (text, place) = (text.to_owned(), place(NODE));
        if place == Place::CommandLine && role == Role::Node {
            let long = long(&text);
            own_settings.command_line.names.push(FlagSetting {
                value: NameFlag { long, text },
                place,
                span: None,
            });
        } else {
            own_settings.node = Some(OwnName {
                long: long(&text),
                by: place.to_string(),
                text,
            });
        }
    }
    let of_file = answer.value(OF_FILE).filter(|text| *text != DEFAULT);
    if let Some(text) = of_file.filter(|_| own_settings.node.is_none()) {
        own_settings.node = Some(OwnName {
            long: long(text),
            by: place(OF_FILE).to_string(),
            text: text.to_owned(),
        });
    }
    own_settings.default_node = NodeName::parse(DEFAULT).ok().map(|value| Setting {
        value,
        by: "ejabberdctl's own".into(),
    });
    let user = script.and_then(|script| script.assigned("INSTALLUSER"));
    let part = own_settings
        .node
        .as_ref()
        .map(|own| own.text.split('@').next());
    let mut warnings = daemon_warning(task == Some("start"), "foreground");
    warnings.extend(answer.is_late().then(|| answer.late()));
    Ok(Launcher {
        label: "ejabberdctl",
        role,
        default_name: part.flatten().unwrap_or("ejabberd").to_owned(),
        own_settings,
        root: None,
        account: user.and_then(Account::reachable),
        could_be_node: false,
        warnings,
        apply: Box::new(Ejabberd {
            answer,
            gives_node,
            knows_dist_port: script.is_none_or(|script| script.says(&["$ERL_DIST_PORT"])),
            knows_node: script.is_none_or(|script| script.says(&[NODE])),
        }),
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

/// Has the script read its options and source its file.
fn ask(script: Option<&Script>, command: &Command, config: &Config) -> ShellAnswer {
    let mut environment = config.environment.clone();
    if config.asks_for_changes() {
        let users = config.variable("ERL_AFLAGS").unwrap_or_default();
        let marked = format!("{} {users}", FlagVariables::MARK);
        environment.set("ERL_AFLAGS", marked.trim_end());
    }
    let question = script.and_then(|script| {
        Some(ShellQuery {
            file: PathBuf::from("/etc/ejabberd/ejabberdctl.cfg"),
            interpreter: interpreter(&script.text)?,
            text: up_to_source(&script.text, "CONFIG_PATH")?,
            script: &command.file,
            arguments: command.words.get(1..).unwrap_or_default(),
            environment: environment.clone(),
        })
    });
    let answer = question.and_then(|question| question.ask(&WANTED));
    let answer = answer.unwrap_or_else(|| ShellAnswer::none(&environment, &WANTED));
    answer.about_file_in(FILE)
}

/// FIREWALL_WINDOW, as the flags that the script makes of it.
fn of_window(text: &str, place: &Place) -> Vec<FlagSetting<PortFlag>> {
    if text.is_empty() {
        return Vec::new();
    }
    let (min, max) = text.split_once('-').unwrap_or((text, text));
    let claims = [(PortKind::Min, min), (PortKind::Max, max)].map(|(kind, text)| FlagSetting {
        value: PortFlag {
            kind,
            text: text.to_owned(),
        },
        place: place.clone(),
        span: None,
    });
    claims.into()
}

impl Apply for Ejabberd {
    fn apply(
        &self,
        launcher: &Launcher,
        settled: &NodeSettings,
        flags: &FlagVariables,
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        let own_settings = &launcher.own_settings;
        if !self.knows_node {
            return Err(Failure::config(
                "this ejabberdctl knows no ERLANG_NODE_ARG, so that its node cannot be named; use a later ejabberd",
            ));
        }
        changes.set(NODE, Text::plain(settled.node.value.to_string()));
        let mut ours = Text::default();
        if let Some(flag) = settled.transport_flag() {
            ours.push(flag).push(" ");
        }
        if settled.epmd.is_off() {
            let unknown = "this ejabberdctl knows no ERL_DIST_PORT; take a later ejabberd";
            let unknown = (!self.knows_dist_port).then_some(unknown);
            dist_port::set(unknown, own_settings, settled, changes)?;
        } else if launcher.role == Role::Node {
            ours.push(&settled.node_flags());
        } else if !own_settings.files.ports.is_empty()
            && !erl::says_dist_listen(own_settings, flags)
        {
            // The script pins its clients too, and a pinned one finds the node's port taken.
            ours.push("-dist_listen false ");
        }
        if settled.in_file && !own_settings.files.cookies.is_empty() {
            ours.append(&erl::cookie_flags(own_settings, settled, ""));
        }
        // The variable that its own `--node` assigns is read behind the file, whatever the options were.
        let mut asked = changes.set.clone();
        if self.gives_node {
            asked.remove(NODE);
        }
        let mut lines = self.answer.complaints(&asked);
        lines.extend(flags.lost().map(|place| {
            format!("{place} sets ERL_AFLAGS without what it was before, where beaminit gives the node its port; write ERL_AFLAGS=\"$ERL_AFLAGS …\" there")
        }));
        if !lines.is_empty() {
            return Err(Failure::config_lines(lines));
        }
        erl::put_first(ours, settled, flags, changes)
    }
}
