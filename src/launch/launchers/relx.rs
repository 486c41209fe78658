//! A release made by relx (rebar3): its start script reads the name and the cookie in vm.args, so it gets a copy with
//! ours in their place. <https://rebar3.org/docs/deployment/releases/>

use std::path::PathBuf;

use super::script::Script;
use super::{Cook, Demands, Fixed, IN_A_FILE, Launcher, Otp, Role, erl, warn_of_daemon};
use crate::launch::config::{Config, EpmdMode};
use crate::launch::failure::Failure;
use crate::launch::flags::{FlagVariables, Place, Variable, VmArgs};
use crate::launch::plan::{Command, Pin, Recipe, Settled, Text};

/// What the script hands to an escript of its own, the cookie among its arguments.
const EVOLVE: [&str; 6] = [
    "upgrade",
    "downgrade",
    "install",
    "uninstall",
    "unpack",
    "versions",
];

struct Relx {
    daemon: bool,
    /// Does it change the release that runs, or list its versions?
    evolves: bool,
    args: VmArgs,
    /// Does its script make the node and its clients do without epmd where ERL_DIST_PORT is set?
    knows_dist_port: bool,
}

/// Is it a relx release's script?
pub fn is(script: &Script) -> bool {
    script.says(&["RELX_", "VMARGS_PATH"])
}

/// Reads the task, and the args file that the script would take.
///
/// # Errors
/// The file cannot be read.
pub fn read(script: &Script, command: &Command, config: &Config) -> Result<Launcher, Failure> {
    let task = command.arguments().next().unwrap_or_default();
    let role = match task {
        "foreground" | "console" | "console_clean" | "console_boot" | "daemon" | "daemon_boot"
        | "start" => Role::Node,
        "rpc" | "eval" | "stop" | "restart" | "reboot" | "pid" | "ping" | "remote_console"
        | "remote" | "remsh" | "attach" | "daemon_attach" | "status" => Role::Client,
        task if EVOLVE.contains(&task) => Role::Client,
        _ => Role::Neither,
    };
    let daemon = matches!(task, "daemon" | "daemon_boot" | "start");
    let evolves = EVOLVE.contains(&task);
    let name = script.assigned("REL_NAME").unwrap_or(&script.name);
    let args = match (role, vm_args_path(script, config)) {
        (Role::Neither, _) | (_, None) => VmArgs::empty(),
        (_, Some(source)) => {
            let variable = |name: &str| config.variable(name).map(ToOwned::to_owned);
            VmArgs::of_release(&source.path, source.expand.then_some(&variable as Variable))?
        }
    };
    let mut demands = demands(&args, config);
    if config.epmd == EpmdMode::Off {
        demands.otp = Otp::of_root(&script.root);
    }
    Ok(Launcher {
        label: "relx release",
        role,
        default_name: name.to_owned(),
        demands,
        root: Some(script.root.clone()),
        account: None,
        cook: Box::new(Relx {
            daemon,
            evolves,
            args,
            knows_dist_port: script.says(&["ERL_DIST_PORT", "-start_epmd false"]),
        }),
    })
}

fn demands(args: &VmArgs, config: &Config) -> Demands {
    // What an included file says stays where it is, and the script counts the names itself.
    let included = args
        .claims
        .names
        .iter()
        .filter(|claim| claim.span.is_none());
    let fixed = included.map(|claim| Fixed {
        place: claim.place.clone(),
        variable: if claim.value.long { "-name" } else { "-sname" },
        value: None,
    });
    let dist_port = config.variable("ERL_DIST_PORT").map(|text| Fixed {
        place: Place::Variable("ERL_DIST_PORT".into()),
        variable: "ERL_DIST_PORT",
        value: Some(text.to_owned()),
    });
    let fixed = fixed.chain(dist_port).collect();
    Demands {
        files: args.claims.clone(),
        rewritten: true,
        fixed,
        ..Demands::default()
    }
}

/// The args file that the script would take, and whether it would expand variables in it.
struct Source {
    path: PathBuf,
    expand: bool,
}

fn vm_args_path(script: &Script, config: &Config) -> Option<Source> {
    let given = config.variable("VMARGS_PATH").map(PathBuf::from);
    let at_root = || Some(script.root.join("vm.args")).filter(|path| path.exists());
    let of_version = || {
        let version = script
            .assigned("REL_VSN")
            .map(ToOwned::to_owned)
            .or_else(|| script.current_version())?;
        Some(script.root.join("releases").join(version).join("vm.args"))
    };
    let path = given.or_else(at_root).or_else(of_version)?;
    let beside = |ending: &str| PathBuf::from(format!("{}{ending}", path.display()));
    let replace = config.variable("RELX_REPLACE_OS_VARS").is_some();
    let sources = [
        (beside(".src"), true),
        (beside(".orig"), replace),
        (path.clone(), replace),
    ];
    sources
        .into_iter()
        .find(|(path, _)| path.exists())
        .map(|(path, expand)| Source { path, expand })
}

impl Cook for Relx {
    fn cook(
        &self,
        launcher: &Launcher,
        settled: &Settled,
        flags: &FlagVariables,
        recipe: &mut Recipe,
    ) -> Result<(), Failure> {
        self.do_without_epmd(&launcher.demands, settled, recipe)?;
        if settled.in_file && self.evolves {
            return Err(Failure::config(
                "BEAMINIT_COOKIE_VIA is \"file\", and the release's script gives this command the cookie as an argument, which every process can read; set it to arg for this command",
            ));
        }
        self.args.copy(&launcher.default_name, settled, recipe)?;
        // The script would take a variable's word for the cookie before its own reading of the file.
        match &settled.cookie {
            Some(_) if settled.in_file => {
                recipe.set("RELX_COOKIE", Text::plain(IN_A_FILE));
                // erl_call takes its cookie as an argument alone; nodetool is a VM, which reads the file.
                recipe.set("USE_NODETOOL", Text::plain("true"));
            }
            Some(cookie) => recipe.set("RELX_COOKIE", Text::cookie(&cookie.value)),
            None => {}
        }
        if settled.in_file && (launcher.role == Role::Client || self.daemon) {
            erl::put_first(
                erl::cookie_flags(&launcher.demands, settled, ""),
                settled,
                flags,
                recipe,
            );
        } else {
            erl::cleanse(settled, flags, recipe);
        }
        if self.daemon {
            warn_of_daemon(recipe, "foreground or console");
        }
        Ok(())
    }
}

impl Relx {
    /// The script itself does it where ERL_DIST_PORT is set, for the node and for all its clients.
    fn do_without_epmd(
        &self,
        demands: &Demands,
        settled: &Settled,
        recipe: &mut Recipe,
    ) -> Result<(), Failure> {
        if !settled.epmd.is_off() {
            return Ok(());
        }
        if !self.knows_dist_port {
            return Err(Failure::config(
                "BEAMINIT_EPMD is \"off\", and this release's script knows no ERL_DIST_PORT that does without epmd; build it with a rebar3 from 2021 or later, or use auto",
            ));
        }
        match &settled.port {
            Some(Pin::Ours(port)) => {
                recipe.set("ERL_DIST_PORT", Text::plain(port.value.to_string()));
            }
            Some(Pin::Given(port)) if demands.dist_port().is_none() => {
                return Err(Failure::config(format!(
                    "{} has a port without epmd of its own, and the release's clients would miss it; remove that flag and set ERL_PORT",
                    port.by
                )));
            }
            _ => {}
        }
        Ok(())
    }
}
