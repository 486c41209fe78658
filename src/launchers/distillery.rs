//! A release made by distillery, what Elixir had before `mix release`: its script reads the name and the cookie in
//! vm.args, so it gets a copy with ours in their place, and every `${…}` in it and in sys.config its value.
//!
//! Nothing goes into ERL_AFLAGS: the script starts VMs of its own to look around, and they would take name and port.
//! <https://hexdocs.pm/distillery/config/runtime.html>

use std::path::PathBuf;

use super::args_file::{self, Template};
use super::erl::cleanse;
use super::script::Script;
use crate::beam::Otp;
use crate::beam::{FlagSettings, FlagVariables, VmArgs};
use crate::config::Config;
use crate::error::Failure;
use crate::launchers::daemon_warning;
use crate::plan::{Apply, Launcher, OwnSettings, Role};
use crate::plan::{Changes, NodeSettings};
use crate::system::files::text_of;
use crate::system::program::Command;
use crate::system::secrets::Text;

struct Distillery {
    /// Its vm.args: the script itself replaces what is left in it.
    template: Template,
}

/// Is it a distillery release's script? `bin/app` of later versions only hands over to the one of the release's version.
pub fn is(script: &Script) -> bool {
    const TELLS: [&str; 2] = ["DISTILLERY_TASK", "REL_NAME"];
    let of_version = || {
        let version = script.current_version()?;
        let file = format!("releases/{version}/{}.sh", script.name);
        text_of(script.root.join(file)).ok()
    };
    script.says(&TELLS)
        || script.says(&["REL_NAME"])
            && of_version().is_some_and(|text| TELLS.iter().all(|tell| text.contains(tell)))
}

/// Reads the task, and the args file that the script would take.
///
/// # Errors
/// The file cannot be read.
pub fn read(script: &Script, command: &Command, config: &Config) -> Result<Launcher, Failure> {
    let task = command.arguments().next().unwrap_or_default();
    let role = match task {
        "foreground" | "console" | "console_clean" | "console_boot" | "start" | "start_boot" => {
            Role::Node
        }
        "rpc" | "rpcterms" | "eval" | "remote_console" | "attach" | "ping" | "pingpeer" | "pid"
        | "stop" | "restart" | "reboot" | "reload_config" | "upgrade" | "downgrade" | "install"
        | "info" => Role::Client,
        _ => Role::Neither,
    };
    let variable = |name: &str| config.variable(name).map(ToOwned::to_owned);
    let of_release = |variable, name| {
        of_release(script, config, variable, name).filter(|_| role != Role::Neither)
    };
    let sys_config = of_release("SYS_CONFIG_PATH", "sys.config");
    let path = of_release("VMARGS_PATH", "vm.args");
    let template = match path {
        Some(path) => Template::read(&path, &variable)?,
        None => Template::plain(VmArgs::empty()),
    };
    let mut files = template.claims.clone();
    files.extend(sys_config.map_or_else(FlagSettings::default, |path| {
        FlagSettings::of_config_file(&path)
    }));
    let command_line = match role {
        Role::Node => args_file::behind_task(command),
        _ => FlagSettings::default(),
    };
    Ok(Launcher {
        label: "distillery release",
        role,
        default_name: script.name.clone(),
        own_settings: OwnSettings {
            command_line,
            files,
            rewritten: true,
            otp: Otp::of_root(&script.root),
            ..OwnSettings::default()
        },
        root: None,
        account: None,
        could_be_node: false,
        warnings: daemon_warning(task.starts_with("start"), "foreground or console"),
        apply: Box::new(Distillery { template }),
    })
}

/// A file that the script would take: the variable's, the root's, or the version's own.
fn of_release(script: &Script, config: &Config, variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(path) = config.variable(variable) {
        return Some(path.into());
    }
    let of_root = config
        .variable("RELEASE_CONFIG_DIR")
        .map_or_else(|| script.root.clone(), PathBuf::from)
        .join(name);
    let of_version = || {
        let version = config.variable("REL_VSN").map(ToOwned::to_owned);
        let version = version.or_else(|| script.current_version())?;
        Some(script.root.join("releases").join(version).join(name))
    };
    Some(of_root)
        .filter(|path| path.exists())
        .or_else(of_version)
}

impl Apply for Distillery {
    /// Distillery was made for OTP 18 to 23.
    fn takes_any_otp(&self) -> bool {
        true
    }

    fn apply(
        &self,
        launcher: &Launcher,
        settled: &NodeSettings,
        flags: &FlagVariables,
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        if let Some(place) = &settled.cookie_beside {
            return Err(Failure::config(format!(
                "{place} gives the VM a cookie as well, and before OTP 24.1 it takes neither of two; remove that one"
            )));
        }
        if settled.in_file {
            return Err(Failure::config(
                "BEAMINIT_COOKIE_VIA is \"file\", and a distillery release's script reads the cookie in vm.args and gives it to VMs of its own as an argument; set it to arg",
            ));
        }
        if settled.epmd.is_off() {
            return Err(Failure::config(
                "BEAMINIT_EPMD is \"off\", and a distillery release's own clients ask epmd for the node; use auto",
            ));
        }
        if self.template.args.has_variables() {
            changes.set("REPLACE_OS_VARS", Text::plain("true"));
        }
        // sys.config may name the same ones; those of the cookie would stay in the VM's environment.
        for (name, value) in self.template.ours(settled) {
            changes.set(&name, Text::plain(value));
        }
        let args = &self.template.args;
        args.copy(
            &launcher.default_name,
            false,
            settled,
            launcher.account.as_ref(),
            changes,
        )?;
        // A client of the script's would split the cookie in the file at its blanks.
        if let (Role::Client, Some(cookie)) = (launcher.role, &settled.cookie) {
            changes.set("COOKIE", Text::from(&cookie.value));
        }
        cleanse(settled, flags, changes);
        Ok(())
    }
}
