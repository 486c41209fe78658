//! `ejabberdctl`: ERLANG_NODE_ARG, which is what its own `--node` assigns, ERL_DIST_PORT for a node without epmd, flags of
//! the node's VM in ERL_AFLAGS, and the cookie in its user's home.
//!
//! <https://docs.ejabberd.im/admin/guide/managing/#ejabberdctl>

use std::path::PathBuf;

use super::script::Script;
use super::sourced::Sourced;
use super::{Cook, Demands, Fixed, Launcher, Otp, Role, dist_port, erl, warn_of_daemon};
use crate::launch::config::{Config, EpmdMode, Said};
use crate::launch::failure::Failure;
use crate::launch::flags::words::Syntax;
use crate::launch::flags::{
    Claim, Claims, FlagVariables, NameFlag, Place, PortFlag, PortKind, VmArgs,
};
use crate::launch::plan::{Account, Command, Recipe, Settled, Text};

/// What the script's own `--node` assigns; an option beats it, and the file does not know it.
const NODE: &str = "ERLANG_NODE_ARG";

struct Ejabberd {
    daemon: bool,
    /// ejabberdctl.cfg.
    sourced: Sourced,
    /// Does the script do without epmd where ERL_DIST_PORT is set?
    knows_dist_port: bool,
    /// Does it know the variable that its own `--node` assigns?
    knows_node: bool,
}

/// Reads the options before the task, ejabberdctl.cfg and vm.args.
///
/// # Errors
/// vm.args cannot be read.
pub fn read(
    script: Option<&Script>,
    command: &Command,
    config: &Config,
) -> Result<Launcher, Failure> {
    let arguments: Vec<&str> = command.arguments().collect();
    let options = Options::read(&arguments);
    let role = match options.task {
        Some("start" | "foreground" | "foreground-quiet" | "live" | "iexlive") => Role::Node,
        _ => Role::Client,
    };
    let default = |variable: &str| {
        let assigns = format!("${{{variable}:=\"");
        let (_, rest) = script?.text.split_once(&assigns)?;
        let (value, _) = rest.split_once('"')?;
        Some(value).filter(|value| !value.contains('$'))
    };
    let folder = options.folder.or_else(|| config.variable("CONFIG_DIR"));
    let folder = folder.or_else(|| default("CONFIG_DIR"));
    let folder = PathBuf::from(folder.unwrap_or("/etc/ejabberd"));
    let given = |option: Option<&str>, variable, file: &str| {
        let given = option.or_else(|| config.variable(variable));
        given.map_or_else(|| folder.join(file), PathBuf::from)
    };
    let sourced = Sourced::read(given(
        options.file,
        "EJABBERDCTL_CONFIG_PATH",
        "ejabberdctl.cfg",
    ));
    let vm_args = given(None, "VMARGS", "vm.args");

    let (flags, place) = sourced.flags("ERL_OPTIONS").unwrap_or_else(|| {
        let text = config.variable("ERL_OPTIONS").unwrap_or_default();
        (text.to_owned(), Place::Variable("ERL_OPTIONS".into()))
    });
    let mut files = Claims::of_text(&flags, Syntax::Blanks, &|_| place.clone());
    files.ports.extend(window(&sourced));
    if vm_args.exists() {
        files.extend(VmArgs::of_release(&vm_args)?.claims);
    }
    let mut command_line = Claims::default();
    if let Some(node) = options.node.filter(|_| role == Role::Node) {
        command_line.names.push(Claim {
            value: NameFlag {
                long: node.contains('.'),
                text: node.to_owned(),
            },
            place: Place::CommandLine,
            span: None,
        });
    }
    let of_variable = config.variable(NODE).map(|value| Said {
        value: value.to_owned(),
        by: NODE.into(),
    });
    let node = of_variable.or_else(|| {
        let fixed = sourced.assigned("ERLANG_NODE")?;
        let by = fixed.place.to_string();
        fixed.value.map(|value| Said { value, by })
    });
    let user = script.and_then(|script| script.assigned("INSTALLUSER"));
    let part = node.as_ref().map(|said| said.value.split('@').next());
    Ok(Launcher {
        label: "ejabberdctl",
        role,
        default_name: part.flatten().unwrap_or("ejabberd").to_owned(),
        demands: Demands {
            command_line,
            files,
            fixed: dist_port(&sourced, config).into_iter().collect(),
            node,
            takes_cookie_file: true,
            otp: (config.epmd == EpmdMode::Off)
                .then(|| Otp::of_erl(None, config))
                .flatten(),
            ..Demands::default()
        },
        root: None,
        account: user.and_then(Account::reachable),
        cook: Box::new(Ejabberd {
            daemon: options.task == Some("start"),
            sourced,
            knows_dist_port: script.is_none_or(|script| script.says(&["$ERL_DIST_PORT"])),
            knows_node: script.is_none_or(|script| script.says(&[NODE])),
        }),
    })
}

