//! A release made by relx (rebar3): its start script reads the name and the cookie in vm.args, so it gets a copy with
//! ours in their place. <https://rebar3.org/docs/deployment/releases/>

use std::path::{Path, PathBuf};

use super::erl::cleanse;
use super::script::Script;
use super::{Demands, Fixed, Launcher, Role};
use crate::exit::Exit;
use crate::launch::config::Config;
use crate::launch::failure::Failure;
use crate::launch::flags::{FlagVariables, Place, Variable, VmArgs};
use crate::launch::plan::{Command, Recipe, Settled, Text};

struct Relx {
    name: String,
    role: Role,
    daemon: bool,
    args: VmArgs,
    demands: Demands,
}

/// Is it a relx release's script?
pub fn is(script: &Script) -> bool {
    script.says(&["RELX_", "VMARGS_PATH"])
}

/// Reads the task, and the args file that the script would take.
///
/// # Errors
/// The file cannot be read.
pub fn read(
    script: &Script,
    command: &Command,
    config: &Config,
) -> Result<Box<dyn Launcher>, Failure> {
    let task = command.arguments().next().unwrap_or_default();
    let role = match task {
        "foreground" | "console" | "console_clean" | "console_boot" | "daemon" | "daemon_boot"
        | "start" => Role::Node,
        "rpc" | "eval" | "stop" | "restart" | "reboot" | "pid" | "ping" | "remote_console"
        | "remote" | "remsh" | "attach" | "daemon_attach" | "upgrade" | "downgrade" | "install"
        | "uninstall" | "unpack" | "versions" | "status" => Role::Client,
        _ => Role::Neither,
    };
    let daemon = matches!(task, "daemon" | "daemon_boot" | "start");
    let name = script
        .assigned("REL_NAME")
        .unwrap_or(&script.name)
        .to_owned();
    let args = match (role, vm_args_path(script, config)) {
        (Role::Neither, _) | (_, None) => VmArgs::empty(),
        (_, Some(source)) => source.read(config)?,
    };
    let demands = demands(&args, config);
    Ok(Box::new(Relx {
        name,
        role,
        daemon,
        args,
        demands,
    }))
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

impl Source {
    fn read(&self, config: &Config) -> Result<VmArgs, Failure> {
        let variable = |name: &str| config.variable(name).map(ToOwned::to_owned);
        let variable: Option<Variable> = if self.expand { Some(&variable) } else { None };
        VmArgs::read(&self.path, variable).map_err(|error| {
            Failure::new(
                Exit::System,
                format!(
                    "cannot read {}: {error}; is it readable for this user?",
                    self.path.display()
                ),
            )
        })
    }
}

impl Launcher for Relx {
    fn label(&self) -> &'static str {
        "relx release"
    }

    fn role(&self) -> Role {
        self.role
    }

    fn default_name(&self) -> String {
        self.name.clone()
    }

    fn demands(&self) -> &Demands {
        &self.demands
    }

    fn cook(
        &self,
        settled: &Settled,
        flags: &FlagVariables,
        recipe: &mut Recipe,
    ) -> Result<(), Failure> {
        let path = recipe.private(
            Path::new(&format!("{}.vm.args", self.name)),
            self.args.with(settled),
        )?;
        recipe.set("VMARGS_PATH", Text::plain(&path));
        // The script would take a variable's word for the cookie before its own reading of the file.
        if let Some(cookie) = &settled.cookie {
            recipe.set("RELX_COOKIE", Text::cookie(&cookie.value));
        }
        cleanse(settled, flags, recipe);
        if self.daemon {
            recipe.warn("a daemon's script ends at once, and this container with it; use foreground or console");
        }
        Ok(())
    }
}