/// What stands on the line before the task.
#[derive(Default)]
struct Options<'a> {
    node: Option<&'a str>,
    /// ejabberdctl.cfg.
    file: Option<&'a str>,
    /// The folder of the configuration.
    folder: Option<&'a str>,
    task: Option<&'a str>,
}

impl<'a> Options<'a> {
    fn read(words: &[&'a str]) -> Self {
        let mut options = Self::default();
        let mut rest = words.iter().copied();
        while let Some(word) = rest.next() {
            match word {
                "-n" | "--node" => options.node = rest.next(),
                "-c" | "--ctl-config" => options.file = rest.next(),
                "-d" | "--config-dir" => options.folder = rest.next(),
                "-s" | "--spool" | "-l" | "--logs" | "-f" | "--config" => drop(rest.next()),
                "-t" | "--no-timeout" => {}
                task => {
                    options.task = Some(task);
                    break;
                }
            }
        }
        options
    }
}

/// FIREWALL_WINDOW, as the flags that the script makes of it. It takes that variable from its file alone.
fn window(sourced: &Sourced) -> Vec<Claim<PortFlag>> {
    let Some(fixed) = sourced.assigned("FIREWALL_WINDOW") else {
        return Vec::new();
    };
    let text = fixed.value.unwrap_or_default();
    if text.is_empty() {
        return Vec::new();
    }
    let (min, max) = text.split_once('-').unwrap_or((&text, &text));
    let claims = [(PortKind::Min, min), (PortKind::Max, max)].map(|(kind, text)| Claim {
        value: PortFlag {
            kind,
            text: text.to_owned(),
        },
        place: fixed.place.clone(),
        span: None,
    });
    claims.into()
}

/// ERL_DIST_PORT of the file, else of the environment.
fn dist_port(sourced: &Sourced, config: &Config) -> Option<Fixed> {
    const VARIABLE: &str = "ERL_DIST_PORT";
    sourced.assigned(VARIABLE).or_else(|| {
        let value = config.variable(VARIABLE)?.to_owned();
        Some(Fixed {
            place: Place::Variable(VARIABLE.into()),
            variable: VARIABLE.into(),
            value: Some(value),
        })
    })
}

impl Cook for Ejabberd {
    fn cook(
        &self,
        launcher: &Launcher,
        settled: &Settled,
        flags: &FlagVariables,
        recipe: &mut Recipe,
    ) -> Result<(), Failure> {
        let demands = &launcher.demands;
        if !self.knows_node {
            return Err(Failure::config(
                "this ejabberdctl knows no ERLANG_NODE_ARG, so that its node cannot be named; use a later ejabberd",
            ));
        }
        recipe.set(NODE, Text::plain(settled.node.value.to_string()));
        let mut ours = Text::default();
        if let Some(flag) = settled.transport_flag() {
            ours.push(flag).push(" ");
        }
        if settled.epmd.is_off() {
            let unknown = "this ejabberdctl knows no ERL_DIST_PORT; take a later ejabberd";
            let unknown = (!self.knows_dist_port).then_some(unknown);
            dist_port::set(unknown, demands, settled, recipe)?;
        } else if launcher.role == Role::Node {
            ours.push(&settled.node_flags());
        } else if !demands.files.ports.is_empty() {
            // The script pins its clients too, and a pinned one finds the node's port taken.
            ours.push("-dist_listen false ");
        }
        if settled.in_file && !demands.files.cookies.is_empty() {
            ours.append(&erl::cookie_flags(demands, settled, ""));
        }
        erl::put_first(ours, settled, flags, recipe);
        let lines = self.sourced.beats(recipe);
        if !lines.is_empty() {
            return Err(Failure::config_lines(lines));
        }
        if self.daemon {
            warn_of_daemon(recipe, "foreground");
        }
        Ok(())
    }
}
